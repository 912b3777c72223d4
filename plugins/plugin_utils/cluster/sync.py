# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection synchronisation between directors."""

from __future__ import annotations

from typing import Any, Mapping

from . import schema
from .mistakes import InventoryPath, Mistakes, near_hint

# Seconds until a director that returns has been told of every connection that has had packets meanwhile.
LEARNING = 60


def resolve_sync(given: Any, vrrp: Mapping[str, Any] | None, mistakes: Mistakes) -> dict[str, Any] | None:
    """The sync daemon's id and the VRRP instance it is bound to, so that it follows the master; None where it is off."""
    if given is None:
        return None
    path = InventoryPath("lvs_sync", mistakes)
    sync = schema.read(given, schema.SYNC, path)
    names = [instance["name"] for instance in vrrp["instances"] if instance["name"]] if vrrp else []
    name = sync["instance"]
    if vrrp and name is not None and name not in names:
        # keepalived takes an unknown one without a word
        path.report(f"instance is {name}, which is no instance of lvs_vrrp" + near_hint(name, names, "name there"))
    if not sync["enabled"] or (vrrp and not names):
        return None
    return {"id": sync["id"], "instance": (name or names[0]) if vrrp else None}


def delay_return(sync: Mapping[str, Any], vrrp: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Let directors of the synchronised instance learn the connections before they take the VIPs back.

    `given` is lvs_vrrp: a preempt_delay there, or in the instance, stays.
    """
    for instance in vrrp["instances"]:
        own = next((draft for draft in given.get("instances") or () if draft["name"] == instance["name"]), {})
        said = any(where.get("preempt_delay") is not None for where in (own, given))
        if instance["name"] == sync["instance"] and instance["preempt"] and not said:
            instance["preempt_delay"] = max(instance["preempt_delay"], LEARNING)
