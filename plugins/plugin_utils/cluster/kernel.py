# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sysctls and kernel modules that a host needs, and no others.

Sources: Linux Documentation/networking/ip-sysctl.rst and ipvs-sysctl.rst.
"""

from __future__ import annotations

from typing import Iterable, Sequence

from .hosts import Host
from .types import DirectorInstance, Family, Forward, RealServer, Service, SorryServer, servers_of


def translated_families(services: Iterable[Service]) -> set[Family]:
    """The families that a director has to forward: with NAT the replies come back through it."""
    return {service["family"] for service in services if any(one["forward"] == "nat" for one in servers_of(service))}


def director_sysctls(
    host: Host,
    services: Sequence[Service],
    inside: Iterable[str],
    sync: bool,
    tracked: bool,
    instances: Sequence[DirectorInstance],
) -> dict[str, str]:
    """The sysctls of a director, in the order to set. DR and TUN do not need IP forwarding: net.ipv4.ip_forward stays.

    `inside` are the interfaces that lead to the real servers of nat, except the host's main one. `tracked` is whether a rule
    needs the connections of nat in connection tracking, which IPVS bypasses by default. `instances` are the host's own.
    """
    used = list(dict.fromkeys([*([host.interface] if host.interface else []), *inside]))
    translated = translated_families(services)
    sysctls: dict[str, str] = {}
    if "ipv4" in translated:
        # Replies come back through the director, which forwards them to the clients
        sysctls["net.ipv4.ip_forward"] = "1"
        # Otherwise it would redirect real servers on its segment past itself. Either of the two keys is enough to send redirects
        sysctls["net.ipv4.conf.all.send_redirects"] = "0"
        for interface in used:
            sysctls[_of_interface(interface, "send_redirects")] = "0"
    if "ipv6" in translated:
        sysctls["net.ipv6.conf.all.forwarding"] = "1"
    if "ipv4" in translated or (host.multi_homed and any(service["family"] == "ipv4" for service in services)):
        sysctls.update(_loose_sources_of(used, instances))
    if services:
        sysctls.update(_ipvs_sysctls(services, sync))
    # firewalld's rules need it, too
    if translated and (tracked or host.filter == "firewalld"):
        sysctls["net.ipv4.vs.conntrack"] = "1"
    return sysctls


def accept_own_vip(host: Host) -> dict[str, str]:
    """For checks through the VIP: the director that has it takes the answers that come from it. IPv6 has no such rule."""
    return {_of_interface(host.interface, "accept_local"): "1"} if host.interface else {}


# Requests arrive on an interface that is not the route back to their clients, so the strict check (1) drops them.
# The higher value of `all` and the interface applies, so 2 on `all` is enough, but 0 is not.
LOOSE_SOURCES = {"net.ipv4.conf.all.rp_filter": "2"}


def _loose_sources_of(used: Iterable[str], instances: Sequence[DirectorInstance]) -> dict[str, str]:
    """Loose sources on a director. keepalived's interfaces for vmac need 0, so the others have their own 2 then.

    On a backup such an interface has no address: with 1 or 2 it hears no adverts (fib_frontend.c, __fib_validate_source).
    keepalived would set `all` to 0, too, and back when it stops (vrrp_if_config.c, clear_rp_filter). Here 0 comes last, and is
    there before keepalived makes the interfaces.
    """
    if not any(instance["vmac"] for instance in instances):
        return LOOSE_SOURCES
    carriers = (address["device"] for instance in instances for address in instance["addresses"])
    names = dict.fromkeys([*used, *(device for device in carriers if device), "default"])
    return {**{_of_interface(name, "rp_filter"): "2" for name in names}, "net.ipv4.conf.all.rp_filter": "0"}


# Schedulers that choose a real server by the client's address alone (ip_vs_mh.c, ip_vs_sh.c)
BY_CLIENT = ("mh", "sh")


def _ipvs_sysctls(services: Sequence[Service], sync: bool) -> dict[str, str]:
    # Connections to a removed real server end at once, and the client opens new ones
    sysctls = {"net.ipv4.vs.expire_nodest_conn": "1"}
    if any(service["persistence"] for service in services):
        # Without it persistence sends clients back to a real server with weight 0, which then never drains
        sysctls["net.ipv4.vs.expire_quiescent_template"] = "1"
    # A port that a client uses again is a new connection: 0, which some set for speed, sends it to where the former one went, also to
    # a drained real server. With dr and tun all that IPVS sees of an end is the client's FIN, which only 3 counts (ipvs-sysctl.rst)
    translated = all(one["forward"] == "nat" for service in services for one in servers_of(service))
    sysctls["net.ipv4.vs.conn_reuse_mode"] = "1" if translated else "3"
    if sync:
        # A connection is sent when it is established, and again every 10 s while it has packets, each time once more in case of
        # a loss. If the second number were not 0, it would be sent only once in so many packets, however long that takes.
        sysctls["net.ipv4.vs.sync_threshold"] = "3 0"
        sysctls["net.ipv4.vs.sync_refresh_period"] = "10"
        sysctls["net.ipv4.vs.sync_retries"] = "1"
    return sysctls


def sloppy_sysctls(services: Iterable[Service], sync: bool) -> dict[str, str]:
    """A packet of a connection that the director does not know goes to a real server, too, as the first packet of one does.

    For schedulers that choose by the client's address: every director finds the real server that the connection has. With others it
    would be any of them. So with synchronisation no service of the protocol may have another one: its connections would be bound to
    a wrong real server before the director is told of them.
    """
    sysctls = {}
    for protocol in ("tcp", "sctp"):
        hashed = [service["scheduler"] in BY_CLIENT for service in services if protocol in service["protocols"]]
        if all(hashed) if sync and hashed else any(hashed):
            sysctls[f"net.ipv4.vs.sloppy_{protocol}"] = "1"
    return sysctls


def director_modules(services: Sequence[Service]) -> list[str]:
    """ip_vs, its schedulers, its persistence engines and its helpers in use."""
    schedulers = [f"ip_vs_{service['scheduler']}" for service in services]
    engines = [f"ip_vs_pe_{service['persistence_engine']}" for service in services if service["persistence_engine"]]
    helpers = [f"ip_vs_{service['helper']}" for service in services if service["helper"]]
    return list(dict.fromkeys(["ip_vs", *sorted(schedulers), *sorted(engines), *sorted(helpers)]))


def real_server_sysctls(host: Host, forwards: Iterable[tuple[Family, Forward]], arp: str) -> dict[str, str]:
    """The sysctls of a real server for its (family, forward) pairs. None for IPv6: neighbour discovery does not answer for `lo`."""
    methods = {forward for family, forward in forwards if family == "ipv4" and forward != "nat"}
    sysctls: dict[str, str] = {}
    # With redirect there is no VIP to answer ARP for, except with tunnels
    if methods and (arp == "sysctl" or (arp == "redirect" and "tun" in methods)):
        # The host does not answer for a VIP on another interface (1), nor use it as the source of ARP requests (2);
        # `all` counts for every interface, where `lo` alone does nothing
        sysctls["net.ipv4.conf.all.arp_ignore"] = "1"
        sysctls["net.ipv4.conf.all.arp_announce"] = "2"
    if "tun" in methods or ("dr" in methods and host.multi_homed):
        # Packets from a tunnel device have the client's address, to which no route leads through that device
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


# Module and device by families inside and outside. Each module creates its device when it is loaded
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


def vip_device(family: Family, server: RealServer | SorryServer, outer: Family, arp: str) -> str | None:
    """The device that carries a VIP on a real server; None if packets are redirected instead."""
    if arp == "redirect" and server["forward"] == "dr":
        return None
    if server["tunnel"] is None:
        return "lo"
    if server["tunnel"]["type"] == "gre":
        return GRE_DEVICES[outer]
    return TUNNEL_DEVICES[family, outer]


# Bytes that a tunnel adds to a packet, its options at their largest: ipvsadm(8), --tun-type; RFC 2003, 2784, and
# Linux include/net/gue.h. The outer header alone is 20 bytes, 40 with IPv6.
TUNNEL_BYTES = {"ipip": 0, "gre": 8, "gue": 20}
HEADER_BYTES: dict[Family, int] = {"ipv4": 20, "ipv6": 40}
TCP_BYTES = 20


def tunnel_mss(kind: str, inner: Family, outer: Family, mtu: int) -> int:
    """The largest TCP segment (bytes) that fits into a tunnel of this type and families on a segment with this MTU."""
    return mtu - HEADER_BYTES[outer] - TUNNEL_BYTES[kind] - HEADER_BYTES[inner] - TCP_BYTES


def _of_interface(interface: str, name: str) -> str:
    """A key of an interface: sysctl(8) writes a dot in an interface's name (eth0.100) as a slash."""
    return f"net.ipv4.conf.{interface.replace('.', '/')}.{name}"
