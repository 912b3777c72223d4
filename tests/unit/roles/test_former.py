# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from before the first deployment: saved once, not if they are from the collection, and restored with their contents and modes."""

from __future__ import annotations

import pytest
import yaml

TASK = """
ansible.builtin.include_role:
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
def former(play):
    """Return a function that runs steps on this machine: each saves or restores a copy below a folder of the test."""
    return lambda *steps: play({"vars": {"steps": list(steps)}, "tasks": [yaml.safe_load(TASK)]})


def test_files_are_saved_once_and_restored(former, tmp_path):
    theirs, ours, rules = tmp_path / "etc/theirs.cf", tmp_path / "etc/ours.cf", tmp_path / "etc/rules"
    theirs.parent.mkdir()
    theirs.write_text("of somebody else\n")
    theirs.chmod(0o640)
    ours.write_text("# Written by lvs.cluster: whatever\n")
    rules.write_text("former rules\n")
    keep = {"name": "theirs.cf", "files": [str(theirs), str(tmp_path / "etc/missing")]}
    former(
        keep,
        {"name": "ours", "files": [str(ours), str(rules)], "ours": str(ours)},
        {"name": "rules", "files": [str(rules)]},
    )
    assert not (tmp_path / "state/former/ours").exists()

    theirs.write_text("of the collection\n")
    theirs.chmod(0o644)
    rules.write_text("of the collection\n")
    # A later run does not replace the copy.
    former(keep, {"name": "theirs.cf", "part": "back"})
    assert theirs.read_text() == "of somebody else\n"
    assert theirs.stat().st_mode & 0o777 == 0o640
    assert rules.read_text() == "of the collection\n"
    assert [path.name for path in (tmp_path / "state/former").iterdir()] == ["rules"]

    told = former({"name": "", "part": "back"}, {"name": "", "part": "back"})
    assert rules.read_text() == "former rules\n"
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []
    assert told.count("TASK [lvs.cluster._host : Restore the files]") == 1
