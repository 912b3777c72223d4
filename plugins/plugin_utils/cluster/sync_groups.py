# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of VRRP instances that move together.

Sources: keepalived.conf(5), vrrp_sync_group; vrrp_sync.c and vrrp.c of 2.2.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from . import keys, schema
from .drafts import InstanceDraft
from .hosts import Hosts
from .mistakes import InventoryPath, listed, near_hint
from .notify import read_notify
from .raw import check_block
from .scripts import ScriptFiles
from .tracking import Watched, check_track, check_weights, read_track, weights
from .types import SyncGroup, Track


@dataclass(frozen=True)
class GivenGroup:
    """A group as it is in the inventory, and its place there."""

    path: InventoryPath
    own: Mapping[str, Any]

    @property
    def members(self) -> list[str]:
        return self.own["instances"] or []


def read_groups(given: Any, path: InventoryPath) -> list[GivenGroup]:
    """`sync_groups` of lvs_vrrp; the instances are not known yet."""
    if given is None:
        return []
    found = []
    for own, at in keys.read_list(given, "sync_groups", "groups", schema.VRRP_GROUP, path):
        check_block(own["raw"], "vrrp_sync_group", at)
        found.append(GivenGroup(at, own))
    return found


def resolve_groups(
    groups: Sequence[GivenGroup],
    instances: Sequence[InstanceDraft],
    default: Track,
    watched: Watched,
    files: ScriptFiles,
    hosts: Hosts,
) -> list[SyncGroup]:
    """The groups with their members, which must be able to move together. `default` is the track of lvs_vrrp."""
    by_name = {instance.name: instance for instance in instances if instance.name}
    holders: dict[str, GivenGroup] = {}
    names: set[str] = set()
    found: list[SyncGroup] = []
    for group in groups:
        path, name = group.path, group.own["name"]
        if name is not None and name in names:
            path.report("the name is already that of another group")
        names.add(name)
        members = []
        for member in group.members:
            if member not in by_name:
                path.report(
                    f"instances has {member}, which is no instance of lvs_vrrp{near_hint(member, by_name, 'name there')}"
                )
            elif member in holders:
                other = holders[member]
                again = "is there twice" if other is group else f"is already in group {other.own['name']}"
                path.report(f"instance {member} {again}: an instance can be in one group only")
            else:
                members.append(by_name[member])
                holders[member] = group
        if len(group.members) == 1:
            path.report("instances has only one, so there is nothing to move together")
        _check_members(members, path)
        track = read_track(group.own["track"], default, path, watched, files, hosts)
        notify = read_notify(group.own["notify"], schema.GROUP_EVENTS, (), path, files)
        if members:
            check_track(track, [one["host"] for one in members[0].directors], hosts, path)
            check_weights(track, members[0].directors, members[0].preempt, path)
        found.append(
            {"name": name, "instances": group.members, "track": track, "notify": notify, "raw": group.own["raw"]}
        )
    return found


def _check_members(members: Sequence[InstanceDraft], path: InventoryPath) -> None:
    """The members of a group need the same directors in the same order, and the same rule for a director that returns."""
    for instance in members:
        first, order = members[0], _order(instance)
        if order != _order(first):
            path.report(
                f"instance {first.name} prefers {listed(_order(first))}, and {instance.name} {listed(order)}: they move together, so"
                " they need the same directors in the same order of priority"
            )
        if instance.preempt != first.preempt:
            path.report(
                f"preempt of {first.name} and {instance.name} differ: they move together, so set the same for both"
            )
        if weighted := [one["name"] for one in weights(instance.track)]:
            path.report(
                f"instance {instance.name} tracks {listed(weighted)} with a weight, and would have another priority than the rest of"
                " the group: put it into the track of the group, or set weight to 0"
            )


def _order(instance: InstanceDraft) -> list[str]:
    return [one["host"] for one in sorted(instance.directors, key=lambda one: -one["priority"])] or ["no director"]
