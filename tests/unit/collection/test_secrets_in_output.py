# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of an inventory is in what a playbook prints, with -vvv and --diff either. molecule/production does this with directors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PASSWORD, TOKEN, LOGIN, KEY = "pa55w0rd", "t0ken-in-a-path", "l0gin-of-a-check", "the-key-of-heartbeat"
SECRETS = (PASSWORD, TOKEN, LOGIN, KEY)
# What may be named in templates alone: the parts of the resolved cluster that hold secrets.
HOLDING = re.compile(r"auth_pass|keepalived\.secrets|heartbeat\.key|\.passwd|\[.(?:auth_pass|passwd|secrets).\]")
WEB = {"name": "web", "vip": "192.0.2.100", "port": 80}
CHECKED = {"type": "http", "sensitive": True, "path": f"/a?key={TOKEN}", "virtualhost": f"{LOGIN}.example.org"}
# Nothing listens on port 1, so only the client answers, which is this machine.
HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
RUN = {"type": "script", "sensitive": True, "command": f"/bin/true -p {TOKEN}"}
KEEPALIVED = {
    "lvs_vrrp": {"auth_pass": PASSWORD},
    "lvs_services": [{**WEB, "health": CHECKED}, {**WEB, "name": "db", "port": 3306, "health": RUN}],
}
LDIRECTORD = {
    "lvs_stack": "ldirectord",
    "lvs_heartbeat": {"key": KEY},
    "lvs_services": [
        {**WEB, "port": 143, "health": {"type": "imap", "login": LOGIN, "passwd": PASSWORD, "sensitive": True}}
    ],
}
MISTAKEN = {
    "lvs_vrrp": {"auth_pass": f"{PASSWORD} too long"},
    "lvs_services": [{**WEB, "health": {**CHECKED, "path": f"/a?key={TOKEN}#", "virtualhost": f"{LOGIN}!"}}],
}


@pytest.fixture
def printed(ansible: Callable, tmp_path: Path) -> Callable[[str, dict[str, Any]], str]:
    """Return a function that runs a playbook for a cluster of which only the client answers, and returns what it prints."""

    def run(playbook: str, variables: dict[str, Any]) -> str:
        groups = {
            "directors": {"lvs1": {"lvs_address": "192.0.2.11"}, "lvs2": {"lvs_address": "192.0.2.12"}},
            "real_servers": {"web1": {"lvs_address": "192.0.2.21"}},
            "clients": {"client1": HERE},
        }
        everybody = {"ansible_host": "127.0.0.1", "ansible_port": 1, **variables}
        inventory = {"all": {"vars": everybody, "children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        done = ansible("ansible-playbook", "-i", "hosts.yml", f"lvs.cluster.{playbook}", "-vvv", "--diff")
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize("variables", [KEEPALIVED, LDIRECTORD], ids=["keepalived", "ldirectord"])
def test_verify_says_no_secret(printed, variables):
    said = printed("verify", variables)
    # It has resolved the cluster, and says what it makes of it.
    assert "directors: none of them holds VIP 192.0.2.100" in said or "mistake" not in said
    assert "task path:" in said
    assert [secret for secret in SECRETS if secret in said] == []


def test_the_doctor_says_no_secret(printed):
    said = printed("doctor", KEEPALIVED)
    assert "lvs.cluster.doctor_info" in said or "doctor" in said
    assert [secret for secret in SECRETS if secret in said] == []


def test_mistakes_say_no_secret(printed):
    said = printed("verify", MISTAKEN)
    assert "3 mistakes in the inventory" in said
    assert [secret for secret in SECRETS if secret in said] == []


def tasks() -> Iterator[Any]:
    """Each task of the roles and playbooks, as a parameter, without what is in its block."""

    def inside(given: Any) -> Iterator[dict[str, Any]]:
        for one in given if isinstance(given, list) else []:
            if isinstance(one, dict):
                blocks = [one.get(key) for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks")]
                yield {key: value for key, value in one.items() if value not in blocks or not isinstance(value, list)}
                for block in blocks:
                    yield from inside(block)

    for path in sorted([*ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("playbooks/**/*.yml")]):
        for task in inside(yaml.safe_load(path.read_text(encoding="utf-8"))):
            yield pytest.param(task, id=f"{path.relative_to(ROOT)}: {task.get('name')}")


@pytest.mark.parametrize("task", list(tasks()))
def test_no_task_shows_what_holds_secrets(task):
    text = json.dumps(task)
    assert not HOLDING.search(text)
    # The resolved cluster holds all of them.
    if "lvs.cluster.resolve" in text and "ansible.builtin.set_fact" in task:
        assert task["no_log"] is True
    for template in ("keepalived-secrets.conf.j2", "authkeys.j2", "ldirectord.cf.j2"):
        if f"'ansible.builtin.template', '{template}'" in text:
            assert task["no_log"] in (True, "{{ lvs_cluster.ldirectord.secrets }}")
