# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses of this host, each with the time since when it is there, which ip(8) does not tell.

Source: linux/if_addr.h and rtnetlink(7); the kernel's net/ipv4/devinet.c, put_cacheinfo().
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Callable, Iterator, Mapping, NamedTuple

NEW_ADDRESS, GET_ADDRESS, DONE, DUMP = 20, 22, 3, 0x301
ADDRESS, LOCAL, CACHEINFO = 1, 2, 6
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=BBBBI")  # struct ifaddrmsg
_ATTRIBUTE = struct.Struct("=HH")
_CACHEINFO = struct.Struct("=IIII")
FAMILIES = (socket.AF_INET, socket.AF_INET6)


class Address(NamedTuple):
    """An address, its interface, and when it was added, in seconds since 1970."""

    address: str
    interface: str
    since: float


def parse(datagram: bytes, names: Mapping[int, str], age: Callable[[int], float], now: float) -> Iterator[Address]:
    """Yield the addresses in what the kernel has sent. `age` turns its time of creation into seconds."""
    start = 0
    while start + _HEADER.size <= len(datagram):
        length, kind = _HEADER.unpack_from(datagram, start)[:2]
        if kind == NEW_ADDRESS:
            family, _prefix, _flags, _scope, index = _MESSAGE.unpack_from(datagram, start + _HEADER.size)
            found = dict(_attributes(datagram[start + _HEADER.size + _MESSAGE.size : start + length]))
            packed = found.get(LOCAL, found.get(ADDRESS))
            if family in FAMILIES and packed is not None:
                created = _CACHEINFO.unpack(found[CACHEINFO])[2] if CACHEINFO in found else None
                since = now if created is None else now - age(created)
                yield Address(socket.inet_ntop(family, packed), names.get(index, "?"), since)
        start += max(length + 3 & ~3, _HEADER.size)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        yield kind, data[start + _ATTRIBUTE.size : start + length]
        start += max(length + 3 & ~3, _ATTRIBUTE.size)


def age_at(hundredths: float) -> Callable[[int], float]:
    """Return the function for the age of what the kernel has dated: hundredths of a second since the boot, which begin again at 2^32.

    The kernel's clock may be a little ahead.
    """

    def age(created: int) -> float:
        passed = (int(hundredths) - created) & 0xFFFFFFFF
        return 0.0 if passed > 0xFFFFFFFF - 1000 else passed / 100

    return age


def read() -> list[Address]:
    """Return the addresses of this host."""
    found: list[Address] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as asking:
        asking.settimeout(2)
        asking.send(_HEADER.pack(_HEADER.size + _MESSAGE.size, GET_ADDRESS, DUMP, 1, 0) + _MESSAGE.pack(0, 0, 0, 0, 0))
        names, now, age = dict(socket.if_nameindex()), time.time(), age_at(time.monotonic() * 100)
        while True:
            datagram = asking.recv(1 << 20)
            found += parse(datagram, names, age, now)
            if not datagram or _ends(datagram):
                return found


def _ends(datagram: bytes) -> bool:
    """Whether the last message of a datagram says that there are no more."""
    start, kind = 0, 0
    while start + _HEADER.size <= len(datagram):
        length, kind = _HEADER.unpack_from(datagram, start)[:2]
        start += max(length + 3 & ~3, _HEADER.size)
    return kind == DONE
