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
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import schema
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.by_hand import by_hand
from jinja2.nativetypes import NativeEnvironment

from .blocks import ROOT, RST, Block, blocks

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


def output(page: str, start: str) -> list[str]:
    """The words of a block of output."""
    (block,) = (one for one in blocks("text") if one.page == page and start in one.text)
    return block.text.split()


def test_the_mistakes_that_the_reference_shows_are_those_of_such_an_inventory():
    hosts, groups = inventory(
        {
            "lvs_services": [
                {
                    "name": "www",
                    "vip": "192.0.2.21",
                    "port": 80,
                    "sheduler": "rr",
                    "real_servers": [{"host": "www1", "port": 8080}, "www3"],
                }
            ],
            "lvs_vrrp": {"auth_pass": "a-long-and-safe-password"[:23]},
        }
    )
    groups["real_servers"].remove("www3")
    del hosts["www3"]
    with pytest.raises(InventoryMistakes) as wrong:
        resolve(hosts, groups)
    assert str(wrong.value).split() == output("inventory", "mistakes in the inventory")


def test_the_quick_start_shows_what_verify_says_without_clients():
    (start,) = (block for block in blocks("yaml") if block.page == "quick_start" and "# ~/lvs.yml" in block.text)
    hosts, groups = inventory(yaml.safe_load(start.text))
    told = " ".join(output("quick_start", "is held by"))
    for line in by_hand(resolve(hosts, groups)):
        assert " ".join(line.split()) in told


def test_the_smallest_inventory_is_the_same_in_the_readme_and_in_the_quick_start():
    found = {block.page: yaml.safe_load(block.text) for block in blocks("yaml") if "lvs_test_page: true" in block.text}
    assert found["README"] == found["quick_start"]


def test_the_reference_says_of_each_variable_whether_it_is_the_cluster_s_or_a_host_s():
    page = (RST / "inventory.rst").read_text(encoding="utf-8")
    section = page.partition("Where a variable goes\n")[2].partition("\n.. _")[0]
    cluster, _sentence, host = section.partition(" are meant for one run")
    assert set(re.findall(r"``((?:lvs|director)_\w+)``", cluster)) == {*schema.CLUSTER}
    assert set(re.findall(r"``(lvs_\w+)``", host)) == {name for name in schema.HOST if name.startswith("lvs_")}


def test_the_page_on_rolling_updates_has_every_option():
    spec = yaml.safe_load((ROOT / "roles/rolling_update/meta/argument_specs.yml").read_text(encoding="utf-8"))
    page = (RST / "operations.rst").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^   \* - ``(rolling_update_\w+)=(.*?)``$", page, re.MULTILINE))
    options = spec["argument_specs"]["main"]["options"]
    assert documented.keys() == options.keys()
    for name in ("rolling_update_health_timeout", "rolling_update_reboot_timeout", "rolling_update_reboot"):
        assert documented[name] == str(options[name]["default"])


@pytest.mark.parametrize(
    "block", [pytest.param(block, id=block.id) for block in blocks("ini") if "[directors]" in block.text]
)
def test_an_inventory_of_hosts_alone_has_the_groups_that_playbooks_ask(block: Block, tmp_path: Path):
    path = tmp_path / "hosts.ini"
    path.write_text(block.text, encoding="utf-8")
    groups = InventoryManager(DataLoader(), [str(path)]).get_groups_dict()
    assert {name for name, hosts in groups.items() if hosts} - {"all"} <= {*GROUPS, "clients"}
    assert groups["directors"] and groups["real_servers"]


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
