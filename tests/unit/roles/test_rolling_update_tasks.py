# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rolling update does not undo what somebody drains meanwhile, and check mode is a preview."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

TASKS = Path(__file__).parents[3] / "roles/rolling_update/tasks"


def tasks(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((TASKS / f"{name}.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["drain", "undrain"])
def test_the_weights_are_those_of_the_present_record(name):
    """The facts of the directors are as old as the run, which may last for hours."""
    order = [str(task) for task in tasks(name)]
    resolves = [number for number, text in enumerate(order) if "lvs.cluster.resolve" in text]
    reads = [number for number, text in enumerate(order) if "'lvs.cluster.deployed_facts'" in text]
    assert resolves and reads and reads[0] < resolves[0]
    assert resolves[-1] < next(number for number, text in enumerate(order) if "reweigh" in text)
    assert tasks(name)[reads[0]]["when"] == "inventory_hostname in lvs_cluster.directors"


def test_a_real_server_that_the_cluster_needs_by_now_is_not_drained():
    order = [str(task) for task in tasks("drain")]
    needed = next(number for number, text in enumerate(order) if "lvs.cluster.update_refusals" in text)
    refuses = next(number for number, text in enumerate(order) if "ansible.builtin.fail" in text)
    writes = next(number for number, text in enumerate(order) if "rolling_update_drained" in text)
    assert needed < refuses < writes
    assert "rolling_update_needed" in order[refuses]


def test_check_mode_updates_no_host():
    """It would wait for a weight of 0 that was not written, and fail."""
    (task,) = [task for task in tasks("main") if task.get("ansible.builtin.include_tasks") == "host.yml"]
    assert task["when"] == "not ansible_check_mode"
