# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory to the resolved cluster: the one place where anything is derived."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from . import inventory as inventories
from . import schema, validators
from .addresses import BITS, parse
from .checks import check_addresses, check_direct_routing, check_marks, check_one_segment, check_stack, check_vips
from .director_part import director_parts
from .heartbeat import resolve_heartbeat
from .hosts import resolve_hosts
from .ldirectord import resolve_ldirectord
from .mail import resolve_mail
from .mistakes import InventoryMistakes, InventoryPath, Mistakes
from .nat import add_gateways, resolve_nat
from .real_server_part import real_server_parts
from .services import ipvs_table, resolve_services
from .sync import delay_return, resolve_sync
from .vrrp import resolve_vrrp

SCALARS = {name: key for name, key in schema.CLUSTER.items() if key.validator is not validators.ANYTHING}


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
        InventoryPath("group directors", mistakes).report("is empty or missing: a cluster needs a director")
    given = inventory.cluster
    scalars = schema.read({name: given[name] for name in SCALARS}, SCALARS, InventoryPath("", mistakes))
    stack, arp = scalars["lvs_stack"], scalars["lvs_arp"]
    hosts = resolve_hosts(inventory, mistakes)
    located = resolve_services(given["lvs_services"], hosts, mistakes)
    services = [service for _path, service in located]
    # Where each VIP is first named
    vip_paths: dict[str, InventoryPath] = {}
    for path, service in located:
        if service["vip"]:
            vip_paths.setdefault(service["vip"], path)
    vrrp = resolve_vrrp(given["lvs_vrrp"], vip_paths, services, hosts, mistakes) if stack == "keepalived" else None
    nat = resolve_nat(given["lvs_nat"], services, hosts, vip_paths, mistakes)
    if vrrp:
        add_gateways(vrrp, nat, services, hosts, mistakes)
    sync = resolve_sync(given["lvs_sync"], vrrp, mistakes)
    mail = resolve_mail(given["lvs_mail"], mistakes)
    ldirectord = heartbeat = None
    if stack == "ldirectord":
        ldirectord = resolve_ldirectord(given["lvs_ldirectord"], services, mail, mistakes)
        families = {vip: parse(vip).family for vip in vip_paths}
        gateways = {address: family for family, address in (nat["gateways"] if nat else {}).items()}
        heartbeat = resolve_heartbeat(given["lvs_heartbeat"], families, gateways, sync, hosts, mistakes)

    check_addresses(hosts, mistakes)
    check_vips(vip_paths, hosts, inventory)
    if vrrp:
        check_one_segment(vrrp, hosts, mistakes)
    check_direct_routing(located, hosts)
    check_marks(located)
    check_stack(stack, located, hosts, sync, mistakes)
    if mistakes:
        raise InventoryMistakes(mistakes)
    if sync and vrrp:
        delay_return(sync, vrrp, given["lvs_vrrp"] or {})
    return {
        **{name.removeprefix("lvs_"): value for name, value in scalars.items()},
        "directors": list(inventory.directors),
        "real_servers": list(inventory.real_servers),
        "clients": list(inventory.clients),
        "vips": _vips(vip_paths, nat, vrrp, heartbeat),
        "services": services,
        "table": ipvs_table(services),
        "vrrp": vrrp,
        "sync": sync,
        "mail": mail,
        "ldirectord": ldirectord,
        "heartbeat": heartbeat,
        "hosts": {
            **director_parts(hosts, services, nat, stack, vrrp, heartbeat, sync is not None),
            **real_server_parts(hosts, services, nat, arp),
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
