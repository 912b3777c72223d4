# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of scripts goes when nothing of the inventory runs under it any more."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).parents[3] / "roles"
PRUNE = ROLES / "_host/tasks/account_prune.yml"
ACCOUNT = yaml.safe_load((ROLES / "_host/vars/main.yml").read_text(encoding="utf-8"))["_host_account"]


@pytest.fixture
def removed(play, tmp_path):
    """Return a function that runs the task of deploy.yml; says whether it would remove the account."""
    done, pgrep = tmp_path / "done", tmp_path / "pgrep"
    pgrep.write_text(f"#!/bin/sh\necho $2 >> {tmp_path}/asked\ncat {tmp_path}/running\n")
    pgrep.chmod(0o755)
    text = (
        PRUNE.read_text(encoding="utf-8")
        .replace("command: pgrep", f"command: {pgrep}")
        .replace("retries: 10", "retries: 1")
    )
    (tmp_path / "account_prune.yml").write_text(text)
    (tmp_path / "account_absent.yml").write_text(f"- ansible.builtin.copy: {{content: '', dest: '{done}'}}\n")
    task = next(
        one
        for one in yaml.safe_load((ROLES / "director/tasks/deploy.yml").read_text(encoding="utf-8"))
        if one.get("ansible.builtin.include_role", {}).get("tasks_from") == "account_prune"
    )
    assert "'/etc/keepalived'" in task["vars"]["_host_account_folders"]
    folders = task["vars"]["_host_account_folders"].replace("/etc/", f"{tmp_path}/")
    include = {"ansible.builtin.include_tasks": "account_prune.yml", "vars": {"_host_account_folders": folders}}

    def run(user="root", users=(), made=True, includes=()):
        variables = {
            "_host_account": ACCOUNT,
            "director_script_user": user,
            "director_host": {"scripts": {"users": [{"user": one, "program": "/bin/x"} for one in users]}},
            "lvs_cluster": {"keepalived": {"includes": [{"keyword": "include", "path": path} for path in includes]}},
        }
        facts = {"ansible.builtin.set_fact": {"deployed_lvs": {"account": made}, "cacheable": True}}
        play({"vars": variables, "tasks": [facts, {**include, "when": task["when"]}]})
        if there := done.exists():
            done.unlink()
        return there

    return run


def test_the_account_goes_when_the_inventory_names_it_no_more(removed, tmp_path):
    assert removed()
    assert (tmp_path / "asked").read_text() == f"{ACCOUNT}\n"
    assert not removed(made=False)
    assert not removed(user=ACCOUNT)
    assert not removed(user=f"{ACCOUNT}:adm")
    assert not removed(users=["nobody", f"{ACCOUNT}:{ACCOUNT}"])
    assert removed(users=["nobody"])


def test_it_stays_while_a_script_runs_or_a_configuration_names_it(removed, tmp_path):
    (tmp_path / "running").write_text("")
    assert not removed()
    (tmp_path / "running").unlink()
    for folder in ("keepalived", "own"):
        (tmp_path / folder).mkdir()
    own = tmp_path / "own/checks.conf"
    own.write_text(f"user {ACCOUNT}\n")
    (tmp_path / "keepalived/keepalived.conf").write_text(f"user {ACCOUNT}x\n")
    assert removed()
    assert not removed(includes=[str(own)])
    (tmp_path / "keepalived/keepalived.conf").write_text(f"user {ACCOUNT} adm\n")
    assert not removed()
