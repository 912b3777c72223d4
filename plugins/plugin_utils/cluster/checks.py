# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that need hosts, services and VIPs together."""

from __future__ import annotations

from itertools import product
from typing import Iterable, Mapping, Sequence

from .addresses import FAMILY_NAMES, family_of, known
from .drafts import InstanceDraft, ServiceDraft
from .hosts import Host, Hosts, own_interfaces
from .inventory import Inventory
from .mistakes import InventoryPath, Mistakes, listed
from .nat import KEYS, Nat
from .real_servers import called
from .types import MovedAddress, Ports, Sync


def check_addresses(hosts: Hosts, mistakes: Mistakes) -> None:
    """No two hosts may have the same address."""
    owners: dict[str, str] = {}
    for host in hosts.all.values():
        for address in (*host.addresses.values(), *host.vrrp.addresses.values()):
            if owners.setdefault(address, host.name) != host.name:
                InventoryPath(f"host {host.name}", mistakes).report(
                    f"has the address {address}, and so does {owners[address]}"
                )


def check_vips(vips: Mapping[str, InventoryPath], hosts: Hosts, inventory: Inventory, *, moving: bool) -> None:
    """No VIP may be a host's own address, a router's, or one that no host can have (with facts).

    If VIPs are not `moving`, they may be addresses of the only director, which has them for good.

    Facts of a running cluster show the VIPs on its hosts, as host routes, as secondary addresses, or with virtual MAC
    addresses. These are not the host's own addresses.
    """
    owners = {
        address: host.name
        for host in hosts.all.values()
        for address in (*host.addresses.values(), *host.vrrp.addresses.values())
    }
    for name, given in inventory.hosts.items():
        for interface in own_interfaces(given.facts):
            if interface.primary and interface.address.family == "ipv4" and interface.prefix < 32:
                owners.setdefault(interface.address.text, name)
    routers = {router: host.name for host in hosts.directors.values() for router in host.routers}
    lone = next(iter(hosts.directors), None) if not moving and len(hosts.directors) == 1 else None
    for vip, path in vips.items():
        if vip in owners and (lone is None or owners[vip] != lone):
            path.report(f"VIP {vip} is the address of host {owners[vip]}: choose an address that no host has")
        if vip in routers:
            path.report(f"VIP {vip} is the default gateway of director {routers[vip]}")
        if reserved := _reserved(vip, hosts.directors.values()):
            path.report(f"VIP {vip} is {reserved}")


def check_gateways(nat: Nat, hosts: Hosts, path: InventoryPath) -> None:
    """No gateway of NAT may be a director's router, or an address that no host can have (with facts).

    It may be the router of real servers: their own configuration may name it as well. If another host has it, site.yml finds
    out by ARP.
    """
    routers = {router: host.name for host in hosts.directors.values() for router in host.routers}
    for family, gateway in nat.gateways.items():
        if gateway in routers:
            path.report(
                f"{KEYS[family]} {gateway} is the default gateway of director {routers[gateway]}: the directors would take its"
                " address away from the router. Choose an address that no host has"
            )
        if reserved := _reserved(gateway, hosts.directors.values()):
            path.report(f"{KEYS[family]} {gateway} is {reserved}")


def check_real_server_addresses(
    services: Iterable[ServiceDraft], vips: Mapping[str, InventoryPath], hosts: Hosts
) -> None:
    """No real server or sorry server may have a VIP or a reserved address (with facts)."""
    # Many services have the same real servers, and an inventory may have a hundred thousand entries.
    right: set[tuple[str, str | None]] = set()
    for service in services:
        for server in service.servers:
            address = server["address"]
            if (address, server["host"]) in right:
                continue
            if server["host"] is None and address in vips and address not in service.vips:
                service.path.report(
                    f"{called(server)} is a VIP ({vips[address]}): the director that holds it would deliver to itself"
                )
            elif reserved := _reserved(address, hosts.directors.values()):
                service.path.report(f"{called(server)} has the address {address}, {reserved}")
            elif address not in vips:
                right.add((address, server["host"]))


def check_weights(services: Iterable[ServiceDraft]) -> None:
    """At least one real server of a service must have a weight. keepalived refuses anything else, too."""
    for service in services:
        if service.real_servers and not any(server["weight"] for server in service.real_servers):
            service.path.report(
                "every real server has weight 0, so none would serve: give one a weight, or remove the service"
            )


