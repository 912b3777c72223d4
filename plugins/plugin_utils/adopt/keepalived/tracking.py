# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What instances and groups of VRRP watch, and the scripts that their events start."""

from __future__ import annotations

from typing import Any

from ...cluster import schema
from ...cluster.notify import KEYWORDS
from ..notes import Notes
from .blocks import Line
from .checks import OWN_FILES
from .taking import Taking, number, put, script

# The blocks at the top of the file that define what is watched, and the key for them in `track`
DEFINED = {
    "vrrp_script": "scripts",
    "track_file": "files",
    "vrrp_track_file": "files",
    "vrrp_track_process": "processes",
    "bfd_instance": "bfd",
}
_BLOCKS = {
    "track_interface": "interfaces",
    "track_script": "scripts",
    "track_file": "files",
    "track_process": "processes",
    "track_bfd": "bfd",
}


class Definitions:
    """What the top of the file defines, by kind and name. Those that cannot be a key are told of when they are used."""

    def __init__(self, top: Line, notes: Notes) -> None:
        self._found: dict[tuple[str, str], tuple[dict[str, Any] | None, Line]] = {}
        self._notes = notes
        for line in top.inside:
            kind = DEFINED.get(line.name)
            if kind:
                self._found[kind, line.word(1)] = (self._definition(kind, line), line)

    @property
    def files(self) -> dict[str, str]:
        """The paths of the blocks track_file, by name."""
        return {name: own["path"] for (kind, name), (own, _line) in self._found.items() if kind == "files" and own}

    def one(self, kind: str, name: str) -> dict[str, Any] | None:
        """An entry of `track` for something that is watched; None if there is none."""
        own, _line = self._found.get((kind, name), (None, None))
        return dict(own) if own else None

    def _definition(self, kind: str, line: Line) -> dict[str, Any] | None:
        block = Taking(line, line.name, self._notes)
        if kind == "scripts":
            return self._script(block)
        if kind == "files":
            return self._file(block)
        if kind == "processes":
            return self._process(block)
        return self._neighbor(block)

    def _script(self, block: Taking) -> dict[str, Any] | None:
        line, user = block.last("script"), block.last("user")
        if line is None:
            return None
        command = script(
            line, schema.TRACK_SCRIPT["command"], self._notes, user=":".join(user.words[1:]) if user else None
        )
        if command is None:
            return None
        own = command if isinstance(command, dict) else {"command": command}
        interval = block.number("interval") or 1
        put(own, schema.TRACK_SCRIPT, "interval", interval, block.where, self._notes)
        for name in ("timeout", "rise", "fall", "weight"):
            value = block.number(name)
            if not (name == "timeout" and value in (0, interval)):
                put(own, schema.TRACK_SCRIPT, name, value, block.where, self._notes)
        put(own, schema.TRACK_SCRIPT, "init_fail", block.flag("init_fail"), block.where, self._notes)
        self._told_of(block)
        return own

    def _file(self, block: Taking) -> dict[str, Any] | None:
        own: dict[str, Any] = {"path": block.value("file")}
        # keepalived's default is 1, too
        put(own, schema.TRACK_FILE, "weight", block.number("weight"), block.where, self._notes)
        start = block.last("init_file")
        if start is not None:
            own["init_file"] = number(start.word(1)) or 0
        self._told_of(block)
        return own if own["path"] else None

    def _process(self, block: Taking) -> dict[str, Any] | None:
        own: dict[str, Any] = {}
        line = block.last("process")
        if line is None or not put(
            own, schema.TRACK_PROCESS, "process", " ".join(line.words[1:]), line.where, self._notes
        ):
            return None
        for name in ("weight", "quorum", "delay"):
            put(own, schema.TRACK_PROCESS, name, block.number(name), block.where, self._notes)
        self._told_of(block)
        return own

    def _neighbor(self, block: Taking) -> dict[str, Any] | None:
        own: dict[str, Any] = {}
        address = block.value("neighbor_ip")
        if not put(own, schema.TRACK_BFD, "neighbor", address, block.where, self._notes):
            return None
        block.all("source_ip")
        # In milliseconds; bfd.h has 10, 10 and 5
        slowest = max(block.number("min_rx") or 10, block.number("min_tx") or 10)
        put(own, schema.TRACK_BFD, "interval", slowest / 1000, block.where, self._notes)
        put(own, schema.TRACK_BFD, "multiplier", block.number("multiplier") or 5, block.where, self._notes)
        for name in ("max_hops", "weight"):
            put(own, schema.TRACK_BFD, name, block.number(name), block.where, self._notes)
        self._told_of(block)
        return own

    def _told_of(self, block: Taking) -> None:
        for line in block.left:
            self._notes.lost(
                line.where,
                f"{line.name} of {block.kind} has no key: write the block into a file that lvs_keepalived.include names",
            )


def read_track(block: Taking, definitions: Definitions, notes: Notes) -> dict[str, list[Any]]:
    """The mapping `track` of an instance or a group. Its blocks are taken."""
    track: dict[str, list[Any]] = {}
    for word, kind in _BLOCKS.items():
        for line in block.inside(word):
            entry = _tracked(kind, line, definitions, notes)
            if entry is not None and entry not in track.setdefault(kind, []):
                track[kind].append(entry)
    return {kind: entries for kind, entries in track.items() if entries}


def _tracked(kind: str, line: Line, definitions: Definitions, notes: Notes) -> Any:
    """What one line watches: `NAME [weight N]`."""
    name = line.name
    if kind == "files" and name in OWN_FILES:
        return None
    level, alone = schema.TRACK[kind]
    entry = {"interface": name} if kind == "interfaces" else definitions.one(kind, name)
    if entry is None:
        notes.lost(line.where, f"{name} is watched, but its definition is not there, or cannot be in the inventory")
        return None
    words = line.words[1:]
    if "weight" in words[:-1]:
        entry.pop("weight", None)
        put(entry, level, "weight", number(words[words.index("weight") + 1]), line.where, notes)
    if "reverse" in words or "no_reverse" in words:
        notes.lost(line.where, f"{name} is watched in reverse, for which there is no key")
    return entry[alone] if set(entry) == {alone} else entry


def read_notify(block: Taking, kind: str, name: str, priority: int, notes: Notes) -> dict[str, Any]:
    """The mapping `notify` of an instance or a group. Its lines are taken."""
    found: dict[str, Any] = {}
    for event in schema.EVENTS if kind == "INSTANCE" else schema.GROUP_EVENTS:
        word, state = KEYWORDS[event]
        if line := block.last(word):
            told = script(line, schema.SCRIPT["command"], notes, (kind, name, state, str(priority)))
            if told is not None:
                found[event] = told
    return found
