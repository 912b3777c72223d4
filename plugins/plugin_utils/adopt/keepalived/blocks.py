# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a keepalived.conf with what it includes into lines and blocks that know where they stand: parser.c of 2.2.7."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Mapping

from ....module_utils.keepalived_lines import Reader
from ..notes import Notes

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([{}])|([^\s"{}]+)')
_REFERENCE = re.compile(r"\$\{?[A-Za-z_]\w*\}?")


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


def read(path: str, files: Mapping[str, str], own: str, notes: Notes) -> Line:
    """The whole configuration as one block; `own` is the word of lines for this host: config_id in module_utils/adopt.py."""

    def found(pattern: str) -> list[str]:
        return [name for name in sorted(files) if matches(name, pattern)]

    top = Line([], [], path, braces=True)
    stack = [top]
    for where, text in Reader(files.get, found, own, notes.lost).lines(path):
        left = _REFERENCE.search(text)
        if left and '"' not in text:
            notes.lost(where, f"{left[0]} is defined nowhere: write its value")
        _add(stack, text, where)
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
