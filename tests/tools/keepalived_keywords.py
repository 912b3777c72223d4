# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the table of keepalived's keywords in the documentation from keepalived_keywords.yml.

Usage: keepalived_keywords.py [--check | --list PAGE]. With --check nothing is written, and a table that is not current is an
error. --list prints the keywords of a manual page keepalived.conf(5), for keepalived_keywords.txt.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path
from typing import Any, Iterator

import pages
import yaml
from pages import ROOT

DATA = Path(__file__).with_suffix(".yml")
LIST = Path(__file__).with_suffix(".txt")
PAGE = ROOT / "docs/docsite/rst/keepalived_keywords.rst"
# Blocks whose lines are those of `ip route` and `ip rule`
LINES = ("static_routes", "static_rules", "virtual_routes", "virtual_rules")
# Blocks whose lines are addresses: their words stand in brackets
ADDRESSES = ("static_ipaddress", "virtual_ipaddress", "virtual_ipaddress_excluded", "unicast_peer")


def listed(text: str) -> list[tuple[str, str]]:
    """The keywords of keepalived_keywords.txt, each with its block; a block at the top of the file is in block `file`."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(words[0], words[1]) for words in map(str.split, lines)]


def keywords_of(manual: str) -> list[tuple[str, str]]:
    """Every keyword in the source of a manual page keepalived.conf(5), with the block that it stands in.

    The page sets keywords in bold type, but for some in a block.
    """
    found: dict[tuple[str, str], None] = {}
    blocks: list[str] = []
    literal = False
    body = manual.partition(".SH Global definitions")[2].partition(".SH ADVANCED CONFIGURATION")[0]
    for line in body.splitlines():
        if line.startswith("."):
            literal = {".nf": True, ".fi": False}.get(line, literal and not line.startswith(".SH"))
            blocks = [] if line.startswith(".SH") else blocks
            continue
        source = line.partition("#")[0].strip()
        if not literal or not source:
            continue
        plain = re.sub(r"\\f[BR]", "", source)
        opens, block = plain.endswith("{"), blocks[-1] if blocks else "file"
        bold = re.match(r"\\fB\[?([\w|-]+)", source)
        pale = re.match(r"[a-z]+(_[a-z]+)+\b", source) if opens or (blocks and block not in LINES) else None
        words = (bold[1] if bold else pale[0] if pale else "").split("|")
        if block in ADDRESSES:
            words += re.findall(r"\[(-?[a-z]\w*)", plain)
        found.update(dict.fromkeys((block, word) for word in words if word))
        if opens:
            blocks.append(words[0] or plain.split()[0])
        elif plain == "}" and blocks:
            blocks.pop()
    return list(found)


def manual(path: Path) -> str:
    """The source of a manual page, which may be compressed."""
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")


def where(entry: dict[str, Any], block: dict[str, Any]) -> str:
    """The cell that says what a keyword is here."""
    parts = []
    if "key" in entry:
        keys = [entry["key"]] if isinstance(entry["key"], str) else entry["key"]
        parts.append(", ".join(f"``{key}``" for key in keys))
    if "raw" in entry:
        lines = [entry["raw"]] if isinstance(entry["raw"], str) else entry["raw"]
        shown = " / ".join(lines)
        parts.append(f"``{block['way']}``: ``{shown}``")
    if "set" in entry:
        parts.append(f"Set by the roles: {entry['set']}")
    if "reason" in entry:
        parts.append(f"Not here: {entry['reason']}")
    if "note" in entry:
        parts.append(entry["note"])
    return ". ".join(part.rstrip(".") for part in parts) + "."


def page(data: dict[str, Any]) -> str:
    """The page of the documentation."""
    return "\n".join(_lines(data)) + "\n"


def _lines(data: dict[str, Any]) -> Iterator[str]:
    yield ".. Copyright (c) lvs.cluster contributors"
    yield ".. GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)"
    yield ".. SPDX-License-Identifier: GPL-3.0-or-later"
    yield ".. Written by `make readmes` from tests/tools/keepalived_keywords.yml."
    yield ""
    yield ".. _ansible_collections.lvs.cluster.docsite.keepalived_keywords:"
    yield ""
    yield from ("Keywords of keepalived.conf", "===========================", "")
    yield from (data["introduction"].rstrip("\n"), "")
    for block in data["blocks"]:
        yield from (block["title"], "-" * len(block["title"]), "")
        if "text" in block:
            yield from (block["text"].rstrip("\n"), "")
        yield from (".. list-table::", "   :header-rows: 1", "   :widths: 30 70", "")
        yield from ("   * - Keyword", "     - In the inventory")
        for keyword, entry in block["keywords"].items():
            yield f"   * - ``{keyword}``"
            yield f"     - {where(entry, block)}"
        yield ""


def main() -> int:
    if sys.argv[1:2] == ["--list"]:
        for block, keyword in keywords_of(manual(Path(sys.argv[2]))):
            print(block, keyword)
        return 0
    return pages.write({PAGE: page(yaml.safe_load(DATA.read_text(encoding="utf-8")))}, "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
