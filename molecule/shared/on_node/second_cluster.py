# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a node outside the cluster: be the master of another cluster with the same virtual router, until a file is there.

Adverts of VRRP version 3 (RFC 5798) with the highest priority that is not the owner's, and another VIP.

Usage: second_cluster.py SOURCE VIRTUAL_ROUTER_ID VIP STOP_FILE
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time

VRRP, GROUP, TTL = 112, "224.0.0.18", 255
PRIORITY, INTERVAL = 254, 0.1

source, router, vip, stop = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def folded(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def advert() -> bytes:
    def message(checksum: int) -> bytes:
        head = struct.pack("!BBBBHH", 0x31, router, PRIORITY, 1, round(INTERVAL * 100), checksum)
        return head + socket.inet_aton(vip)

    length = len(message(0))
    pseudo = socket.inet_aton(source) + socket.inet_aton(GROUP) + struct.pack("!BBH", 0, VRRP, length)
    return message(folded(pseudo + message(0)))


with socket.socket(socket.AF_INET, socket.SOCK_RAW, VRRP) as connection:
    connection.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
    connection.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, TTL)
    connection.bind((source, 0))
    while not os.path.exists(stop):
        connection.sendto(advert(), (GROUP, 0))
        time.sleep(INTERVAL)
