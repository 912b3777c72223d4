# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tag that brings a VIP to a host brings along what has to be there before the VIP."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).parents[3] / "roles"


def tags(file: str) -> dict[str, set[str]]:
    """The tags of each task of a file that brings tasks in, by the file's or role's name."""
    tasks = yaml.safe_load((ROLES / file).read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    for task in tasks:
        for how in ("import_tasks", "include_tasks", "include_role"):
            what = task.get(f"ansible.builtin.{how}")
            if what:
                name = what if isinstance(what, str) else what.get("tasks_from") or what.get("file")
                found[name] = set(task.get("tags", []))
    return found


def test_a_real_server_is_silent_before_it_has_a_vip():
    real_server = tags("real_server/tasks/main.yml")
    assert list(real_server).index("silence.yml") < list(real_server).index("vip")
    assert real_server["vip"] <= real_server["silence.yml"]


@pytest.mark.parametrize("stack", ["keepalived.yml", "ldirectord.yml", "static.yml"])
def test_a_director_forwards_before_it_has_a_vip(stack):
    assert tags("director/tasks/direct.yml")[stack] <= tags("director/tasks/prepare.yml")["kernel.yml"]
    assert "heartbeat" in tags("director/tasks/prepare.yml")["kernel.yml"]
