# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a master have the routes and rules that move with its VIPs?"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any, Hashable, Iterator, Mapping

from ..cluster.addresses import family_of
from ..cluster.routes import EVERYWHERE, MAIN_TABLE, METRIC
from ..cluster.types import HostPart
from .finding import Finding

LOOK = "keepalived has not added it, or has not noticed that somebody has deleted it. Look at: journalctl -u keepalived"


def routing_findings(
    name: str, wanted: HostPart, node: Mapping[str, Any], held: Mapping[str, list[str]]
) -> Iterator[Finding]:
    """Routes and rules that a director lacks, of the instances whose VIPs it holds; `node` is the result of node_info."""
    routes = {_route(route): route["source"] for route in node.get("routes", ()) if route["via"]}
    rules = {_rule(rule) for rule in node.get("rules", ())}
    for instance in wanted["instances"]:
        if not any(name in held.get(address["address"], ()) for address in instance["addresses"]):
            continue
        lacking = [
            f"route {route['to']} via {route['via']}"
            for route in instance["routes"]
            if _route(route) not in routes or route["source"] not in (None, routes[_route(route)])
        ]
        lacking += [f"rule {_ends(rule)}" for rule in instance["rules"] if _rule(rule) not in rules]
        for what in lacking:
            yield Finding(name, f"has the VIPs of VRRP instance {instance['name']}, but not its {what}", LOOK)


def _route(route: Mapping[str, Any]) -> Hashable:
    """What tells the kernel a route apart, with its router."""
    family = family_of(route["via"])
    to = EVERYWHERE[family] if route["to"] == "default" else route["to"]
    table, metric = route["table"] or MAIN_TABLE, route["metric"] or METRIC[family]
    return ip_network(to, strict=False), ip_address(route["via"]), table, metric


def _rule(rule: Mapping[str, Any]) -> Hashable:
    ends = (ip_network(rule[end], strict=False) if rule[end] else None for end in ("from", "to"))
    return (*ends, rule["table"], rule["priority"])


def _ends(rule: Mapping[str, Any]) -> str:
    ends = " ".join(f"{end} {rule[end]}" for end in ("from", "to") if rule[end])
    return f"{ends} table {rule['table']} priority {rule['priority']}"