def _reserved(text: str, directors: Iterable[Host]) -> str | None:
    """Why an address is reserved: the first or the last one of a director's IPv4 network (with facts)."""
    address = known(text)
    for host in directors:
        network = host.network_of(text)
        if network is None or network.family != "ipv4" or network.prefix > 30:
            continue
        last = (1 << 32 - network.prefix) - 1
        if address.number & last in (0, last):
            which = "broadcast" if address.number & last else "first"
            return f"the {which} address of {network} of director {host.name}, which no host can have"
    return None


def check_clients(inventory: Inventory, mistakes: Mistakes) -> None:
    """No client may be part of the cluster: it would send requests to itself, and report no fault."""
    for name in inventory.clients:
        for group in ("directors", "real_servers"):
            if name in getattr(inventory, group):
                InventoryPath(f"host {name}", mistakes).report(
                    f"is in the groups clients and {group}: its requests to the VIPs would stay on the host, and prove nothing"
                )


def check_one_segment(instances: Iterable[InstanceDraft], hosts: Hosts, mistakes: Mistakes) -> None:
    """The directors of a multicast instance must speak VRRP on one segment (with facts)."""
    for instance in instances:
        if instance.unicast:
            continue
        members = [hosts.directors[director["host"]] for director in instance.directors]
        members = [host for host in members if host.vrrp.address and _on_a_network(host, host.vrrp.address)]
        first = next((host for host in members if host.networks), None)
        for host in members if first else ():
            if first and host is not first and (why := _not_heard(first, host)):
                InventoryPath(f"host {host.name}", mistakes).report(why)


def _on_a_network(host: Host, address: str | None) -> bool:
    """Whether an address of a host is on a network, as far as is known.

    A host route (/32), as in clouds, does not show who else is on the segment.
    """
    return not host.networks or address is None or bool(host.devices_of(address))


def _not_heard(first: Host, host: Host) -> str | None:
    """Why a director does not hear another one's multicast; None if it does."""
    address = str(host.vrrp.address)
    devices = first.devices_of(address)
    if not devices:
        return (
            f"address {address} is on none of the networks of director {first.name} ({listed(first.networks)}):"
            " VRRP multicast does not leave a segment, so set unicast"
        )
    if first.vrrp.interface in devices:
        return None
    return (
        f"speaks VRRP at {address}, which director {first.name} reaches by {listed(sorted(devices))}, but {first.name} speaks VRRP"
        f" on {first.vrrp.interface} ({first.vrrp.address}), so they would not hear each other: give both of them"
        " lvs_vrrp_address on one network"
    )


def check_vip_networks(instances: Iterable[InstanceDraft], hosts: Hosts) -> None:
    """Warn if a VIP is on a network of one director, but may move to a director without that network (with facts)."""
    for instance in instances:
        members = [hosts.directors[director["host"]] for director in instance.directors]
        members = [host for host in members if host.networks and _on_a_network(host, host.address)]
        for vip in instance.vips:
            having = next((host for host in members if _reaches(host, vip["address"])), None)
            lacking = next((host for host in members if not _reaches(host, vip["address"])), None)
            if having and lacking:
                instance.path.warn(
                    f"VIP {vip['address']} is on a network of director {having.name}, but on none of director {lacking.name}"
                    f" ({listed(lacking.networks)}): after a failover to {lacking.name}, packets for the VIP reach it only if"
                    " you route them there"
                )


def check_routed_vips(vips: Mapping[str, InventoryPath], hosts: Hosts) -> None:
    """Warn if a VIP is on a network of no director (with facts)."""
    directors = [host for host in hosts.directors.values() if host.networks and _on_a_network(host, host.address)]
    for vip, path in vips.items():
        if directors and not any(_reaches(host, vip) for host in directors):
            first = directors[0]
            path.warn(
                f"VIP {vip} is on none of the directors' networks ({first.name} has {listed(first.networks)}). No host on these"
                " networks asks for it by ARP, so packets for it reach a director only if a router has a route for it to another"
                " VIP that moves with it. Otherwise choose an address of one of these networks"
            )


