# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import time

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import segment_probe, who_has
from ansible_collections.lvs.cluster.plugins.module_utils.segment_probe import ask_segment, questions


def address(text, interface):
    host, _slash, prefix = text.partition("/")
    family = "ipv6" if ":" in host else "ipv4"
    return {"address": host, "prefix": int(prefix), "interface": interface, "family": family, "scope": "global"}


ADDRESSES = [
    address("127.0.0.1/8", "lo"),
    address("10.99.0.31/24", "eth0"),
    address("172.28.0.31/16", "eth1"),
    address("172.28.0.200/32", "eth1"),
    address("2001:db8::31/64", "eth1"),
    address("172.28.9.1/24", "eth2"),
]
MACS = {"eth0": "52:54:00:00:00:00", "eth1": "52:54:00:00:00:01", "eth2": "52:54:00:00:00:02"}
LINKS = {
    "lo": {"mac": None, "up": True},
    **{name: {"mac": mac, "up": True} for name, mac in MACS.items()},
    "bare": {"mac": "52:54:00:00:00:03", "up": True},
    "off": {"mac": "52:54:00:00:00:04", "up": False},
}


@pytest.mark.parametrize(
    ("target", "how", "expected"),
    [
        ("172.28.0.100", {}, ("172.28.0.100", "172.28.0.31", "eth1")),
        ("172.28.9.100", {}, ("172.28.9.100", "172.28.9.1", "eth2")),
        ("172.28.0.200", {}, ("172.28.0.200", "172.28.0.31", "eth1")),
        ("2001:DB8::100", {}, ("2001:db8::100", "2001:db8::31", "eth1")),
        ("172.28.0.100", {"source": "10.99.0.31"}, ("172.28.0.100", "10.99.0.31", "eth0")),
        ("172.28.0.100", {"source": "172.28.0.200"}, ("172.28.0.100", "172.28.0.200", "eth1")),
        ("2001:db8::100", {"source": "172.28.0.31"}, ("2001:db8::100", "2001:db8::31", "eth1")),
        ("203.0.113.1", {"interface": "eth1"}, ("203.0.113.1", "172.28.0.31", "eth1")),
        ("203.0.113.1", {"interface": "bare"}, ("203.0.113.1", "0.0.0.0", "bare")),
        ("203.0.113.1", {"interface": "eth0", "source": "172.28.0.31"}, ("203.0.113.1", "172.28.0.31", "eth0")),
    ],
    ids=[
        "by_its_network",
        "by_the_narrowest_network",
        "not_from_the_address_itself",
        "ipv6",
        "by_source",
        "from_another_vip",
        "source_of_another_family",
        "interface_with_addresses",
        "interface_without_one",
        "interface_and_source",
    ],
)
def test_how_an_address_is_asked_for(target, how, expected):
    (question,) = questions([target], ADDRESSES, LINKS, **how)
    assert (question.target, question.source, question.interface) == expected
    assert question.mac == LINKS[question.interface]["mac"]


@pytest.mark.parametrize(
    ("target", "how", "error"),
    [
        (
            "203.0.113.1",
            {},
            "No interface of this host has an address in the network of 203.0.113.1: set interface or source.",
        ),
        ("172.28.0.1", {"source": "172.28.0.99"}, "No interface of this host has the source address 172.28.0.99."),
        ("172.28.0.1", {"interface": "eth7"}, "eth7 is not an Ethernet interface of this host."),
        ("127.0.0.2", {}, "lo is not an Ethernet interface of this host."),
        ("172.28.0.1", {"interface": "off"}, "The interface off is down."),
        (
            "2001:db8::1",
            {"interface": "eth0"},
            "The interface eth0 has no IPv6 address to ask for 2001:db8::1 from.",
        ),
        ("fe80::1%eth0", {}, "fe80::1%eth0 has a zone: leave the zone out, and set interface."),
        ("web1", {}, "'web1' does not appear to be an IPv4 or IPv6 address"),
    ],
)
def test_what_cannot_be_asked(target, how, error):
    with pytest.raises(ValueError) as caught:
        questions([target], ADDRESSES, LINKS, **how)
    assert str(caught.value) == error


