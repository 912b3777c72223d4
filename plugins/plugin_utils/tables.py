# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the IPVS table a director has with the one the cluster describes.

Both are lists of services in the format that lvs.cluster.ipvs_table takes and lvs.cluster.ipvs_info returns.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

from ..module_utils.ipvs.change import Change, diff
from ..module_utils.ipvs.types import Destination, ServiceKey, Table, Tunnel, binds
from ..module_utils.ipvs.types import Service as LiveService
from ..module_utils.ipvs.validate import KEY_OPTIONS, read_table
from .cluster.types import ResolvedCluster, TableDestination, TableService

Service = Mapping[str, Any]

SERVICE_FIELDS = (
    "scheduler",
    "scheduler_flags",
    "persistence",
    "persistence_netmask",
    "persistence_engine",
    "one_packet",
)
DESTINATION_FIELDS = ("forward", "weight", "upper_threshold", "lower_threshold", "tunnel")


def service_key(service: Service | TableService) -> ServiceKey:
    """What identifies a virtual service. Printed, it is the name of the service for people."""
    fwmark, address = service.get("fwmark"), service.get("address")
    if fwmark is not None:
        return ServiceKey(None, None, None, fwmark, service.get("family") or "ipv4")
    family = "ipv6" if ":" in str(address) else "ipv4"
    return ServiceKey(service.get("protocol") or "tcp", address, service.get("port"), None, family)


def destination_key(destination: Mapping[str, Any] | TableDestination) -> tuple[str, int]:
    """What identifies a real server of a service: (address, port)."""
    return (destination["address"], destination["port"])


def missing_services(live: Iterable[Service], wanted: Iterable[Service | TableService]) -> list[str]:
    """The services of the cluster that the live table lacks, in words."""
    there = {service_key(service) for service in live}
    return [str(key) for key in map(service_key, wanted) if key not in there]


def undescribed_services(live: Iterable[Service], wanted: Iterable[Service | TableService]) -> list[dict[str, Any]]:
    """The services of the live table that are not in the cluster, each with the options that name it."""
    described = {service_key(service) for service in wanted}
    return [
        {name: service[name] for name in KEY_OPTIONS if service.get(name) is not None}
        for service in live
        if service_key(service) not in described
    ]


def removed_real_servers(live: Iterable[Service], cluster: ResolvedCluster) -> list[dict[str, Any]]:
    """The real servers in the live table that a service of the resolved cluster no longer has.

    Skips a service that would be left without any weight: drained, it would refuse its clients until its new real servers
    are added. Also skips a service whose scheduler refuses the clients of a real server without weight, a service that is
    removed as a whole, and a sorry server in use. Includes real servers with weight 0: an interrupted run may have drained
    them, and their connections may still be open.
    """
    wanted = {service_key(service): service for service in cluster["table"]}
    sorry = {
        service_key(entry): service["sorry_server"]["address"]
        for service, entry in zip(cluster["services"], cluster["table"])
        if service["sorry_server"]
    }
    leaving: list[dict[str, Any]] = []
    for service in live:
        key = service_key(service)
        if key not in wanted or binds(service["scheduler"], service["scheduler_flags"]):
            continue
        kept = {destination_key(destination) for destination in wanted[key]["destinations"]}
        if not any(entry["weight"] > 0 and destination_key(entry) in kept for entry in service["destinations"]):
            continue
        leaving += [
            {
                "service": {name: service[name] for name in KEY_OPTIONS if service.get(name) is not None},
                "address": destination["address"],
                "port": destination["port"],
                "label": f"{destination['address']} of {key}",
            }
            for destination in service["destinations"]
            if destination_key(destination) not in kept and destination["address"] != sorry.get(key)
        ]
    return leaving


