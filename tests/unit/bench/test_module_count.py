# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: No module runs for this.
    - ansible.builtin.command: "true"
      changed_when: false
      loop: [1, 2, 3]
    - ansible.builtin.stat:
        path: /
      delegate_to: second
      when: inventory_hostname == "first"
    - ansible.builtin.command: "true"
      when: false
"""
INVENTORY = "[all:vars]\nansible_connection=local\nansible_python_interpreter='{{ ansible_playbook_python }}'\n"


def test_counts_what_runs_on_the_host_it_runs_on(tmp_path: Path, collection_root: Path) -> None:
    (tmp_path / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    (tmp_path / "hosts").write_text(f"first\nsecond\n{INVENTORY}", encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_CALLBACKS_ENABLED": "module_count",
        "ANSIBLE_CALLBACK_PLUGINS": str(collection_root / "tests/bench/callback"),
        "LVS_MODULE_COUNT_OUTPUT": str(tmp_path / "counts.json"),
    }
    command = ["ansible-playbook", "-i", "hosts", "play.yml"]
    shown = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout

    assert json.loads((tmp_path / "counts.json").read_text(encoding="utf-8")) == {
        "first": {"command": 3},
        "second": {"command": 3, "stat": 1},
    }
    assert "second: 4 (command 3, stat 1)" in shown