def test_far_addresses_are_left_out_on_request():
    own_vip = address("198.51.100.9/32", "eth1")
    targets = ["172.28.0.100", "203.0.113.1", "198.51.100.9", "2001:db8:1::1"]
    asked = questions(targets, [*ADDRESSES, own_vip], LINKS, skip_far=True)
    assert [question.target for question in asked] == ["172.28.0.100"]


@pytest.fixture
def segment(monkeypatch):
    """The other ends of the sockets that are opened, by interface and type of frame; each is opened once."""
    ends, ours = {}, {}
    for line in ("eth1", who_has.ETHERTYPE_ARP), ("eth1", who_has.ETHERTYPE_IPV6):
        ours[line], ends[line] = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ends[line].setblocking(False)
    monkeypatch.setattr(segment_probe, "_open", lambda *line: ours.pop(line))
    yield ends
    for end in (*ends.values(), *ours.values()):
        end.close()


def arp_answer(mac, address):
    """The ARP reply in which `mac` says to eth1 that it has an address."""
    question = who_has.arp_request(mac, address, "172.28.0.31")
    return who_has.mac_bytes(MACS["eth1"]) + question[6:21] + b"\2" + question[22:]


def test_every_family_is_asked_and_every_answer_counted(segment):
    targets = ["172.28.0.100", "172.28.0.101", "2001:db8::100"]
    asked = questions(targets, ADDRESSES, LINKS)
    arp, nd = segment["eth1", who_has.ETHERTYPE_ARP], segment["eth1", who_has.ETHERTYPE_IPV6]
    here, there = "52:54:00:aa:00:11", "52:54:00:aa:00:12"
    for frame in (arp_answer(here, targets[0]), arp_answer(here, targets[0]), arp_answer(there, targets[0])):
        arp.send(frame)
    arp.send(arp_answer(here, "172.28.0.9"))
    began = time.monotonic()
    assert ask_segment(asked, 2, 1.0) == {targets[0]: {here: 2, there: 1}, targets[1]: {}, targets[2]: {}}
    # All of the time, since a second answer can follow the first.
    assert 1.0 <= time.monotonic() - began < 3.0
    asked_by_arp = [who_has.arp_request(MACS["eth1"], "172.28.0.31", target) for target in targets[:2]]
    assert [arp.recv(2000) for _question in range(4)] == asked_by_arp * 2
    solicitation = who_has.neighbour_solicitation(MACS["eth1"], "2001:db8::31", targets[2])
    assert [nd.recv(2000) for _question in range(2)] == [solicitation] * 2
    for end in (arp, nd):
        with pytest.raises((BlockingIOError, ConnectionError)):
            end.recv(2000)


@pytest.mark.parametrize(
    ("ethertype", "frame", "kind"),
    [
        (who_has.ETHERTYPE_ARP, who_has.arp_request(MACS["eth1"], "172.28.0.31", "172.28.0.100"), slice(20, 22)),
        (
            who_has.ETHERTYPE_IPV6,
            who_has.neighbour_solicitation(MACS["eth1"], "2001:db8::31", "2001:db8::100"),
            slice(54, 55),
        ),
    ],
    ids=["arp", "neighbour_discovery"],
)
def test_the_kernel_passes_on_nothing_but_answers(ethertype, frame, kind):
    answer = {who_has.ETHERTYPE_ARP: b"\0\2", who_has.ETHERTYPE_IPV6: b"\x88"}[ethertype]
    reply = frame[: kind.start] + answer + frame[kind.stop :]
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        there.setblocking(False)
        segment_probe.only(there, segment_probe._ANSWERS[ethertype])
        # A question, another protocol with the same byte in that place, and less than a header.
        for other in (
            frame,
            reply[:20] + b"\6" + reply[21:] if ethertype != who_has.ETHERTYPE_ARP else frame,
            frame[:14],
        ):
            here.send(other)
        here.send(reply)
        assert there.recv(2000) == reply
        with pytest.raises(BlockingIOError):
            there.recv(2000)
