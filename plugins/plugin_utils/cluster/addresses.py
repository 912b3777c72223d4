# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP addresses: parsed once each, compared as numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ...module_utils.ipvs.address import canonical
from .types import Family

try:
    import netaddr
except ImportError:  # The filter reports this to the user
    HAS_NETADDR = False
else:
    HAS_NETADDR = True

BITS: dict[Family, int] = {"ipv4": 32, "ipv6": 128}
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
        return str(netaddr.IPAddress(self.number, version=4 if self.family == "ipv4" else 6))

    @property
    def cidr(self) -> str:
        """The network as in 172.28.0.0/24."""
        shift = BITS[self.family] - self.prefix
        start = netaddr.IPAddress(self.number >> shift << shift, version=4 if self.family == "ipv4" else 6)
        return f"{start}/{self.prefix}"

    def __str__(self) -> str:
        return f"{self.cidr} on {self.interface}"


@lru_cache(maxsize=1 << 18)
def parse(text: str) -> Address | None:
    """An address as inet_pton(3) reads it, None if `text` is no address."""
    try:
        text, family = canonical(text)
    except ValueError:
        return None
    ip = netaddr.IPAddress(text)
    return Address(text, "ipv6" if family == "ipv6" else "ipv4", int(ip), _special(ip))


def known(text: str) -> Address:
    """Parse an address that has been validated before. Raises ValueError for anything else."""
    address = parse(text)
    if address is None:
        raise ValueError(f"{text} is not an IP address")
    return address


def family_of(text: str) -> Family:
    """The family of an address that has been validated before."""
    return "ipv6" if ":" in text else "ipv4"


def _special(ip: netaddr.IPAddress) -> str | None:
    number, version = int(ip), ip.version
    kinds = (
        ("an unspecified address", number == 0 or (version == 4 and number >> 24 == 0)),
        (LOOPBACK, ip.is_loopback()),
        ("an IPv4 address written as one of IPv6", version == 6 and number >> 32 == 0xFFFF),
        ("a multicast address", ip.is_multicast()),
        ("the broadcast address", version == 4 and number == 0xFFFFFFFF),
        (LINK_LOCAL, ip.is_link_local()),
    )
    return next((kind for kind, fits in kinds if fits), None)


def netmask_prefix(mask: str) -> int | None:
    """The prefix length of a dotted IPv4 netmask, as in facts; None if it is no netmask."""
    ip = netaddr.IPAddress(mask) if parse(mask) else None
    return ip.netmask_bits() if ip is not None and ip.is_netmask() else None


def exploded(text: str) -> str:
    """An IPv6 address with every group written out, for programs to which `::` means something else."""
    return str(netaddr.IPAddress(text).format(netaddr.ipv6_full))
