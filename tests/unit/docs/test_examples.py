# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every inventory in the documentation resolves, and every playbook names modules and options that exist. What a reader copies is right."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from jinja2.nativetypes import NativeEnvironment

from .blocks import Block, blocks

# The cluster that the fragments of the guides belong to.
GROUPS = {
    "directors": {"lb1": "192.0.2.11", "lb2": "192.0.2.12"},
    "real_servers": {"www1": "192.0.2.21", "www2": "192.0.2.22", "www3": "192.0.2.23"},
}
SERVICE = {"name": "www", "vip": "192.0.2.100", "port": 80}
# Blocks of YAML that are no inventory and no playbook, by what they begin with.
OTHERS = {
    "keepalived_instances:": "variables of another role; tests/unit/roles/moving_in has the whole inventory",
    "rule_files:": "Prometheus's own configuration",
    "# group_vars/all/vault.yml": "the vault's variable, which only names itself",
}
# What is shown, and not copied.
SHOWN = {
    "text": "output and drawings",
    "promql": "queries, which tests/unit/extensions runs as rules",
    "console": "test_commands.py",
}
KEYWORDS_OF_TASKS = {
    "name",
    "register",
    "async",
    "poll",
    "until",
    "retries",
    "delay",
    "run_once",
    "when",
    "loop",
    "vars",
}


def is_playbook(content: Any) -> bool:
    return isinstance(content, list) and all("hosts" in play for play in content)


def is_variables(content: Any) -> bool:
    return isinstance(content, dict) and any(
        name == "all" or name.startswith(("lvs_", "director_")) for name in content
    )


def is_groups(content: Any) -> bool:
    return isinstance(content, dict) and bool(content.keys() & {*GROUPS, "clients"})


def is_service(content: Any) -> bool:
    return isinstance(content, dict) and bool(content.keys() & {"health", "raw"})


def parameters(condition: Any) -> list[Any]:
    found = [(block, yaml.safe_load(block.text)) for block in blocks("yaml")]
    return [pytest.param(block, id=block.id) for block, content in found if condition(content)]


def inventory(content: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The variables of every host and the groups of a whole inventory, of some of its groups, or of one with these variables."""
    if is_groups(content):
        rest = {
            name: {"hosts": {host: {"lvs_address": address} for host, address in members.items()}}
            for name, members in GROUPS.items()
        }
        content = {"all": {"children": {**rest, **content}, "vars": {"lvs_services": [SERVICE]}}}
    if "all" in content:
        children = content["all"]["children"]
        own = {name: variables or {} for group in children.values() for name, variables in group["hosts"].items()}
        # What a host without lvs_address is known by
        hosts = {
            name: {"lvs_address": f"192.0.2.{number}", **content["all"].get("vars", {}), **variables}
            for number, (name, variables) in enumerate(own.items(), start=11)
        }
        return hosts, {name: list(group["hosts"]) for name, group in children.items()}
    if is_service(content):
        content = {"lvs_services": [{**SERVICE, **content}]}
    hosts = {
        name: {
            "lvs_services": [SERVICE],
            **content,
            "lvs_address": address,
            "lvs_address6": f"2001:db8::{address.rpartition('.')[2]}",
        }
        for members in GROUPS.values()
        for name, address in members.items()
    }
    return hosts, {group: list(members) for group, members in GROUPS.items()}


@pytest.mark.parametrize(
    "block", parameters(lambda found: is_variables(found) or is_groups(found) or is_service(found))
)
def test_an_inventory_in_the_documentation_resolves(block: Block, tmp_path: Path):
    content = yaml.safe_load(re.sub(r"{{ vault_\w+ }}", "example", block.text))
    if isinstance(content.get("raw"), str):
        content["raw"] = NativeEnvironment().from_string(content["raw"]).render(lvs_stack="keepalived")
    hosts, groups = inventory(content)
    for name in re.findall(r"\bsrc: ([\w/-]+)", block.text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
    cluster = resolve({name: {**own, "inventory_dir": tmp_path} for name, own in hosts.items()}, groups)
    assert cluster["vips"]


def options_of(module: str) -> set[str]:
    """The options of a module of this collection, from its documentation and the fragments of it."""
    plugins = "ansible_collections.lvs.cluster.plugins"
    own = yaml.safe_load(import_module(f"{plugins}.modules.{module}").DOCUMENTATION)
    found = set(own.get("options", {}))
    for name in own.get("extends_documentation_fragment", []):
        _namespace, _collection, fragment, part = f"{name}.documentation".split(".")[:4]
        described = import_module(f"{plugins}.doc_fragments.{fragment}").ModuleDocFragment
        found |= set(yaml.safe_load(getattr(described, part.upper())).get("options", {}))
    return found


@pytest.mark.parametrize("block", parameters(is_playbook))
def test_a_playbook_in_the_documentation_names_modules_and_options_that_exist(block: Block):
    for play in yaml.safe_load(block.text):
        assert play.keys() <= {"name", "hosts", "gather_facts", "become", "tasks"}
        for task in play["tasks"]:
            (action,) = task.keys() - KEYWORDS_OF_TASKS
            namespace, _dot, module = action.rpartition(".")
            assert namespace in ("ansible.builtin", "lvs.cluster"), action
            if namespace == "lvs.cluster":
                assert set(task[action] or {}) <= options_of(module), action


def test_every_block_of_yaml_is_tested_or_has_a_reason():
    for block in blocks("yaml"):
        content = yaml.safe_load(block.text)
        tested = is_variables(content) or is_groups(content) or is_service(content) or is_playbook(content)
        assert tested or block.text.startswith(tuple(OTHERS)), f"{block.id}: {block.text}"


def test_every_reason_is_needed():
    for start in OTHERS:
        assert [block for block in blocks("yaml") if block.text.startswith(start)], start


def test_every_other_block_can_be_read():
    for block in blocks():
        if block.language == "ini":
            parser = configparser.RawConfigParser(allow_no_value=True, strict=False)
            parser.optionxform = str  # type: ignore[assignment, method-assign]
            parser.read_string(block.text)
        elif block.language == "python":
            ast.parse(block.text)
        elif block.language == "shell":
            subprocess.run(["sh", "-n"], input=block.text, text=True, check=True)
        else:
            assert block.language == "yaml" or block.language in SHOWN, f"{block.id}: no language, or an unknown one"
