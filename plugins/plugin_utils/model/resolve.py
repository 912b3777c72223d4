# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory to the resolved cluster: the one place where anything is derived."""

from __future__ import annotations

from typing import Any, Mapping

from . import inventory as inventories
from . import schema
from .checks import check_addresses, check_direct_routing, check_one_segment, check_stack, check_vips
from .hosts import Cluster, resolve_hosts
from .members import director_models, real_server_models
from .problems import InventoryMistakes, Mistakes, Place
from .services import ipvs_table, resolve_services
from .addresses import parse
from .vrrp import resolve_mail, resolve_sync, resolve_vrrp, vip_prefix


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
    scalars = {
        name.removeprefix("lvs_"): _scalar(name, given, mistakes)
        for name in ("lvs_stack", "lvs_arp", "lvs_start_at_boot", "lvs_test_page")
    }
    cluster = resolve_hosts(inventory, mistakes)
    placed = resolve_services(given.get("lvs_services"), cluster, mistakes)
    services = [service for _, service in placed]
    places = {}
    for place, service in placed:
        if service["vip"]:
            places.setdefault(service["vip"], place)
    vrrp = None
    if scalars["stack"] == "keepalived":
        vrrp = resolve_vrrp(given.get("lvs_vrrp"), list(places), cluster, mistakes)
    sync = resolve_sync(given.get("lvs_sync"), vrrp, mistakes)
    mail = resolve_mail(given.get("lvs_mail"), mistakes)
    vips = _vips(list(places), vrrp)
    for vip in vips:
        places.setdefault(vip["address"], Place("lvs_vrrp", mistakes))

    check_addresses(cluster, mistakes)
    check_vips(places, cluster, inventory)
    if vrrp:
        check_one_segment(vrrp, cluster, mistakes)
    check_direct_routing(placed, cluster)
    check_stack(scalars["stack"], placed, cluster, sync, mistakes)
    if mistakes:
        raise InventoryMistakes(mistakes)
    return {
        **scalars,
        "directors": list(inventory.directors),
        "real_servers": list(inventory.real_servers),
        "clients": list(inventory.clients),
        "vips": vips,
        "services": services,
        "table": ipvs_table(services),
        "vrrp": vrrp,
        "sync": sync,
        "mail": mail,
        "hosts": {
            **director_models(cluster, services, vrrp, sync is not None),
            **real_server_models(cluster, services, scalars["arp"]),
        },
    }


def _scalar(name: str, given: Mapping[str, Any], mistakes: Mistakes) -> Any:
    key = schema.CLUSTER[name]
    if given.get(name) is None:
        return key.default
    holder: Mistakes = {}
    result = schema.value(given[name], name, key, Place("", holder))
    mistakes.update({message.removeprefix(": "): None for message in holder})
    return result


def _vips(service_vips: list[str], vrrp: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Every VIP once: those of services in their order, then those that only an instance has."""
    held = {
        vip["address"]: (instance["name"], vip["prefix"])
        for instance in (vrrp or {"instances": ()})["instances"]
        for vip in instance["vips"]
    }
    result = []
    for address in dict.fromkeys([*service_vips, *held]):
        family = parse(address).family
        name, prefix = held.get(address, (None, vip_prefix(None, family)))
        result.append({"address": address, "family": family, "prefix": prefix, "instance": name})
    return result
