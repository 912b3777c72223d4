# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory to the resolved cluster: the one place where anything is derived."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from . import inventory as inventories
from . import kinds, schema
from .addresses import BITS, parse
from .checks import check_addresses, check_direct_routing, check_marks, check_one_segment, check_stack, check_vips
from .duties import real_server_models
from .heartbeat import resolve_heartbeat
from .hosts import resolve_hosts
from .ldirectord import resolve_ldirectord
from .mail import resolve_mail
from .members import director_models
from .nat import add_gateways, resolve_nat
from .problems import InventoryMistakes, Mistakes, Place
from .services import ipvs_table, resolve_services
from .sync import delay_return, resolve_sync
from .vrrp import resolve_vrrp

SCALARS = {name: key for name, key in schema.CLUSTER.items() if key.kind is not kinds.ANYTHING}


def resolve(hostvars: Mapping[str, Any], groups: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve and validate a whole cluster.

    `hostvars` holds the variables of every host by its name, `groups` the host
    names of every group. Returns plain dicts, lists and scalars, in which every
    address, port, weight, interface and role is filled in. Raises
    InventoryMistakes with everything that is wrong.
    """
    mistakes: Mistakes = {}
    inventory = inventories.read(hostvars, groups, mistakes)
    if not inventory.directors:
        Place("group directors", mistakes).say("is empty or missing: a cluster needs a director")
    given = inventory.cluster
    scalars = schema.read({name: given[name] for name in SCALARS}, SCALARS, Place("", mistakes))
    stack, arp = scalars["lvs_stack"], scalars["lvs_arp"]
    cluster = resolve_hosts(inventory, mistakes)
    placed = resolve_services(given["lvs_services"], cluster, mistakes)
    services = [service for _place, service in placed]
    # where each VIP is first named
    places: dict[str, Place] = {}
    for place, service in placed:
        if service["vip"]:
            places.setdefault(service["vip"], place)
    vrrp = resolve_vrrp(given["lvs_vrrp"], places, services, cluster, mistakes) if stack == "keepalived" else None
    nat = resolve_nat(given["lvs_nat"], services, cluster, places, mistakes)
    if vrrp:
        add_gateways(vrrp, nat, services, cluster, mistakes)
    sync = resolve_sync(given["lvs_sync"], vrrp, mistakes)
    mail = resolve_mail(given["lvs_mail"], mistakes)
    ldirectord = heartbeat = None
    if stack == "ldirectord":
        ldirectord = resolve_ldirectord(given["lvs_ldirectord"], services, mail, mistakes)
        families = {vip: parse(vip).family for vip in places}
        gateways = {address: family for family, address in (nat["gateways"] if nat else {}).items()}
        heartbeat = resolve_heartbeat(given["lvs_heartbeat"], families, gateways, sync, cluster, mistakes)

    check_addresses(cluster, mistakes)
    check_vips(places, cluster, inventory)
    if vrrp:
        check_one_segment(vrrp, cluster, mistakes)
    check_direct_routing(placed, cluster)
    check_marks(placed)
    check_stack(stack, placed, cluster, sync, mistakes)
    if mistakes:
        raise InventoryMistakes(mistakes)
    if sync and vrrp:
        delay_return(sync, vrrp, given["lvs_vrrp"] or {})
    return {
        **{name.removeprefix("lvs_"): value for name, value in scalars.items()},
        "directors": list(inventory.directors),
        "real_servers": list(inventory.real_servers),
        "clients": list(inventory.clients),
        "vips": _vips(places, nat, vrrp, heartbeat),
        "services": services,
        "table": ipvs_table(services),
        "vrrp": vrrp,
        "sync": sync,
        "mail": mail,
        "ldirectord": ldirectord,
        "heartbeat": heartbeat,
        "hosts": {
            **director_models(cluster, services, nat, stack, vrrp, heartbeat, sync is not None),
            **real_server_models(cluster, services, nat, arp),
        },
    }


def _vips(
    addresses: Iterable[str],
    nat: Mapping[str, Any] | None,
    vrrp: Mapping[str, Any] | None,
    heartbeat: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """Every VIP once, with the VRRP instance that moves it, if one does; the gateways of NAT last."""
    instances = vrrp["instances"] if vrrp else []
    held: dict[str, tuple[str | None, int]] = {
        vip["address"]: (instance["name"], vip["prefix"])
        for instance in instances
        for vip in (*instance["vips"], *instance["gateways"])
    }
    held |= {vip["address"]: (None, vip["prefix"]) for vip in (heartbeat["vips"] if heartbeat else [])}
    gateways = list(nat["gateways"].values()) if nat else []
    result = []
    for address in (*addresses, *gateways):
        family = parse(address).family
        name, prefix = held.get(address, (None, BITS[family]))
        gateway = address in gateways
        result.append({"address": address, "family": family, "prefix": prefix, "instance": name, "gateway": gateway})
    return result
