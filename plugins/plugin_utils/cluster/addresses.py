# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP addresses: parsed once each, compared as numbers."""

from __future__ import annotations

from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple

from ...module_utils.ipvs.address import canonical
from .types import Family

BITS: dict[Family, int] = {"ipv4": 32, "ipv6": 128}
SOCKETS = {"ipv4": AF_INET, "ipv6": AF_INET6}
LOOPBACK = "a loopback address"
LINK_LOCAL = "a link-local address"
FAMILY_NAMES: dict[Family, str] = {"ipv4": "IPv4", "ipv6": "IPv6"}


class Address(NamedTuple):
    """An IP address: canonical text, family `ipv4` or `ipv6`, its number, and why it cannot be a host's, if it cannot."""

    text: str
    family: Family
    number: int
    special: str | None


class Network(NamedTuple):
    """A network an interface is connected to."""

    interface: str
    family: Family
    number: int
    prefix: int

    def holds(self, address: Address) -> bool:
        shift = BITS[self.family] - self.prefix
        return self.family == address.family and self.number >> shift == address.number >> shift

    @property
    def address(self) -> str:
        """The host's own address on this network."""
        return _text(self.number, self.family)

    @property
    def cidr(self) -> str:
        """The network as in 172.28.0.0/24."""
        shift = BITS[self.family] - self.prefix
        return f"{_text(self.number >> shift << shift, self.family)}/{self.prefix}"

    def __str__(self) -> str:
        return f"{self.cidr} on {self.interface}"


@lru_cache(maxsize=1 << 18)
def parse(text: str) -> Address | None:
    """An address as inet_pton(3) reads it, None if `text` is no address."""
    try:
        text, family = canonical(text)
    except ValueError:
        return None
    number = int.from_bytes(inet_pton(SOCKETS[family], text), "big")
    special = _special_ipv6(number) if family == "ipv6" else _special_ipv4(number)
    return Address(text, "ipv6" if family == "ipv6" else "ipv4", number, special)


def known(text: str) -> Address:
    """Parse an address that has been validated before. Raises ValueError for anything else."""
    address = parse(text)
    if address is None:
        raise ValueError(f"{text} is not an IP address")
    return address


def family_of(text: str) -> Family:
    """The family of an address that has been validated before."""
    return "ipv6" if ":" in text else "ipv4"


def _text(number: int, family: Family) -> str:
    return inet_ntop(SOCKETS[family], number.to_bytes(BITS[family] // 8, "big"))


# By the numbers: which of these kinds the predicates of Python's ipaddress count an IPv4 address in IPv6 among has changed with 3.13.
def _special_ipv4(number: int) -> str | None:
    kinds = (
        ("an unspecified address", number >> 24 == 0),
        (LOOPBACK, number >> 24 == 127),
        ("a multicast address", number >> 28 == 0xE),
        ("the broadcast address", number == 0xFFFFFFFF),
        (LINK_LOCAL, number >> 16 == 0xA9FE),
    )
    return next((kind for kind, fits in kinds if fits), None)


def _special_ipv6(number: int) -> str | None:
    kinds = (
        ("an unspecified address", number == 0),
        (LOOPBACK, number == 1),
        ("an IPv4 address written as one of IPv6", number >> 32 == 0xFFFF),
        ("a multicast address", number >> 120 == 0xFF),
        (LINK_LOCAL, number >> 118 == 0xFE80 >> 6),
    )
    return next((kind for kind, fits in kinds if fits), None)


def netmask_prefix(mask: str) -> int | None:
    """The prefix length of a dotted IPv4 netmask, as in facts; None if it is no netmask."""
    address = parse(mask)
    if address is None or address.family != "ipv4":
        return None
    rest = address.number ^ 0xFFFFFFFF
    return None if rest & (rest + 1) else 32 - rest.bit_length()


def exploded(text: str) -> str:
    """An IPv6 address with every group written out, for programs to which `::` means something else."""
    octets = inet_pton(AF_INET6, text)
    return ":".join(f"{octets[at] << 8 | octets[at + 1]:x}" for at in range(0, 16, 2))
