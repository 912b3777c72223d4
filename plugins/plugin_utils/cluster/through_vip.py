# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health checks that ask a real server through the VIP: `via: vip`.

The check connects to the VIP with a firewall mark. A service of IPVS for that mark has the real server as its only one, so the
packets take the way of a client's: direct routing or the tunnel, then the VIP on the real server. IPVS also sees the packets
that a director sends itself (ip_vs_core.c, LOCAL_OUT), whether it has the VIP or not. The answers come from the VIP, which the
director that has it accepts only with the sysctl accept_local.

IPVS takes what it sends out of connection tracking (ip_vs_xmit.c, ip_vs_notrack). So a SYN+ACK is the first packet that this
sees, which is invalid (nf_conntrack_proto_tcp.c, tcp_conntracks), and the answer to a UDP packet is new. With
net.ipv4.vs.conntrack it would know them, but then take the clients' own ACKs for invalid: nat.py, check_tracking.
"""

from __future__ import annotations

from itertools import product
from typing import Hashable, Iterable, Mapping, NamedTuple
from zlib import crc32

from .drafts import ServiceDraft
from .hosts import Hosts
from .mistakes import listed
from .real_servers import called
from .types import (
    CheckSource,
    Family,
    Health,
    RealServer,
    Service,
    SorryServer,
    TableService,
    Tunnel,
    checks_of,
    health_of,
)

# Marks from here to 2^31 - 1, by a hash: the same real server has the same mark as long as its way is the same
FIRST_MARK, MARKS = 1 << 30, 1 << 30
SOURCES: dict[Family, str] = {"ipv4": "CHECK_SOURCE_IPV4", "ipv6": "CHECK_SOURCE_IPV6"}


class Way(NamedTuple):
    """The way to a real server through a VIP: a service of IPVS by a mark."""

    mark: int
    vip: str
    family: Family
    scheduler: str
    server: RealServer | SorryServer


def asks_vip(check: Health) -> bool:
    """Whether a check asks through the VIP."""
    return check["via"] == "vip"


def key_of(vip: str, server: RealServer) -> Hashable:
    """What tells one way from another. Services of one VIP share it."""
    tunnel: Tunnel | None = server["tunnel"]
    own = (tunnel["type"], tunnel["port"], tunnel["checksum"]) if tunnel else ()
    return (vip, server["address"], server["forward"], own)


def ways(services: Iterable[Service]) -> dict[Hashable, Way]:
    """The ways that checks take, by their keys, each with a mark that no service has."""
    services = list(services)
    taken = {service["fwmark"] for service in services}
    found: dict[Hashable, Way] = {}
    for service in services:
        for server, vip in product(service["real_servers"], service["vips"]):
            checks = health_of(server, service["health"])
            key = key_of(vip, server)
            if key in found or not any(map(asks_vip, checks)):
                continue
            number = crc32(repr(key).encode())
            while (mark := FIRST_MARK + number % MARKS) in taken:
                number += 1
            taken.add(mark)
            found[key] = Way(mark, vip, service["family"], service["scheduler"], server)
    return found


def table_of_ways(found: Iterable[Way]) -> list[TableService]:
    """The services of the ways, as lvs.cluster.ipvs_info returns them."""
    return [
        {
            "address": None,
            "port": None,
            "protocol": None,
            "fwmark": way.mark,
            "family": way.family,
            "scheduler": way.scheduler,
            "scheduler_flags": [],
            "persistence": None,
            "persistence_netmask": None,
            "persistence_engine": None,
            "one_packet": False,
            "destinations": [
                {
                    "address": way.server["address"],
                    "port": 0,
                    "forward": way.server["forward"],
                    "weight": 1,
                    "upper_threshold": 0,
                    "lower_threshold": 0,
                    "tunnel": way.server["tunnel"],
                }
            ],
        }
        for way in found
    ]


def families(services: Iterable[Service]) -> list[Family]:
    """The families of VIPs through which checks ask."""
    asked = (service["family"] for service in services if any(map(asks_vip, checks_of(service))))
    return list(dict.fromkeys(asked))


def own_sources(addresses: Mapping[Family, str], services: Iterable[Service]) -> list[CheckSource]:
    """A director's own addresses, from which it asks: of its own accord it would ask from the VIP if it has it."""
    return [{"name": SOURCES[family], "address": addresses[family]} for family in families(services)]


def check_ways(services: Iterable[ServiceDraft], hosts: Hosts) -> None:
    """Report what cannot be asked through a VIP."""
    filtered = [host.name for host in hosts.directors.values() if host.filter == "firewalld"]
    for service in services:
        if filtered and any(map(asks_vip, service.checks)):
            service.path.report(
                f"health via is vip, but firewalld on {listed(filtered)} drops the answers, which connection tracking takes for"
                " invalid since IPVS bypasses it. Remove via from the check, or use another packet filter there, and set lvs_filter"
            )
        for server in service.real_servers:
            if server["forward"] == "nat" and any(map(asks_vip, health_of(server, service.health))):
                service.path.report(
                    f"health via is vip, but forward is nat: real server {called(server)} does not have the VIP, so it"
                    " does not answer there. Remove via from the check: it asks the real server's own address then"
                )
        for check in filter(asks_vip, service.checks):
            if beside := [name for name in ("address", "source") if check[name] is not None]:  # type: ignore[literal-required]
                service.path.report(f"health has via vip and {listed(beside)}: the VIP is asked from lvs_address")
        family = service.family
        lacking = [host.name for host in hosts.directors.values() if family and family not in host.addresses]
        if lacking and any(map(asks_vip, service.checks)):
            variable = "lvs_address6" if family == "ipv6" else "lvs_address"
            service.path.report(
                f"health via is vip, but {listed(lacking)} {'has' if len(lacking) == 1 else 'have'} no address of the VIP's"
                f" family to ask from: set {variable}"
            )
