# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT: the directors' address on the inside, by which the real servers' answers come back through them.

It has to be where the VIPs are, or answers would leave by a director that knows nothing of their connections: with
keepalived it belongs to the VRRP instance of the VIPs, which also watches the interface on the inside. An instance of
its own, in one group with that of the VIPs, would cost requests: keepalived 2.2.7 lets go of the VIPs for some seconds
when a reload puts their instance into a group, or takes it out of one.
"""

from __future__ import annotations

from typing import Any, Mapping

from . import schema
from .addresses import BITS, FAMILY_NAMES, parse
from .hosts import Host, Hosts
from .mistakes import InventoryPath, Mistakes, listed

KEYS = {"ipv4": "gateway", "ipv6": "gateway6"}


def resolve_nat(
    given: Any, services: list[dict[str, Any]], hosts: Hosts, vips: Mapping[str, InventoryPath], mistakes: Mistakes
) -> dict[str, Any] | None:
    """The gateways {family: address} in use and the kind of route to them; None where there is none."""
    if given is None:
        return None
    path = InventoryPath("lvs_nat", mistakes)
    own = schema.read(given, schema.NAT, path)
    gateways = {}
    for family, key in KEYS.items():
        address = own[key]
        if address is None:
            continue
        if parse(address).family != family:
            path.report(f"{key} is {address}, which is not {FAMILY_NAMES[family]}")
            continue
        if address in vips:
            path.report(f"{key} {address} is a VIP: it is an address of the directors' inside network alone")
        translated = [service for service in services if service["forward"] == "nat" and service["family"] == family]
        if translated:
            gateways[family] = address
            _check_hosts(key, address, translated, hosts, path)
    return {"gateways": gateways, "route": own["route"]}


def _check_hosts(key: str, address: str, services: list[dict[str, Any]], hosts: Hosts, path: InventoryPath) -> None:
    """The gateway must be on-link for every host (with facts); only a single director may own it permanently."""
    servers = [
        server for service in services for server in (*service["real_servers"], service["sorry_server"]) if server
    ]
    names = dict.fromkeys(server["host"] for server in servers if server["host"])
    needed = [*hosts.directors.values(), *(hosts.real_servers[name] for name in names)]
    for host in needed:
        if host.networks and host.network_of(address) is None:
            path.report(f"{key} {address} is on none of the networks of {host.name} ({listed(host.networks)})")
        lone = host.role == "director" and len(hosts.directors) == 1
        if is_own(host, address) and not lone:
            path.report(
                f"{key} {address} is the address of host {host.name}: it moves between the directors, as a VIP does"
            )


def is_own(host: Host, address: str) -> bool:
    """Whether a host has an address of the inside for itself."""
    number = parse(address).number
    return address in host.addresses.values() or any(
        (network.number, network.family) == (number, parse(address).family) for network in host.networks
    )


def add_gateways(
    vrrp: Mapping[str, Any],
    nat: Mapping[str, Any] | None,
    services: list[dict[str, Any]],
    hosts: Hosts,
    mistakes: Mistakes,
) -> None:
    """Give each gateway to the instance of `vrrp` that holds the VIPs of its services."""
    for family, address in (nat["gateways"] if nat else {}).items():
        if len(hosts.directors) == 1 and is_own(next(iter(hosts.directors.values())), address):
            continue
        vips = {s["vip"] for s in services if s["forward"] == "nat" and s["family"] == family}
        holding = [i for i in vrrp["instances"] if vips & {vip["address"] for vip in i["vips"]}]
        if len(holding) > 1:
            InventoryPath("lvs_nat", mistakes).report(
                f"the VIPs of services with forward nat are in the instances {listed(i['name'] for i in holding)}, which"
                f" may be on two directors, and {KEYS[family]} {address} on one alone: put them in one instance"
            )
        for instance in holding[:1]:
            instance["gateways"].append({"address": address, "prefix": BITS[family]})
