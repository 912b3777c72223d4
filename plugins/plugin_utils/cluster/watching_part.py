# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one director watches, and its groups of instances."""

from __future__ import annotations

from typing import Iterable, Sequence

from .hosts import Host
from .notify import told
from .tracking import KINDS, without
from .types import DirectorInstance, DirectorSyncGroup, DirectorTrackers, Track, Trackers, TrackFile, Vrrp


def own_groups(host: Host, vrrp: Vrrp) -> list[DirectorSyncGroup]:
    """The groups of a director. All members of a group have the same directors."""
    interfaces = {
        instance["name"]: own["interface"]
        for instance in vrrp["instances"]
        for own in instance["directors"]
        if own["host"] == host.name
    }
    return [
        {
            "name": group["name"],
            "instances": group["instances"],
            # keepalived refuses the interface of a member: it watches that one already
            "track": _without_interfaces(group["track"], [interfaces[name] for name in group["instances"]]),
            "notify": told(group["notify"], "GROUP", group["name"], 0),
            "raw": group["raw"],
        }
        for group in vrrp["sync_groups"]
        if set(group["instances"]) <= set(interfaces)
    ]


def own_track(given: Track, needed: Iterable[str | None], own: str | None, group: Track | None) -> Track:
    """What an instance watches on a director: what the inventory says, and the interfaces that it needs.

    keepalived always watches the instance's own interface, and refuses it in the list. It also refuses what the group of the
    instance watches.
    """
    listed = [one["name"] for one in given["interfaces"]]
    devices = [device for device in dict.fromkeys(needed) if device is not None and device not in listed]
    track: Track = {
        **given,
        "interfaces": [*given["interfaces"], *({"name": device, "weight": 0} for device in devices)],  # type: ignore[list-item]
    }
    track = _without_interfaces(track, [own])
    return without(track, group) if group else track


def own_trackers(
    host: Host,
    known: Trackers,
    watching: Sequence[DirectorInstance | DirectorSyncGroup],
    checked: Sequence[str],
) -> DirectorTrackers:
    """What a director watches: keepalived complains about a script that nothing uses. `checked` are the files of health checks."""
    used = {kind: {one["name"] for each in watching for one in each["track"][kind]} for kind in KINDS}  # type: ignore[literal-required]
    named = {one["name"] for one in known["files"]}
    files: list[TrackFile] = [
        *known["files"],
        *(TrackFile(name=name, init_file=None) for name in checked if name not in named),
    ]
    return {
        "scripts": [one for one in known["scripts"] if one["name"] in used["scripts"]],
        "processes": [one for one in known["processes"] if one["name"] in used["processes"]],
        "files": [one for one in files if one["name"] in used["files"] or one["name"] in checked],
        "bfd": [
            {**one, "source": host.address_towards(one["neighbor"])}
            for one in known["bfd"]
            if one["name"] in used["bfd"]
        ],
    }


def _without_interfaces(track: Track, names: Sequence[str | None]) -> Track:
    return {**track, "interfaces": [one for one in track["interfaces"] if one["name"] not in names]}
