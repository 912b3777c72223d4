# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where real servers are in the services of a cluster, and the weights that they have there while some are drained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterable, Mapping, Sequence

from .record import Drain, Record


@dataclass(frozen=True)
class Place:
    """A real server in a service: `weight` is that of the inventory. `chosen` if a check chooses the weight by itself."""

    name: str
    address: str
    port: int
    weight: int
    chosen: bool = False


@dataclass(frozen=True)
class Service:
    """A service by its name, with all its addresses. `quorum` is the weight that it needs, `hysteresis` what it needs beyond to begin.

    `bound_by` is its scheduler if that gives the clients of a real server without weight to no other one.
    """

    name: str
    places: tuple[Place, ...]
    quorum: int = 1
    hysteresis: int = 0
    bound_by: str | None = None


def servers_of(services: Iterable[Service]) -> list[str]:
    """The real servers of services, each once."""
    return list(dict.fromkeys(place.name for service in services for place in service.places))


def settled(record: Record, services: Sequence[Service]) -> tuple[Record, list[Drain]]:
    """Return a record with those drains alone that some place has, and the others.

    A real server that the services have under another name now is known by its address.
    """
    kept, lost = [], []
    for drain in record.drains:
        places = [(service.name, place) for service in services for place in service.places]
        own = [(service, place) for service, place in places if place.name == drain.real_server]
        own = own or [(service, place) for service, place in places if place.address in drain.addresses]
        name = own[0][1].name if own else drain.real_server
        own = [(service, place) for service, place in own if place.name == name]
        if any(drain.service in (None, service) for service, _place in own):
            addresses = tuple(dict.fromkeys(place.address for _service, place in own))
            kept.append(replace(drain, real_server=name, addresses=addresses))
        else:
            lost.append(drain)
    return replace(record, drains=tuple(kept)), lost


def share(record: Record, service: str, name: str) -> int:
    """The percentage of its weight that a real server has in a service."""
    return min((drain.share for drain in record.of(name) if drain.service in (None, service)), default=100)


def weights(service: Service, record: Record) -> list[int]:
    """The weight of each place of a service while the drains of a record last.

    A weight that a check chooses has no steps. Nor has one without which the quorum is not there: the service would go down although the
    real server can serve.
    """
    shares = [share(record, service.name, place.name) for place in service.places]
    found = [_part(place, percent) for place, percent in zip(service.places, shares)]
    if sum(found) < max(service.quorum, 1):
        found = [place.weight if percent else 0 for place, percent in zip(service.places, shares)]
    return found


def _part(place: Place, percent: int) -> int:
    if not percent or not place.weight:
        return 0
    return place.weight if place.chosen else max(1, place.weight * percent // 100)


def held(service: Service, found: Sequence[int]) -> list[bool]:
    """Which places keep their weight in keepalived.conf and get none by another way, `found` being the weights that they have.

    A check that chooses the weight would choose it again. And keepalived refuses a configuration in which the weights add up to less
    than the quorum, which is 1 at least.
    """
    short = sum(found) < max(service.quorum, 1)
    return [
        bool(place.weight) and not weight and (place.chosen or short) for place, weight in zip(service.places, found)
    ]


def weights_by_place(services: Iterable[Service], record: Record) -> Mapping[tuple[str, str, int], int]:
    """The weight of each place by the name of its service, its address and its port."""
    return {
        (service.name, place.address, place.port): weight
        for service in services
        for place, weight in zip(service.places, weights(service, record))
    }
