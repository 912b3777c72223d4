# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move goes on only when keepalived has raised the priority of every instance of the cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

MOVE = Path(__file__).parents[3] / "roles/director/tasks/move/keepalived.yml"
ASKED = "Wait until keepalived has raised it"


@pytest.mark.parametrize(
    ("priorities", "goes_on"),
    [
        ({"VI_1": 254, "VI_6": 254}, True),
        ({"VI_1": 254, "VI_6": 150}, False),
        # Of a file of one's own, which does not track /run/lvs-preferred.
        ({"VI_1": 254, "VI_6": 254, "own": 100}, True),
        ({"VI_1": 254, "own": 254}, False),
        # keepalived does not run.
        ({}, False),
    ],
)
def test_the_instances_of_the_cluster_are_raised(play, priorities, goes_on):
    (block,) = yaml.safe_load(MOVE.read_text(encoding="utf-8"))
    (task,) = [task for task in block["block"] if task["name"] == ASKED]
    variables = {
        "director_move_to": "lb2",
        "lvs_cluster": {"hosts": {"lb2": {"instances": [{"name": "VI_1"}, {"name": "VI_6"}]}}},
        "director_move_state": {"instances": {name: {"priority": number} for name, number in priorities.items()}},
    }
    said = play({"vars": variables, "tasks": [{"ansible.builtin.assert": {"that": task["until"]}}]}, fails=not goes_on)
    assert goes_on or "Assertion failed" in said
