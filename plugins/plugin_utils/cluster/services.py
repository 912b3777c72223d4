# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual services."""

from __future__ import annotations

from typing import Any

from ...module_utils.ipvs.address import canonical_netmask
from ...module_utils.ipvs.types import FLAGS_OF, PLAIN_FLAGS, endpoint, flags_of
from . import schema
from .addresses import parse
from .health import resolve_health
from .hosts import Hosts
from .mistakes import InventoryPath, Mistakes, listed, shape, shown
from .real_servers import resolve_real_servers, resolve_sorry_server


def resolve_services(given: Any, hosts: Hosts, mistakes: Mistakes) -> list[tuple[InventoryPath, dict[str, Any]]]:
    """Every service, with its path; all keys are filled in, and null is what is absent."""
    if given is None:
        InventoryPath("lvs_services", mistakes).report(
            "is not set for any director or real server: a cluster needs its list of services (an empty one takes them all away)"
        )
        return []
    if not isinstance(given, list):
        InventoryPath("lvs_services", mistakes).report(f"is {shape(given)}, not a list of services")
        return []
    result = []
    names: dict[str, InventoryPath] = {}
    labels: dict[str, InventoryPath] = {}
    for index, entry in enumerate(given):
        path = InventoryPath("lvs_services", mistakes, index=index)
        if not isinstance(entry, dict):
            path.report(f"is {shape(entry)}, not a mapping")
            continue
        path.name = str(entry["name"]) if isinstance(entry.get("name"), (str, int)) else None
        service = _service(entry, hosts, path)
        _unique(names, service["name"], "name", path)
        _unique(labels, service["label"], "label", path)
        result.append((path, service))
    return result


def _unique(seen: dict[str, InventoryPath], key: str | None, what: str, path: InventoryPath) -> None:
    if key is None:
        return
    if key in seen:
        path.report(
            f"the name is already that of {seen[key]}"
            if what == "name"
            else f"{key} is already the service {seen[key]}"
        )
    seen.setdefault(key, path)


def _service(entry: dict[str, Any], hosts: Hosts, path: InventoryPath) -> dict[str, Any]:
    own = schema.read(entry, schema.SERVICE, path)
    family = parse(own["vip"]).family if own["vip"] else None
    _check_ports(own, entry, path)
    _check_scheduler(own, path)
    service = {
        "name": own["name"],
        "label": _label(own, family),
        "vip": own["vip"],
        "port": own["port"] if own["fwmark"] is None else None,
        "ports": own["ports"],
        "fwmark": own["fwmark"],
        "protocol": own["protocol"],
        "family": family,
        "scheduler": own["scheduler"],
        "scheduler_flags": [flag for flag in flags_of(own["scheduler"]) if flag in (own["scheduler_flags"] or ())],
        "forward": own["forward"],
        "tunnel": _tunnel(own, path),
        "persistence": own["persistence"],
        "persistence_netmask": _netmask(own, family, path),
        "persistence_engine": own["persistence_engine"],
        "one_packet": own["one_packet"],
    }
    service["health"] = resolve_health(own["health"], service, _portless(entry, own), path.at("health"))
    service["on_failure"] = own["on_failure"]
    service["test_page"] = own["test_page"]
    service["real_servers"] = resolve_real_servers(own["real_servers"], service, hosts, path)
    service["sorry_server"] = resolve_sorry_server(own["sorry_server"], service, hosts, path.at("sorry_server"))
    return service


def _portless(entry: dict[str, Any], own: dict[str, Any]) -> bool:
    """Whether a service names no port at all; one that was wrong is reported as that."""
    return entry.get("ports") is None and (own["fwmark"] is not None or own["port"] == 0)


def _label(own: dict[str, Any], family: str | None) -> str | None:
    """What the kernel tells services apart by."""
    if own["fwmark"] is not None:
        return f"fwmark {own['fwmark']}" + (" ipv6" if family == "ipv6" else "")
    if own["vip"] is None or own["port"] is None:
        return None
    return f"{endpoint(own['vip'], own['port'])}/{own['protocol']}"


