# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every director run its daemons of the connection synchronisation?"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from ..cluster.types import DirectorSync, ResolvedCluster
from ..daemons import differences
from .finding import Finding


def sync_findings(
    director: str, daemons: Sequence[Mapping[str, Any]], cluster: ResolvedCluster, held: Mapping[str, list[str]]
) -> Iterator[Finding]:
    """Compare a director's daemons with the wanted ones: the director with the connections sends, the others receive."""
    sync = cluster["hosts"][director]["sync"]
    wanted = sorted(_roles(director, sync, cluster, held)) if sync else []
    if sorted(daemon["role"] for daemon in daemons) != wanted:
        yield Finding(
            director,
            f"of the sync daemons it runs {_listed(daemons)}, not {' and '.join(wanted) or 'none'}",
            "Run site.yml",
        )
    elif sync is not None:
        yield from _settings(director, daemons, sync)


def _roles(director: str, sync: DirectorSync, cluster: ResolvedCluster, held: Mapping[str, list[str]]) -> list[str]:
    if sync["both"]:
        return ["master", "backup"]
    return ["master" if any(director in held.get(vip, ()) for vip in _synced_vips(cluster, sync)) else "backup"]


def _synced_vips(cluster: ResolvedCluster, sync: DirectorSync) -> list[str]:
    """The VIPs whose director sends: with keepalived those of the sync instance, with heartbeat all."""
    name = sync["instance"]
    instances = cluster["vrrp"]["instances"] if cluster["vrrp"] else []
    own = [vip["address"] for instance in instances if instance["name"] == name for vip in instance["vips"]]
    return own if name else [vip["address"] for vip in cluster["vips"]]


def _listed(daemons: Sequence[Mapping[str, Any]]) -> str:
    return " and ".join(sorted(daemon["role"] for daemon in daemons)) or "none"


def _settings(director: str, daemons: Sequence[Mapping[str, Any]], sync: DirectorSync) -> Iterator[Finding]:
    for daemon in daemons:
        for difference in differences(daemon, sync):
            yield Finding(director, f"its sync daemon {daemon['role']} has {difference}", "Run site.yml")