def drained_services(live: Iterable[Service], leaving: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The services with only the real servers in `leaving` (from removed_real_servers), at weight 0: no new connections."""
    gone = {(service_key(entry["service"]), destination_key(entry)) for entry in leaving}

    def drained(key: ServiceKey, there: Mapping[str, Any]) -> dict[str, Any] | None:
        return {**there, "weight": 0} if (key, destination_key(there)) in gone else None

    return _services_with(live, drained)


def undrained_services(
    live: Iterable[Service], cluster: ResolvedCluster, noted: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The services with only the real servers that an interrupted run has drained and that stay, at their weights.

    `noted` are the real servers that the run was about to drain. With on_failure quiesce, a drained real server looks like
    one whose check fails, so its weight is left alone.
    """
    drained = {(service_key(entry["service"]), destination_key(entry)) for entry in noted}
    wanted = {
        (service_key(entry), destination_key(destination)): destination
        for service, entry in zip(cluster["services"], cluster["table"])
        if service["on_failure"] == "remove"
        for destination in entry["destinations"]
        if destination["weight"] > 0
    }

    def mended(key: ServiceKey, there: Mapping[str, Any]) -> Mapping[str, Any] | TableDestination | None:
        named = (key, destination_key(there))
        return wanted.get(named) if named in drained and there["weight"] == 0 else None

    return _services_with(live, mended)


def wrong_thresholds(live: Iterable[Service], cluster: ResolvedCluster) -> list[dict[str, Any]]:
    """The services of the cluster with only the real servers that have other thresholds in the live table.

    At a reload keepalived edits a real server if its weight or its way of forwarding changes, and for nothing else
    (ipwrapper.c of 2.2.7 to 2.4.3, clear_diff_rs).
    """
    there = {
        (service_key(service), destination_key(destination)): _thresholds(destination)
        for service in live
        for destination in service["destinations"]
    }

    def mended(key: ServiceKey, wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
        own = _thresholds(wanted)
        return wanted if there.get((key, destination_key(wanted)), own) != own else None

    return _services_with(cluster["table"], mended)


def _thresholds(destination: Mapping[str, Any]) -> tuple[int, int]:
    return destination.get("upper_threshold") or 0, destination.get("lower_threshold") or 0


def _services_with(
    table: Iterable[Service | TableService],
    change: Callable[[ServiceKey, Mapping[str, Any]], Mapping[str, Any] | TableDestination | None],
) -> list[dict[str, Any]]:
    """The services of a table, with only the destinations that a function changes, as changed."""
    services = []
    for service in table:
        key = service_key(service)
        destinations = [changed for there in service["destinations"] if (changed := change(key, there))]
        if destinations:
            services.append({**service, "destinations": destinations})
    return services


def differences(live: Sequence[Service], wanted: Sequence[Service | TableService]) -> Iterator[tuple[Change, str]]:
    """What is missing, too much or different in the live table: (the change that would repair it, in words)."""
    now = live_table(live)
    for change in diff(now, read_table(wanted)):
        yield from ((change, words) for words in _in_words(change, now))


def live_table(services: Iterable[Service]) -> Table:
    """The table of a director, as lvs.cluster.ipvs_info returned it.

    It is not validated: somebody else's service may have a scheduler or a weight that no inventory may have.
    """
    table = {}
    for service in services:
        destinations = {destination_key(entry): _live_destination(entry) for entry in service["destinations"]}
        key = service_key(service)
        table[key] = LiveService(
            key,
            service.get("scheduler") or "wlc",
            tuple(service.get("scheduler_flags") or ()),
            service.get("persistence"),
            service.get("persistence_netmask"),
            service.get("persistence_engine"),
            bool(service.get("one_packet")),
            destinations,
        )
    return Table(table)


def _live_destination(entry: Mapping[str, Any]) -> Destination:
    tunnel = entry.get("tunnel")
    return Destination(
        entry["address"],
        entry["port"],
        entry.get("forward") or "dr",
        entry["weight"],
        entry.get("upper_threshold") or 0,
        entry.get("lower_threshold") or 0,
        Tunnel(tunnel["type"], tunnel["port"], tunnel["checksum"]) if tunnel else None,
    )


def _in_words(change: Change, now: Table) -> Iterator[str]:
    """What a change that would repair the live table says about it."""
    service = now.services.get(change.service.key)
    destination = change.destination
    if change.action == "edit" and destination and service:
        there = service.destinations[destination.key]
        yield from _field_differences(f"real server {destination}: ", there, destination, DESTINATION_FIELDS)
    elif change.action == "edit":
        yield from _field_differences("", service, change.service, SERVICE_FIELDS)
    elif service is not None or not destination:
        # If the service itself is missing, this is reported once.
        name = f"real server {destination} is " if destination else ""
        yield name + ("not in the table" if change.action == "add" else "in the table, but not in the inventory")


def _field_differences(prefix: str, live: Any, wanted: Any, fields: Iterable[str]) -> Iterator[str]:
    for field in fields:
        is_, should = getattr(live, field), getattr(wanted, field)
        if is_ != should:
            yield f"{prefix}{field} is {_plain(is_)}, not {_plain(should)}"


def _plain(value: Any) -> Any:
    return ", ".join(value) or "none" if isinstance(value, tuple) else "none" if value is None else value
