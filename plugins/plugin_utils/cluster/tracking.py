# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VRRP instances and groups watch: interfaces, scripts, processes, files, and neighbours by BFD."""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping, Sequence

from . import keys, schema
from .addresses import family_of
from .hosts import Hosts
from .mistakes import InventoryPath, listed, shape
from .scripts import ScriptFiles
from .types import InstanceDirector, Track, Tracked, Trackers

KINDS = ("interfaces", "scripts", "processes", "files", "bfd")
NAMED = ("scripts", "processes", "bfd")
LONGEST_NAME = 31  # bfd.h, BFD_INAME_MAX
MOST_HOPS_IPV6 = 64  # bfd.h, BFD_CONTROL_HOPLIMIT
BFD_PORT = 3784  # bfd.h, BFD_CONTROL_PORT: whatever max_hops is. Only the word multihop, since 2.2.8, is for 4784


class Watched:
    """Everything that is watched, defined once each, with a name that no other of its kind has."""

    def __init__(self) -> None:
        self._names: dict[str, dict[tuple[object, ...], str]] = {kind: {} for kind in NAMED}
        self._definitions: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS[1:]}

    def name(self, kind: str, what: str, definition: Mapping[str, Any]) -> str:
        """The name of what is watched. It is made of `what`. If it is taken, a number is added."""
        names = self._names[kind]
        key = tuple(definition.values())
        if key not in names:
            plain = re.sub(r"[^A-Za-z0-9.-]+", "_", what).strip("_") or kind
            plain = plain[-LONGEST_NAME + 3 :] if kind == "bfd" else plain
            taken, number, name = set(names.values()), 1, plain
            while name in taken:
                number += 1
                name = f"{plain}_{number}"
            names[key] = name
            self._definitions[kind].append({"name": name, **definition})
        return names[key]

    def neighbor(self, definition: Mapping[str, Any], at: InventoryPath) -> str:
        """The name of a neighbor. keepalived has one session with each (bfd_parser.c), so its settings are the same everywhere."""
        neighbor = definition["neighbor"]
        known = next(
            (one for one in self._definitions["bfd"] if one["neighbor"] == neighbor), {"name": "", **definition}
        )
        for key, value in definition.items():
            if known[key] != value:
                unit = " ms" if key == "interval" else ""
                at.report(
                    f"{key} is {value}{unit} for neighbor {neighbor}, but {known[key]}{unit} elsewhere: there is one BFD session"
                    " with a neighbor"
                )
        return self.name("bfd", neighbor, definition)

    def file(self, path: str, init_file: int | None, at: InventoryPath) -> str:
        """The name of a file, which is its path: a health check may read the same file."""
        files = self._definitions["files"]
        known = next((one for one in files if one["name"] == path), None)
        if known is None:
            files.append({"name": path, "init_file": init_file})
        elif known["init_file"] is None:
            known["init_file"] = init_file
        elif init_file not in (None, known["init_file"]):
            at.report(
                f"init_file is {init_file}, but {known['init_file']} for the same file elsewhere: a director makes the file once, so"
                " write the same number, or leave one out"
            )
        return path

    def resolved(self) -> Trackers:
        return self._definitions  # type: ignore[return-value]


def nothing() -> Track:
    """Nothing is watched."""
    return {kind: [] for kind in KINDS}  # type: ignore[return-value]


def read_track(
    given: Any, default: Track, path: InventoryPath, watched: Watched, files: ScriptFiles, hosts: Hosts
) -> Track:
    """One mapping `track`. Each of its lists replaces that of `default`."""
    track: Track = {**default}
    if given is None:
        return track
    if not isinstance(given, dict):
        path.report(f"track is {shape(given)}, not a mapping")
        return track
    at = path.at("track")
    for kind, items in given.items():
        if kind not in schema.TRACK:
            at.report(keys.unknown(kind, schema.TRACK))
        elif items is not None:
            track[kind] = _items(kind, items, at, watched, files, hosts)  # type: ignore[literal-required]
    return track


def _items(
    kind: str, given: Any, path: InventoryPath, watched: Watched, files: ScriptFiles, hosts: Hosts
) -> list[Tracked]:
    if not isinstance(given, list):
        path.report(f"{kind} is {shape(given)}, not a list")
        return []
    found: dict[str, Tracked] = {}
    for index, item in enumerate(given):
        at = path.at(kind, index)
        tracked = _item(kind, item, at, watched, files, hosts)
        if tracked is None:
            continue
        if tracked["name"] in found:
            at.report(f"{tracked['name']} is there twice")
        found[tracked["name"]] = tracked
    return list(found.values())


