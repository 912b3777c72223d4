# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The needed variables of an inventory, read once per host and turned into plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from . import schema
from .addresses import parse
from .mistakes import InventoryMistakes, InventoryPath, Mistakes, nearest
from .variables import Unrenderable, Variables

GROUPS = ("directors", "real_servers", "clients")
# Variables that this collection's own playbooks set, which are no inventory variables
OWN = frozenset(
    (
        "lvs_after",
        "lvs_arp_answers",
        "lvs_before",
        "lvs_cluster",
        "lvs_director_status",
        "lvs_ldirectord_status",
        "lvs_node",
        "lvs_preferred",
        "lvs_probes",
        "lvs_settled",
        "lvs_verification",
        "lvs_view",
        "lvs_vip_check",
        "lvs_vrrp_heard",
        "lvs_vrrp_state",
        "lvs_heal_state",
    )
)


@dataclass(frozen=True)
class HostVars:
    """The known variables of one host, and its network facts (empty if none were gathered)."""

    vars: Mapping[str, Any]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Inventory:
    """The three groups, the cluster-wide variables, and each host's own. `folder` is that of the directors' inventory."""

    directors: tuple[str, ...]
    real_servers: tuple[str, ...]
    clients: tuple[str, ...]
    cluster: Mapping[str, Any]
    hosts: Mapping[str, HostVars]
    folder: str | None


def named_vips(cluster: Mapping[str, Any]) -> tuple[str, ...]:
    """The VIPs in the cluster's variables, in their order. Wrong addresses are reported elsewhere."""
    services, vrrp = cluster["lvs_services"], cluster["lvs_vrrp"]
    instances = _items(vrrp.get("instances")) if isinstance(vrrp, dict) else []
    vips = [vip for service in _items(services) for vip in _listed(service.get("vip"))]
    vips += [vip for instance in instances for vip in _listed(instance.get("vips"))]
    found = (parse(vip) for vip in vips if isinstance(vip, str))
    return tuple(dict.fromkeys(address.text for address in found if address))


def named_gateways(cluster: Mapping[str, Any]) -> tuple[str, ...]:
    """The gateways of lvs_nat, which directors move. Wrong addresses are reported elsewhere."""
    nat = cluster["lvs_nat"] if isinstance(cluster["lvs_nat"], dict) else {}
    found = (parse(nat[key]) for key in ("gateway", "gateway6") if isinstance(nat.get(key), str))
    return tuple(address.text for address in found if address)


def _items(given: Any) -> list[Mapping[str, Any]]:
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def read(hostvars: Mapping[str, Any], groups: Mapping[str, Any], mistakes: Mistakes) -> Inventory:
    """Read every host of the cluster.

    Cluster-wide variables are those of the first host that has them, directors before real servers. Another value on
    another host is a mistake.
    """
    members = _members(groups)
    given = _variables(hostvars, members)
    serving = _serving(given, members)
    _check_names(given, mistakes)
    for name in schema.CLUSTER:
        _check_same(name, serving, mistakes)
    unreadable = Mistakes()
    inventory = _inventory(members, given, serving, unreadable)
    if unreadable:  # Further messages would be about values that are not in the inventory
        raise InventoryMistakes(Mistakes([*mistakes, *unreadable]))
    return inventory


def read_anyway(hostvars: Mapping[str, Any], groups: Mapping[str, Any]) -> Inventory:
    """Read what is left of an inventory, without checks. A value that cannot be rendered is None, as a missing one."""
    members = _members(groups)
    given = _variables(hostvars, members)
    return _inventory(members, given, _serving(given, members), Mistakes())


def _members(groups: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {group: tuple(str(name) for name in groups.get(group) or ()) for group in GROUPS}


def _variables(hostvars: Mapping[str, Any], members: Mapping[str, tuple[str, ...]]) -> dict[str, Variables]:
    return {name: Variables(hostvars, name) for names in members.values() for name in names}


def _serving(given: Mapping[str, Variables], members: Mapping[str, tuple[str, ...]]) -> list[Variables]:
    return [given[name] for name in dict.fromkeys(members["directors"] + members["real_servers"])]


def _inventory(
    members: Mapping[str, tuple[str, ...]],
    given: Mapping[str, Variables],
    serving: list[Variables],
    unreadable: Mistakes,
) -> Inventory:
    return Inventory(
        **members,
        cluster={name: _cluster_value(name, serving, unreadable) for name in schema.CLUSTER},
        hosts={name: _host(variables, unreadable) for name, variables in given.items()},
        folder=next((str(one.raw["inventory_dir"]) for one in serving if one.raw.get("inventory_dir")), None),
    )


def _host(given: Variables, unreadable: Mistakes) -> HostVars:
    path = InventoryPath(f"host {given.host}", unreadable)
    own = {name: _read(given, name, path) for name in schema.HOST if name in given}
    return HostVars(own, given.raw.get("ansible_facts") or {})


def _read(given: Variables, name: str, path: InventoryPath) -> Any:
    """A variable's value, None if it has templates that cannot be rendered."""
    try:
        return given[name]
    except Unrenderable as wrong:
        for steps, reason in wrong.reasons.items():
            at = path
            for step in steps:
                at = at.item(step) if isinstance(step, int) else at.at(step)
            at.report(f"cannot be rendered: {reason}")
        return None


def _check_names(given: Mapping[str, Variables], mistakes: Mistakes) -> None:
    """Report unknown variables with our prefix: otherwise they would be ignored silently."""
    known = [*schema.CLUSTER, *schema.HOST]
    holders: dict[str, list[str]] = {}
    for host, variables in given.items():
        for name in variables.raw:
            if name.startswith("lvs_") and name not in known and name not in OWN:
                holders.setdefault(name, []).append(host)
    for name, hosts in holders.items():
        others = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
        near = nearest(name, known, cutoff=0.85)
        hint = (
            f"the nearest known one is {near}"
            if near
            else "lvs.cluster has no variable of this name. Remove it, or give your own variables another prefix than lvs_"
        )
        InventoryPath(name, mistakes).report(f"unknown variable, set for {hosts[0]}{others}: {hint}")


def _check_same(name: str, hosts: list[Variables], mistakes: Mistakes) -> None:
    having = [host for host in hosts if name in host]
    other = next((host for host in having[1:] if not having[0].sees_the_same(host, name)), None)
    if other:
        InventoryPath(name, mistakes).report(
            f"differs between {having[0].host} and {other.host}: it describes the whole cluster, so set it once for all hosts"
        )


def _cluster_value(name: str, hosts: list[Variables], unreadable: Mistakes) -> Any:
    first = next((host for host in hosts if name in host), None)
    return _read(first, name, InventoryPath("", unreadable)) if first else None
