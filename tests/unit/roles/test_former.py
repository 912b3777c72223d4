# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from before the first deployment: saved once, not if they are from the collection, and restored with their contents and modes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TOOLS = Path(sys.executable).parent
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    ansible_remote_tmp: "{{ playbook_dir }}/remote"
  tasks:
    - ansible.builtin.include_role:
        name: lvs.cluster._host
        tasks_from: "former_{{ item.part | default('keep') }}"
        rolespec_validate: false
      loop: "{{ steps }}"
      vars:
        _host_state_dir: "{{ playbook_dir }}/state"
        _host_former_name: "{{ item.name }}"
        _host_former_files: "{{ item.files | default([]) }}"
        _host_former_unless_ours: "{{ item.ours | default('/dev/null') }}"
"""


@pytest.fixture
def play(tmp_path):
    """Return a function that runs steps on this machine: each saves or restores a copy below a folder of the test."""
    if not (TOOLS / "ansible-playbook").exists():
        pytest.skip("ansible-playbook is not beside this Python")

    def run(*steps):
        (tmp_path / "play.yml").write_text(PLAY)
        (tmp_path / "ansible.cfg").write_text("")
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".ansible/collections")),
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
            "ANSIBLE_HOME": str(tmp_path),
            "ANSIBLE_NOCOLOR": "1",
        }
        done = subprocess.run(
            [TOOLS / "ansible-playbook", "-i", "localhost,", "-e", f"{{'steps': {list(steps)}}}", "play.yml"],
            cwd=tmp_path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_files_are_saved_once_and_restored(play, tmp_path):
    theirs, ours, rules = tmp_path / "etc/theirs.cf", tmp_path / "etc/ours.cf", tmp_path / "etc/rules"
    theirs.parent.mkdir()
    theirs.write_text("of somebody else\n")
    theirs.chmod(0o640)
    ours.write_text("# Written by lvs.cluster: whatever\n")
    rules.write_text("former rules\n")
    keep = {"name": "theirs.cf", "files": [str(theirs), str(tmp_path / "etc/missing")]}
    play(
        keep,
        {"name": "ours", "files": [str(ours), str(rules)], "ours": str(ours)},
        {"name": "rules", "files": [str(rules)]},
    )
    assert not (tmp_path / "state/former/ours").exists()

    theirs.write_text("of the collection\n")
    theirs.chmod(0o644)
    rules.write_text("of the collection\n")
    # A later run does not replace the copy.
    play(keep, {"name": "theirs.cf", "part": "back"})
    assert theirs.read_text() == "of somebody else\n"
    assert theirs.stat().st_mode & 0o777 == 0o640
    assert rules.read_text() == "of the collection\n"
    assert [path.name for path in (tmp_path / "state/former").iterdir()] == ["rules"]

    told = play({"name": "", "part": "back"}, {"name": "", "part": "back"})
    assert rules.read_text() == "former rules\n"
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []
    assert told.count("TASK [lvs.cluster._host : Restore the files]") == 1
