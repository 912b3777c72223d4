# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real servers that somebody has drained: drain.yml, or lvs-drain on a director. They have weight 0 until they are undrained."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ...module_utils.drains import places
from ...module_utils.drains.record import Drain, Record, common, from_data
from ...module_utils.ipvs.types import binds
from .types import RealServer, Service, Stack, health_of


def told_record(facts: Mapping[str, Mapping[str, Any]]) -> Record:
    """What the directors know together, by the facts of each. One that did not answer, or was never asked, has none."""
    told = [
        from_data(one["deployed_lvs"]["drained"]) if one["deployed_lvs"]["drained"] else Record()
        for one in facts.values()
        if (one.get("deployed_lvs") or {}).get("drained", False) is not False
    ]
    return common(told, everybody=len(told) == len(facts))


def settled(record: Record, services: Sequence[Service], stack: Stack) -> tuple[Record, list[Drain]]:
    """A record with the drains of real servers that the services have, and the others, which are forgotten."""
    return places.settled(record, [place_of(service, stack) for service in services])


def place_of(service: Service, stack: Stack) -> places.Service:
    """A service as far as drains go. Only keepalived has a quorum."""
    counts = stack == "keepalived"
    return places.Service(
        service["name"],
        tuple(
            places.Place(
                server["host"] or server["address"],
                server["address"],
                server["port"],
                server["inventory_weight"],
                any(check["dynamic_weight"] or check["weight"] for check in health_of(server, service["health"])),
            )
            for server in service["real_servers"]
        ),
        service["quorum"] if counts else 1,
        service["hysteresis"] if counts else 0,
        service["scheduler"] if binds(service["scheduler"], service["scheduler_flags"]) else None,
    )


def with_drains(services: Sequence[Service], stack: Stack, record: Record) -> list[Service]:
    """The services with the weights that a record leaves."""
    return [_with(service, places.weights(place_of(service, stack), record)) for service in services]


def _with(service: Service, weights: Sequence[int]) -> Service:
    servers: list[RealServer] = [
        {**server, "weight": weight} for server, weight in zip(service["real_servers"], weights)
    ]
    return {**service, "real_servers": servers}


def held(service: Service) -> list[bool]:
    """Which real servers keep their weight in keepalived.conf, and get none by another way."""
    return places.held(place_of(service, "keepalived"), [server["weight"] for server in service["real_servers"]])


def is_drained(server: RealServer) -> bool:
    """Whether a real server has no weight that has one in the inventory."""
    return not server["weight"] and bool(server["inventory_weight"])
