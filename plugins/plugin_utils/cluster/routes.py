# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes and rules that move with the VIPs of an instance."""

from __future__ import annotations

from typing import Any, Hashable, Iterator, Mapping, Sequence

from . import keys, schema
from .addresses import FAMILY_NAMES, family_of
from .drafts import InstanceDraft
from .hosts import Host, Hosts
from .keys import Key
from .mistakes import InventoryPath, listed, shape
from .types import DirectorRoute, InstanceDirector, MovedAddress, VirtualRoute, VirtualRule

# What the kernel takes when a route does not say it
MAIN_TABLE = 254  # linux/rtnetlink.h, RT_TABLE_MAIN
METRIC = {"ipv4": 0, "ipv6": 1024}  # linux/ipv6_route.h, IP6_RT_PRIO_USER
EVERYWHERE = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}


def read_routes(
    given: Any,
    vips: Sequence[MovedAddress],
    directors: Sequence[InstanceDirector],
    hosts: Hosts,
    path: InventoryPath,
) -> list[VirtualRoute]:
    """The routes of an instance. Every one of its directors must reach the router (with facts)."""
    routes: list[VirtualRoute] = []
    for own, at in _read("routes", given, schema.ROUTE, path):
        to, via, source = own["to"], own["via"], own["source"]
        if to and via and to != "default" and family_of(to) != family_of(via):
            at.report(f"to is {to}, but via is {via}, which is {FAMILY_NAMES[family_of(via)]}")
        if source and via and family_of(source) != family_of(via):
            at.report(f"source is {source}, but via is {via}, which is {FAMILY_NAMES[family_of(via)]}")
        if source and source not in [vip["address"] for vip in vips]:
            at.report(f"source is {source}, which is no VIP of the instance, so the master may not have it")
        for name in [one["host"] for one in directors] if via else []:
            host = hosts.directors[name]
            if host.networks and host.network_of(via) is None:
                at.report(f"via {via} is on none of the networks of director {name} ({listed(host.networks)})")
        routes.append({"to": to, "via": via, "source": source, "table": own["table"], "metric": own["metric"]})
    return routes


def read_rules(given: Any, path: InventoryPath) -> list[VirtualRule]:
    """The rules of an instance."""
    rules: list[VirtualRule] = []
    for own, at in _read("rules", given, schema.RULE, path):
        ends = [own[end] for end in ("from", "to") if own[end]]
        if not ends:
            at.report("has neither from nor to: set one of them, or all packets would take that table")
        if "default" in ends:
            end = "from" if own["from"] == "default" else "to"
            at.report(
                f"{end} is default, which only a route can have: a rule without {end} is for packets {end} any address"
            )
        elif len({family_of(end) for end in ends}) > 1:
            at.report(f"from is {own['from']} and to is {own['to']}: a rule is of one address family")
        rules.append({"from": own["from"], "to": own["to"], "table": own["table"], "priority": own["priority"]})
    return rules


def check_repeated(instances: Sequence[InstanceDraft]) -> None:
    """Report routes and rules that one director would have twice.

    The kernel has each once, and the first that gives up its VIPs deletes it. keepalived takes that for a fault of the first
    instance in its file that has it, and gives up those VIPs, too (keepalived_netlink.c, route_is_ours).
    """
    found: dict[Hashable, list[tuple[InstanceDraft, InventoryPath]]] = {}
    for instance in instances:
        names = {one["host"] for one in instance.directors}
        for same, path, differing in _kept(instance):
            taken = found.setdefault(same, [])
            for other, at in taken:
                place = f"{at.key}[{at.index}]"
                if other is instance:
                    path.report(f"is the same as {place}: remove it, or set another {differing}")
                elif names & {one["host"] for one in other.directors}:
                    path.report(
                        f"is the same as {place} of {other.called}: a director has it once, so if one of the two gives up its"
                        f" VIPs, the other loses it and gives up its own. Set another {differing}"
                    )
                else:
                    continue
                break
            taken.append((instance, path))


def _kept(instance: InstanceDraft) -> Iterator[tuple[Hashable, InventoryPath, str]]:
    """What tells the kernel the routes and rules of an instance apart, with their places and the key that can make them differ."""
    for index, route in enumerate(instance.routes):
        if route["to"] and route["via"]:
            family = family_of(route["via"])
            to = EVERYWHERE[family] if route["to"] == "default" else route["to"]
            same = ("route", to, route["table"] or MAIN_TABLE, route["metric"] or METRIC[family])
            yield same, instance.path.at("routes", index), "metric"
    for index, rule in enumerate(instance.rules):
        if rule["priority"] and rule["table"]:
            yield ("rule", *rule.values()), instance.path.at("rules", index), "priority"


def own_routes(host: Host, routes: Sequence[VirtualRoute]) -> list[DirectorRoute]:
    """The routes of an instance as one director has them."""
    return [{**route, "device": host.device_of(route["via"])} for route in routes]


def _read(
    name: str, given: Any, level: Mapping[str, Key], path: InventoryPath
) -> list[tuple[dict[str, Any], InventoryPath]]:
    if given is None:
        return []
    if not isinstance(given, list):
        path.report(f"{name} is {shape(given)}, not a list")
        return []
    places = [path.at(name, index) for index in range(len(given))]
    return [(keys.read(entry, level, at), at) for entry, at in zip(given, places)]
