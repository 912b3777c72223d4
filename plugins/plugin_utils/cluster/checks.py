# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only shows when hosts, services and VIPs are seen together."""

from __future__ import annotations

from typing import Iterable, Mapping, Sequence

from .addresses import known
from .drafts import InstanceDraft, ServiceDraft
from .hosts import Host, Hosts, read_interfaces
from .inventory import Inventory
from .mistakes import InventoryPath, Mistakes, listed
from .types import Ports


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


def check_one_segment(instances: Iterable[InstanceDraft], hosts: Hosts, mistakes: Mistakes) -> None:
    """The directors of a multicast instance share a segment (with facts)."""
    for instance in instances:
        if instance.unicast:
            continue
        members = [hosts.directors[director["host"]] for director in instance.directors]
        first = next((host for host in members if host.networks), None)
        for host in members:
            if first and host.address and not _reaches(first, host.address):
                InventoryPath(f"host {host.name}", mistakes).report(
                    f"address {host.address} is on none of the networks of director {first.name} ({listed(first.networks)}):"
                    " VRRP multicast does not leave a segment, so set unicast"
                )


def check_direct_routing(services: Iterable[ServiceDraft], hosts: Hosts) -> None:
    """Every director reaches the real servers of dr without a router (with facts)."""
    seen: set[str] = set()
    for service in services:
        if service.forward != "dr":
            continue
        for server in service.real_servers:
            address = known(server["address"])
            if address.text in seen or address.special or address.family != service.family:
                continue
            seen.add(address.text)
            for director in hosts.directors.values():
                if director.networks and not _reaches(director, address.text):
                    name = f"{server['host']} ({server['address']})" if server["host"] else server["address"]
                    service.path.report(
                        f"forward is dr, which stays on one segment: real server {name} is on none of the networks of"
                        f" director {director.name} ({listed(director.networks)})"
                    )
                    break


def _reaches(host: Host, address: str) -> bool:
    return host.network_of(address) is not None


def check_marks(services: Sequence[ServiceDraft]) -> None:
    """A packet has one mark, and a marked packet never reaches the service of its address."""
    marked: dict[tuple[str | None, str], list[tuple[int, int, InventoryPath]]] = {}
    for service in services:
        if service.fwmark is None:
            continue
        taken = marked.setdefault((service.vip, service.protocol), [])
        for port in service.ports or ():
            first, last = _port_range(port)
            other = next((at for low, high, at in taken if low <= last and first <= high), None)
            if other is service.path:
                service.path.report(f"ports has {port} twice")
            elif other:
                service.path.report(f"ports has {port}, which {other} has already: a packet has one mark")
            taken.append((first, last, service.path))
    for service in services:
        number = service.port or 0
        for low, high, other in marked.get((service.vip, service.protocol), ()):
            if low <= number <= high:
                service.path.report(f"port {number} is marked by {other}, so no packet would be left for this service")


def _port_range(port: Ports) -> tuple[int, int]:
    first, _dash, last = str(port).partition("-")
    return int(first), int(last or first)
