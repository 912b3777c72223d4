# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers that get no new connections while they are updated."""

from __future__ import annotations

from typing import Collection, Iterable, Sequence

from ...module_utils.ipvs.types import binds
from .types import Service, health_of


def keeps(service: Service, hosts: Collection[str]) -> bool:
    """Whether a service has weight enough for its quorum without these hosts, and serves their clients.

    It does not if a check chooses their weight, or if its scheduler gives their clients to no other.
    """
    left = sum(server["weight"] for server in service["real_servers"] if server["host"] not in hosts)
    chosen = any(
        check["dynamic_weight"] or check["weight"]
        for server in service["real_servers"]
        if server["host"] in hosts
        for check in health_of(server, service["health"])
    )
    bound = binds(service["scheduler"], service["scheduler_flags"])
    return left >= max(service["quorum"], 1) and not chosen and not bound


def drained_services(services: Sequence[Service], hosts: Collection[str]) -> list[Service]:
    """The services with weight 0 for these hosts. One that cannot do without them stays as it is.

    keepalived refuses a quorum above the sum of the weights. Open connections go on at weight 0, also while a check fails and passes
    again, which would undo a weight that was set in the table alone.
    """
    return [_drained(service, hosts) if keeps(service, hosts) else service for service in services]


def _drained(service: Service, hosts: Collection[str]) -> Service:
    servers = [{**server, "weight": 0} if server["host"] in hosts else server for server in service["real_servers"]]
    return {**service, "real_servers": servers}  # type: ignore[typeddict-item]


def undrainable(services: Iterable[Service], host: str) -> list[str]:
    """The services that have this host and cannot do without it, in words."""
    return [
        f"{service['name']} {service['label']}"
        for service in services
        if any(server["host"] == host and server["weight"] > 0 for server in service["real_servers"])
        and not keeps(service, [host])
    ]
