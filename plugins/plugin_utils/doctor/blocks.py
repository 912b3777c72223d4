# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the words and blocks of a keepalived.conf, as much as the doctor needs: keepalived.conf(5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Iterator

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([{}])|([^\s"{}]+)')
_COMMENT = re.compile(r'^((?:[^"#!]|"[^"]*")*?)(?:^|(?<=\s))[#!].*$')
_DEFINITION = re.compile(r"^\s*\$([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")
_REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_CONDITION = re.compile(r"^\s*@(\^?)(\S+)\s+(.*)$")
_DEEPEST = 8  # definitions that name definitions


@dataclass
class Block:
    """A line of words, and the lines within its braces."""

    words: list[str]
    inside: list[Block] = field(default_factory=list)

    def all(self, *names: str) -> Iterator[Block]:
        """The blocks and lines within that begin with one of some words."""
        return (block for block in self.inside if block.words and block.words[0] in names)

    def value(self, *names: str) -> str | None:
        """The word after one of some words, of the last line that has it; None without."""
        found = None
        for block in self.all(*names):
            found = block.words[1] if len(block.words) > 1 else ""
        return found

    def lines(self, *names: str) -> list[list[str]]:
        """The words of the lines within the blocks that begin with one of some words. A block in one line is one line."""
        return [line.words for block in self.all(*names) for line in block.inside if line.words]


def read(text: str, names: tuple[str, ...] = ()) -> Block:
    """Return the whole configuration as one block; `names` are those of the host, for lines that begin with @NAME."""
    definitions: dict[str, str] = {}
    top = Block([])
    stack = [top]
    for line in _lines(text, names):
        defined = _DEFINITION.match(line)
        if defined:
            definitions[defined[1]] = defined[2].strip('"')
            continue
        words: list[str] = []
        for match in _TOKEN.finditer(_expanded(line, definitions)):
            if match[2] == "{":
                _open(stack, words)
                words = []
            elif match[2] == "}":
                _add(stack[-1], words)
                words = []
                if len(stack) > 1:
                    stack.pop()
            else:
                words.append(match[3] if match[1] is None else match[1])
        _add(stack[-1], words)
    return top


def _lines(text: str, names: tuple[str, ...]) -> Iterator[str]:
    for raw in text.splitlines():
        match = _COMMENT.match(raw)
        line = match[1] if match else raw
        condition = _CONDITION.match(line)
        if condition:
            if (condition[2] in names) == bool(condition[1]):
                continue
            line = condition[3]
        if line.strip():
            yield line


def _expanded(line: str, definitions: dict[str, str]) -> str:
    for _turn in range(_DEEPEST):
        replaced = _REFERENCE.sub(lambda match: definitions.get(match[1], match[0]), line)
        if replaced == line:
            break
        line = replaced
    return line


def _open(stack: list[Block], words: list[str]) -> None:
    """Begin a block: of the words before its brace, or of the line before."""
    if words or not stack[-1].inside:
        stack[-1].inside.append(Block(words))
    stack.append(stack[-1].inside[-1])


def _add(block: Block, words: list[str]) -> None:
    if words:
        block.inside.append(Block(words))
