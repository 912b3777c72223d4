# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of a keepalived.conf as keepalived reads them: parser.c of 2.2.7, read_line.

Included files are in their place, comments and the lines of other hosts are left out, $NAMES have their values, and a line with ~SEQ or
~LST is there for each of its values.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import Callable, Iterable, Iterator

DEEPEST = 8  # files that include files
_MOST_TURNS = 16  # values that name other values
_MOST_VALUES = 4096  # of ~SEQ
_INCLUDE = re.compile(r"^include[rmwba]*\s+(\S.*)$")
_DEFINITION = re.compile(r"^\$([A-Za-z_]\w*)\s*=\s*(.*)$")
_REFERENCE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_CONDITION = re.compile(r"^@(\^?)(\S+)\s*(.*)$")
_REPEATED = re.compile(r"^~(SEQx?|LST)\s*\(([^)]*)\)\s*(.*)$")
_PLAIN = re.compile(r'^"([^"\s]*)"$')


def uncommented(line: str) -> str:
    """Return a line without its comment, which begins with ! or # outside of double quotes (decomment)."""
    quoted = False
    kept = []
    position = 0
    while position < len(line):
        character = line[position]
        if character == "\\" and position + 1 < len(line):
            following = line[position + 1]
            kept.append(following if not quoted and following in "#!" else character + following)
            position += 2
            continue
        if character == '"':
            quoted = not quoted
        elif character in "!#" and not quoted:
            break
        kept.append(character)
        position += 1
    return "".join(kept).strip()


def _silent(_where: str, _text: str) -> None:
    """Tell nobody."""


@dataclass
class Reader:
    """Reads the lines. `text_of` returns the text of a file, None without one; `found` the files for a pattern of include.

    `own` is the word behind @ of lines for this host. `tell` is told of what cannot be read, with its place.
    """

    text_of: Callable[[str], str | None]
    found: Callable[[str], Iterable[str]]
    own: str
    tell: Callable[[str, str], None] = _silent
    definitions: dict[str, list[str]] = field(default_factory=dict)

    def lines(self, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
        """Yield the place and the text of each line."""
        open_definition: list[str] | None = None
        joined, first = "", 0
        for number, raw in enumerate((self.text_of(path) or "").split("\n"), start=1):
            text = uncommented(raw.rstrip("\r"))
            if open_definition is not None:
                # A comment between the lines does not end it, but an empty line does
                if not text and raw.strip():
                    continue
                goes_on = text.endswith("\\")
                value = text[:-1].rstrip() if goes_on else text
                open_definition += [value] if value else []
                open_definition = open_definition if goes_on else None
                continue
            text = joined + text
            where = f"{path}:{first or number}"
            text = self._of_this_host(text)
            defined = _DEFINITION.match(text)
            if defined and text.endswith("\\"):
                value = defined[2][:-1].rstrip()
                open_definition = self.definitions[defined[1]] = [value] if value else []
                joined, first = "", 0
                continue
            if text.endswith("\\"):
                joined, first = text[:-1].rstrip() + " ", first or number
                continue
            joined, first = "", 0
            yield from self._read(text, where, path, depth, 0)

    def _read(self, text: str, where: str, path: str, depth: int, turn: int) -> Iterator[tuple[str, str]]:
        text = self._of_this_host(text)
        defined = _DEFINITION.match(text)
        repeated = _REPEATED.match(text)
        if defined:
            plain = _PLAIN.match(defined[2])
            self.definitions[defined[1]] = [plain[1] if plain else defined[2]]
        elif repeated:
            yield from self._repeat(repeated, where, path, depth, turn)
        else:
            replaced, following = self._replaced(text, path)
            if (replaced != text or following) and turn < _MOST_TURNS:
                for one in (replaced, *following):
                    yield from self._read(uncommented(one), where, path, depth, turn + 1)
            elif include := _INCLUDE.match(text):
                yield from self._included(include[1].strip("\"'"), where, path, depth)
            elif text:
                yield where, text

    def _of_this_host(self, text: str) -> str:
        condition = _CONDITION.match(text)
        if not condition:
            return text
        return condition[3] if (condition[2] == self.own) != bool(condition[1]) else ""

    def _replaced(self, text: str, path: str) -> tuple[str, list[str]]:
        """Return a line with the values of its $NAMES, and the lines that follow it: a value may have several lines."""
        following: list[str] = []

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name == "_PWD":
                return posixpath.dirname(path)
            if name not in self.definitions:
                return match[0]
            first, *rest = self.definitions[name] or [""]
            following.extend(rest)
            return first

        return _REFERENCE.sub(value, text), following

    def _repeat(
        self, repeated: re.Match[str], where: str, path: str, depth: int, turn: int
    ) -> Iterator[tuple[str, str]]:
        parameters = self._replaced(repeated[2], path)[0]
        values = listed(parameters) if repeated[1] == "LST" else counted(parameters, repeated[1] == "SEQx")
        if values is None or turn >= _MOST_TURNS:
            self.tell(where, f"~{repeated[1]}({repeated[2]}) cannot be read: write these lines by hand")
            return
        for each in values:
            self.definitions.update({name: [value] for name, value in each.items()})
            yield from self._read(repeated[3], where, path, depth, turn + 1)

    def _included(self, pattern: str, where: str, path: str, depth: int) -> Iterator[tuple[str, str]]:
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), pattern))
        files = list(self.found(wanted)) if depth < DEEPEST else []
        if not files:
            self.tell(where, f"include {pattern}: no such file, keepalived includes nothing")
        for name in files:
            yield from self.lines(name, depth + 1)


def counted(parameters: str, hexadecimal: bool = False) -> list[dict[str, str]] | None:
    """Return the values of ~SEQ(NAME, [START, [STEP,]] END), None for what is none (add_seq)."""
    name, *words = [word.strip() for word in parameters.split(",")]
    try:
        numbers = [int(word, 0) for word in words]
    except ValueError:
        return None
    if not name or not 1 <= len(numbers) <= 3:
        return None
    if len(numbers) == 1:
        numbers.insert(0, -1 if numbers[0] < 0 else 1)
    if len(numbers) == 2:
        numbers.insert(1, 1 if numbers[0] <= numbers[1] else -1)
    start, step, end = numbers
    if not step or (end - start) * step < 0 or abs(end - start) // abs(step) >= _MOST_VALUES:
        return None
    found = range(start, end + (1 if step > 0 else -1), step)
    return [{name: f"{value:x}" if hexadecimal else str(value)} for value in found]


def listed(parameters: str) -> list[dict[str, str]] | None:
    """Return the values of ~LST(NAME, VALUE, ...) or ~LST({NAME, NAME}, {VALUE, VALUE}, ...), None for what is none (add_lst)."""
    groups = re.findall(r"\{([^{}]*)\}|([^{},\s][^{},]*)", parameters)
    rows = [[word.strip() for word in (several or one).split(",")] for several, one in groups]
    if len(rows) < 2 or any(len(row) != len(rows[0]) or not all(row) for row in rows):
        return None
    return [dict(zip(rows[0], row)) for row in rows[1:]]
