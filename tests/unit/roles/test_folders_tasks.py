# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders of files that keepalived watches, and the files that it makes there, come and go with the inventory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).parents[3] / "roles"
TASKS = {"folders": "director/tasks/keepalived/configure.yml", "folders_prune": "director/tasks/deploy.yml"}


def task_of(name):
    """The task of the role director that includes a file of _host, with that file in place of the role."""
    tasks = yaml.safe_load((ROLES / TASKS[name]).read_text(encoding="utf-8"))
    task = next(one for one in tasks if one.get("ansible.builtin.include_role", {}).get("tasks_from") == name)
    return {"ansible.builtin.include_tasks": f"{name}.yml", "vars": task["vars"], "when": task["when"]}


@pytest.fixture
def run(play, tmp_path):
    """Return a function that runs both for the tracked files {path: init_file}; between them keepalived makes its files."""
    state, secrets = tmp_path / "state", tmp_path / "secrets"
    state.mkdir()
    secrets.write_text("")
    os.utime(secrets, (1, 1))
    for name in TASKS:
        lines = (ROLES / f"_host/tasks/{name}.yml").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.strip() not in ("owner: root", "group: root")]
        (tmp_path / f"{name}.yml").write_text("\n".join(kept) + "\n")

    def both(tracked):
        variables = {
            "_host_state_dir": str(state),
            "director_host": {"trackers": {"files": [{"name": name, "init_file": init} for name, init in tracked.items()]}},
            "lvs_cluster": {
                "keepalived": {"track_folders": sorted({str(Path(name).parent) for name in tracked})},
                "ldirectord": None,
            },
        }  # fmt: skip
        recorded = state / "folders"
        facts = {"folders": recorded.read_text().splitlines() if recorded.exists() else []}
        create = task_of("folders")
        create["vars"]["_host_folders_secrets"] = str(secrets)
        tasks = [
            {"ansible.builtin.set_fact": {"deployed_lvs": facts, "cacheable": True}},
            create,
            *(
                {"ansible.builtin.copy": {"dest": name, "content": f"{init}\n", "force": False}}
                for name, init in tracked.items()
                if init is not None
            ),
            task_of("folders_prune"),
        ]
        play({"vars": variables, "tasks": tasks})

    return both


def test_a_file_that_keepalived_has_made_goes_with_its_folder(run, tmp_path):
    folder, made = tmp_path / "lab", tmp_path / "lab/weight"
    run({str(made): 0})
    assert made.read_text() == "0\n"
    assert (tmp_path / "secrets").stat().st_mtime > 1
    os.utime(tmp_path / "secrets", (1, 1))
    run({str(made): None})
    assert made.exists()
    # A missing file alone is no reason for keepalived to read its configuration again: it makes files only when it starts.
    made.unlink()
    run({str(made): 0})
    assert (tmp_path / "secrets").stat().st_mtime == 1
    run({})
    assert not folder.exists()
    assert (tmp_path / "state/folders").read_text() == ""


def test_files_that_were_there_before_and_those_of_others_stay(run, tmp_path):
    folder = tmp_path / "lab"
    folder.mkdir()
    own, others = folder / "weight", folder / "others"
    own.write_text("-15\n")
    run({str(own): 0, str(others): None})
    others.write_text("0\n")
    run({})
    assert (own.read_text(), others.read_text()) == ("-15\n", "0\n")
