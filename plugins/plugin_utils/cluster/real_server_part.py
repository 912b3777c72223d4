# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each real server's part of the resolved cluster."""

from __future__ import annotations

from typing import Sequence

from . import kernel
from .addresses import family_of
from .host_part import empty_part, firewall_openings, host_route, tools_of
from .hosts import Host, Hosts
from .nat import Nat
from .types import (
    FAMILIES,
    Family,
    Forward,
    OwnPart,
    Ports,
    RealServer,
    Service,
    SorryServer,
    checks_of,
    server_ports,
    servers_of,
)


class _Requirements:
    """What the services need from one real server, collected service by service."""

    def __init__(self) -> None:
        self.vips: dict[tuple[str, str | None], Family] = {}
        self.listen: dict[int, bool] = {}
        self.forwards: set[tuple[Family, Forward]] = set()
        self.tunnels: set[tuple[str, Family, Family]] = set()
        self.redirects: dict[str, Family] = {}
        self.mss: dict[tuple[str, Family], int] = {}
        self.gue_ports: set[tuple[Family, int]] = set()
        self.ports: dict[str, None] = {}
        self.return_rules: dict[tuple[str, str, Ports], None] = {}

    def add(self, service: Service, server: RealServer | SorryServer, arp: str, host: Host) -> None:
        family, forward = service["family"], server["forward"]
        outer = family_of(server["address"])
        self.forwards.add((family, forward))
        if forward != "nat":
            device = kernel.vip_device(family, server, outer, arp)
            self.vips.update(dict.fromkeys(((vip, device) for vip in service["vips"]), family))
            if device is None:
                self.redirects.update(dict.fromkeys(service["vips"], family))
        if tunnel := server["tunnel"]:
            self.tunnels.add((tunnel["type"], family, outer))
            mss = kernel.tunnel_mss(tunnel["type"], family, outer, host.mtu_of(server["address"]))
            for vip in service["vips"]:
                self.mss[vip, family] = min(mss, self.mss.get((vip, family), mss))
            if tunnel["port"] is not None:
                self.gue_ports.add((outer, tunnel["port"]))
        ports, protocols = server_ports(service, server), service["protocols"]
        self.ports.update(dict.fromkeys(f"{port}/{protocol}" for protocol in protocols for port in ports))
        if forward == "nat":
            # A helper's other connections have ports that nobody knows before
            replying: Sequence[Ports] = ports if ports and not service["helper"] else [0]
            self.return_rules.update(
                dict.fromkeys((server["address"], protocol, port) for protocol in protocols for port in replying)
            )
        if "tcp" in protocols and service["test_page"]:
            tls = any(check["type"] == "https" for check in checks_of(service))
            for port in ports:
                if isinstance(port, int):
                    self.listen[port] = self.listen.get(port, False) or tls or port == 443


def real_server_parts(hosts: Hosts, services: Sequence[Service], nat: Nat, arp: str) -> dict[str, OwnPart]:
    """Every real server with the VIPs that it accepts, the ports that it listens on, and its kernel settings."""
    requirements = {name: _Requirements() for name in hosts.real_servers}
    for service in services:
        for server in servers_of(service):
            if (name := server["host"]) is not None:
                requirements[name].add(service, server, arp, hosts.real_servers[name])
    return {name: _part(host, requirements[name], nat, arp) for name, host in hosts.real_servers.items()}


def _part(host: Host, own: _Requirements, nat: Nat, arp: str) -> OwnPart:
    vips = [host_route(vip, family, device) for (vip, device), family in own.vips.items() if device]
    part = empty_part(host)
    part["sysctls"] = kernel.real_server_sysctls(host, own.forwards, arp)
    part["modules"] = kernel.real_server_modules(own.tunnels)
    part["vips"] = vips
    if arp == "arptables" and "ipv4" in host.addresses:
        silent = dict.fromkeys(vip["address"] for vip in vips if vip["family"] == "ipv4")
        part["arptables_rules"] = [{"vip": vip, "address": host.addresses["ipv4"]} for vip in silent]
    part["redirects"] = [{"vip": vip, "family": family} for vip, family in own.redirects.items()]
    part["mss_clamps"] = [{"vip": vip, "family": family, "mss": mss} for (vip, family), mss in own.mss.items()]
    part["gue_ports"] = [{"family": family, "port": port} for family, port in sorted(own.gue_ports)]
    _add_return_path(part, host, own, nat)
    part["firewall_openings"] = firewall_openings(
        host,
        sorted({PROTOCOLS[kind, inner, outer] for kind, inner, outer in own.tunnels if kind != "gue"}),
        [*own.ports, *(f"{port}/udp" for _family, port in sorted(own.gue_ports))],
    )
    part["listen"] = [{"port": port, "tls": own.listen[port]} for port in sorted(own.listen)]
    part["tools"] = tools_of(part)
    return part


def _add_return_path(part: OwnPart, host: Host, own: _Requirements, nat: Nat) -> None:
    """Return path for NAT: the routes to the gateway and the rules that select which packets use them."""
    gateways = {family: gateway for family, gateway in nat.gateways.items() if (family, "nat") in own.forwards}
    for family, gateway in gateways.items():
        network = host.network_of(gateway)
        part["return_routes"].append(
            {
                "family": family,
                "gateway": gateway,
                "device": network.interface if network else None,
                "network": network.cidr if network else None,
            }
        )
    for source, protocol, port in own.return_rules:
        if (family := family_of(source)) in gateways:
            part["return_rules"].append({"family": family, "source": source, "protocol": protocol, "port": port})
    for family, gateway in gateways.items() if nat.route == "default" else ():
        # Another address of the host, such as that of its management, keeps its route.
        network = host.network_of(gateway)
        near = host.own_in(network.cidr) if network else None
        if address := near.address if near else host.addresses.get(family):
            part["default_rules"].append({"family": family, "source": address})


# /etc/protocols, by the tunnel's type and the families inside and outside.
PROTOCOLS: dict[tuple[str, Family, Family], str] = {
    **{("ipip", "ipv4", outer): "ipencap" for outer in FAMILIES},
    **{("ipip", "ipv6", outer): "ipv6" for outer in FAMILIES},
    **{("gre", inner, outer): "gre" for inner in FAMILIES for outer in FAMILIES},
}
