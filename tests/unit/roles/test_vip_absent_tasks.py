# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The teardown removes the VIPs even if the unit that has them does not run, and does not go on if it cannot.

Afterwards the host would answer ARP for a VIP that has stayed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

TASKS = Path(__file__).parents[3] / "roles/_host/tasks"
# Says what it was asked for, and whether its list was still there.
PROGRAM = '#!/bin/sh\nls {list} >/dev/null && echo "$@" >> {said}\nexit {status}\n'


@pytest.fixture
def absent(play, tmp_path):
    """Return a function that runs the tasks on a host whose unit does not run; lvs-vip ends with a status."""
    for name in ("vip_absent", "unit_absent", "unit_stopped"):
        text = (TASKS / f"{name}.yml").read_text(encoding="utf-8")
        for folder in ("/etc/systemd/system", "/usr/local/sbin", "/etc"):
            text = text.replace(f"{folder}/lvs-vip", f"{tmp_path}/lvs-vip")
        tasks = yaml.safe_load(text.replace("paths: /etc", f"paths: {tmp_path}"))
        # systemd stops nothing of a unit that does not run.
        tasks = [task for task in tasks if "ansible.builtin.systemd_service" not in task]
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(tasks))

    def ran(status):
        program, own, said = tmp_path / "lvs-vip", tmp_path / "lvs-vip-a.conf", tmp_path / "said"
        program.write_text(PROGRAM.format(list=own, said=said, status=status))
        program.chmod(0o755)
        own.write_text("")
        (tmp_path / "lvs-vip.service").write_text("")
        variables = {"_host_lists": [str(own)], "_host_clusters": ["a"]}
        play({"vars": variables, "tasks": [{"ansible.builtin.include_tasks": "vip_absent.yml"}]}, fails=status != 0)
        left = sorted(path.name for path in (program, own, tmp_path / "lvs-vip.service") if path.exists())
        return said.read_text().split() if said.exists() else [], left

    return ran


def test_what_a_unit_that_does_not_run_has_left_is_removed_before_its_files(absent):
    assert absent(0) == (["clear"], [])


def test_nothing_else_is_removed_if_the_vips_cannot_be(absent):
    assert absent(1) == (["clear"], ["lvs-vip", "lvs-vip-a.conf", "lvs-vip.service"])
