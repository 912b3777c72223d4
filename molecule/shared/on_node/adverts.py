# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a node outside the cluster: send VRRP adverts of some virtual routers, until a file is there; then tell how many.

They are as RFC 3768 has them, of the lowest priority and without a password: no director of the lab gives way to them.

Usage: adverts.py SOURCE VIRTUAL_ROUTER_ID... STOP_FILE
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time

VRRP, GROUP, TTL = 112, "224.0.0.18", 255
PAUSE = 0.3  # s, so that a director that listens for two seconds hears several

source, *routers, stop = sys.argv[1:]


def advert(router: int) -> bytes:
    """An advert of version 2, with the address of the sender as its only VIP."""
    first, priority, addresses, no_password, interval = 0x21, 1, 1, 0, 1

    def message(checksum: int) -> bytes:
        head = struct.pack("!BBBBBBH", first, router, priority, addresses, no_password, interval, checksum)
        return head + socket.inet_aton(source) + bytes(8)

    return message(~(sum(struct.unpack("!10H", message(0))) % 0xFFFF) & 0xFFFF)


sent = 0
with socket.socket(socket.AF_INET, socket.SOCK_RAW, VRRP) as connection:
    connection.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
    connection.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, TTL)
    connection.bind((source, 0))
    while not os.path.exists(stop):
        for number in routers:
            connection.sendto(advert(int(number)), (GROUP, 0))
            sent += 1
        time.sleep(PAUSE)
print(sent)
