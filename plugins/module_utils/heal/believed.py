# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived believes to be in the table: the part keepalived_check.data of what it writes at SIGUSR1.

keepalived never looks at the table (ipwrapper.c, ipvswrapper.c): it changes it by what it remembers, and a reload compares only two
configurations. So it does not bring back what somebody else has removed, but it knows exactly what should be there: which real
servers have failed, which weight a check has chosen, whether a sorry server stands in. Source: check_data.c of 2.2.7 and 2.3.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Iterable, Iterator, Sequence

from ..ipvs.types import Destination, Service, ServiceKey, Table, Tunnel

_GROUP = re.compile(r" Virtual Server Group = (\S+), ")
_GROUP_ADDRESS = re.compile(r"   VIP = (\S+), VPORT = (\d+)$")
_SERVICE = re.compile(r" VS (?:VIP = (\S+), VPORT = (\d+)|FWMARK = (\d+)|GROUP = \[(\S+)\]:\d+)$")
_SERVER = re.compile(r"   RIP = (\S+), RPORT = (\d+), WEIGHT = (-?\d+)")
_SORRY = re.compile(r"   sorry server (?:\(duplicates rs\) )?= \[(\S+)\]:\w+:(\d+)$")
_FACT = re.compile(r" +(.+?) (?:=|is) (.*)$")
_FORWARD = re.compile(r" +forwarding method = (NAT|DR|TUN, type = IPIP)$")
FORWARDS = {"NAT": "nat", "DR": "dr", "TUN, type = IPIP": "tun"}


@dataclass
class Server:
    """A real server: its weight, whether its checks pass, whether it is in the table, and whether it stays there when it fails."""

    address: str
    port: int
    weight: int
    alive: bool = False
    placed: bool = False
    inhibit: bool = False


@dataclass
class VirtualServer:
    """A virtual_server of keepalived.conf, with the keys of its services of IPVS."""

    keys: list[ServiceKey]
    group: str | None = None
    scheduler: str = ""
    quorum: bool = True
    sorry: Destination | None = None
    servers: list[Server] = field(default_factory=list)


def parse(text: str) -> list[VirtualServer]:
    """Return the virtual servers in keepalived_check.data."""
    groups: dict[str, list[tuple[str, int]]] = {}
    group: list[tuple[str, int]] = []
    found: list[VirtualServer] = []
    for line in text.splitlines():
        if found and line.startswith("------<"):
            break  # The checkers follow, with names of their own.
        if match := _GROUP.match(line):
            group = groups.setdefault(match[1], [])
        elif match := _GROUP_ADDRESS.match(line):
            group.append((match[1], int(match[2])))
        elif match := _SERVICE.match(line):
            found.append(_service(match, groups))
        elif match := _SERVER.match(line):
            found[-1].servers.append(Server(match[1], int(match[2]), int(match[3])))
        elif found and (match := _SORRY.match(line)):
            found[-1].sorry = Destination(match[1], int(match[2]), weight=1)
        elif found:
            _add(found[-1], line)
    return found


def _service(match: re.Match[str], groups: dict[str, list[tuple[str, int]]]) -> VirtualServer:
    address, port, mark, group = match.groups()
    if mark is not None:
        return VirtualServer([ServiceKey(None, None, None, int(mark), "ipv4")])
    addresses = [(address, int(port))] if address else groups.get(group, [])
    # The protocol, and the family of a mark, are said further down.
    return VirtualServer(
        [ServiceKey("tcp", one, number, None, "ipv6" if ":" in one else "ipv4") for one, number in addresses],
        group,
    )


def _add(service: VirtualServer, line: str) -> None:
    """Add what a line says of the last real server, or of the service as long as it has none."""
    if service.servers:
        server, match = service.servers[-1], _FACT.match(line)
        if match is not None:
            name, value = match.groups()
            if name == "alive":
                server.alive = value == "1"
            elif name == "RS set":
                server.placed = value == "1"
            elif name == "Inhibit on failure":
                server.inhibit = value == "ON"
        return
    if (match := _FORWARD.match(line)) and service.sorry:
        forward = FORWARDS[match[1]]
        service.sorry = replace(service.sorry, forward=forward, tunnel=Tunnel() if forward == "tun" else None)
        return
    match = _FACT.match(line)
    name, value = match.groups() if match else ("", "")
    if name == "protocol":
        service.keys = [key if key.fwmark is not None else replace(key, protocol=value.lower()) for key in service.keys]
    elif name == "Address family":
        family = "ipv6" if value == "inet6" else "ipv4"
        service.keys = [key if key.fwmark is None else replace(key, family=family) for key in service.keys]
    elif name == "lvs_sched":
        service.scheduler = value
    elif name == "quorum_state_up":
        service.quorum = value == "1"


def table_of(believed: Iterable[VirtualServer], deployed: Table, drained: Sequence[tuple[ServiceKey, str]]) -> Table:
    """Return the table that keepalived believes in, of those services that were deployed, with their options.

    `drained` are real servers, by service and text, that had the weight 0 when they were last seen. Only a hand sets that where
    keepalived removes what fails, so they keep it.
    """
    services = {}
    for virtual in believed:
        for key in virtual.keys:
            service = deployed.services.get(key)
            # Somebody has given keepalived another configuration since, and will have had a reason.
            if service is not None and virtual.scheduler in ("", service.scheduler):
                servers = {server.key: server for server in _destinations(virtual, service, drained)}
                services[key] = replace(service, destinations=servers)
    return Table(services)


def _destinations(
    virtual: VirtualServer, service: Service, drained: Sequence[tuple[ServiceKey, str]]
) -> Iterator[Destination]:
    stands_in = virtual.sorry is not None and not virtual.quorum
    for destination in service.destinations.values():
        server = _server(virtual, destination)
        if server is None or not server.placed:
            continue
        out = server.inhibit and (not server.alive or stands_in)
        by_hand = not server.inhibit and (service.key, str(destination)) in drained
        yield replace(destination, weight=0 if out or by_hand else server.weight)
    if stands_in and virtual.sorry is not None:
        port = virtual.sorry.port if virtual.sorry.forward == "nat" else service.key.port or 0
        yield replace(virtual.sorry, port=port)


def _server(virtual: VirtualServer, destination: Destination) -> Server | None:
    """The real server of a destination. With dr and tun the port in the table is that of the service, whatever keepalived has."""
    same = [server for server in virtual.servers if server.address == destination.address]
    exact = [server for server in same if server.port == destination.port]
    return next(iter(exact or same), None)