def _item(
    kind: str, given: Any, path: InventoryPath, watched: Watched, files: ScriptFiles, hosts: Hosts
) -> Tracked | None:
    level, alone = schema.TRACK[kind]
    missing = len(path.messages)
    single = {alone: given} if isinstance(given, str) else given
    own = keys.read(single, level, path, f"a mapping or the {alone} alone")
    command = files.command(own, path) if kind == "scripts" and len(path.messages) == missing else None
    if len(path.messages) != missing:
        return None
    if kind == "interfaces":
        name = own["interface"]
    elif command:
        definition = {
            **command,
            "interval": own["interval"],
            "timeout": own["timeout"] or own["interval"],
            "rise": own["rise"],
            "fall": own["fall"],
            "init_fail": own["init_fail"],
        }
        name = watched.name(kind, (own["src"] or own["command"].split()[0]).rpartition("/")[2], definition)
    elif kind == "files":
        name = watched.file(own["path"], own["init_file"], path)
    else:
        definition = {key: value for key, value in own.items() if key != "weight"}
        if kind == "bfd":
            _check_neighbor(own, hosts, path)
            definition["interval"] = _milliseconds(own["interval"])
            name = watched.neighbor(definition, path)
        else:
            name = watched.name(kind, own[alone], definition)
    return {"name": name, "weight": own["weight"]}


def _milliseconds(seconds: float) -> int | float:
    value = round(seconds * 1000, 3)
    return int(value) if value == int(value) else value


def _check_neighbor(own: Mapping[str, Any], hosts: Hosts, path: InventoryPath) -> None:
    address = own["neighbor"]
    if family_of(address) == "ipv6" and own["max_hops"] > MOST_HOPS_IPV6:
        path.report(
            f"max_hops is {own['max_hops']}, but keepalived allows at most {MOST_HOPS_IPV6} with an IPv6 neighbor"
        )
    for host in hosts.directors.values():
        if address in host.own_addresses:
            path.report(
                f"neighbor {address} is director {host.name}, which VRRP watches already: name a router that all directors need"
            )


def check_track(track: Track, directors: Sequence[str], hosts: Hosts, path: InventoryPath) -> None:
    """Every interface must be on every director that watches it, and VRRP must not speak on one with a weight (with facts)."""
    for one in track["interfaces"]:
        for name in directors:
            host = hosts.directors[name]
            there = [str(interface) for interface in host.facts.get("interfaces") or ()]
            if there and one["name"] not in there:
                path.report(
                    f"track interfaces has {one['name']}, which director {name} does not have (it has {listed(there)})"
                )
            elif one["weight"] and one["name"] == host.vrrp.interface:
                path.report(
                    f"track interfaces has {one['name']} with a weight, but director {name} speaks VRRP there: without it the director"
                    " gives up the VIPs, whatever the weight"
                )


def weights(track: Track) -> Iterator[Tracked]:
    """What changes the priority instead of giving up the VIPs."""
    for kind in KINDS:
        yield from (one for one in track[kind] if one["weight"])  # type: ignore[literal-required]


def check_weights(track: Track, directors: Sequence[InstanceDirector], preempt: bool, path: InventoryPath) -> None:
    """Warn of weights that cannot move the VIPs."""
    weighted = list(weights(track))
    if not weighted or len(directors) < 2:
        return
    if not preempt:
        path.warn(
            f"track has {listed(one['name'] for one in weighted)} with a weight, but preempt is false, so no director takes the VIPs"
            " because of its priority: with weight 0 a failure gives them up"
        )
        return
    added = [one["name"] for kind in KINDS if kind != "files" for one in track[kind] if one["weight"] > 0]  # type: ignore[literal-required]
    if added:
        path.warn(
            f"track has {listed(added)} with a weight above 0, which raises a director's priority while all is well. site.yml configures"
            " one director after the other, and those that are done have a higher priority than the others, so the VIPs move while it"
            " runs. Write the weight with a minus: then a failure lowers the priority, and site.yml moves no VIPs"
        )
    first, second = sorted(directors, key=lambda one: -one["priority"])[:2]
    most, gap = sum(abs(one["weight"]) for one in weighted), first["priority"] - second["priority"]
    if most <= gap and not any(one["weight"] for one in track["files"]):
        path.warn(
            f"the weights of track make {most} together, but the priorities of {first['host']} and {second['host']} differ by {gap}:"
            " nothing that is tracked would move the VIPs. Set larger weights, or a smaller priority_step"
        )


def without(track: Track, others: Track) -> Track:
    """A track without what another one has."""
    return {kind: _less(track[kind], others[kind]) for kind in KINDS}  # type: ignore[return-value, literal-required]


def _less(own: Sequence[Tracked], others: Sequence[Tracked]) -> list[Tracked]:
    names = [one["name"] for one in others]
    return [one for one in own if one["name"] not in names]
