# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT: the directors' address on the inside, through which the real servers' answers come back.

It must be on the director with the VIPs: another director does not know the connections of the answers. With keepalived
it belongs to the VRRP instance of the VIPs, which also watches the interface on the inside. A separate instance, in one
group with that of the VIPs, would lose requests: keepalived 2.2.7 gives up the VIPs for some seconds when a reload adds
their instance to a group, or removes it from one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from ...module_utils.ipvs.types import MAX_PORT
from . import keys, schema
from .addresses import BITS, FAMILY_NAMES, family_of, known
from .drafts import InstanceDraft, ServiceDraft
from .hosts import Host, Hosts
from .mistakes import InventoryPath, Mistakes, listed
from .types import Family, MovedAddress, Ports

KEYS: dict[Family, str] = {"ipv4": "gateway", "ipv6": "gateway6"}


@dataclass(frozen=True)
class Nat:
    """The gateways in use by family, and which packets of a real server take the route to them."""

    gateways: Mapping[Family, str]
    route: str


NO_NAT = Nat({}, "replies")


def resolve_nat(
    given: Any, services: Sequence[ServiceDraft], hosts: Hosts, vips: Iterable[str], mistakes: Mistakes
) -> Nat:
    """The gateways of `lvs_nat` that a service needs."""
    if given is None:
        return NO_NAT
    path = InventoryPath("lvs_nat", mistakes)
    own = keys.read(given, schema.NAT, path)
    taken = frozenset(vips)
    gateways: dict[Family, str] = {}
    for family, key in KEYS.items():
        address = own[key]
        if address is None:
            continue
        if family_of(address) != family:
            path.report(f"{key} is {address}, which is not {FAMILY_NAMES[family]}")
            continue
        if address in taken:
            path.report(
                f"{key} {address} is a VIP: give the gateway an address of its own on the real servers' network"
            )
        translated = [service for service in services if "nat" in service.forwards and service.family == family]
        if translated:
            gateways[family] = address
            _check_hosts(key, address, translated, hosts, path)
        else:
            path.warn(f"{key} is {address}, but no {FAMILY_NAMES[family]} service has forward nat: it is not used")
    return Nat(gateways, own["route"])


def check_replies(services: Iterable[ServiceDraft], nat: Nat) -> None:
    """No reply may come from port 65535: no routing rule can select it (include/net/fib_rules.h, fib_rule_port_range_valid)."""
    for service in services:
        if service.family not in nat.gateways:
            continue
        for server in service.servers:
            ports: Sequence[Ports] = [server["port"]] if server["port"] else service.ports or []
            for port in ports if server["host"] and server["forward"] == "nat" else ():
                if str(port).endswith(str(MAX_PORT)):
                    service.path.report(
                        f"{server['host']} answers from port {port}, but lvs_nat routes no replies from port {MAX_PORT}:"
                        " choose another port"
                    )


def _check_hosts(key: str, address: str, services: Sequence[ServiceDraft], hosts: Hosts, path: InventoryPath) -> None:
    """The gateway must be on-link for every host (with facts). Only a single director may own it permanently."""
    names = dict.fromkeys(
        server["host"] for service in services for server in service.servers if server["forward"] == "nat"
    )
    needed = [*hosts.directors.values(), *(hosts.real_servers[name] for name in names if name)]
    for host in needed:
        if host.networks and host.network_of(address) is None:
            path.report(f"{key} {address} is on none of the networks of {host.name} ({listed(host.networks)})")
        lone = host.role == "director" and len(hosts.directors) == 1
        if is_own(host, address) and not lone:
            path.report(f"{key} {address} is the address of host {host.name}: choose an address that no host has")


def is_own(host: Host, address: str) -> bool:
    """Whether an address on the inside is the host's own."""
    wanted = known(address)
    return address in host.addresses.values() or any(
        (network.number, network.family) == (wanted.number, wanted.family) for network in host.networks
    )


def moved_gateways(
    nat: Nat,
    instances: Sequence[InstanceDraft],
    services: Sequence[ServiceDraft],
    hosts: Hosts,
    mistakes: Mistakes,
) -> list[list[MovedAddress]]:
    """The gateways that each instance of VRRP moves: those of the services whose VIPs it holds."""
    moved: list[list[MovedAddress]] = [[] for _instance in instances]
    for family, address in nat.gateways.items():
        if len(hosts.directors) == 1 and is_own(next(iter(hosts.directors.values())), address):
            continue
        vips = {
            vip
            for service in services
            if "nat" in service.forwards and service.family == family
            for vip in service.vips
        }
        holding = [
            number for number, instance in enumerate(instances) if vips & {vip["address"] for vip in instance.vips}
        ]
        if len(holding) > 1:
            InventoryPath("lvs_nat", mistakes).report(
                f"the VIPs of services with forward nat are in the instances {listed(instances[i].name for i in holding)}, which"
                f" two directors may hold, but {KEYS[family]} {address} is on one director only: put them in one instance"
            )
        for number in holding[:1]:
            moved[number].append({"address": address, "prefix": BITS[family]})
    return moved
