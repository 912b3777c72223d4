# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection synchronisation between directors.

keepalived lets its sync daemons follow one VRRP instance, or none. If they follow one, its master sends, and the others
receive: connections of other instances are lost at a failover. If they follow none, every director always runs both daemons.
It sends the connections that it handles itself, and receives those of the others. So directors that share the work know each
other's connections, and a failover starts and stops no daemon. That is what happens unless the inventory names an instance.

The daemons tell only of connections that get packets. lvs-sync (roles/director/files/sync) tells of all when a director asks.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from . import keys, schema
from .addresses import parse
from .drafts import InstanceDraft
from .hosts import Host, Hosts
from .mistakes import InventoryPath, Mistakes, listed, near_hint
from .types import DirectorSync, Service, Stack, Sync, SyncMark, client_ports

# Seconds until a returning director has asked for all connections and received them: lvs-sync asks within a second and tells 40,000 in
# a second, several times over.
LEARNING = 15


def read_sync(given: Any, fast: bool, mistakes: Mistakes) -> dict[str, Any]:
    """The keys of lvs_sync. It is on by default if lvs_vrrp has the profile `fast`."""
    known = keys.with_defaults(schema.SYNC, {"enabled": True} if fast else {})
    return keys.read({} if given is None else given, known, InventoryPath("lvs_sync", mistakes))


def resolve_sync(
    own: Mapping[str, Any], instances: Sequence[InstanceDraft] | None, hosts: Hosts, served: bool, mistakes: Mistakes
) -> Sync | None:
    """The settings of the sync daemons; None if they are off, or if there is no service whose connections they could tell.

    `own` are the keys of lvs_sync. `instances` is None without VRRP.
    """
    path = InventoryPath("lvs_sync", mistakes)
    names = [instance.name for instance in instances or () if instance.name]
    name = own["instance"]
    if instances is not None and name is not None and name not in names:
        # keepalived accepts an unknown one silently
        path.report(f"instance is {name}, which is no instance of lvs_vrrp" + near_hint(name, names, "name there"))
    group = parse(own["group"])
    if group and group.special != "a multicast address":
        path.report(f"group is {own['group']}, which is not a multicast address")
    if own["network"]:
        _check_network(own["network"], hosts, path)
    if not own["enabled"] or not served:
        return None
    return {
        "id": own["id"],
        "instance": None if instances is None else name,
        "network": own["network"],
        "group": own["group"],
        "port": own["port"],
        "ttl": own["ttl"],
        "maxlen": own["maxlen"],
    }


def director_sync(
    host: Host, sync: Sync | None, stack: Stack, hosts: Hosts, services: Sequence[Service]
) -> DirectorSync | None:
    """The sync daemons of one director, and what its lvs-sync has to know."""
    if sync is None:
        return None
    others = [_address(other, sync["network"]) for other in hosts.directors.values() if other is not host]
    return {
        "id": sync["id"],
        "instance": sync["instance"],
        "both": stack == "keepalived" and sync["instance"] is None,
        "interface": sync_interface(host, sync["network"]),
        "group": sync["group"],
        "port": sync["port"],
        "ttl": sync["ttl"],
        "maxlen": sync["maxlen"],
        "address": _address(host, sync["network"]),
        "peers": [address for address in others if address],
        "vips": list(dict.fromkeys(vip for service in services for vip in service["vips"])),
        "marks": [_mark(service["fwmark"], service) for service in services if service["fwmark"] is not None],
    }


def _mark(fwmark: int, service: Service) -> SyncMark:
    return {
        "fwmark": fwmark,
        "vips": service["vips"],
        "protocols": service["protocols"],
        "ports": client_ports(service),
    }


def _address(host: Host, network: str | None) -> str | None:
    """Where a director speaks with the others: on the network of the synchronisation, or at its lvs_address."""
    own = host.own_in(network) if network else None
    return own.address if own else host.address


def sync_interface(host: Host, network: str | None) -> str | None:
    """The interface of the synchronisation: that which has an address of the network, or the host's main one."""
    if network is None:
        return host.interface
    own = host.own_in(network)
    return own.interface or None if own else None


def _check_network(network: str, hosts: Hosts, path: InventoryPath) -> None:
    """Every director needs an address on the network (with facts)."""
    for host in hosts.directors.values():
        if host.networks and sync_interface(host, network) is None:
            path.report(
                f"network is {network}, but director {host.name} has no address in it ({listed(host.networks)})"
            )


def shortest_delay(instance: InstanceDraft, sync: Sync | None) -> int:
    """Seconds that a director needs to receive the connections before it takes the VIPs of an instance back."""
    return LEARNING if sync is not None and sync["instance"] in (None, instance.name) else 0
