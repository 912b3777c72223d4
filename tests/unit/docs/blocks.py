# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The code blocks of the documentation."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Iterator, NamedTuple

ROOT = Path(__file__).parents[3]
RST = ROOT / "docs/docsite/rst"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(RST.glob("*.rst"))]
IN_RST = re.compile(r"^( *)\.\. code-block::(?: *(\S*))?\n((?:\1   .*\n|\n)+)", re.MULTILINE)
IN_MARKDOWN = re.compile(r"^( *)```(\S*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    page: str
    number: int
    language: str
    text: str

    @property
    def id(self) -> str:
        return f"{self.page}-{self.language}-{self.number}"


def blocks(*languages: str) -> Iterator[Block]:
    """Every block of every page, or those of some languages, counted for each page and language."""
    for page in PAGES:
        pattern = IN_MARKDOWN if page.suffix == ".md" else IN_RST
        counts: dict[str, int] = {}
        for match in pattern.finditer(page.read_text(encoding="utf-8")):
            language = match[2] or ""
            counts[language] = counts.get(language, 0) + 1
            if not languages or language in languages:
                yield Block(page.stem, counts[language], language, textwrap.dedent(match[3]).strip("\n") + "\n")


def literals(page: Path) -> list[str]:
    """What a page names in its prose as code, each on one line."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        found = re.findall(r"`([^`]+)`", IN_MARKDOWN.sub("", text))
    else:
        found = re.findall(r"``(.+?)``", text, re.DOTALL)
    return [" ".join(one.split()) for one in found]
