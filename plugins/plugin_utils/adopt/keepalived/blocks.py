# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a keepalived.conf with what it includes into lines and blocks that know where they stand: parser.c of 2.2.7."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Iterator, Mapping

from ..notes import Notes

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([{}])|([^\s"{}]+)')
_INCLUDE = re.compile(r"^include[rmwba]*\s+(\S.*)$")
_DEFINITION = re.compile(r"^\$([A-Za-z_]\w*)\s*=\s*(.*)$")
_REFERENCE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_CONDITION = re.compile(r"^@(\^?)(\S+)\s*(.*)$")
_SEQUENCE = re.compile(r"^~(SEQ|LST)\s*\(")
_DEEPEST = 8  # files that include files, and definitions that name definitions


@dataclass
class Line:
    """A line of words, and the lines within its braces. `source` has the words as they are written, with their quotes."""

    words: list[str]
    source: list[str]
    where: str
    inside: list[Line] = field(default_factory=list)
    braces: bool = False

    @property
    def name(self) -> str:
        """The first word."""
        return self.words[0] if self.words else ""

    def word(self, index: int, default: str = "") -> str:
        """A word, or what stands for one that is not there."""
        return self.words[index] if len(self.words) > index else default

    def texts(self) -> list[str]:
        """The line and all within it, as a configuration file has them."""
        text = " ".join(self.source)
        if not self.braces:
            return [text]
        inner = [line for one in self.inside for line in one.texts()]
        return [f"{text} {{".strip(), *inner, "}"]


def read(path: str, files: Mapping[str, str], hostname: str, notes: Notes) -> Line:
    """The whole configuration as one block; `hostname` is for lines that begin with @NAME."""
    top = Line([], [], path, braces=True)
    stack = [top]
    definitions: dict[str, str] = {}
    for where, text in _lines(path, files, (hostname, hostname.partition(".")[0]), notes, 0):
        defined = _DEFINITION.match(text)
        if defined:
            definitions[defined[1]] = defined[2].strip('"')
            continue
        if _SEQUENCE.match(text):
            notes.lost(where, f"{text.partition('(')[0]} repeats lines for many values: write these services by hand")
            continue
        _add(stack, _expanded(text, definitions, where, notes), where)
    return top


def _add(stack: list[Line], text: str, where: str) -> None:
    """Add a line to the innermost block. A brace may stand on a line of its own."""
    words: list[str] = []
    source: list[str] = []
    for match in _TOKEN.finditer(text):
        if match[2] == "{":
            if words or not stack[-1].inside:
                stack[-1].inside.append(Line(words, source, where))
            opened = stack[-1].inside[-1]
            opened.braces = True
            stack.append(opened)
            words, source = [], []
        elif match[2] == "}":
            if words:
                stack[-1].inside.append(Line(words, source, where))
            words, source = [], []
            if len(stack) > 1:
                stack.pop()
        else:
            words.append(match[3] if match[1] is None else match[1])
            source.append(match[0])
    if words:
        stack[-1].inside.append(Line(words, source, where))


def _lines(
    path: str, files: Mapping[str, str], names: tuple[str, ...], notes: Notes, depth: int
) -> Iterator[tuple[str, str]]:
    """The lines that count, each with its place: without comments, those of other hosts, and with included files in their place."""
    joined, first = "", 0
    for number, raw in enumerate(files[path].splitlines(), start=1):
        text = joined + uncommented(raw)
        where = f"{path}:{first or number}"
        if text.endswith("\\"):
            joined, first = text[:-1].rstrip() + " ", first or number
            continue
        joined, first = "", 0
        condition = _CONDITION.match(text)
        if condition:
            if (condition[2] in names) == bool(condition[1]):
                continue
            text = condition[3]
        include = _INCLUDE.match(text)
        if include:
            yield from _included(include[1].strip("\"'"), path, where, files, names, notes, depth)
        elif text:
            yield where, text


def uncommented(line: str) -> str:
    """A line without its comment, which begins with ! or # outside of double quotes (parser.c, decomment)."""
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


def _included(
    pattern: str, path: str, where: str, files: Mapping[str, str], names: tuple[str, ...], notes: Notes, depth: int
) -> Iterator[tuple[str, str]]:
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), pattern))
    found = [name for name in sorted(files) if name != path and matches(name, wanted)]
    if not found or depth >= _DEEPEST:
        notes.lost(where, f"include {pattern}: no such file, keepalived includes nothing")
    for name in found if depth < _DEEPEST else ():
        yield from _lines(name, files, names, notes, depth + 1)


def matches(path: str, pattern: str) -> bool:
    """Whether a path is one that glob(3) finds for a pattern, with braces, too (parser.c, read_conf_file)."""
    return any(
        len(wanted) == len(have) and all(fnmatchcase(one, two) for one, two in zip(have, wanted))
        for have in [path.split("/")]
        for wanted in (one.split("/") for one in alternatives(pattern))
    )


def alternatives(pattern: str) -> list[str]:
    """The patterns that one with braces stands for: a{b,c} is ab and ac."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if not match:
        return [pattern]
    before, after = pattern[: match.start()], pattern[match.end() :]
    found = (whole for part in match[1].split(",") for whole in alternatives(before + part + after))
    return list(dict.fromkeys(found))


def _expanded(text: str, definitions: Mapping[str, str], where: str, notes: Notes) -> str:
    """A line with its $NAME replaced. keepalived may know names of its own, such as $_PWD, which stay."""
    for _turn in range(_DEEPEST):
        replaced = _REFERENCE.sub(lambda match: definitions.get(match[1] or match[2], match[0]), text)
        if replaced == text:
            break
        text = replaced
    left = _REFERENCE.search(text)
    if left and '"' not in text:
        notes.lost(where, f"{left[0]} is defined nowhere: write its value")
    return text
