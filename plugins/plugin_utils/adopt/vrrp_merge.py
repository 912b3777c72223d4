# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VRRP of all directors as one lvs_vrrp: who is preferred where, and on which interface they speak."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ..cluster.vrrp import DEFAULT_NAMES
from .networks import own_addresses
from .notes import Notes
from .types import HostFacts

HIGHEST, LOWEST = 254, 1
# Keys of an instance that lvs_vrrp has, too
COMMON = (
    *("virtual_router_id", "version", "advert_interval", "down_timer_adverts"),
    *("preempt", "preempt_delay", "auth_pass", "unicast", "vmac"),
)
OUTAGE = "site.yml refuses that, unless an outage is accepted (-e lvs_accept_outage=true)"

Own = Mapping[str, Mapping[str, Any]]


def preferred(directors: Sequence[str], own: Own) -> list[str]:
    """The directors in the order of their priorities in the first instance; those without stay where they are."""
    first = next((name for each in own.values() for name in each), None)

    def rank(host: str) -> int:
        mine = own.get(host, {}).get(first or "")
        return -int(mine["priority"]) if mine else LOWEST

    return sorted(directors, key=rank)


def merge(
    vrrp: dict[str, Any], directors: Sequence[str], own: Own, holders: Sequence[str], notes: Notes
) -> dict[str, dict[str, Any]]:
    """Set priorities and directors of the instances in `vrrp`. Returns the variables of each director.

    `own` is {director: {instance: what it has there}}, `holders` are the directors that have a VIP now.
    """
    hosts: dict[str, dict[str, Any]] = {name: {} for name in directors}
    priorities = {
        instance["name"]: {
            host: int(own[host][instance["name"]]["priority"])
            for host in directors
            if instance["name"] in own.get(host, {})
        }
        for instance in vrrp.get("instances", [])
    }
    for name, found in priorities.items():
        _distinct(name, found, own, holders, notes)
    common = list(priorities.values())
    if common and all(found == common[0] and len(found) == len(directors) for found in common):
        for host, priority in common[0].items():
            hosts[host]["lvs_priority"] = priority
    else:
        for instance in vrrp.get("instances", []):
            _ordered(instance, priorities[instance["name"]], directors, notes)
    return hosts


def _distinct(name: str, found: dict[str, int], own: Own, holders: Sequence[str], notes: Notes) -> None:
    """Make priorities different, and at most 254. Of the same ones, the director that has the VIPs keeps its own."""
    taken: set[int] = set()
    for host in sorted(found, key=lambda one: (-found[one], one not in holders)):
        where = f"{host}:{own[host][name]['where']}"
        priority = min(found[host], HIGHEST)
        while priority in taken and priority > LOWEST:
            priority -= 1
        if found[host] > HIGHEST:
            notes.explained(
                where, f"priority {found[host]} is for the owner of the VIPs, who has no peer: {priority} instead"
            )
        elif priority != found[host]:
            notes.explained(
                where,
                f"priority {found[host]} is that of another director, too, so chance decides who is preferred: {priority} instead",
            )
        found[host] = priority
        taken.add(priority)


def _ordered(instance: dict[str, Any], found: Mapping[str, int], directors: Sequence[str], notes: Notes) -> None:
    """The order of an instance's directors, and equal steps between their priorities."""
    order = sorted(found, key=lambda host: -found[host])
    if not order:
        return
    if order != list(directors):
        instance["directors"] = order
    values = [found[host] for host in order]
    steps = {before - after for before, after in zip(values, values[1:])}
    step = min(steps, default=10)
    instance["priority"] = values[0]
    if len(order) > 1:
        instance["priority_step"] = step
    if len(steps) > 1:
        made = [values[0] - index * step for index in range(len(values))]
        notes.lost(
            f"instance {instance['name']}",
            f"the priorities {' '.join(map(str, values))} have no equal steps: they would be {' '.join(map(str, made))}. The order is"
            " the same",
        )


def addresses(
    director: str,
    host: HostFacts,
    mine: Mapping[str, Mapping[str, Any]],
    main: Mapping[str, Any] | None,
    vips: Sequence[str],
    notes: Notes,
) -> str | None:
    """lvs_vrrp_address of a director, None if it speaks where its main address is."""
    devices = list(dict.fromkeys(str(one["interface"]) for one in mine.values() if one.get("interface")))
    if not devices:
        return None
    if len(devices) > 1:
        notes.lost(
            f"{director}:{next(iter(mine.values()))['where']}",
            f"the instances speak on {' and '.join(devices)}. Here all instances of a director speak on one interface, {devices[0]}:"
            f" {OUTAGE}",
        )
    sources = [str(one["source"]) for one in mine.values() if one.get("source")]
    own = [one for one in own_addresses(host, vips) if one["interface"] == devices[0]]
    chosen = next((one for one in own if one["address"] in sources), own[0] if own else None)
    if chosen is None:
        if host["addresses"]:
            notes.lost(
                f"{director}:{next(iter(mine.values()))['where']}",
                f"instances speak on {devices[0]}, which has no address of its own: {OUTAGE}",
            )
        return None
    if main is not None and chosen["interface"] == main["interface"] and (not sources or main["address"] in sources):
        return None
    return str(chosen["address"])


def check_peers(own: Own, speaking: Mapping[str, Sequence[str]], notes: Notes) -> None:
    """The unicast peers are the other directors, and nobody else. `speaking` are the addresses of each director."""
    for host, instances in own.items():
        for one in instances.values():
            others = {address for name, addresses in speaking.items() if name != host for address in addresses}
            strangers = [peer for peer in one.get("peers", ()) if peer not in others]
            if strangers:
                notes.lost(
                    f"{host}:{one['where']}",
                    f"unicast_peer has {' '.join(strangers)}, which is no host of the group directors: add it there, or it hears nothing"
                    " any more",
                )


def simplified(vrrp: dict[str, Any], service_vips: Sequence[str]) -> dict[str, Any]:
    """Without `instances`, if there is one that has just the VIPs of the services and the usual name."""
    instances = vrrp.get("instances", [])
    if len(instances) != 1 or vrrp.get("sync_groups"):
        return vrrp
    (instance,) = instances
    family = "ipv6" if any(":" in vip for vip in instance["vips"][:1]) else "ipv4"
    same = set(instance["vips"]) == set(service_vips) and len({":" in vip for vip in service_vips}) == 1
    if instance["name"] != DEFAULT_NAMES[family] or not same or set(instance) & {"routes", "rules", "directors"}:  # type: ignore[index]
        return vrrp
    own = {name: value for name, value in instance.items() if name not in ("name", "vips")}
    rest = {name: value for name, value in vrrp.items() if name != "instances"}
    return {**{name: own[name] for name in COMMON if name in own}, **own, **rest}


def shared(vrrp: dict[str, Any]) -> dict[str, Any]:
    """With the values that all instances have in common in one place."""
    instances = vrrp.get("instances", [])
    if len(instances) < 2:
        return vrrp
    result = dict(vrrp)
    for name in COMMON[1:]:
        values = [instance.get(name) for instance in instances]
        if values[0] is not None and all(value == values[0] for value in values):
            result[name] = values[0]
            for instance in instances:
                del instance[name]
    return {**{name: value for name, value in result.items() if name != "instances"}, "instances": instances}
