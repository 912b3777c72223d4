# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory or a host says reaches a shell as one word, whatever is in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml

ROOT = Path(__file__).parents[3]
# These are fixed by the roles, or of a form that means nothing to a shell: the name of a cluster, a number of seconds.
HARMLESS = {
    "lvs_cluster.name",
    "lvs_cluster.hosts[inventory_hostname].vrrp.handover_time",
    "_host_former_folder",
    "_host_former_unless_ours | default('/dev/null')",
    "_host_former_files | join(' ')",
    "_host_former_unit | default('')",
}


def tasks_in(given: Any) -> Iterator[dict[str, Any]]:
    for one in given if isinstance(given, list) else []:
        if isinstance(one, dict):
            yield one
            for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
                yield from tasks_in(one.get(key))


def shells() -> Iterator[Any]:
    for path in sorted([*ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("playbooks/**/*.yml")]):
        for task in tasks_in(yaml.safe_load(path.read_text(encoding="utf-8"))):
            given = task.get("ansible.builtin.shell")
            if given:
                text = given if isinstance(given, str) else given["cmd"]
                yield pytest.param(text, id=f"{path.relative_to(ROOT)}: {task['name']}")


EVERY = list(shells())


@pytest.mark.parametrize("text", EVERY)
def test_values_are_quoted(text):
    values = [value.strip() for value in re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL)]
    assert [value for value in values if value not in HARMLESS and not value.endswith("| quote")] == []


def test_all_shells_are_looked_at():
    files = [path for path in ROOT.glob("roles/*/tasks/**/*.yml") if "ansible.builtin.shell:" in path.read_text()]
    assert {one.id.partition(":")[0] for one in EVERY} == {str(path.relative_to(ROOT)) for path in files}


def test_nobody_becomes_another_user():
    """Whoever runs the playbooks says how to become root. The roles become nobody, and on the controller they stay who they are."""
    for path in [*ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("playbooks/**/*.yml")]:
        for task in tasks_in(yaml.safe_load(path.read_text(encoding="utf-8"))):
            assert "become_user" not in task
            assert task.get("become", False) is False
            if task.get("delegate_to") == "localhost":
                assert task["become"] is False
