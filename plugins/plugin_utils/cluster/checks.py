# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only shows when hosts, services and VIPs are seen together."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from .addresses import parse
from .hosts import Host, Hosts, read_interfaces
from .inventory import Inventory
from .ldirectord import check_words
from .mistakes import InventoryPath, Mistakes, listed

LocatedServices = Iterable["tuple[InventoryPath, dict[str, Any]]"]


def check_addresses(hosts: Hosts, mistakes: Mistakes) -> None:
    """No two hosts have one address."""
    owners: dict[str, str] = {}
    for host in hosts.all.values():
        for address in host.addresses.values():
            if owners.setdefault(address, host.name) != host.name:
                InventoryPath(f"host {host.name}", mistakes).report(
                    f"has the address {address}, which is also that of {owners[address]}"
                )


def check_vips(vips: Mapping[str, InventoryPath], hosts: Hosts, inventory: Inventory) -> None:
    """No VIP is a host's own address.

    Facts gathered on a running cluster show the VIPs on its hosts, as host
    routes or as secondary addresses: those are not the host's own.
    """
    owners = {address: host.name for host in hosts.all.values() for address in host.addresses.values()}
    for name, given in inventory.hosts.items():
        for interface in read_interfaces(given.facts):
            if interface.primary and interface.address.family == "ipv4" and interface.prefix < 32:
                owners.setdefault(interface.address.text, name)
    for vip, path in vips.items():
        if vip in owners:
            path.report(
                f"VIP {vip} is the address of host {owners[vip]}: a VIP is one of its own, which moves between directors"
            )


def check_one_segment(vrrp: Mapping[str, Any], hosts: Hosts, mistakes: Mistakes) -> None:
    """The directors of a multicast instance share a segment (with facts)."""
    for instance in vrrp["instances"]:
        if instance["unicast"]:
            continue
        members = [hosts.directors[director["host"]] for director in instance["directors"]]
        first = next((host for host in members if host.networks), None)
        for host in members:
            if first and host.address and not _reaches(first, host.address):
                InventoryPath(f"host {host.name}", mistakes).report(
                    f"address {host.address} is on none of the networks of director {first.name} ({listed(first.networks)}):"
                    " VRRP multicast does not leave a segment, so set unicast"
                )


def check_direct_routing(services: LocatedServices, hosts: Hosts) -> None:
    """Every director reaches the real servers of dr without a router (with facts)."""
    seen: set[str] = set()
    for path, service in services:
        if service["forward"] != "dr":
            continue
        for server in service["real_servers"]:
            address = parse(server["address"])
            if address.text in seen or address.special or address.family != service["family"]:
                continue
            seen.add(address.text)
            for director in hosts.directors.values():
                if director.networks and not _reaches(director, address.text):
                    name = f"{server['host']} ({server['address']})" if server["host"] else server["address"]
                    path.report(
                        f"forward is dr, which stays on one segment: real server {name} is on none of the networks of"
                        f" director {director.name} ({listed(director.networks)})"
                    )
                    break


def _reaches(host: Host, address: str) -> bool:
    return host.network_of(address) is not None


def check_marks(services: LocatedServices) -> None:
    """A packet has one mark, and a marked packet never reaches the service of its address."""
    marked: dict[tuple[str, str], list[tuple[int, int, InventoryPath]]] = {}
    for path, service in services:
        if service["fwmark"] is None:
            continue
        taken = marked.setdefault((service["vip"], service["protocol"]), [])
        for port in service["ports"] or ():
            first, last = _port_range(port)
            other = next((at for low, high, at in taken if low <= last and first <= high), None)
            if other is path:
                path.report(f"ports has {port} twice")
            elif other:
                path.report(f"ports has {port}, which {other} has already: a packet has one mark")
            taken.append((first, last, path))
    for path, service in services:
        port = service["port"]
        for low, high, other in marked.get((service["vip"], service["protocol"]), ()) if port else ():
            if low <= port <= high:
                path.report(f"port {port} is marked by {other}, so no packet would be left for this service")


def _port_range(port: int | str) -> tuple[int, int]:
    first, _dash, last = str(port).partition("-")
    return int(first), int(last or first)


def check_stack(stack: str, services: LocatedServices, hosts: Hosts, sync: Any, mistakes: Mistakes) -> None:
    """What the stack chosen cannot do."""
    STACKS[stack](services, hosts, sync, mistakes)


def _keepalived(services: LocatedServices, hosts: Hosts, sync: Any, mistakes: Mistakes) -> None:
    for path, service in services:
        servers = service["real_servers"]
        # keepalived's own words: quorum 1 exceeds total weight of real servers 0
        if servers and not any(server["weight"] for server in servers):
            path.report(
                "every real server has weight 0, so none would serve: give one a weight, or take the service out"
            )


def _static(services: LocatedServices, hosts: Hosts, sync: Any, mistakes: Mistakes) -> None:
    if len(hosts.directors) > 1:
        InventoryPath("lvs_stack", mistakes).report(
            f"is static, which has one director, and the group directors has {listed(hosts.directors)}"
        )
    if sync is not None:
        InventoryPath("lvs_sync", mistakes).report(
            "is enabled, but lvs_stack is static: there is no second director to tell"
        )
    for path, service in services:
        if service["sorry_server"]:
            path.report("sorry_server is set, but lvs_stack is static, which never sees that the others are down")


def _ldirectord(services: LocatedServices, hosts: Hosts, sync: Any, mistakes: Mistakes) -> None:
    check_words(services)


STACKS = {"keepalived": _keepalived, "static": _static, "ldirectord": _ldirectord}
