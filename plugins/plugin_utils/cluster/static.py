# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack `static`: one director with a table that is written once, and restored at boot."""

from __future__ import annotations

from typing import Iterable

from .drafts import ServiceDraft
from .hosts import Hosts
from .mistakes import InventoryPath, Mistakes, listed
from .types import Sync

# Keys of a service that only mean something to a stack with checks
CHECKING = ("health", "on_failure", "quorum", "hysteresis", "alpha", "omega", "notify")


def check_static(
    services: Iterable[ServiceDraft], hosts: Hosts, sync: Sync | None, mistakes: Mistakes, *, peers_only: bool
) -> None:
    """Report settings that a table without health checks cannot have."""
    if len(hosts.directors) > 1:
        InventoryPath("lvs_stack", mistakes).report(
            f"is static, which takes one director, but the group directors has {listed(hosts.directors)}"
        )
    if sync is not None:
        InventoryPath("lvs_sync", mistakes).report(
            "is enabled, but lvs_stack is static: there is no second director to tell"
        )
    if peers_only:
        InventoryPath("lvs_peers_only", mistakes).report(
            "is true, but lvs_stack is static: there is no second director to hear"
        )
    for service in services:
        # This is no mistake: lvs_stack may be changed later, and verify sends requests like the health check's.
        unused = [name for name in CHECKING if name in service.given]
        if unused and service.checks:
            service.path.warn(
                f"{listed(unused)} {'is' if len(unused) == 1 else 'are'} set, but lvs_stack is static, which checks nothing:"
                " a real server that is down keeps its share of the clients"
            )
        if service.raw or any(server["raw"] for server in service.real_servers):
            service.path.report("raw is set, but lvs_stack is static: there is no daemon that would read its lines")
        if service.sorry_server:
            service.path.report(
                "sorry_server is set, but lvs_stack is static, which never notices that the real servers are down"
            )
