# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file that the roles write has an owner, a group and a mode, whatever the umask of the host is. Secrets are root's alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterator

import jinja2
import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILES = sorted([*ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("playbooks/**/*.yml")])
WRITING = [f"ansible.builtin.{name}" for name in ("copy", "template", "file", "lineinfile", "blockinfile")]
# Folders of the user, which keep the owner that they have.
OF_THE_USER = {"{{ item }}": "Create the folders", "{{ lvs_cluster.ldirectord.maintenance_dir }}": ""}
# What these hold: the passwords of VRRP and what sensitive checks send, heartbeat's key, the certificate's key. ldirectord.cf holds the
# passwords of checks, if there are any.
SECRET = {
    "/etc/keepalived/lvs-secrets.conf": "0600",
    "/etc/ha.d/authkeys": "0600",
    "/etc/ha.d/ldirectord.cf": "{{ ldirectord_mode }}",
    "/run/lvs-ldirectord.cf": "{{ ldirectord_mode }}",
    "{{ real_server_test_page_key }}": "0600",
    "{{ _host_folders_secrets }}": "0600",
    # On the controller: what doctor.yml has found out of a site.
    "{{ [lookup('ansible.builtin.env', 'PWD'), doctor_file | expanduser] | path_join }}": "0600",
}


def tasks_in(given: Any) -> Iterator[dict[str, Any]]:
    """Every task of a file of tasks or of plays, with those inside of blocks."""
    for one in given if isinstance(given, list) else []:
        if isinstance(one, dict):
            yield one
            for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
                yield from tasks_in(one.get(key))


def written() -> Iterator[Any]:
    """Each task that writes something, as a parameter: the task, and the arguments of its module."""
    for path in FILES:
        for task in tasks_in(yaml.safe_load(path.read_text(encoding="utf-8"))):
            for module in WRITING:
                if module in task and task[module].get("state") != "absent":
                    name = f"{path.relative_to(ROOT)}: {task.get('name')}"
                    yield pytest.param(task, task[module], id=name)


EVERY = list(written())
every_file = pytest.mark.parametrize(("task", "arguments"), EVERY)


def place(arguments: dict[str, Any]) -> str:
    return str(arguments.get("dest") or arguments.get("path"))


@every_file
def test_every_file_has_a_mode_and_an_owner(task, arguments):
    assert re.fullmatch(r"0[0-7]{3}|u\+rwx|\{\{ ldirectord_mode \}\}", str(arguments.get("mode")))
    theirs = OF_THE_USER.get(place(arguments))
    if task.get("delegate_to") == "localhost" or (theirs is not None and theirs in task["name"]):
        # Whoever runs the playbook owns it, or the user.
        assert "owner" not in arguments
    else:
        assert (arguments.get("owner"), arguments.get("group")) == ("root", "root")


@every_file
def test_nobody_but_root_can_write_and_nobody_can_read_a_secret(task, arguments):
    mode = str(arguments["mode"])
    assert mode == SECRET.get(place(arguments), mode)
    assert not re.fullmatch(r"0.[2367].|0..[2367]", mode)


def test_every_file_with_a_secret_is_among_them():
    assert {place(one.values[1]) for one in EVERY} >= set(SECRET)


def test_whoever_may_read_ldirectord_cf_depends_on_its_secrets():
    variables = yaml.safe_load((ROOT / "roles/ldirectord/vars/main.yml").read_text(encoding="utf-8"))
    assert variables["ldirectord_mode"] == "{{ '0600' if lvs_cluster.ldirectord.secrets else '0644' }}"


@pytest.mark.parametrize(
    ("secrets", "mode", "foreign", "shown"),
    [
        (False, "0644", [], True),
        (False, None, [], True),
        (True, "0644", [], False),
        # The last secret leaves: the file from before has it.
        (False, "0600", [], False),
        # Taken over from somebody.
        (False, "0644", ["/etc/ha.d/ldirectord.cf", "/etc/keepalived/keepalived.conf"], False),
    ],
)
def test_a_diff_shows_no_secret_of_the_file_from_before(secrets, mode, foreign, shown):
    known = {
        "ansible_diff_mode": True,
        "lvs_cluster": {"ldirectord": {"secrets": secrets}},
        "ldirectord_before": {"stat": {"mode": mode} if mode else {"exists": False}},
        "ansible_facts": {"deployed_lvs": {"foreign": foreign}},
    }
    writing = [task for one in EVERY for task in one.values[:1] if "validate" in one.values[1] and "diff" in task]
    diffs = {place(task["ansible.builtin.template"]): str(task["diff"]) for task in writing}
    said = {path: jinja2.Environment().from_string(diff).render(known) for path, diff in diffs.items()}
    assert said.pop("/run/lvs-ldirectord.cf") == "False"
    assert said == {"/etc/ha.d/ldirectord.cf": str(shown), "/etc/keepalived/keepalived.conf": str(not foreign)}


def test_a_diff_of_a_secret_is_never_shown():
    for one in EVERY:
        task, arguments = one.values
        if place(arguments) in SECRET and "ansible.builtin.template" in task:
            assert task["diff"] is False or "not lvs_cluster.ldirectord.secrets and " in task["diff"], one.id
