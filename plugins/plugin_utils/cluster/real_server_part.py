# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each real server has to be: its part of the resolved cluster."""

from __future__ import annotations

from typing import Any, Mapping

from . import kernel
from .addresses import BITS, parse
from .host_part import around, device, firewall_openings, host_route, shared_part, with_tools
from .hosts import Host, Hosts


class _Requirements:
    """What the services ask of one real server, collected service by service."""

    def __init__(self) -> None:
        self.vips: dict[tuple[str, str | None], str] = {}
        self.listen: dict[int, bool] = {}
        self.forwards: set[tuple[str, str]] = set()
        self.tunnels: set[tuple[str, str, str]] = set()
        self.redirects: dict[str, str] = {}
        self.mss: dict[tuple[str, str], int] = {}
        self.gue_ports: set[tuple[str, int]] = set()
        self.ports: dict[str, None] = {}
        self.return_rules: dict[tuple[str, str, int | str], None] = {}

    def add(self, service: Mapping[str, Any], server: Mapping[str, Any], arp: str, host: Host) -> None:
        vip, family, forward = service["vip"], service["family"], service["forward"]
        outer = parse(server["address"]).family
        self.forwards.add((family, forward))
        if forward != "nat":
            carrier = kernel.vip_device(service, outer, arp)
            self.vips[vip, carrier] = family
            if carrier is None:
                self.redirects[vip] = family
        if forward == "tun":
            tunnel = service["tunnel"]
            self.tunnels.add((tunnel["type"], family, outer))
            mss = kernel.tunnel_mss(tunnel["type"], family, outer, host.mtu_of(server["address"]))
            self.mss[vip, family] = min(mss, self.mss.get((vip, family), mss))
            if tunnel["type"] == "gue":
                self.gue_ports.add((outer, tunnel["port"]))
        ports = [server["port"]] if server["port"] else service["ports"] or []
        self.ports.update(dict.fromkeys(f"{port}/{service['protocol']}" for port in ports))
        if forward == "nat":
            self.return_rules.update(
                dict.fromkeys((server["address"], service["protocol"], port) for port in ports or [0])
            )
        if service["protocol"] == "tcp" and service["test_page"]:
            tls = service["health"]["type"] == "https"
            for port in (port for port in ports if isinstance(port, int)):
                self.listen[port] = self.listen.get(port, False) or tls or port == 443


def real_server_parts(
    hosts: Hosts, services: list[dict[str, Any]], nat: Mapping[str, Any] | None, arp: str
) -> dict[str, dict[str, Any]]:
    """Every real server with the VIPs it has to accept, the ports it has to listen on and its kernel settings."""
    requirements = {name: _Requirements() for name in hosts.real_servers}
    for service in services:
        for server in [*service["real_servers"], *([service["sorry_server"]] if service["sorry_server"] else [])]:
            if server["host"] is not None:
                name = server["host"]
                requirements[name].add(service, server, arp, hosts.real_servers[name])
    return {name: _real_server_part(host, requirements[name], nat, arp) for name, host in hosts.real_servers.items()}


def _real_server_part(host: Host, own: _Requirements, nat: Mapping[str, Any] | None, arp: str) -> dict[str, Any]:
    vips = [host_route(vip, family, carrier) for (vip, carrier), family in own.vips.items() if carrier]
    return with_tools(
        {
            **shared_part(host, "real_server"),
            "sysctls": kernel.real_server_sysctls(host, own.forwards, arp),
            "modules": kernel.real_server_modules(own.tunnels),
            "vips": vips,
            "arptables_rules": [
                {"vip": vip, "address": host.addresses["ipv4"]}
                for vip in dict.fromkeys(vip["address"] for vip in vips if vip["family"] == "ipv4")
                if arp == "arptables" and "ipv4" in host.addresses
            ],
            "redirects": [{"vip": vip, "family": family} for vip, family in own.redirects.items()],
            "mss_clamps": [{"vip": vip, "family": family, "mss": mss} for (vip, family), mss in own.mss.items()],
            "gue_ports": [{"family": family, "port": port} for family, port in sorted(own.gue_ports)],
            **_ways_back(host, own, nat),
            "firewall_openings": firewall_openings(
                host,
                sorted({PROTOCOLS[kind, inner, outer] for kind, inner, outer in own.tunnels if kind != "gue"}),
                [*own.ports, *(f"{port}/udp" for _family, port in sorted(own.gue_ports))],
            ),
            "listen": [{"port": port, "tls": own.listen[port]} for port in sorted(own.listen)],
        }
    )


def _ways_back(host: Host, own: _Requirements, nat: Mapping[str, Any] | None) -> dict[str, list[dict[str, Any]]]:
    """Return path for NAT: the routes to the gateway and the rules that select which packets use them."""
    gateways = {
        family: gateway
        for family, gateway in (nat["gateways"] if nat else {}).items()
        if (family, "nat") in own.forwards
    }
    return {
        "return_routes": [
            {"family": family, "gateway": gateway, "device": device(host, gateway), "network": around(host, gateway)}
            for family, gateway in gateways.items()
        ],
        "return_rules": [
            {"family": family, "source": source, "protocol": protocol, "port": port}
            for source, protocol, port in own.return_rules
            for family in [parse(source).family]
            if family in gateways
        ],
        "default_rules": [
            {"family": family, "source": host.addresses[family]}
            for family in gateways
            if nat["route"] == "default" and family in host.addresses
        ],
    }


# /etc/protocols, by the tunnel's type and the families inside and outside
PROTOCOLS = {
    **{("ipip", "ipv4", outer): "ipencap" for outer in BITS},
    **{("ipip", "ipv6", outer): "ipv6" for outer in BITS},
    **{("gre", inner, outer): "gre" for inner in BITS for outer in BITS},
}
