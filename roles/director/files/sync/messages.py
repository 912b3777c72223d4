# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's sync messages, version 1, as net/netfilter/ipvs/ip_vs_sync.c reads them.

A message has a header and up to 255 connections, each at a multiple of four bytes. Everything is in network order.
"""

from __future__ import annotations

import struct
from typing import Iterable, Iterator, NamedTuple

# struct ip_vs_sync_mesg: reserved, syncid, size, nr_conns, version, spare
HEADER = struct.Struct("!BBHBbH")
# struct ip_vs_sync_v4 and ip_vs_sync_v6 up to the addresses: type, protocol, ver_size, flags, state, cport, vport, dport, fwmark,
# timeout
CONNECTION = struct.Struct("!BBHIHHHHII")
VERSION = 1
MOST = 255  # nr_conns is one byte
IPV6 = 1  # STYPE_F_INET6 in type
OPTION_ENGINE_DATA = 2  # IPVS_OPT_PE_DATA
OPTION_ENGINE_NAME = 3  # IPVS_OPT_PE_NAME
LONGEST_ENGINE_NAME = 16  # IP_VS_PENAME_MAXLEN
LONGEST_ENGINE_DATA = 255  # IP_VS_PEDATA_MAXLEN


class Entry(NamedTuple):
    """One connection of a message. Addresses are bytes, `timeout` is in seconds."""

    protocol: int
    flags: int
    state: int
    client: bytes
    client_port: int
    vip: bytes
    vip_port: int
    server: bytes
    server_port: int
    fwmark: int
    timeout: int
    engine: bytes = b""
    engine_data: bytes = b""


def encode(entry: Entry) -> bytes:
    """One connection of a message."""
    options = b""
    if entry.engine:
        options = _option(OPTION_ENGINE_DATA, entry.engine_data) + _option(OPTION_ENGINE_NAME, entry.engine)
    addresses = entry.client + entry.vip + entry.server
    head = CONNECTION.pack(
        IPV6 if len(entry.client) == 16 else 0,
        entry.protocol,
        CONNECTION.size + len(addresses) + len(options),
        entry.flags,
        entry.state,
        entry.client_port,
        entry.vip_port,
        entry.server_port,
        entry.fwmark,
        entry.timeout,
    )
    return head + addresses + options


def _option(kind: int, data: bytes) -> bytes:
    return bytes((kind, len(data))) + data


def messages(entries: Iterable[Entry], syncid: int, longest: int) -> Iterator[bytes]:
    """Messages of at most `longest` bytes with all of the entries."""
    body: list[bytes] = []
    size = HEADER.size
    for entry in entries:
        encoded = encode(entry)
        padding = bytes((4 - size % 4) % 4)
        if body and (len(body) == MOST or size + len(padding) + len(encoded) > longest):
            yield _message(body, syncid)
            body, size, padding = [], HEADER.size, b""
        body.append(padding + encoded)
        size += len(padding) + len(encoded)
    if body:
        yield _message(body, syncid)


def _message(body: list[bytes], syncid: int) -> bytes:
    size = HEADER.size + sum(map(len, body))
    return HEADER.pack(0, syncid, size, len(body), VERSION, 0) + b"".join(body)


def connections_in(message: bytes) -> int:
    """How many connections a message has."""
    return message[4]
