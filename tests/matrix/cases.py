# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories of the tests of `resolve`, and those of this folder's cases/, as files for ansible-playbook."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
RIGHT = ROOT / "tests/unit/plugins/plugin_utils/cluster"
sys.path.insert(0, str(ROOT / ".ansible/collections"))

from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import (  # noqa: E402
    apply,
    network_facts,
)


class Literal(str):
    """A text of an inventory with braces that are no template."""


class Dumper(yaml.SafeDumper):
    """Writes texts as they are meant."""


Dumper.add_representer(Literal, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))


def read(case: str) -> dict[str, Any]:
    """An inventory as the tests of `resolve` have it, with the base filled in."""
    own = Path(__file__).parent / f"cases/{case}.yml"
    file = own if own.exists() else RIGHT / f"right/{case}.yml"
    base = yaml.safe_load((RIGHT / "base.yml").read_text(encoding="utf-8"))
    return apply(base, yaml.safe_load(file.read_text(encoding="utf-8")))


def inventory(case: str) -> str:
    """The inventory in YAML."""
    data = read(case)
    groups = {
        group: {"hosts": {host: literal(data["hosts"].get(host, {})) for host in hosts}}
        for group, hosts in data["groups"].items()
    }
    return yaml.dump({"all": {"children": groups, "vars": literal(data["all"])}}, Dumper=Dumper, width=10000)


def literal(value: Any) -> Any:
    """The same, with every text with braces as a Literal."""
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    return Literal(value) if isinstance(value, str) and "{" in value else value


def world(case: str) -> dict[str, Any]:
    """What the hosts are."""
    return {"facts": {host: network_facts(interfaces) for host, interfaces in read(case)["facts"].items()}}
