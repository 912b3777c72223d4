# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks that configure keepalived: what they leave behind if it refuses its configuration."""

from __future__ import annotations

from pathlib import Path

import yaml

TASKS = Path(__file__).parents[3] / "roles/director/tasks/keepalived"
READ_AT_BOOT = "/etc/keepalived/keepalived.conf", "/etc/keepalived/lvs-options", "keepalived.service.d"


def test_what_keepalived_reads_at_boot_is_written_after_the_check():
    tasks = yaml.safe_load((TASKS / "configure.yml").read_text(encoding="utf-8"))
    check = next(number for number, task in enumerate(tasks) if "block" in task)
    writing = ("ansible.builtin.template", "ansible.builtin.copy", "ansible.builtin.file")
    before = [str(task[module]) for task in tasks[:check] for module in writing if module in task]
    assert before
    assert not [written for written in before if any(path in written for path in READ_AT_BOOT)]
    assert sum("lvs-options" in str(task) for task in tasks[check + 1 :]) == 2
