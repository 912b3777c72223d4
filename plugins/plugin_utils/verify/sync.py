# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every director run its daemon of the connection synchronisation?"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from ..cluster.types import ResolvedCluster
from .finding import Finding


def sync_findings(
    director: str, daemons: Sequence[Mapping[str, Any]], cluster: ResolvedCluster, held: Mapping[str, list[str]]
) -> Iterator[Finding]:
    """Compare a director's daemons with the wanted one: the director with the connections sends, the others receive."""
    sync = cluster["sync"]
    role = "master" if any(director in held.get(vip, ()) for vip in _synced_vips(cluster)) else "backup"
    wanted = [f"{role} (id {sync['id']})"] if sync else []
    running = sorted(f"{daemon['role']} (id {daemon['syncid']})" for daemon in daemons)
    if running != wanted:
        seen = " and ".join(running) or "none"
        yield Finding(director, f"its sync daemon is {seen}, not {wanted[0] if wanted else 'none'}", "Run site.yml")


def _synced_vips(cluster: ResolvedCluster) -> list[str]:
    """The VIPs whose director sends: with keepalived those of the sync instance, with heartbeat all."""
    name = cluster["sync"]["instance"] if cluster["sync"] else None
    instances = cluster["vrrp"]["instances"] if cluster["vrrp"] else []
    own = [vip["address"] for instance in instances if instance["name"] == name for vip in instance["vips"]]
    return own if name else [vip["address"] for vip in cluster["vips"]]
