# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rolling update: in which order the hosts are updated, and whether the cluster can do without one of them."""

from __future__ import annotations

from typing import Any, Collection, Iterable, Iterator, Mapping, Sequence

from ..module_utils.ipvs.types import ServiceKey
from ..module_utils.ipvs.validate import KEY_OPTIONS
from .cluster.drained import undrainable
from .cluster.mistakes import listed
from .cluster.types import ResolvedCluster, TableDestination
from .owners import holders
from .tables import destination_key, service_key


def update_order(
    cluster: ResolvedCluster, addresses: Mapping[str, Collection[str]], wanted: Collection[str] = ()
) -> list[str]:
    """The hosts in the order of their update: real servers, then directors, the backups first and those with VIPs last.

    `addresses` are those of each director. `wanted` are the hosts to update, all if there are none.
    """
    held = holders(cluster, addresses)
    masters = [name for name in cluster["directors"] if any(name in names for names in held.values())]
    backups = [name for name in cluster["directors"] if name not in masters]
    servers = [name for name in cluster["real_servers"] if name not in cluster["directors"]]
    return [name for name in (*servers, *reversed(backups), *reversed(masters)) if not wanted or name in wanted]


def update_refusals(cluster: ResolvedCluster, hosts: Iterable[str]) -> list[str]:
    """The hosts that the cluster cannot do without, each with what would be missing."""
    return [sentence for host in hosts for sentence in _refusals(cluster, host)]


def _refusals(cluster: ResolvedCluster, host: str) -> Iterator[str]:
    if services := undrainable(cluster["services"], host):
        yield (
            f"{host} cannot be drained: without it {listed(services)} would have no real server, or too few for the quorum, or a check"
            " chooses its weight, or dh, sh or mh without its fallback flag would refuse its clients"
        )
    if host in cluster["directors"] and len(cluster["directors"]) == 1:
        yield f"{host} is the only director: nobody would serve while it is updated"


def last_real_servers(live: Iterable[Mapping[str, Any]], cluster: ResolvedCluster, host: str) -> list[str]:
    """The services in which only this host has a weight at present, in words: the others are down or drained."""
    own = {key: {destination_key(entry) for entry in entries} for key, entries in _own(cluster, host)}
    found = []
    for service in live:
        key = service_key(service)
        if key not in own:
            continue
        weighted = {destination_key(entry) for entry in service["destinations"] if entry["weight"] > 0}
        if weighted and weighted <= own[key]:
            found.append(f"{host} is the only real server of {key} that gets connections at present")
    return found


def host_destinations(live: Iterable[Mapping[str, Any]], cluster: ResolvedCluster, host: str) -> list[dict[str, Any]]:
    """Where a host is in a live table and drained by the cluster, as the module ipvs_destination takes it, each with a label."""
    own = {
        key: {destination_key(entry) for entry in entries if entry["weight"] == 0}
        for key, entries in _own(cluster, host)
    }
    return [
        {
            "service": {name: service[name] for name in KEY_OPTIONS if service.get(name) is not None},
            "address": entry["address"],
            "port": entry["port"],
            "label": f"{entry['address']} of {service_key(service)}",
        }
        for service in live
        for entry in service["destinations"]
        if destination_key(entry) in own.get(service_key(service), ())
    ]


def wrong_weights(live: Iterable[Mapping[str, Any]], cluster: ResolvedCluster, host: str) -> list[str]:
    """Where a host is not in a live table, or gets connections although it is drained, or none although it should, in words.

    A check may choose the weight, so it is not compared.
    """
    there = {
        (service_key(service), destination_key(entry)): entry["weight"]
        for service in live
        for entry in service["destinations"]
    }
    found = []
    for key, entries in _own(cluster, host):
        for entry in entries:
            weight = there.get((key, destination_key(entry)))
            if weight is None:
                found.append(f"{host} is not in the table for {key}")
            elif bool(weight) != bool(entry["weight"]):
                found.append(f"{host} has weight {weight} for {key}, not {entry['weight']}")
    return found


def _own(cluster: ResolvedCluster, host: str) -> Iterator[tuple[ServiceKey, Sequence[TableDestination]]]:
    """The places of a host in the table of the cluster, by service."""
    for service, entry in zip(cluster["services"], cluster["table"]):
        yield (
            service_key(entry),
            [
                destination
                for server, destination in zip(service["real_servers"], entry["destinations"])
                if server["host"] == host
            ],
        )
