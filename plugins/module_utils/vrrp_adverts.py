# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VRRP adverts (RFC 3768, RFC 5798): parse them, and listen for them."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import time
from typing import Any, Iterable, Iterator

from .segment_probe import only
from .who_has import ETHERTYPE_IPV6

PROTOCOL = 112
GROUPS = {"ipv4": "224.0.0.18", "ipv6": "ff02::12"}
_BIGGEST = 65535
_ADVERTISEMENT = 1
_ETHERTYPES = {"ipv4": 0x0800, "ipv6": ETHERTYPE_IPV6}
# A program of the Berkeley packet filter (linux/filter.h) that keeps a packet if the byte of its header that names the protocol is
# VRRP's: byte 9 of IPv4, 6 of IPv6. An advert behind an extension header of IPv6 is not kept, and nobody sends one.
_PROTOCOL_BYTE = {"ipv4": 9, "ipv6": 6}
_SO_BINDTODEVICE = 25  # linux/socket.h; not every Python has a name for it


def parse_advert(message: bytes) -> dict[str, int] | None:
    """Return version, virtual_router_id and priority of an advert without its IP header; None if it is no advert."""
    if len(message) < 8:
        return None
    first, router, priority = message[0], message[1], message[2]
    if first >> 4 not in (2, 3) or first & 0xF != _ADVERTISEMENT:
        return None
    return {"version": first >> 4, "virtual_router_id": router, "priority": priority}


def without_header(packet: bytes) -> bytes:
    """Return the payload of an IPv4 packet: a raw IPv4 socket also returns the header (raw(7))."""
    return packet[(packet[0] & 0xF) * 4 :] if packet else b""


def listen(interfaces: Iterable[str], seconds: float) -> list[dict[str, Any]]:
    """Return each sender and virtual router that was heard on some interfaces, once, in the order of arrival.

    This takes all of `seconds`. Raises OSError.
    """
    return listen_twice(interfaces, seconds, frames=False)[0]


def listen_twice(
    interfaces: Iterable[str], seconds: float, frames: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what was heard, as `listen` does, and what arrived in frames, whatever the packet filter did to it after that."""
    heard: dict[tuple[bool, str, str, int], dict[str, Any]] = {}
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as opened:
        for interface in dict.fromkeys(interfaces):
            for family in GROUPS:
                line = opened.enter_context(_open(interface, family))
                if line:
                    selector.register(line, selectors.EVENT_READ, (line, interface, family, False))
                if line and frames:
                    tap = opened.enter_context(_open_frames(interface, family))
                    selector.register(tap, selectors.EVENT_READ, (tap, interface, family, True))
        while (left := end - time.monotonic()) > 0:
            for key, _events in selector.select(left):
                connection: socket.socket
                connection, interface, family, is_frame = key.data
                packet, sender = connection.recvfrom(_BIGGEST)
                if is_frame:
                    source, message = parse_packet(packet, family)
                else:
                    source = str(sender[0]).partition("%")[0]
                    message = without_header(packet) if family == "ipv4" else packet
                advert = parse_advert(message)
                if advert:
                    found = {"interface": interface, "family": family, "source": source, **advert}
                    heard.setdefault((is_frame, interface, source, advert["virtual_router_id"]), found)
    return (
        [found for (is_frame, *_key), found in heard.items() if not is_frame],
        [found for (is_frame, *_key), found in heard.items() if is_frame],
    )


def parse_packet(packet: bytes, family: str) -> tuple[str, bytes]:
    """Return the source and the payload of an IP packet; an empty payload if the packet is too short."""
    start, end = (12, 16) if family == "ipv4" else (8, 24)
    if len(packet) < end:
        return "", b""
    version = socket.AF_INET if family == "ipv4" else socket.AF_INET6
    payload = without_header(packet) if family == "ipv4" else packet[40:]
    return socket.inet_ntop(version, packet[start:end]), payload


@contextlib.contextmanager
def _open_frames(interface: str, family: str) -> Iterator[socket.socket]:
    """A socket that gets the VRRP packets arriving on one interface before the packet filter does (packet(7))."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as connection:
        keep = ((0x30, 0, 0, _PROTOCOL_BYTE[family]), (0x15, 0, 1, PROTOCOL), (0x06, 0, 0, _BIGGEST), (0x06, 0, 0, 0))
        only(connection, keep)
        connection.bind((interface, _ETHERTYPES[family]))
        yield connection


@contextlib.contextmanager
def _open(interface: str, family: str) -> Any:
    """A socket that hears the adverts on one interface; None if the host has no IPv6."""
    try:
        connection = socket.socket(socket.AF_INET if family == "ipv4" else socket.AF_INET6, socket.SOCK_RAW, PROTOCOL)
    except PermissionError:
        raise
    except OSError:
        yield None
        return
    with connection:
        index = socket.if_nametoindex(interface)
        connection.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, interface.encode() + b"\0")
        group = socket.inet_pton(connection.family, GROUPS[family])
        try:
            if family == "ipv4":
                # ip(7), struct ip_mreqn
                joined = struct.pack("4s4si", group, bytes(4), index)
                connection.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
            else:
                joined = struct.pack("16si", group, index)
                connection.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, joined)
        except OSError:
            # An interface without multicast, or with IPv6 disabled, carries no adverts.
            yield None
            return
        yield connection
