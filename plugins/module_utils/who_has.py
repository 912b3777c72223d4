# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ethernet frames that ask who has an address: ARP for IPv4, neighbour discovery for IPv6.

Source: RFC 826 (ARP), RFC 4861 sections 4.3, 4.4 and 7 (neighbour discovery), RFC 2464 (IPv6 over Ethernet).
Pure functions on bytes. A MAC address is text (`52:54:00:12:34:56`) in the interface, and six bytes inside.
"""

from __future__ import annotations

import ipaddress
import struct

ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD
_ETHERNET = struct.Struct("!6s6sH")
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_ARP_REQUEST, _ARP_REPLY = 1, 2
_ICMPV6 = 58
_SOLICITATION, _ADVERTISEMENT = 135, 136
_SOURCE_MAC, _TARGET_MAC = 1, 2
_HOP_LIMIT = 255


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def mac_text(mac: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in mac)


def arp_request(mac: str, source: str, target: str) -> bytes:
    """Return the broadcast frame with which `source`, at `mac`, asks who has `target`."""
    sender, source_ip, target_ip = mac_bytes(mac), _packed(source), _packed(target)
    body = _ARP.pack(1, 0x0800, 6, 4, _ARP_REQUEST, sender, source_ip, bytes(6), target_ip)
    return _padded(_ETHERNET.pack(b"\xff" * 6, sender, ETHERTYPE_ARP) + body)


def arp_reply(frame: bytes, mac: str) -> tuple[str, str] | None:
    """Return `(address, mac)` of the host that answers in `frame`, None if it is no ARP reply to `mac`."""
    if len(frame) < _ETHERNET.size + _ARP.size or not _is_for(frame, mac, ETHERTYPE_ARP):
        return None
    hardware, protocol, _hlen, _plen, operation, sender, address, _mac, _target = _ARP.unpack_from(
        frame, _ETHERNET.size
    )
    if (hardware, protocol, operation) != (1, 0x0800, _ARP_REPLY):
        return None
    return str(ipaddress.IPv4Address(address)), mac_text(sender)


def neighbour_solicitation(mac: str, source: str, target: str) -> bytes:
    """Return the frame to the solicited-node group of `target` with which `source`, at `mac`, asks who has `target`."""
    target_ip, sender = _packed(target), mac_bytes(mac)
    group = _packed("ff02::1:ff00:0")[:13] + target_ip[13:]
    message = struct.pack("!BBHI16sBB6s", _SOLICITATION, 0, 0, 0, target_ip, _SOURCE_MAC, 1, sender)
    checksum = internet_checksum(_packed(source) + group + struct.pack("!II", len(message), _ICMPV6) + message)
    header = _IPV6.pack(6 << 28, len(message), _ICMPV6, _HOP_LIMIT, _packed(source), group)
    ethernet = _ETHERNET.pack(b"\x33\x33" + group[12:], sender, ETHERTYPE_IPV6)
    return ethernet + header + message[:2] + struct.pack("!H", checksum) + message[4:]


def neighbour_advertisement(frame: bytes, mac: str) -> tuple[str, str] | None:
    """Return `(address, mac)` of the host that answers in `frame`, None if it is no neighbour advertisement to `mac`."""
    start = _ETHERNET.size + _IPV6.size
    if len(frame) < start + 24 or not _is_for(frame, mac, ETHERTYPE_IPV6):
        return None
    _flow, length, following, hops, _source, _destination = _IPV6.unpack_from(frame, _ETHERNET.size)
    message = frame[start : start + length]
    # A hop limit of 255 proves that no router has forwarded it (RFC 4861, 7.1.2).
    if following != _ICMPV6 or hops != _HOP_LIMIT or len(message) < 24 or message[0] != _ADVERTISEMENT:
        return None
    return str(ipaddress.IPv6Address(message[8:24])), mac_text(_target_mac(message[24:]) or frame[6:12])


def internet_checksum(data: bytes) -> int:
    """Return the checksum of RFC 1071."""
    words: tuple[int, ...] = struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2))
    total: int = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _target_mac(options: bytes) -> bytes | None:
    while len(options) >= 8 and options[1]:
        if options[0] == _TARGET_MAC:
            return options[2:8]
        options = options[8 * options[1] :]
    return None


def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def _is_for(frame: bytes, mac: str, ethertype: int) -> bool:
    destination, _source, kind = _ETHERNET.unpack_from(frame)
    return bool(kind == ethertype and destination == mac_bytes(mac))


def _padded(frame: bytes) -> bytes:
    """Pad a frame to Ethernet's minimum of 60 bytes without the checksum."""
    return frame + bytes(max(0, 60 - len(frame)))