def _check_ports(own: dict[str, Any], entry: dict[str, Any], path: InventoryPath) -> None:
    if entry.get("fwmark") is None:
        if entry.get("port") is None:
            path.report("port is missing (or fwmark, for a service made of marked packets)")
        if own["ports"] is not None:
            path.report("ports goes with fwmark: a service of one address has one port")
        if own["port"] == 0 and own["persistence"] is None:
            path.report("port is 0, which means all ports, and needs persistence")
    elif own["port"] is not None:
        path.report("has both port and fwmark: give ports, the list of ports to mark")
    if own["one_packet"] and own["protocol"] != "udp" and own["fwmark"] is None:
        path.report(f"one_packet is for UDP, and protocol is {own['protocol']}")


def _check_scheduler(own: dict[str, Any], path: InventoryPath) -> None:
    scheduler = own["scheduler"]
    for flag in own["scheduler_flags"] or ():
        if flag not in flags_of(scheduler):
            owner = next((name for name, flags in FLAGS_OF.items() if flag in flags), None)
            of = f"a flag of scheduler {owner}" if owner else f"no flag of scheduler {scheduler}"
            own_flags = (
                f"{scheduler} has {listed(FLAGS_OF[scheduler])}"
                if scheduler in FLAGS_OF
                else f"{scheduler} knows only {listed(PLAIN_FLAGS)}"
            )
            path.report(f"scheduler_flags has {flag}, {of}: {own_flags}")


def _netmask(own: dict[str, Any], family: str | None, path: InventoryPath) -> str | None:
    """The granularity of persistence, null for the default: every client for itself."""
    given = own["persistence_netmask"]
    for name in ("persistence_netmask", "persistence_engine"):
        if own[name] is not None and own["persistence"] is None:
            path.report(f"{name} needs persistence, which is not set")
    if given is None or family is None:
        return None
    try:
        return canonical_netmask(str(given), family)
    except ValueError:
        wanted = "a prefix length from 1 to 128" if family == "ipv6" else "a netmask such as 255.255.255.0"
        path.report(f"persistence_netmask is {shown(given)}, not {wanted}")
        return None


def _tunnel(own: dict[str, Any], path: InventoryPath) -> dict[str, Any] | None:
    """How forward tun wraps packets (ipvsadm(8), --tun-type); IPIP has no options, so its checksum is null."""
    given = own["tunnel"]
    if own["forward"] != "tun":
        if given is not None:
            path.report(f"tunnel needs forward tun, and forward is {own['forward']}")
        return None
    at = path.at("tunnel")
    tunnel = schema.read(given if given is not None else {}, schema.TUNNEL, at)
    kind = tunnel["type"]
    if kind == "gue" and tunnel["port"] is None:
        at.report("port is missing: GUE is carried over UDP")
    if kind != "gue" and tunnel["port"] is not None:
        at.report(f"port is for type gue, and type is {kind}")
    # gre0, which unpacks on the real server, drops what has a checksum (net/ipv4/ip_tunnel.c)
    if kind != "gue" and tunnel["checksum"] != "none":
        at.report(f"checksum {tunnel['checksum']} is not for type {kind}")
    return {"type": kind, "port": tunnel["port"], "checksum": None if kind == "ipip" else tunnel["checksum"]}


def ipvs_table(services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The services as lvs.cluster.ipvs_table takes them and lvs.cluster.ipvs_info returns them."""
    return [_table_entry(service) for service in services]


def _table_entry(service: dict[str, Any]) -> dict[str, Any]:
    marked = service["fwmark"] is not None
    same = ("scheduler", "scheduler_flags", "persistence", "persistence_netmask", "persistence_engine", "one_packet")
    forward, tunnel = service["forward"], service["tunnel"]
    return {
        "address": None if marked else service["vip"],
        "port": None if marked else service["port"],
        "protocol": None if marked else service["protocol"],
        "fwmark": service["fwmark"],
        "family": service["family"],
        **{name: service[name] for name in same},
        "destinations": [
            {
                "address": server["address"],
                "port": server["port"],
                "forward": forward,
                "weight": server["weight"],
                "upper_threshold": server["upper_threshold"],
                "lower_threshold": server["lower_threshold"],
                "tunnel": tunnel,
            }
            for server in service["real_servers"]
        ],
    }
