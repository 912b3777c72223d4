# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an IPVS table that no daemon manages: somebody has typed it, or it is restored at boot."""

from __future__ import annotations

from typing import Any, Mapping

from ..cluster import schema
from .marks import Mark, marked
from .notes import Notes
from .service_names import service_name
from .types import Adopted, HostFacts

TOOL = "ipvsadm"
# What the table has under the same name as an inventory
SAME = ("scheduler_flags", "persistence", "persistence_netmask", "persistence_engine")
AT_BOOT = "ipvsadm.service"
DAEMON_UNITS = ("keepalived.service", "ldirectord.service", "heartbeat.service")


def read(host: HostFacts, moving: Mapping[str, Any] | None = None, daemon: str | None = None) -> Adopted:
    """The table as services, and the timeouts. Without a table nothing.

    `moving` are the variables of what moves the VIPs, and `daemon` has the table from now on. Without them it stays a typed one.
    """
    table = host["ipvs"]
    if not table or not table.get("services"):
        return {"variables": {}, "hosts": {}, "notes": []}
    notes = Notes()
    names: set[str] = set()
    services = []
    marks = marked(host["filters"])
    for entry in table["services"]:
        service = _service(entry, marks, notes)
        name = service_name(service, names)
        names.add(name)
        services.append({"name": name, **service})
    variables: dict[str, Any] = {"lvs_stack": "static", "lvs_services": services}
    usual = {name: key.default for name, key in schema.TIMEOUTS.items()}
    timeouts = {name: value for name, value in (table.get("timeouts") or {}).items() if value != usual.get(name)}
    if timeouts:
        variables["lvs_timeouts"] = timeouts
    if moving is None or daemon is None:
        _alone(host, notes)
    else:
        _handed_over(host, moving, daemon, notes)
    return {"variables": variables, "hosts": {}, "notes": notes.all()}


def _alone(host: HostFacts, notes: Notes) -> None:
    """What is beside a table that stays a typed one."""
    for role in _sync_roles(host):
        notes.lost(
            TOOL, f"a sync daemon runs ({role}): with lvs_stack static there is no director to tell of connections"
        )
    for unit in DAEMON_UNITS:
        if unit in host["enabled"]:
            notes.explained(
                TOOL, f"{unit} starts at boot, but its configuration has no virtual server: the table was read as it is"
            )
    if AT_BOOT in host["enabled"]:
        notes.explained(
            TOOL,
            f"the unit {AT_BOOT} restores a table at boot. site.yml has a unit of its own for that: disable the former one",
        )


def _handed_over(host: HostFacts, moving: Mapping[str, Any], daemon: str, notes: Notes) -> None:
    """What is beside a table that a daemon has from now on."""
    for role in _sync_roles(host) if "lvs_sync" not in moving else ():
        notes.lost(
            TOOL,
            f"a sync daemon runs ({role}), and no configuration starts it: site.yml stops it, unless enabled of lvs_sync is true",
        )
    if AT_BOOT in host["enabled"]:
        notes.explained(
            TOOL, f"the unit {AT_BOOT} restores a table at boot: disable it, since {daemon} has the table from now on"
        )


def _sync_roles(host: HostFacts) -> list[Any]:
    """Whether connections are sent (master), received (backup), or both."""
    return [daemon.get("role") for daemon in (host["ipvs"] or {}).get("daemons") or ()]


def _service(entry: Mapping[str, Any], marks: list[Mark], notes: Notes) -> dict[str, Any]:
    service: dict[str, Any] = {}
    if entry["fwmark"] is not None:
        _packets(service, entry, marks, notes)
    else:
        service["vip"], service["port"] = entry["address"], entry["port"]
        if entry["protocol"] != "tcp":
            service["protocol"] = entry["protocol"]
    if not service.get("port") and not service.get("ports"):
        service["health"] = {"type": "none"}  # The default has to know a port, although nothing is checked
    service["scheduler"] = entry["scheduler"]
    service.update({name: entry[name] for name in SAME if entry.get(name)})
    if entry.get("one_packet"):
        service["one_packet"] = True
    forwards = [_forward(server) for server in entry["destinations"]]
    usual = max(forwards, key=forwards.count) if forwards else "dr"
    service["forward"] = usual
    service["real_servers"] = [
        _real_server(server, forward, usual, service) for server, forward in zip(entry["destinations"], forwards)
    ]
    if not service["real_servers"]:
        notes.lost(TOOL, f"{service['vip']} has no real servers: write them, or remove the service")
    return service


def _forward(server: Mapping[str, Any]) -> str:
    """The method. What IPVS delivers to the director itself has none of its own."""
    return "dr" if server["forward"] == "local" else str(server["forward"])


def _packets(service: dict[str, Any], entry: Mapping[str, Any], marks: list[Mark], notes: Notes) -> None:
    """Which packets are marked, by the rules of the packet filter."""
    number = entry["fwmark"]
    six = entry["family"] == "ipv6"
    rules = [rule for rule in marks if rule.fwmark == number and (":" in rule.vip) == six]
    vips = list(dict.fromkeys(rule.vip for rule in rules))
    service["vip"], service["fwmark"] = vips[0] if len(vips) == 1 else vips, number
    if not vips:
        notes.lost(TOOL, f"no rule was found that marks packets with {number}: write vip and ports of this service")
        return
    protocols = list(dict.fromkeys(rule.protocol for rule in rules if rule.protocol))
    if protocols and protocols != ["tcp"]:
        service["protocol"] = protocols[0] if len(protocols) == 1 else protocols
    if all(rule.ports for rule in rules):
        service["ports"] = list(dict.fromkeys(port for rule in rules for port in rule.ports))
        notes.explained(
            TOOL,
            f"site.yml makes rules of its own that mark packets with {number}. The rules that are there mark the same packets, and"
            " stay: remove them afterwards",
        )


def _real_server(server: Mapping[str, Any], forward: str, usual: str, service: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"address": server["address"]}
    if "fwmark" not in service and server["port"] != service["port"]:
        found["port"] = server["port"]
    if server["weight"] != 1:
        found["weight"] = server["weight"]
    for name in ("upper_threshold", "lower_threshold"):
        if server.get(name):
            found[name] = server[name]
    if forward != usual:
        found["forward"] = forward
    tunnel = {
        name: value for name, value in (server.get("tunnel") or {}).items() if value not in (None, "ipip", "none")
    }
    if forward == "tun" and tunnel:
        found["tunnel"] = tunnel
    return found
