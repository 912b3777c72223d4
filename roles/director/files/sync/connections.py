# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says of its connections and services: /proc/net/ip_vs_conn and /proc/net/ip_vs.

The formats are those of ip_vs_conn_seq_show (net/netfilter/ipvs/ip_vs_conn.c) and ip_vs_info_seq_show (ip_vs_ctl.c). Addresses
are bytes in network order here: 4 for IPv4, 16 for IPv6.
"""

from __future__ import annotations

from typing import Iterable, NamedTuple

CONNECTION_FIELDS = 9


class Connection(NamedTuple):
    """One entry of the connection table. A template of persistence has client port 0.

    `expires` is in seconds. `engine` and `engine_data` are those of a persistence engine, such as sip and a Call-ID.
    """

    protocol: str
    client: bytes
    client_port: int
    vip: bytes
    vip_port: int
    server: bytes
    server_port: int
    state: str
    expires: int
    engine: str = ""
    engine_data: str = ""


class Service(NamedTuple):
    """A virtual service: seconds of persistence, and how it forwards to each real server, by address and port."""

    persistence: int | None
    servers: dict[tuple[bytes, int], str]


class Services(NamedTuple):
    """The virtual services by protocol, VIP and port, and by firewall mark."""

    by_address: dict[tuple[str, bytes, int], Service]
    by_mark: dict[int, Service]


def address(text: str) -> bytes:
    """An address as the kernel prints it: AC1C0064, or all eight groups of an IPv6 address with their zeros."""
    return bytes.fromhex(text.replace(":", ""))


def connection(line: str) -> Connection | None:
    """A line of /proc/net/ip_vs_conn; None for the heading, and for what cannot be read."""
    words = line.rstrip("\n").split(None, CONNECTION_FIELDS)
    if len(words) < CONNECTION_FIELDS:
        return None
    protocol, client, client_port, vip, vip_port, server, server_port, state, expires = words[:CONNECTION_FIELDS]
    engine, _blank, data = words[CONNECTION_FIELDS].partition(" ") if len(words) > CONNECTION_FIELDS else ("", "", "")
    try:
        return Connection(
            protocol,
            address(client),
            int(client_port, 16),
            address(vip),
            int(vip_port, 16),
            address(server),
            int(server_port, 16),
            state,
            int(expires),
            engine,
            data,
        )
    except ValueError:
        return None


def services(lines: Iterable[str]) -> Services:
    """The text of /proc/net/ip_vs. Services for one mark, of IPv4 and of IPv6, count as one."""
    found = Services({}, {})
    servers: dict[tuple[bytes, int], str] = {}
    for line in lines:
        words = line.split()
        if len(words) > 2 and words[0] == "->" and words[1] != "RemoteAddress:Port":
            servers[_endpoint(words[1])] = words[2]
        elif len(words) > 1 and words[0] == "FWM":
            mark = int(words[1], 16)
            servers = found.by_mark[mark].servers if mark in found.by_mark else {}
            found.by_mark[mark] = Service(_persistence(words), servers)
        elif len(words) > 1 and words[0] in ("TCP", "UDP", "SCTP"):
            servers = {}
            found.by_address[(words[0], *_endpoint(words[1]))] = Service(_persistence(words), servers)
    return found


def _endpoint(text: str) -> tuple[bytes, int]:
    """AC1C0064:0050, or [fd00:...]:0050."""
    host, _colon, port = text.rpartition(":")
    return address(host.strip("[]")), int(port, 16)


def _persistence(words: list[str]) -> int | None:
    return int(words[words.index("persistent") + 1]) if "persistent" in words else None
