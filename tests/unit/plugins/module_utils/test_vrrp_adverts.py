# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import socket
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
