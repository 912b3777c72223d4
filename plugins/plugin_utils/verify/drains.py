# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which real servers are drained, and does every director know it?"""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ...module_utils.drains.record import Drain, Record, from_data
from ..cluster.drain_record import is_drained
from ..cluster.types import ResolvedCluster, Service
from .finding import Finding

SPREAD = "Run site.yml: it tells every director what the others know"


def drain_findings(name: str, told: Mapping[str, Any] | None, cluster: ResolvedCluster) -> Iterator[Finding]:
    """Drains that a director does not know, or that it alone still knows; `told` is its own record, None without one."""
    own, all_of_them = _shares(from_data(told) if told else Record()), _shares(from_data(cluster["drained"]))
    for key, drain in all_of_them.items():
        if key not in own or own[key].share != drain.share:
            yield Finding(name, f"does not know that {drain}", SPREAD)
    for key, drain in own.items():
        if key not in all_of_them:
            yield Finding(name, f"does not know that this is over: {drain}", SPREAD)


def _shares(record: Record) -> dict[tuple[str, str | None], Drain]:
    return {drain.key: drain for drain in record.drains}


def drain_lines(cluster: ResolvedCluster) -> Iterator[str]:
    """What is drained, for the report."""
    return (f"{drain}" for drain in from_data(cluster["drained"]).drains)


def serves_nobody(service: Service) -> bool:
    """Whether all real servers of a service are drained that have a weight in the inventory, so that only a sorry server could answer."""
    return not any(server["weight"] for server in service["real_servers"]) and any(
        map(is_drained, service["real_servers"])
    )
