# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.segment_probe import questions


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
            "No interface of this host has an address in the network of 203.0.113.1: state interface or source.",
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
        ("fe80::1%eth0", {}, "fe80::1%eth0 has a zone: leave it out, and state the interface."),
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
