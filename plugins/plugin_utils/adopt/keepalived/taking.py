# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the lines of a block one after the other. What is left goes into raw, or is told of."""

from __future__ import annotations

import math
import re
from typing import Any, Iterable, Mapping

from ...cluster import validators
from ...cluster.commands import has_words
from ...cluster.keys import Key
from ..notes import Notes
from ..sensitive import seems_secret
from .blocks import Line
from .words import known

# Words of keepalived for true and false (parser.c, check_true_false)
_OFF = frozenset(("false", "off", "no", "0"))
# scripts.py has keepalived run the scripts of users other than root this way
_AS_USER = re.compile(r"^/usr/sbin/chroot --userspec=(\S+) / (.+)$", re.DOTALL)
_SHELL = re.compile(r"[<>|&;`*?\[\]()~]")
_BARE = re.compile(r"[A-Za-z0-9_.+-]+$")


class Taking:
    """A block, of a kind such as virtual_server, whose lines are taken."""

    def __init__(self, line: Line, kind: str, notes: Notes) -> None:
        self.line, self.kind, self.notes = line, kind, notes
        self.where = line.where
        self.left = [one for one in line.inside if one.name]

    def all(self, *names: str) -> list[Line]:
        """The lines that begin with one of some words. They are not left any more."""
        found = [one for one in self.left if one.name in names]
        self.left = [one for one in self.left if one.name not in names]
        return found

    def last(self, *names: str) -> Line | None:
        """The last of such lines, which counts for keepalived."""
        found = self.all(*names)
        return found[-1] if found else None

    def value(self, *names: str) -> str | None:
        """The word behind one of some words, None without."""
        line = self.last(*names)
        return line.word(1) if line else None

    def number(self, *names: str) -> int | float | None:
        """A number behind one of some words. What is none is told of."""
        line = self.last(*names)
        return self.number_of(line) if line else None

    def number_of(self, line: Line) -> int | float | None:
        """The number in a line."""
        value = number(line.word(1))
        if value is None:
            self.notes.lost(line.where, f"{line.name} has {line.word(1) or 'no value'}, which is no number")
        return value

    def flag(self, *names: str) -> bool | None:
        """Whether one of some words is there and not turned off; None without."""
        line = self.last(*names)
        return None if line is None else line.word(1, "true").lower() not in _OFF

    def inside(self, *names: str) -> list[Line]:
        """The lines of the blocks that begin with one of some words. Words in the same line are lines, too."""
        return [inner for line in self.all(*names) for inner in line.inside if inner.words]

    def raw(self, otherwise: Mapping[str, str] | None = None) -> list[str]:
        """What is left, in keepalived's words. `otherwise` has the words that raw cannot have, with the reason."""
        lines: list[str] = []
        for one in self.left:
            if one.name in (otherwise or {}):
                self.notes.lost(one.where, f"{one.name}: {(otherwise or {})[one.name]}")
            elif one.name in known(self.kind):
                self.notes.raw(one.where, f"{one.name} has no key in the inventory: kept in raw of {self.kind}")
                lines += one.texts()
            else:
                self.notes.lost(one.where, f"{one.name} is no word of keepalived in {self.kind}, which skips it")
        self.left = []
        return lines


def number(text: str) -> int | float | None:
    """A number in a configuration; a whole one is an int."""
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def put(target: dict[str, Any], keys: Mapping[str, Key], name: str, value: Any, where: str, notes: Notes) -> bool:
    """Set a key, unless the inventory would refuse the value, which is told, or has it by default."""
    key = keys[name]
    if value is None:
        return False
    try:
        key.validator.read(value)
    except ValueError as wrong:
        what = "the value" if key.secret or seems_secret(str(value)) else str(value)
        notes.lost(where, f"{name} cannot be {what}: {validators.reason(wrong, key.validator)}")
        return False
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    if value != default:
        target[name] = value
    return True


def script(line: Line, key: Key, notes: Notes, arguments: Iterable[str] = (), user: str | None = None) -> Any:
    """The script in a line: a command, or a mapping with its user. None if it cannot be one, which is told.

    `arguments` are those that the roles add themselves.
    """
    command = line.word(1)
    user = line.word(2) or user
    if line.word(3):
        user = f"{user}:{line.word(3)}"
    wrapped = _AS_USER.match(command)
    if wrapped and user == "root":
        user, command = wrapped[1], wrapped[2]
    added = " ".join(arguments)
    if added and command.endswith(f" {added}"):
        command = command[: -len(added) - 1]
    elif added:
        notes.explained(line.where, f"{line.name} gets these arguments from now on: {added}")
    plain = spelled(command, line, notes)
    try:
        key.validator.read(plain)
    except ValueError as wrong:
        what = "this command" if seems_secret(plain) else plain
        notes.lost(line.where, f"{line.name} cannot be {what}: {validators.reason(wrong, key.validator)}")
        return None
    return {"command": plain, "user": user} if user else plain


def spelled(command: str, line: Line, notes: Notes) -> str:
    """A command with the path of its program. keepalived searches PATH, as env(1) does."""
    program = "".join(command.split(maxsplit=1)[:1])
    if not program or program.startswith("/") or _SHELL.search(command) or not _BARE.match(program):
        return command
    notes.explained(line.where, f"{program} has no path. keepalived searches it, and so does env")
    return f"/usr/bin/env {command}"


def with_words(text: str, words: Mapping[str, str]) -> str:
    """A text with {vip} and {address} in place of addresses."""
    for word, value in words.items():
        text = re.sub(rf"(?<![\w.:]){re.escape(value)}(?![\w.])", f"{{{word}}}", text)
    return text


def is_worded(text: str) -> bool:
    """Whether a command has words that stand for addresses."""
    return has_words(text)
