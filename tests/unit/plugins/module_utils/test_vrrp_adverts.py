# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import vrrp_adverts

# keepalived 2.2.7: virtual router 51, priority 200, one address, version 2
ADVERT = bytes.fromhex("2133c801000180eaa9fe70330000000000000000")


def test_an_advert_is_read():
    assert vrrp_adverts.parse_advert(ADVERT) == {"version": 2, "virtual_router_id": 51, "priority": 200}
    assert vrrp_adverts.parse_advert(b"\x31\x07\x64" + bytes(5))["version"] == 3


@pytest.mark.parametrize("message", [b"", ADVERT[:7], b"\x11" + ADVERT[1:], b"\x22" + ADVERT[1:]])
def test_what_is_no_advert_is_passed_over(message):
    assert vrrp_adverts.parse_advert(message) is None


def test_the_header_of_ipv4_is_taken_off_whatever_its_length():
    assert vrrp_adverts.without_header(b"\x45" + bytes(19) + b"x") == b"x"
    assert vrrp_adverts.without_header(b"\x46" + bytes(23) + b"x") == b"x"
    assert vrrp_adverts.without_header(b"") == b""


@pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets need root")
def test_frames_are_heard_whatever_the_packet_filter_does():
    """In a network namespace whose filter drops all that comes in."""
    if not shutil.which("nft") or not shutil.which("unshare"):
        pytest.skip("nft is not installed: make deps")
    script = f"""
import socket, threading, time
from ansible_collections.lvs.cluster.plugins.module_utils import vrrp_adverts
def send():
    time.sleep(0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, vrrp_adverts.PROTOCOL) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sender.sendto({ADVERT!r}, (vrrp_adverts.GROUPS["ipv4"], 0))
threading.Thread(target=send).start()
heard, frames = vrrp_adverts.listen_twice(["lo"], 0.7, frames=True)
print(heard, [(one["source"], one["virtual_router_id"]) for one in frames])
"""
    drop = "table ip f { chain c { type filter hook input priority 0; policy drop; }; }"
    command = f"ip link set lo up && ip route add 224.0.0.0/4 dev lo && nft '{drop}' && exec {sys.executable} -"
    ran = subprocess.run(
        ["unshare", "--net", "sh", "-c", command],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if "unshare" in ran.stderr:
        pytest.skip(ran.stderr)
    assert ran.stdout.strip() == "[] [('127.0.0.1', 51)]", ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets need root")
def test_adverts_to_their_group_are_heard_on_an_interface():
    def send():
        time.sleep(0.1)
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, vrrp_adverts.PROTOCOL) as sender:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            for message in (ADVERT, b"no advert"):
                sender.sendto(message, (vrrp_adverts.GROUPS["ipv4"], 0))

    thread = threading.Thread(target=send)
    thread.start()
    heard = vrrp_adverts.listen(["lo"], 0.5)
    thread.join()
    assert heard == [
        {
            "interface": "lo",
            "family": "ipv4",
            "source": "127.0.0.1",
            "version": 2,
            "virtual_router_id": 51,
            "priority": 200,
        }
    ]


@pytest.mark.parametrize(
    ("family", "packet", "source"),
    [
        ("ipv4", bytes([0x46]) + bytes(11) + bytes([192, 0, 2, 11]) + bytes(8), "192.0.2.11"),
        ("ipv6", bytes(8) + bytes([0xFE, 0x80]) + bytes(13) + b"\x01" + bytes(16), "fe80::1"),
    ],
)
def test_a_packet_in_a_frame_has_its_source_and_its_advert(family, packet, source):
    assert vrrp_adverts.parse_packet(packet + b"advert", family) == (source, b"advert")


def test_a_frame_that_is_too_short_is_no_advert():
    assert vrrp_adverts.parse_packet(b"\x45", "ipv4") == ("", b"")
