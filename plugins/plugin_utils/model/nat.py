# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT: the directors' address on the inside, by which the real servers' answers come back through them.

It has to be where the VIPs are, or answers would leave by a director that knows nothing of their connections: with
keepalived it is the address of a VRRP instance of its own, in one group with that of the VIPs.
"""

from __future__ import annotations

from typing import Any, Mapping

from . import schema
from .addresses import FAMILY_NAMES, parse
from .hosts import Cluster, Host
from .problems import Mistakes, Place, listed
from .vrrp import advert_address

KEYS = {"ipv4": "gateway", "ipv6": "gateway6"}
NAMES = {"ipv4": "NAT_1", "ipv6": "NAT_6"}


def resolve_nat(
    given: Any, services: list[dict[str, Any]], cluster: Cluster, vips: Mapping[str, Place], mistakes: Mistakes
) -> dict[str, Any] | None:
    """The gateways {family: address} in use and the kind of route to them; None where there is none."""
    if given is None:
        return None
    place = Place("lvs_nat", mistakes)
    own = schema.read(given, schema.NAT, place)
    gateways = {}
    for family, key in KEYS.items():
        address = own[key]
        if address is None:
            continue
        if parse(address).family != family:
            place.say(f"{key} is {address}, which is not {FAMILY_NAMES[family]}")
            continue
        if address in vips:
            place.say(f"{key} {address} is a VIP: it is an address of the directors' inside network alone")
        translated = [service for service in services if service["forward"] == "nat" and service["family"] == family]
        if translated:
            gateways[family] = address
            _check_hosts(key, address, translated, cluster, place)
    return {"gateways": gateways, "route": own["route"], "virtual_router_id": own["virtual_router_id"]}


def _check_hosts(key: str, address: str, services: list[dict[str, Any]], cluster: Cluster, place: Place) -> None:
    """Every host has the gateway on a network of its own (with facts), and only a lone director has it for good."""
    servers = [
        server for service in services for server in (*service["real_servers"], service["sorry_server"]) if server
    ]
    names = dict.fromkeys(server["host"] for server in servers if server["host"])
    needed = [*cluster.directors.values(), *(cluster.real_servers[name] for name in names)]
    for host in needed:
        if host.networks and host.network_of(address) is None:
            place.say(f"{key} {address} is on none of the networks of {host.name} ({listed(host.networks)})")
        lone = host.role == "director" and len(cluster.directors) == 1
        if is_own(host, address) and not lone:
            place.say(
                f"{key} {address} is the address of host {host.name}: it moves between the directors, as a VIP does"
            )


def is_own(host: Host, address: str) -> bool:
    """Whether a host has an address of the inside for itself."""
    number = parse(address).number
    return address in host.addresses.values() or any(
        (network.number, network.family) == (number, parse(address).family) for network in host.networks
    )


def add_instances(
    vrrp: dict[str, Any],
    nat: Mapping[str, Any] | None,
    services: list[dict[str, Any]],
    cluster: Cluster,
    mistakes: Mistakes,
) -> None:
    """Give `vrrp` an instance for each gateway, grouped with the one that holds the VIPs of its services."""
    for family, address in (nat or {"gateways": {}})["gateways"].items():
        if len(cluster.directors) == 1 and is_own(next(iter(cluster.directors.values())), address):
            continue
        vips = {s["vip"] for s in services if s["forward"] == "nat" and s["family"] == family}
        holding = [i for i in vrrp["instances"] if vips & {vip["address"] for vip in i["vips"]}]
        if len(holding) != 1:
            if holding:
                Place("lvs_nat", mistakes).say(
                    f"the VIPs of services with forward nat are in the instances {listed(i['name'] for i in holding)}, which"
                    f" may be on two directors, and {KEYS[family]} {address} on one alone: put them in one instance"
                )
            continue
        outside = holding[0]
        router_id = nat["virtual_router_id"] or outside["virtual_router_id"]
        inside = [_inside(director, cluster, address) for director in outside["directors"]]
        if router_id == outside["virtual_router_id"] and any(
            one["interface"] == other["interface"] is not None for one, other in zip(inside, outside["directors"])
        ):
            Place("lvs_nat", mistakes).say(
                f"{KEYS[family]} {address} is on the segment of instance {outside['name']}, whose virtual_router_id is"
                f" {router_id}: give lvs_nat another one"
            )
        outside["group"] = f"{outside['name']}_{NAMES[family]}"
        vrrp["instances"].append(
            {
                **outside,
                "name": NAMES[family],
                "virtual_router_id": router_id,
                "advert_address": advert_address(family, router_id, inside=True),
                "vips": [{"address": address, "prefix": 32 if family == "ipv4" else 128}],
                "directors": inside,
            }
        )


def _inside(director: Mapping[str, Any], cluster: Cluster, gateway: str) -> dict[str, Any]:
    """The same director with its address and interface on the gateway's network."""
    network = cluster.directors[director["host"]].network_of(gateway)
    return {
        **director,
        "address": network.address if network else None,
        "interface": network.interface if network else None,
    }
