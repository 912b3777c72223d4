# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of tasks that are named are there, and none is left that nothing names: an include is looked up only when it is run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterator

import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import schema

ROOT = Path(__file__).parents[3]
ROLES = ROOT / "roles"
# Files of the user's own.
GIVEN = ("{{ rolling_update_tasks | ansible.builtin.realpath }}",)
STACK = "{{ lvs_cluster.stack }}"
STACKS = schema.CLUSTER["lvs_stack"].validator.choices


def tasks(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every task of a list of plays or tasks, those of blocks with them."""
    for task in listed:
        yield task
        for part in ("tasks", "block", "rescue", "always"):
            yield from tasks(task.get(part, []))


def named(file: Path) -> Iterator[Path]:
    """The files of tasks that a playbook or a file of tasks brings in."""
    for task in tasks(yaml.safe_load(file.read_text(encoding="utf-8"))):
        for how in ("import_role", "include_role"):
            given = task.get(f"ansible.builtin.{how}")
            if given:
                role = given["name"].removeprefix("lvs.cluster.")
                for stack in STACKS:
                    yield ROLES / role / "tasks" / f"{given.get('tasks_from', 'main').replace(STACK, stack)}.yml"
        for how in ("import_tasks", "include_tasks"):
            given = task.get(f"ansible.builtin.{how}")
            if given:
                name = given if isinstance(given, str) else given["file"]
                if name in GIVEN:
                    continue
                yield (file.parent / name).resolve()


def test_files_of_tasks_are_those_that_something_names():
    files = set(ROLES.glob("*/tasks/**/*.yml"))
    callers = [*files, *(ROOT / "playbooks").glob("**/*.yml")]
    # A role's own beginning is named by its users.
    beginnings = set(ROLES.glob("*/tasks/main.yml"))
    assert {path for caller in callers for path in named(caller)} | beginnings == files


def test_a_file_of_tasks_is_included_by_its_name():
    """Before ansible-core 2.19, what is included with a variable in its path cannot import other files."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in ROLES.glob("*/tasks/**/*.yml"))
    with_variables = set(re.findall(r"include_tasks: .*{{.*|file: .*{{.*\.yml.*", text))
    assert with_variables == {f'include_tasks: "{name}"' for name in GIVEN}


def test_an_unreachable_host_that_is_ignored_does_not_end_the_play():
    """With run_once or any_errors_fatal, Ansible ends the play for all hosts, unless the task ignores errors as well."""
    files = [*ROLES.glob("*/tasks/**/*.yml"), *(ROOT / "playbooks").glob("**/*.yml")]
    ignoring = [
        (str(file.relative_to(ROOT)), task["name"], task.get("ignore_errors"))
        for file in files
        for task in tasks(yaml.safe_load(file.read_text(encoding="utf-8")))
        if task.get("ignore_unreachable")
    ]
    assert len(ignoring) > 5
    assert [told for told in ignoring if not told[2]] == []


def test_no_task_prints_the_resolved_cluster_which_has_passwords():
    """set_fact prints with -v what it sets."""
    files = [*ROLES.glob("*/tasks/**/*.yml"), *(ROOT / "playbooks").glob("**/*.yml")]
    whole = (" lvs_cluster.hosts[inventory_hostname] }}", " hostvars | lvs.cluster.resolve(groups) }}")
    setting = {
        (path.name, task["name"]): task.get("no_log")
        for path in files
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
        if any(str(value).endswith(whole) for value in task.get("ansible.builtin.set_fact", {}).values())
    }
    assert len(setting) >= 5
    assert [name for name, no_log in setting.items() if no_log is not True] == []
