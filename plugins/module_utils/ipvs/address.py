# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses and netmasks in the spelling that ipvsadm prints. Host names are never looked up."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from .types import HOST_NETMASK

NOBODY = frozenset(("0.0.0.0", "255.255.255.255"))  # noqa: S104 - refused, not bound to
IPV4_MULTICAST = range(224, 240)  # First octet
IPV4_BITS = 32
IPV6_BITS = 128
ALL_ONES = 0xFFFFFFFF


def canonical(text: str) -> tuple[str, str]:
    """Return an IP address as `inet_ntop` spells it, and its family (ipv4, ipv6).

    Raises ValueError for anything else, including host names and zones (`%eth0`).
    """
    try:
        if ":" in text:
            return inet_ntop(AF_INET6, inet_pton(AF_INET6, text)), "ipv6"
        inet_pton(AF_INET, text)
    except (OSError, TypeError, UnicodeError):
        raise ValueError(f"{text} is not an IP address") from None
    return text, "ipv4"


def is_unicast(address: str, family: str) -> bool:
    """Whether the kernel accepts a canonical address for a real server (ip_vs_ctl.c, ip_vs_new_dest)."""
    if family == "ipv6":
        mapped = address.startswith("::ffff:") and "." in address
        return address != "::" and not mapped and not address.startswith(("ff", "fe8", "fe9", "fea", "feb"))
    return address not in NOBODY and not is_multicast(address, family)


def is_multicast(address: str, family: str) -> bool:
    """Whether a canonical address is a multicast group's."""
    if family == "ipv6":
        return address.startswith("ff")
    return int(address.partition(".")[0]) in IPV4_MULTICAST


def canonical_netmask(text: str, family: str) -> str | None:
    """Return a persistence netmask as ipvsadm prints it, None for the default (every address counts as one client).

    For IPv4, takes a dotted mask or a prefix length and returns a dotted mask, because ipvsadm reads `24` as 0.0.0.24. For
    IPv6, takes a prefix length of 1 to 128. Raises ValueError for anything else.
    """
    text = str(text).lstrip("/")
    if family == "ipv6":
        if not text.isdigit() or not 1 <= int(text) <= IPV6_BITS:
            raise ValueError(f"{text} is not an IPv6 prefix length (1 to 128)")
        mask = str(int(text))
    else:
        bits = _ipv4_bits(text)
        mask = ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))
    return None if mask == HOST_NETMASK[family] else mask


def _ipv4_bits(text: str) -> int:
    """The 32 bits of a contiguous IPv4 netmask, dotted or as a prefix length."""
    if text.isdigit() and int(text) <= IPV4_BITS:
        return (ALL_ONES << IPV4_BITS - int(text)) & ALL_ONES
    try:
        bits: int | None = int.from_bytes(inet_pton(AF_INET, text), "big")
    except OSError:
        bits = None
    if bits is None or (bits ^ ALL_ONES) & ((bits ^ ALL_ONES) + 1):
        raise ValueError(f"{text} is not an IPv4 netmask")
    return bits
