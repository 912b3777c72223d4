# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one table to another: the table to reach, the ordered changes, and their effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable, Iterator

from .types import Destination, Destinations, Service, ServiceKey, Table

PURGES = ("none", "services", "all")


@dataclass(frozen=True)
class Change:
    """One line for ipvsadm: add, edit or delete a service, or one of its destinations.

    `service` and `destination` have the wanted state, or for a deletion the state to be removed.
    `service.destinations` is ignored.
    """

    action: str
    service: Service
    destination: Destination | None = None

    def __str__(self) -> str:
        if self.destination is None:
            return f"{self.action} {self.service.key}"
        return f"{self.action} {self.destination} of {self.service.key}"


def target_table(now: Table, wanted: Table, purge: str, keep_weights: bool = False) -> Table:
    """Return the table to reach from `now`.

    `purge` says what else is removed: none removes nothing, services removes the other destinations of the wanted
    services, all removes the other services too. `keep_weights` keeps the weights of destinations that are there already.
    """
    services = {} if purge == "all" else dict(now.services)
    for key, service in wanted.services.items():
        present = now.services.get(key)
        if present is None or (purge != "none" and not keep_weights):
            services[key] = service
        else:
            services[key] = replace(service, destinations=_merged(present, service, purge, keep_weights))
    return Table(services)


def _merged(present: Service, service: Service, purge: str, keep_weights: bool) -> Destinations:
    destinations = dict(present.destinations) if purge == "none" else {}
    destinations.update(service.destinations)
    if keep_weights:
        for destination_key in service.destinations:
            there = present.destinations.get(destination_key)
            if there is not None and there.weight != destinations[destination_key].weight:
                destinations[destination_key] = replace(destinations[destination_key], weight=there.weight)
    return destinations


def diff(before: Table, after: Table) -> tuple[Change, ...]:
    """Return the fewest changes from `before` to `after`, in an order that is safe on a live director.

    In a service, new destinations come first, then higher weights, then other edits, then removals. So a service is never
    without a destination in between. Services are removed last.
    """
    changes: list[Change] = []
    for key, service in after.services.items():
        present = before.services.get(key)
        if present is None:
            changes.append(Change("add", service))
            changes += [Change("add", service, destination) for destination in service.destinations.values()]
        elif present != service:
            if settings(present) != settings(service):
                changes.append(Change("edit", service))
            changes += _destination_changes(present, service)
    changes += [Change("delete", service) for key, service in before.services.items() if key not in after.services]
    return tuple(changes)


def _destination_changes(present: Service, service: Service) -> Iterator[Change]:
    edits = []
    for destination_key, destination in service.destinations.items():
        there = present.destinations.get(destination_key)
        if there is None:
            yield Change("add", service, destination)
        elif there != destination:
            edits.append((destination.weight <= there.weight, Change("edit", service, destination)))
    yield from (change for _rank, change in sorted(edits, key=lambda edit: edit[0]))
    for destination_key, destination in present.destinations.items():
        if destination_key not in service.destinations:
            yield Change("delete", service, destination)


def settings(service: Service) -> tuple[Any, ...]:
    """Return everything that `-E` sets."""
    return (
        service.scheduler,
        service.scheduler_flags,
        service.persistence,
        service.persistence_netmask,
        service.persistence_engine,
        service.one_packet,
    )


def simulate(changes: Iterable[Change], table: Table) -> Table:
    """Return the table as it would be after the kernel has made the changes."""
    services: dict[ServiceKey, Service] = dict(table.services)
    for change in changes:
        key = change.service.key
        if change.destination is not None:
            destinations = dict(services[key].destinations)
            if change.action == "delete":
                del destinations[change.destination.key]
            else:
                destinations[change.destination.key] = change.destination
            services[key] = replace(services[key], destinations=destinations)
        elif change.action == "delete":
            del services[key]
        else:
            kept = services[key].destinations if change.action == "edit" else {}
            services[key] = replace(change.service, destinations=kept)
    return Table(services)


def in_effect(change: Change, table: Table) -> bool:
    """Whether a change is in effect in a table. Ignores everything else in the table."""
    service = table.services.get(change.service.key)
    if change.destination is None:
        if change.action == "delete":
            return service is None
        return service is not None and settings(service) == settings(change.service)
    there = service and service.destinations.get(change.destination.key)
    return there is None if change.action == "delete" else there == change.destination
