# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel tells of itself: that somebody has changed addresses, devices, routing rules or rules of nftables.

So nothing has to be asked again and again, and no process is started as long as nobody changes anything. iptables-nft and
arptables-nft make rules of nftables, too. Of legacy iptables, tunnels' ports and IPVS' timeouts the kernel tells nothing.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Iterable, Sequence

ADDRESSES, RULES = "addresses", "rules"

# linux/netlink.h, linux/rtnetlink.h, linux/netfilter/nfnetlink.h and nf_tables.h
_ROUTE, _NETFILTER = 0, 12
_IPV4_ADDRESS, _IPV6_ADDRESS, _IPV4_ROUTE, _IPV6_ROUTE = 0x10, 0x100, 0x40, 0x400
_IPV4_RULE, _IPV6_RULE, _NFTABLES, _LINK = 0x80, 1 << 18, 1 << 6, 1
GROUPS = {
    _ROUTE: _LINK | _IPV4_ADDRESS | _IPV6_ADDRESS | _IPV4_ROUTE | _IPV6_ROUTE | _IPV4_RULE | _IPV6_RULE,
    _NETFILTER: _NFTABLES,
}
_NEW_LINK, _NEW_ADDRESS, _DELETED_ADDRESS, _DELETED_ROUTE, _DELETED_RULE = 16, 20, 21, 25, 33
# The subsystem of nftables, and its messages of a deleted table, chain or rule.
_DELETED_OF_NFTABLES = tuple((10 << 8) | number for number in (2, 5, 8))
_HEADER = struct.Struct("=IHHII")
# A message of a route: family, two lengths, type of service, table.
_TABLE = _HEADER.size + 4
_OWN_TABLE = 112  # of lvs-vip
# A message of a device: family, type, index, flags, and those that have changed (linux/if.h).
_DEVICE = struct.Struct("=BxHiII")
_UP = 1
# A director of a large network may have many routes that change all the time.
BUFFER = 1 << 20


def kinds(family: int, datagram: bytes) -> set[str]:
    """Return what the messages of a datagram are about, of what lvs-heal has to look at."""
    found: set[str] = set()
    start = 0
    while start + _HEADER.size <= len(datagram):
        length, kind = _HEADER.unpack_from(datagram, start)[:2]
        message = datagram[start : start + length]
        if family == _NETFILTER:
            found.update([RULES] if kind in _DELETED_OF_NFTABLES else [])
        elif kind in (_NEW_ADDRESS, _DELETED_ADDRESS):
            # A real server's VIP is one of lvs-vip's lines.
            found.update([ADDRESSES, RULES] if kind == _DELETED_ADDRESS else [ADDRESSES])
        elif kind == _NEW_LINK:
            found.update([RULES] if _is_down(message[_HEADER.size :]) else [])
        elif kind == _DELETED_RULE or (kind == _DELETED_ROUTE and message[_TABLE : _TABLE + 1] == bytes([_OWN_TABLE])):
            found.add(RULES)
        start += max(length + 3 & ~3, _HEADER.size)
    return found


def _is_down(body: bytes) -> bool:
    """Whether somebody has just set a device down: a tunnel's keeps its VIP and unpacks nothing then."""
    if len(body) < _DEVICE.size:
        return False
    flags, changed = _DEVICE.unpack_from(body)[3:]
    return bool(changed & _UP and not flags & _UP)


class Events:
    """The sockets on which the kernel tells."""

    def __init__(self) -> None:
        self._sockets: dict[socket.socket, int] = {}
        for family, groups in GROUPS.items():
            try:
                opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
            except OSError:
                continue  # A kernel without netfilter has no rules either.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            opened.setblocking(False)
            opened.bind((0, groups))
            self._sockets[opened] = family

    def wait(self, seconds: float) -> set[str]:
        """Wait for the kernel at most so long, and return what it has told of. What is of no interest does not end the wait."""
        end = time.monotonic() + seconds
        while True:
            left = max(end - time.monotonic(), 0)
            ready: Sequence[socket.socket] = select.select(list(self._sockets), [], [], left)[0]
            found: set[str] = set().union(*(self._told(one) for one in ready))
            if found or time.monotonic() >= end:
                return found

    def _told(self, opened: socket.socket) -> Iterable[str]:
        found: set[str] = set()
        while True:
            try:
                found |= kinds(self._sockets[opened], opened.recv(65536))
            except BlockingIOError:
                return found
            except OSError:
                # ENOBUFS: more has happened than the buffer takes, so anything may have.
                return {ADDRESSES, RULES}
