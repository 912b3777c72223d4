# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every inventory in the guides and the README resolves, so that what a reader copies is right."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/docsite/rst").glob("*.rst"))]
RST = re.compile(r"^\.\. code-block:: yaml\n\n((?:   .*\n|\n)+)", re.MULTILINE)
MARKDOWN = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)

# The cluster that the fragments of the guides belong to.
GROUPS = {
    "directors": {"lb1": "192.0.2.11", "lb2": "192.0.2.12"},
    "real_servers": {"www1": "192.0.2.21", "www2": "192.0.2.22", "www3": "192.0.2.23"},
}
SERVICES = {"lvs_services": [{"name": "www", "vip": "192.0.2.100", "port": 80}]}


def blocks() -> Iterator[Any]:
    """Every YAML block of every page, as a parameter named for its page and place."""
    for page in PAGES:
        pattern = MARKDOWN if page.suffix == ".md" else RST
        for number, match in enumerate(pattern.finditer(page.read_text(encoding="utf-8")), start=1):
            yield pytest.param(textwrap.dedent(match[1]), id=f"{page.stem}-{number}")


def cluster(content: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The variables of every host and the groups of a whole inventory, or of one with these variables."""
    if "all" in content:
        children = content["all"]["children"]
        own = {name: variables or {} for group in children.values() for name, variables in group["hosts"].items()}
        # What a host without lvs_address is known by
        hosts = {
            name: {"lvs_address": f"192.0.2.{number}", **content["all"].get("vars", {}), **variables}
            for number, (name, variables) in enumerate(own.items(), start=11)
        }
        return hosts, {name: list(group["hosts"]) for name, group in children.items()}
    hosts = {
        name: {**SERVICES, **content, "lvs_address": address, "lvs_address6": f"2001:db8::{address.rpartition('.')[2]}"}
        for members in GROUPS.values()
        for name, address in members.items()
    }
    return hosts, {group: list(members) for group, members in GROUPS.items()}


@pytest.mark.parametrize("text", list(blocks()))
def test_an_inventory_in_the_documentation_resolves(text, tmp_path):
    content = yaml.safe_load(re.sub(r"{{ vault_\w+ }}", "example", text))
    # The rest are playbooks and files of other variables; what begins with lvs_ is resolved, which refuses misspelt names.
    if isinstance(content, dict) and any(name == "all" or name.startswith("lvs_") for name in content):
        hosts, groups = cluster(content)
        for name in re.findall(r"\bsrc: ([\w/-]+)", text):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        assert resolve({name: {**own, "inventory_dir": tmp_path} for name, own in hosts.items()}, groups)["vips"]
