# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks that configure keepalived: what they leave behind if it refuses it, and when it has to read it again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

TASKS = Path(__file__).parents[3] / "roles/director/tasks/keepalived"
READ_AT_BOOT = "/etc/keepalived/keepalived.conf", "/etc/keepalived/lvs-options"


def test_what_keepalived_reads_at_boot_is_written_after_the_check():
    tasks = yaml.safe_load((TASKS / "configure.yml").read_text(encoding="utf-8"))
    check = next(number for number, task in enumerate(tasks) if "block" in task)
    writing = ("ansible.builtin.template", "ansible.builtin.copy", "ansible.builtin.file")
    before = [str(task[module]) for task in tasks[:check] for module in writing if module in task]
    assert before
    assert not [written for written in before if any(path in written for path in READ_AT_BOOT)]
    assert sum("lvs-options" in str(task) for task in tasks[check + 1 :]) == 2


@pytest.fixture
def unread(play, tmp_path):
    """Return a function that runs the task which looks for what keepalived has not read, below a folder of the test."""
    task = next(
        task
        for task in yaml.safe_load((TASKS / "run.yml").read_text(encoding="utf-8"))
        if task.get("register") == "director_unread"
    )
    # The folders of the task are those of the test.
    text = yaml.safe_dump(task).replace("'/etc/", f"'{tmp_path}/etc/").replace("'/run/", f"'{tmp_path}/run/")

    def find(*includes):
        shown = {"ansible.builtin.debug": {"msg": "UNREAD {{ director_unread.stdout_lines | join(' ') }} UNREAD"}}
        variables = {
            "director_keepalived_pid_file": f"{tmp_path}/run/keepalived.pid",
            "lvs_cluster": {"keepalived": {"includes": list(includes)}},
        }
        said = play({"vars": variables, "tasks": [yaml.safe_load(text), shown]})
        found = said.partition("UNREAD ")[2].partition(" UNREAD")[0]
        return {str(Path(name).relative_to(tmp_path)) for name in found.split()}

    return find


def test_what_keepalived_has_not_read_is_found_also_if_a_file_has_left_a_pattern(unread, tmp_path):
    own, folder, pid = tmp_path / "etc/own.conf", tmp_path / "etc/conf.d", tmp_path / "run/keepalived.pid"
    files = [tmp_path / "etc/keepalived/keepalived.conf", own, folder / "a.conf", folder / "b.conf", folder / "c", pid]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    for path, time in ((pid, 200), *((path, 100) for path in (*files[:-1], folder, own.parent))):
        os.utime(path, (time, time))
    includes = {"keyword": "includea", "path": str(own)}, {"keyword": "includer", "path": f"{folder}/*.conf"}
    assert unread(*includes) == set()
    os.utime(folder / "a.conf", (300, 300))
    os.utime(folder / "c", (300, 300))
    # The folder of a file that is named without a pattern says nothing.
    os.utime(own.parent, (300, 300))
    (folder / "b.conf").unlink()
    assert unread(*includes) == {"etc/conf.d/a.conf", "etc/conf.d"}


def test_thresholds_are_set_after_a_reload_and_leave_the_weights_alone():
    """The table of a run that was interrupted after its reload has them, too: so they do not depend on a reload."""
    tasks = yaml.safe_load((TASKS / "run.yml").read_text(encoding="utf-8"))
    at = next(number for number, task in enumerate(tasks) if "wrong_thresholds" in str(task))
    names = [str(task.get("ansible.builtin.include_tasks", {}).get("file")) for task in tasks[:at]]
    assert "reload.yml" in names
    module = tasks[at]["lvs.cluster.ipvs_table"]
    assert (module["purge"], module["keep_weights"]) == ("none", True)
    assert tasks[at]["when"] == "director_thresholds != []"
