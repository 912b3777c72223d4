# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect the mistakes of an inventory, each with its path in the inventory."""

from __future__ import annotations

import difflib
import json
from typing import Dict, Iterable


class Mistakes(Dict[str, None]):
    """An ordered set of messages: a mistake in many places below one path is reported once.

    `warnings` are also messages: about what may be wrong, but the facts cannot decide.
    """

    def __init__(self, messages: Iterable[str] = ()):
        super().__init__(dict.fromkeys(messages))
        self.warnings: dict[str, None] = {}


class InventoryMistakes(Exception):
    """The inventory does not describe a cluster; `messages` lists every mistake found."""

    def __init__(self, mistakes: Mistakes):
        messages = self.messages = list(mistakes)
        found = "1 mistake" if len(messages) == 1 else f"{len(messages)} mistakes"
        super().__init__("\n".join([f"{found} in the inventory, nothing was changed:", *(f"- {m}" for m in messages)]))


class InventoryPath:
    """The place of a value in the inventory, to report a mistake there; without a key, the inventory itself.

    The text of a path is built only if there is something to report: a large inventory has a hundred thousand paths, and
    usually no mistakes.
    """

    __slots__ = ("_messages", "parent", "key", "index", "name")

    def __init__(self, key: str, messages: Mistakes, parent: InventoryPath | None = None, index: int | None = None):
        self._messages = messages
        self.parent = parent
        self.key = key
        self.index = index
        self.name: str | None = None

    @property
    def messages(self) -> Mistakes:
        """All mistakes that have been reported so far, here and elsewhere."""
        return self._messages

    def __str__(self) -> str:
        path = self.key if self.index is None else f"{self.key}[{self.index}]"
        if self.name is not None:
            path += f' "{self.name}"'
        return path if self.parent is None or not self.parent.key else f"{self.parent} {path}"

    def at(self, key: str, index: int | None = None) -> InventoryPath:
        """The path of a key, or of one item of its list, below this one."""
        return InventoryPath(key, self._messages, self, index)

    def item(self, index: int) -> InventoryPath:
        """The path of one item of this list."""
        return InventoryPath(self.key, self._messages, self.parent, index)

    def report(self, mistake: str) -> None:
        """Report a mistake here."""
        self._messages[f"{self}: {mistake}" if self.key else mistake] = None

    def warn(self, doubt: str) -> None:
        """Report what may be a mistake here."""
        self._messages.warnings[f"{self}: {doubt}" if self.key else doubt] = None


def shape(value: object) -> str:
    """The type of a value, without its contents: a string in the place of a mapping may be full of secrets."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str):
        return "a string"
    return "true or false" if isinstance(value, bool) else "a number"


def shown(value: object) -> str:
    """A value as in the inventory, shortened; for containers only their type."""
    if isinstance(value, (dict, list, tuple)):
        return shape(value)
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(word: object, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that `word` most likely means, if one is similar."""
    matches = difflib.get_close_matches(str(word), list(known), n=1, cutoff=cutoff)
    return matches[0] if matches else None


def listed(names: Iterable[object]) -> str:
    """Names in a message: `a, b and c`."""
    words = [str(n) for n in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def near_hint(word: object, known: Iterable[str], what: str) -> str:
    """The end of a message about an unknown name: `: the nearest ... is ...`, or nothing."""
    near = nearest(word, known)
    return f": the nearest {what} is {near}" if near else ""
