# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rolling update writes weights, and leaves other changes of the inventory to site.yml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
DIRECTOR = ROOT / "roles/director"
RESOLVED = ROOT / "tests/unit/plugins/plugin_utils/cluster/right"
TASKS = yaml.safe_load((DIRECTOR / "tasks/reweigh.yml").read_text(encoding="utf-8"))
WRITES = ("ansible.builtin.template", "block", "lvs.cluster.ipvs_table")


def test_nothing_is_written_before_it_is_compared():
    refuses = next(number for number, task in enumerate(TASKS) if "ansible.builtin.fail" in task)
    writes = [
        number for number, task in enumerate(TASKS) if set(WRITES) & set(task) or "lvs.cluster.ldirectord" in str(task)
    ]
    assert writes and refuses < min(writes)


@pytest.mark.parametrize(
    ("case", "weight"),
    [
        ("lab", ("        weight 1\n", "        weight 0\n")),
        ("ldirectord", (" gate 1\n", " gate 0\n")),
        ("nat_static", (" -w 1\n", " -w 0\n")),
    ],
)
def test_a_file_that_differs_otherwise_is_left_alone(play, tmp_path, case, weight):
    cluster = json.loads((RESOLVED / f"{case}.json").read_text(encoding="utf-8"))
    director, there = cluster["directors"][0], tmp_path / "there"
    (tmp_path / "templates").symlink_to(DIRECTOR / "templates")
    variables = {
        **yaml.safe_load((DIRECTOR / "vars/main.yml").read_text(encoding="utf-8")),
        "role_path": str(DIRECTOR),
        "lvs_cluster": cluster,
        "director_host": cluster["hosts"][director],
        "director_script_user": "root",
        "director_weighed": str(there),
    }
    inventory = {"all": {"hosts": {director: None}}}

    def run(*tasks, fails=False):
        return play({"hosts": director, "vars": variables, "tasks": [*tasks]}, inventory=inventory, fails=fails)

    read, refuse = (next(task for task in TASKS if f"ansible.builtin.{what}" in task) for what in ("slurp", "fail"))
    copy = {"content": "{{ director_weighed_wanted }}", "dest": str(there)}
    run({"ansible.builtin.copy": copy, "vars": refuse["vars"]})
    written = there.read_text()
    assert weight[0] in written
    there.write_text(written.replace(*weight))
    run(read, refuse)
    there.write_text(written.replace(cluster["services"][0]["scheduler"], "sed", 1))
    assert "is not what site.yml would write, not only for weights" in run(read, refuse, fails=True)
