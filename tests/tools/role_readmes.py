# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write every role's README.md from its meta/argument_specs.yml, so that no option is described twice.

Usage: role_readmes.py [--check]. With --check nothing is written, and a README that is not current is an error.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Iterator

import pages
import yaml
from pages import ROOT
from reference import MARKUP, PAGES, TOPICS, topic

GUIDES = "https://github.com/lvs-cluster/lvs.cluster/blob/main/docs/docsite/rst"
PAGE = """\
<!-- Written by `make readmes` from meta/argument_specs.yml. -->
# Role lvs.cluster.{role}

{summary}.

{description}

## Variables

{variables}

`ansible-doc --type role lvs.cluster.{role}` shows the same in a terminal.
"""


def paragraphs(description: str | list[str]) -> list[str]:
    """A description's paragraphs as Markdown, each in one line."""
    listed = [description] if isinstance(description, str) else description
    return [MARKUP.sub(r"`\1`", " ".join(text.split())) for text in listed]


def rows(options: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """One table row for every option, and after it those of its suboptions: `lvs_services[].health.type`."""
    for name, option in options.items():
        path = prefix + name
        kind = option.get("type", "str")
        if "elements" in option:
            kind += f" of {option['elements']}"
        if "choices" in option:
            kind += ": " + ", ".join(f"`{choice}`" for choice in option["choices"])
        default = f"`{json.dumps(option['default'])}`" if "default" in option else ""
        if option.get("required"):
            default = "required"
        cells = [f"`{path}`", kind, default, " ".join(paragraphs(option["description"]))]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield from rows(option.get("options", {}), path + ("[]." if option.get("type") == "list" else "."))


def tables(role: str, options: dict[str, Any]) -> Iterator[str]:
    """The table of a role's variables. Those of the role cluster are many: a table for each page of the reference."""
    listed = list(rows(options))
    if role != "cluster":
        yield table(listed)
        return
    by_page: dict[str, list[str]] = {name: [] for name in TOPICS}
    for row in listed:
        by_page[topic(row.split("`")[1])].append(row)
    for name, some in by_page.items():
        if some:
            title = re.findall(r"^(.+)\n=+$", (PAGES / f"{name}.rst").read_text(encoding="utf-8"), re.MULTILINE)[0]
            yield f"### [{title}]({GUIDES}/{name}.rst)\n\n{table(some)}"


def table(listed: list[str]) -> str:
    return "\n".join(["| Variable | Type | Default | Meaning |", "| --- | --- | --- | --- |", *listed])


def page(role: str, spec: dict[str, Any]) -> str:
    """The README of a role whose main entry point is described by `spec`."""
    return PAGE.format(
        role=role,
        summary=spec["short_description"].rstrip("."),
        description="\n\n".join(paragraphs(spec["description"])),
        variables="\n\n".join(tables(role, spec["options"])) if spec.get("options") else "None.",
    )


def readmes() -> Iterator[tuple[Path, str]]:
    """The README of every role, as it should be."""
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        role = path.parents[1]
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]
        yield role / "README.md", page(role.name, spec)


if __name__ == "__main__":
    sys.exit(pages.write(dict(readmes()), "--check" in sys.argv[1:]))
