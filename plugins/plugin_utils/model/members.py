# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host of the cluster has to be: its part of the resolved model."""

from __future__ import annotations

from typing import Any, Mapping

from . import kernel
from .addresses import BITS, parse
from .hosts import Cluster, Host

Services = "list[dict[str, Any]]"


def director_models(
    cluster: Cluster, services: list[dict[str, Any]], stack: str, vrrp: Mapping[str, Any] | None, sync: bool
) -> dict[str, dict[str, Any]]:
    """Every director with its kernel settings, the VRRP instances it takes part in, and the VIPs nothing else gives it."""
    modules = kernel.director_modules(services)
    fixed = {service["vip"]: service["family"] for service in services} if stack == "static" else {}
    instances = vrrp["instances"] if vrrp else []
    return {
        name: {
            **_common(host, "director"),
            "sysctls": kernel.director_sysctls(host, services, sync),
            "modules": modules,
            "router_id": name,
            "instances": [part for instance in instances if (part := _part(name, instance))],
            "vips": [_host_route(vip, family, host.interface) for vip, family in fixed.items()],
        }
        for name, host in cluster.directors.items()
    }


def _common(host: Host, role: str) -> dict[str, Any]:
    return {
        "role": role,
        "address": host.address,
        "address6": host.addresses.get("ipv6"),
        "interface": host.interface,
        "prefix": host.prefix,
    }


def _host_route(vip: str, family: str, device: str | None) -> dict[str, Any]:
    """A VIP as a host carries it: an address of its own, never a way to its network."""
    return {"address": vip, "family": family, "prefix": BITS[family], "device": device}


def _part(name: str, instance: Mapping[str, Any]) -> dict[str, Any] | None:
    """A director's own lines of an instance; its peers are the others, never itself."""
    own = next((director for director in instance["directors"] if director["host"] == name), None)
    if own is None:
        return None
    peers = [director["address"] for director in instance["directors"] if director is not own]
    return {
        "name": instance["name"],
        "priority": own["priority"],
        "interface": own["interface"],
        "unicast_src": own["address"] if instance["unicast"] else None,
        "unicast_peers": peers if instance["unicast"] else [],
    }


def real_server_models(cluster: Cluster, services: list[dict[str, Any]], arp: str) -> dict[str, dict[str, Any]]:
    """Every real server with the VIPs it has to accept, the ports it has to listen on and its kernel settings."""
    vips: dict[str, dict[tuple[str, str | None], str]] = {name: {} for name in cluster.real_servers}
    listen: dict[str, dict[int, bool]] = {name: {} for name in cluster.real_servers}
    forwards: dict[str, set[tuple[str, str]]] = {name: set() for name in cluster.real_servers}
    tunnels: dict[str, set[tuple[str, str, str]]] = {name: set() for name in cluster.real_servers}
    for service in services:
        family, forward = service["family"], service["forward"]
        tls = service["health"]["type"] == "https"
        servers = [*service["real_servers"], *([service["sorry_server"]] if service["sorry_server"] else [])]
        for server in servers:
            name = server["host"]
            if name is None:
                continue
            forwards[name].add((family, forward))
            outer = parse(server["address"]).family
            if forward != "nat":
                vips[name][service["vip"], kernel.vip_device(service, outer, arp)] = family
            if forward == "tun":
                tunnels[name].add((service["tunnel"]["type"], family, outer))
            if service["protocol"] == "tcp":
                for port in _ports(service, server):
                    listen[name][port] = listen[name].get(port, False) or tls or port == 443
    return {
        name: {
            **_common(host, "real_server"),
            "sysctls": kernel.real_server_sysctls(host, forwards[name], arp),
            "modules": kernel.real_server_modules(tunnels[name]),
            "vips": [_host_route(vip, family, device) for (vip, device), family in vips[name].items()],
            "listen": [{"port": port, "tls": listen[name][port]} for port in sorted(listen[name])],
        }
        for name, host in cluster.real_servers.items()
    }


def _ports(service: Mapping[str, Any], server: Mapping[str, Any]) -> list[int]:
    if service["fwmark"] is None:
        return [server["port"]] if server["port"] else []
    return [port for port in service["ports"] or () if isinstance(port, int)]
