# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""doctor.yml tells what it found, whoever is left to answer, and with nothing but groups in the inventory."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest

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


@pytest.fixture
def doctor(ansible, tmp_path):
    """Return a function that runs doctor.yml with more options, with the controller as the only host that answers."""
    (tmp_path / "hosts.ini").write_text(INVENTORY, encoding="utf-8")
    return partial(ansible, "ansible-playbook", "-i", "hosts.ini", "lvs.cluster.doctor")


def test_a_host_that_does_not_answer_is_named_and_the_others_are_read(doctor):
    ran = doctor()
    assert "Read client1. VIPs: none found." in ran.stdout, ran.stdout + ran.stderr
    assert "lvs1 could not be read" in ran.stdout
    assert "No director that could be read has a VIP or a service" in ran.stdout
    assert ran.returncode == 0
    assert "The task includes an option with an undefined variable" not in ran.stdout + ran.stderr


def test_json(doctor):
    ran = doctor("-e", "doctor_format=json")
    assert re.search(r'"findings": \[\]', ran.stdout), ran.stdout + ran.stderr
    assert '"report"' not in ran.stdout


def test_findings_in_a_file_of_the_controller(doctor, tmp_path):
    ran = doctor("-e", f"doctor_file={tmp_path}/findings.json")
    told = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert (told["findings"], told["looked_at"]["hosts"], list(told["unread"])) == ([], ["client1"], ["lvs1"])
    assert "changed=1" not in ran.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("doctor_format=xml", "doctor_format is xml. It can be text or json."),
        ("doctor_fail=maybe", "doctor_fail is maybe. It can be true or false."),
        ("doctor_file=", "doctor_file is empty. It names a file."),
        ("doctor_formt=json", "doctor_formt is not understood: did you mean doctor_format?"),
    ],
)
def test_a_wrong_argument_is_refused_with_the_right_ones(doctor, given, said):
    ran = doctor("-e", given)
    assert said in " ".join(ran.stdout.split())
    assert ran.returncode != 0
