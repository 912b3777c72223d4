# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection synchronisation between directors."""

from __future__ import annotations

from typing import Any, Sequence

from . import keys, schema
from .drafts import InstanceDraft
from .mistakes import InventoryPath, Mistakes, near_hint
from .types import Sync

# Seconds until a returning director has received every connection that had packets meanwhile.
LEARNING = 60


def resolve_sync(given: Any, instances: Sequence[InstanceDraft] | None, mistakes: Mistakes) -> Sync | None:
    """The sync daemon's id, and its VRRP instance, whose master it follows; None if it is off.

    `instances` is None without VRRP.
    """
    if given is None:
        return None
    path = InventoryPath("lvs_sync", mistakes)
    own = keys.read(given, schema.SYNC, path)
    names = [instance.name for instance in instances or () if instance.name]
    name = own["instance"]
    if instances is not None and name is not None and name not in names:
        # keepalived accepts an unknown one silently
        path.report(f"instance is {name}, which is no instance of lvs_vrrp" + near_hint(name, names, "name there"))
    if not own["enabled"] or (instances is not None and not names):
        return None
    if name is None and len(names) > 1:
        path.warn(
            f"only instance {names[0]} is synchronised, the first of {len(names)} in lvs_vrrp: connections to the VIPs of the"
            " other instances end at a failover. Set instance to choose another one"
        )
    return {"id": own["id"], "instance": None if instances is None else name or names[0]}


def shortest_delay(instance: InstanceDraft, sync: Sync | None) -> int:
    """Seconds that a director needs to receive the connections before it takes the VIPs of an instance back."""
    return LEARNING if sync is not None and sync["instance"] == instance.name else 0
