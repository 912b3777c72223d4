# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""doctor.yml tells what it found, whoever is left to answer, and with nothing but groups in the inventory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.lvs.cluster.plugins.filter import resolve

COLLECTIONS = Path(resolve.__file__).parents[5]
TOOLS = Path(sys.executable).parent
# Nothing listens on port 1.
INVENTORY = """
[directors]
lvs1
[clients]
client1 ansible_connection=local ansible_python_interpreter="{{ ansible_playbook_python }}"
[all:vars]
ansible_host=127.0.0.1
ansible_port=1
"""


def doctor(folder, *options):
    """Run doctor.yml in a folder, with the controller as the only host that answers."""
    if not (TOOLS / "ansible-playbook").exists():
        pytest.skip("ansible-playbook is not beside this Python")
    (folder / "hosts.ini").write_text(INVENTORY, encoding="utf-8")
    (folder / "ansible.cfg").write_text("", encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(TOOLS / "ansible-playbook"), "-i", str(folder / "hosts.ini"), "lvs.cluster.doctor", *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=folder)


def test_a_host_that_does_not_answer_is_named_and_the_others_are_read(tmp_path):
    ran = doctor(tmp_path)
    assert "Read client1. VIPs: none found." in ran.stdout, ran.stdout + ran.stderr
    assert "lvs1 could not be read" in ran.stdout
    assert "No director that could be read has a VIP or a service" in ran.stdout
    assert ran.returncode == 0
    assert "The task includes an option with an undefined variable" not in ran.stdout + ran.stderr


def test_json(tmp_path):
    ran = doctor(tmp_path, "-e", "doctor_format=json")
    assert re.search(r'"findings": \[\]', ran.stdout), ran.stdout + ran.stderr
    assert '"report"' not in ran.stdout


def test_findings_in_a_file_of_the_controller(tmp_path):
    ran = doctor(tmp_path, "-e", f"doctor_file={tmp_path}/findings.json")
    told = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert (told["findings"], told["looked_at"]["hosts"], list(told["unread"])) == ([], ["client1"], ["lvs1"])
    assert "changed=1" not in ran.stdout


def test_a_wrong_argument_is_refused_with_the_right_ones(tmp_path):
    ran = doctor(tmp_path, "-e", "doctor_format=xml")
    assert "doctor_format is xml. It can be text or json." in ran.stdout
    assert ran.returncode != 0
