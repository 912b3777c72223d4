# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls and kernel modules that a host needs for what it does, and nothing that it does not need.

Sources: Linux Documentation/networking/ip-sysctl.rst and ipvs-sysctl.rst.
"""

from __future__ import annotations

from typing import Iterable, Sequence

from .hosts import Host
from .types import Family, Forward, Service


def director_sysctls(host: Host, services: Sequence[Service], inside: Iterable[str], sync: bool) -> dict[str, str]:
    """What a director needs, in the order to set. DR and TUN do not need IP forwarding, so net.ipv4.ip_forward is not touched.

    `inside`: the interfaces that lead to the real servers of nat, besides the host's own.
    """
    translated = {service["family"] for service in services if service["forward"] == "nat"}
    sysctls: dict[str, str] = {}
    if "ipv4" in translated:
        # Replies come back through the director, which routes them on to the clients
        sysctls["net.ipv4.ip_forward"] = "1"
        # Else it would tell real servers of its own segment the way past itself; either of the two is enough to send them
        sysctls["net.ipv4.conf.all.send_redirects"] = "0"
        for interface in dict.fromkeys([*([host.interface] if host.interface else []), *inside]):
            sysctls[_of_interface(interface, "send_redirects")] = "0"
    if "ipv6" in translated:
        sysctls["net.ipv6.conf.all.forwarding"] = "1"
    if "ipv4" in translated or (host.multi_homed and any(service["family"] == "ipv4" for service in services)):
        sysctls.update(LOOSE_SOURCES)
    if services:
        sysctls.update(_ipvs_sysctls(services, sync))
    if translated and host.filter == "firewalld":
        # Its rules follow connections, which IPVS otherwise hides from them
        sysctls["net.ipv4.vs.conntrack"] = "1"
    return sysctls


# Requests arrive on an interface that is not the way back to their clients: the
# strict check (1) drops them. The highest of `all` and the interface's counts,
# so 2 on `all` is enough whatever the interfaces have, where 0 would not be.
LOOSE_SOURCES = {"net.ipv4.conf.all.rp_filter": "2"}


def _ipvs_sysctls(services: Sequence[Service], sync: bool) -> dict[str, str]:
    # Connections to a server that was taken out end at once, and the client opens new ones
    sysctls = {"net.ipv4.vs.expire_nodest_conn": "1"}
    if any(service["persistence"] for service in services):
        # Without it persistence brings clients back to a server of weight 0, and it never drains
        sysctls["net.ipv4.vs.expire_quiescent_template"] = "1"
    # The default, named because 0 (once set for the sake of speed) sends reused ports to drained servers
    sysctls["net.ipv4.vs.conn_reuse_mode"] = "1"
    if sync:
        # A connection is told of when it is established, and again every 10 s while it has packets, each time once more in
        # case that was lost. Were the second number not 0, only each so many packets one would tell, however long that takes.
        sysctls["net.ipv4.vs.sync_threshold"] = "3 0"
        sysctls["net.ipv4.vs.sync_refresh_period"] = "10"
        sysctls["net.ipv4.vs.sync_retries"] = "1"
    return sysctls


def director_modules(services: Sequence[Service]) -> list[str]:
    """ip_vs, its schedulers and its persistence engines in use."""
    schedulers = [f"ip_vs_{service['scheduler']}" for service in services]
    engines = [f"ip_vs_pe_{service['persistence_engine']}" for service in services if service["persistence_engine"]]
    return list(dict.fromkeys(["ip_vs", *sorted(schedulers), *sorted(engines)]))


def real_server_sysctls(host: Host, forwards: Iterable[tuple[Family, Forward]], arp: str) -> dict[str, str]:
    """What a real server needs for the (family, forward) pairs it serves. IPv6 needs nothing: neighbour discovery keeps silent about `lo`."""
    methods = {forward for family, forward in forwards if family == "ipv4" and forward != "nat"}
    sysctls: dict[str, str] = {}
    # What is redirected has no VIP to be silent about, but what comes out of a tunnel has
    if methods and (arp == "sysctl" or (arp == "redirect" and "tun" in methods)):
        # The VIP on another interface is not answered for (1), nor used as the source of ARP requests (2);
        # `all` counts for every interface, where `lo` alone does nothing
        sysctls["net.ipv4.conf.all.arp_ignore"] = "1"
        sysctls["net.ipv4.conf.all.arp_announce"] = "2"
    if "tun" in methods or ("dr" in methods and host.multi_homed):
        # What comes out of a tunnel device has the client's address, to which no route leads through that device
        sysctls.update(LOOSE_SOURCES)
    return sysctls


def real_server_modules(tunnels: Iterable[tuple[str, Family, Family]]) -> list[str]:
    """The modules that unpack tunnels of (type, VIP's family, real server's family)."""
    modules: list[str] = []
    for kind, inner, outer in tunnels:
        modules += [TUNNEL_MODULES[inner, outer]] if kind != "gre" else ["ip_gre" if outer == "ipv4" else "ip6_gre"]
        if kind == "gue":
            modules.append("fou" if outer == "ipv4" else "fou6")
    return sorted(set(modules))


# Module and device by families inside and outside; each module makes its device when it is loaded
TUNNEL_MODULES: dict[tuple[Family, Family], str] = {
    ("ipv4", "ipv4"): "ipip",
    ("ipv6", "ipv4"): "sit",
    ("ipv4", "ipv6"): "ip6_tunnel",
    ("ipv6", "ipv6"): "ip6_tunnel",
}
TUNNEL_DEVICES: dict[tuple[Family, Family], str] = {
    ("ipv4", "ipv4"): "tunl0",
    ("ipv6", "ipv4"): "sit0",
    ("ipv4", "ipv6"): "ip6tnl0",
    ("ipv6", "ipv6"): "ip6tnl0",
}
GRE_DEVICES: dict[Family, str] = {"ipv4": "gre0", "ipv6": "ip6gre0"}


def vip_device(service: Service, outer: Family, arp: str) -> str | None:
    """The device that carries the VIP on a real server; none where packets are redirected instead."""
    if arp == "redirect" and service["forward"] == "dr":
        return None
    if service["tunnel"] is None:
        return "lo"
    if service["tunnel"]["type"] == "gre":
        return GRE_DEVICES[outer]
    return TUNNEL_DEVICES[service["family"], outer]


# Bytes that a tunnel adds to a packet, its options at their largest: ipvsadm(8), --tun-type; RFC 2003, 2784, and
# Linux include/net/gue.h. The outer header alone is 20 bytes, 40 with IPv6.
TUNNEL_BYTES = {"ipip": 0, "gre": 8, "gue": 20}
HEADER_BYTES: dict[Family, int] = {"ipv4": 20, "ipv6": 40}
TCP_BYTES = 20


def tunnel_mss(kind: str, inner: Family, outer: Family, mtu: int) -> int:
    """The largest TCP segment (bytes) that fits a tunnel of a type and families over a segment with an MTU."""
    return mtu - HEADER_BYTES[outer] - TUNNEL_BYTES[kind] - HEADER_BYTES[inner] - TCP_BYTES


def _of_interface(interface: str, name: str) -> str:
    """sysctl(8) writes a dot in an interface's name (eth0.100) as a slash."""
    return f"net.ipv4.conf.{interface.replace('.', '/')}.{name}"