def check_direct_routing(services: Iterable[ServiceDraft], hosts: Hosts) -> None:
    """Warn if a director may not reach the real servers of dr without a router (with facts, which have no routes)."""
    seen: set[str] = set()
    for service in services:
        for server in service.real_servers:
            address = known(server["address"])
            if server["forward"] != "dr" or address.text in seen or address.special or address.family != service.family:
                continue
            seen.add(address.text)
            for director in hosts.directors.values():
                if director.networks and not _reaches(director, address.text):
                    name = f"{server['host']} ({server['address']})" if server["host"] else server["address"]
                    service.path.warn(
                        f"forward is dr, which stays on one segment: real server {name} is on none of the networks of"
                        f" director {director.name} ({listed(director.networks)}). It works only if the director has a route"
                        " to it without a gateway (ip route add ... dev ...)"
                    )
                    break


def check_return_path(services: Iterable[ServiceDraft], nat: Nat, vips: Iterable[str], hosts: Hosts) -> None:
    """Warn if the answers of nat would leave through a router other than the directors (with facts)."""
    inside = {address for host in hosts.directors.values() for address in host.addresses.values()} | set(vips)
    inside |= {network.address for host in hosts.directors.values() for network in host.networks}
    told: set[str] = set()
    for service in services:
        if service.family in nat.ways_back:
            continue
        for server in service.real_servers:
            name = server["host"] if server["forward"] == "nat" else None
            routers = (
                [router for router in hosts.real_servers[name].routers if family_of(router) == service.family]
                if name
                else []
            )
            if name and name not in told and routers and not set(routers) & inside:
                told.add(name)
                service.path.warn(
                    f"forward is nat, but the default gateway of real server {name} is {listed(routers)}, not a director: its"
                    " answers would bypass the directors, and the clients would drop them. Set gateway or masquerade of lvs_nat"
                )


def check_prefixes(vips: Iterable[MovedAddress], hosts: Hosts, path: InventoryPath) -> None:
    """No VIP may add a route to more than the network that it is in (with facts)."""
    for vip in vips:
        for host in hosts.directors.values():
            network = host.network_of(vip["address"])
            if network and vip["prefix"] < network.prefix:
                path.report(
                    f"vip_prefix is {vip['prefix']}, wider than {network} of director {host.name}, which holds the VIP"
                    f" {vip['address']}"
                )
                return


def _reaches(host: Host, address: str) -> bool:
    return host.network_of(address) is not None


def check_sync(services: Iterable[ServiceDraft], sync: Sync | None) -> None:
    """The kernel refuses real servers of the other family beside a sync daemon (ip_vs_ctl.c, __ip_vs_update_dest)."""
    for service in services if sync else ():
        for server in service.real_servers:
            if service.family and family_of(server["address"]) != service.family:
                service.path.report(
                    f"real server {called(server)} is {FAMILY_NAMES[family_of(server['address'])]} and the VIP is"
                    f" {FAMILY_NAMES[service.family]}: the kernel refuses that beside connection synchronisation. Set"
                    " lvs_sync to {enabled: false}, or use one family"
                )
                break


def check_marks(services: Sequence[ServiceDraft]) -> None:
    """No two services may want the same packets: a packet has one mark, and a marked packet never reaches an address's service."""
    marked: dict[tuple[str, str], list[tuple[int, int, InventoryPath]]] = {}
    for service in services:
        if service.fwmark is None:
            continue
        for target in product(service.vips, service.protocols):
            taken = marked.setdefault(target, [])
            for port in service.ports or ():
                first, last = _port_range(port)
                other = next((at for low, high, at in taken if low <= last and first <= high), None)
                if other is service.path:
                    service.path.report(f"ports has {port} twice")
                elif other:
                    service.path.report(f"ports has {port}, and so has {other}: a packet can have only one mark")
                taken.append((first, last, service.path))
    for service in services:
        for vip, number in service.addresses if service.fwmark is None else ():
            for low, high, other in marked.get((vip, service.protocols[0]), ()):
                if low <= number <= high:
                    service.path.report(f"port {number} is marked by {other}: no packet would reach this service")


def _port_range(port: Ports) -> tuple[int, int]:
    first, _dash, last = str(port).partition("-")
    return int(first), int(last or first)
