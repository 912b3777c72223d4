# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each director has to be: its part of the resolved cluster."""

from __future__ import annotations

from typing import Any, Mapping

from . import kernel
from .host_part import device, firewall_openings, host_route, shared_part, with_tools
from .hosts import Host, Hosts
from .nat import is_own


def director_parts(
    hosts: Hosts,
    services: list[dict[str, Any]],
    nat: Mapping[str, Any] | None,
    stack: str,
    vrrp: Mapping[str, Any] | None,
    heartbeat: Mapping[str, Any] | None,
    sync: bool,
) -> dict[str, dict[str, Any]]:
    """Every director with its kernel settings, the VRRP instances it takes part in and, for the static stack, its VIPs."""
    modules = kernel.director_modules(services)
    fixed = {service["vip"]: service["family"] for service in services} if stack == "static" else {}
    gateways = nat["gateways"] if nat else {}
    instances = vrrp["instances"] if vrrp else []
    parts = {}
    for name, host in hosts.directors.items():
        inside = {address: device(host, address) for address in gateways.values()}
        routed = {address: family for family, address in gateways.items() if fixed and not is_own(host, address)}
        parts[name] = with_tools(
            {
                **shared_part(host, "director"),
                "sysctls": kernel.director_sysctls(host, services, filter(None, inside.values()), sync),
                "modules": modules,
                "router_id": name,
                "instances": [part for instance in instances if (part := _part(host, instance))],
                "vips": [
                    *(host_route(vip, family, host.interface) for vip, family in fixed.items()),
                    *(host_route(address, family, inside[address]) for address, family in routed.items()),
                ],
                "fwmark_rules": [
                    _mark(service) for service in services if service["fwmark"] is not None and service["ports"]
                ],
                "firewall_openings": firewall_openings(
                    host,
                    ["vrrp"] if vrrp else [],
                    dict.fromkeys(
                        [f"{port}/{service['protocol']}" for service in services for port in _client_ports(service)]
                        + (["8848/udp"] if sync else [])
                        + ([f"{heartbeat['port']}/udp"] if heartbeat else [])
                    ),
                ),
            }
        )
    return parts


def _client_ports(service: Mapping[str, Any]) -> list[Any]:
    """The ports that clients come to; none where it is all of them."""
    return [service["port"]] if service["port"] else service["ports"] or []


def _mark(service: Mapping[str, Any]) -> dict[str, Any]:
    """The packets that make a service with a firewall mark."""
    return {name: service[name] for name in ("vip", "family", "protocol", "ports", "fwmark")}


def _part(host: Host, instance: Mapping[str, Any]) -> dict[str, Any] | None:
    """A director's own lines of an instance; its peers are the others, never itself."""
    own = next((director for director in instance["directors"] if director["host"] == host.name), None)
    if own is None:
        return None
    peers = [director["address"] for director in instance["directors"] if director is not own]
    return {
        "name": instance["name"],
        "priority": own["priority"],
        "interface": own["interface"],
        "unicast_src": own["address"] if instance["unicast"] else None,
        "unicast_peers": peers if instance["unicast"] else [],
        "gateways": [{**gateway, "device": device(host, gateway["address"])} for gateway in instance["gateways"]],
    }
