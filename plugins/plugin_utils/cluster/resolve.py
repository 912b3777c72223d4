# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory to the resolved cluster: the one place where anything is derived.

First everything is read, and each mistake noted. Only when there is none, the parts are made of what was read.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping, Sequence

from . import inventory as inventories
from . import keys, schema, validators
from .addresses import BITS, family_of
from .checks import (
    check_addresses,
    check_clients,
    check_direct_routing,
    check_marks,
    check_one_segment,
    check_prefixes,
    check_real_server_addresses,
    check_return_path,
    check_sync,
    check_vips,
)
from .director_part import director_parts
from .drafts import ServiceDraft
from .heartbeat import heartbeat_part, read_heartbeat
from .hosts import resolve_hosts
from .keepalived import check_keepalived, keepalived_part
from .ldirectord import check_ldirectord, ldirectord_part, read_ldirectord
from .mail import resolve_mail
from .mistakes import InventoryMistakes, InventoryPath, Mistakes
from .nat import Nat, moved_gateways, resolve_nat
from .real_server_part import real_server_parts
from .services import ipvs_table, resolve_services
from .static import check_static
from .sync import resolve_sync, shortest_delay
from .types import Heartbeat, ResolvedCluster, Vip, Vrrp
from .vrrp import VrrpDraft, resolve_vrrp

SCALARS = {name: key for name, key in schema.CLUSTER.items() if key.validator is not validators.ANYTHING}


def resolve(
    hostvars: Mapping[str, Any], groups: Mapping[str, Any], warn: Callable[[str], object] = lambda _warning: None
) -> ResolvedCluster:
    """Resolve and validate a whole cluster.

    `hostvars` holds the variables of every host by its name, `groups` the host
    names of every group. `warn` is called with what may be wrong, where no fact tells. Returns plain dicts, lists and scalars, in which every
    address, port, weight, interface and role is filled in. Raises
    InventoryMistakes with everything that is wrong.
    """
    mistakes = Mistakes()
    inventory = inventories.read(hostvars, groups, mistakes)
    if not inventory.directors:
        InventoryPath("group directors", mistakes).report("is empty or missing: a cluster needs a director")
    given = inventory.cluster
    scalars = keys.read({name: given[name] for name in SCALARS}, SCALARS, InventoryPath("", mistakes))
    stack = scalars["lvs_stack"]
    hosts = resolve_hosts(inventory, mistakes)
    services = resolve_services(given["lvs_services"], hosts, mistakes)
    of_services = list(dict.fromkeys(service.vip for service in services if service.vip))
    vrrp = resolve_vrrp(given["lvs_vrrp"], of_services, services, hosts, mistakes) if stack == "keepalived" else None
    vip_paths = _vip_paths(services, vrrp)
    nat = resolve_nat(given["lvs_nat"], services, hosts, vip_paths, mistakes)
    gateways = moved_gateways(nat, vrrp.instances if vrrp else [], services, hosts, mistakes)
    sync = resolve_sync(given["lvs_sync"], vrrp.instances if vrrp else None, mistakes)
    mail = resolve_mail(given["lvs_mail"], mistakes)
    ldirectord: dict[str, Any] = {}
    heartbeat: dict[str, Any] = {}
    if stack == "ldirectord":
        ldirectord = read_ldirectord(given["lvs_ldirectord"], mail, mistakes)
        heartbeat = read_heartbeat(given["lvs_heartbeat"], list(vip_paths), hosts, mistakes)

    check_addresses(hosts, mistakes)
    check_vips(vip_paths, hosts, inventory)
    check_real_server_addresses(services, vip_paths, hosts)
    check_clients(inventory, mistakes)
    if vrrp:
        check_one_segment(vrrp.instances, hosts, mistakes)
        check_prefixes(vrrp.instances, hosts, InventoryPath("lvs_vrrp", mistakes))
    check_return_path(services, nat, vip_paths, hosts)
    check_sync(services, sync)
    check_direct_routing(services, hosts)
    check_marks(services)
    if stack == "keepalived":
        check_keepalived(services)
    elif stack == "ldirectord":
        check_ldirectord(services)
    else:
        check_static(services, hosts, sync, mistakes)
    if mistakes:
        raise InventoryMistakes(mistakes)
    for warning in mistakes.warnings:
        warn(warning)

    resolved = [service.finished() for service in services]
    instances = [
        draft.finished(moved, shortest_delay(draft, sync))
        for draft, moved in zip(vrrp.instances if vrrp else [], gateways)
    ]
    resolved_vrrp: Vrrp | None = None
    if vrrp:
        resolved_vrrp = {
            "skip_check_adv_addr": vrrp.skip_check_adv_addr,
            "garp_interval": vrrp.garp_interval,
            "gna_interval": vrrp.gna_interval,
            "instances": instances,
        }
    of_heartbeat = heartbeat_part(heartbeat, list(vip_paths), nat, sync, hosts) if stack == "ldirectord" else None
    return {
        "stack": stack,
        "arp": scalars["lvs_arp"],
        "start_at_boot": scalars["lvs_start_at_boot"],
        "test_page": scalars["lvs_test_page"],
        "directors": list(inventory.directors),
        "real_servers": list(inventory.real_servers),
        "clients": list(inventory.clients),
        "vips": _vips(vip_paths, nat, resolved_vrrp, of_heartbeat),
        "services": resolved,
        "table": ipvs_table(resolved),
        "vrrp": resolved_vrrp,
        "sync": sync,
        "mail": mail,
        "keepalived": keepalived_part(resolved) if stack == "keepalived" else None,
        "ldirectord": ldirectord_part(ldirectord, resolved, mail) if stack == "ldirectord" else None,
        "heartbeat": of_heartbeat,
        "hosts": {
            **director_parts(hosts, resolved, nat, stack, resolved_vrrp, of_heartbeat, sync),
            **real_server_parts(hosts, resolved, nat, scalars["lvs_arp"]),
        },
    }


def _vip_paths(services: Sequence[ServiceDraft], vrrp: VrrpDraft | None) -> dict[str, InventoryPath]:
    """Every VIP, with the place in the inventory that names it first: services before instances."""
    paths: dict[str, InventoryPath] = {}
    for service in services:
        if service.vip:
            paths.setdefault(service.vip, service.path)
    for instance in vrrp.instances if vrrp else ():
        for vip in instance.vips:
            paths.setdefault(vip["address"], instance.path)
    return paths


def _vips(addresses: Iterable[str], nat: Nat, vrrp: Vrrp | None, heartbeat: Heartbeat | None) -> list[Vip]:
    """Every VIP once, with the VRRP instance that moves it, if one does; the gateways of NAT last."""
    held: dict[str, tuple[str | None, int]] = {
        vip["address"]: (instance["name"], vip["prefix"])
        for instance in (vrrp["instances"] if vrrp else [])
        for vip in (*instance["vips"], *instance["gateways"])
    }
    held.update({vip["address"]: (None, vip["prefix"]) for vip in (heartbeat["vips"] if heartbeat else [])})
    gateways = frozenset(nat.gateways.values())
    result: list[Vip] = []
    for address in (*addresses, *nat.gateways.values()):
        family = family_of(address)
        name, prefix = held.get(address, (None, BITS[family]))
        result.append(
            {
                "address": address,
                "family": family,
                "prefix": prefix,
                "instance": name,
                "gateway": address in gateways,
            }
        )
    return result
