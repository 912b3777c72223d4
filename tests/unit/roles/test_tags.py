# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tag that brings a VIP to a host brings along what has to be there before the VIP."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import schema

ROLES = Path(__file__).parents[3] / "roles"
STACKS = schema.CLUSTER["lvs_stack"].validator.choices
INCLUDES = ("ansible.builtin.include_tasks", "ansible.builtin.include_role")


def tags(file: str) -> dict[str, set[str]]:
    """The tags of each task of a file that brings tasks in, by the file's or role's name."""
    tasks = yaml.safe_load((ROLES / file).read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    for task in tasks:
        for how in ("import_tasks", "include_tasks", "include_role"):
            what = task.get(f"ansible.builtin.{how}")
            if what:
                name = what if isinstance(what, str) else what.get("tasks_from") or what.get("file")
                given = task.get("tags", [])
                found[name] = {given} if isinstance(given, str) else set(given)
    return found


def test_a_real_server_is_silent_before_it_has_a_vip():
    real_server = tags("real_server/tasks/main.yml")
    assert list(real_server).index("silence.yml") < list(real_server).index("vip")
    assert real_server["vip"] <= real_server["silence.yml"]


def test_every_tag_that_the_manual_names_selects_something():
    manual = (ROLES.parent / "docs/docsite/rst/operations.rst").read_text(encoding="utf-8")
    table = manual.partition("``--tags`` restricts it to some steps:")[2].partition("The last four first do")[0]
    named = set(re.findall(r"(?m)^   \* - ``(\w+)``$", table))
    assert "arp" in named
    given = [*tags("real_server/tasks/main.yml").values(), *tags("director/tasks/prepare.yml").values()]
    assert named <= set().union(*given, *tags("director/tasks/deploy.yml").values(), STACKS)


@pytest.mark.parametrize("stack", STACKS)
def test_a_director_forwards_before_it_has_a_vip(stack):
    kernel = tags("director/tasks/prepare.yml")["kernel.yml"]
    assert {"director", stack, "heartbeat"} <= kernel


@pytest.mark.parametrize("stack", STACKS)
def test_every_task_of_a_stack_has_its_tags(stack):
    tasks = yaml.safe_load((ROLES / f"director/tasks/{stack}/deploy.yml").read_text(encoding="utf-8"))
    assert [task["tags"] for task in tasks] == [["director", stack]] * len(tasks)
    # What is included has them by apply, the task itself by tags.
    included = [task[how] for task in tasks for how in INCLUDES if how in task]
    assert [one["apply"] for one in included] == [{"tags": ["director", stack]}] * len(included)


def test_tags_of_other_stacks_leave_out_no_stack():
    deploy = tags("director/tasks/deploy.yml")
    for stack in STACKS:
        assert deploy.pop(f"{stack}/deploy.yml") == {"director", stack}
    assert all(set(STACKS) < given or given == {"always"} for given in deploy.values())


@pytest.mark.parametrize("stack", ["keepalived", "ldirectord"])
def test_a_director_has_its_scripts_before_a_daemon_names_them(stack):
    assert {"director", stack} <= tags("director/tasks/prepare.yml")["scripts"]


def test_every_stack_has_its_folder_which_is_chosen_by_its_name():
    assert {path.parent.name for path in (ROLES / "director/tasks").glob("*/deploy.yml")} == set(STACKS)
    tasks = yaml.safe_load((ROLES / "director/tasks/deploy.yml").read_text(encoding="utf-8"))
    chosen = [(task.get("ansible.builtin.include_tasks"), task.get("when")) for task in tasks]
    assert all((f"{stack}/deploy.yml", f"lvs_cluster.stack == '{stack}'") in chosen for stack in STACKS)
