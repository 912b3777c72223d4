# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of an inventory is in what a playbook prints, with -vvv and --diff either. molecule/production does this with directors.

adopt.yml has its test in test_adopt.py, doctor.yml with directors in molecule/production.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import yaml
from ansible_collections.lvs.cluster.tests.unit.conftest import COLLECTIONS
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import network_facts

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
ADDRESSES = {"lvs1": 11, "lvs2": 12, "web1": 21, "web2": 22}
# The playbooks that act on hosts, in the order in which they are played.
ACTING = ("site", "verify", "status", "drain", "undrain", "rolling_update", "failover", "teardown")
# Those that are played in `make test` too, which has little time; molecule/production has some of the others.
CORE = {"keepalived": ("site", "status", "drain", "undrain", "rolling_update"), "ldirectord": ("site", "drain")}


def inventory(variables: dict[str, Any]) -> str:
    """An inventory with these variables, in YAML."""
    groups = {
        "directors": {name: {"lvs_address": f"192.0.2.{ADDRESSES[name]}"} for name in ("lvs1", "lvs2")},
        "real_servers": {name: {"lvs_address": f"192.0.2.{ADDRESSES[name]}"} for name in ("web1", "web2")},
        "clients": {"client1": HERE},
    }
    everybody = {"ansible_host": "127.0.0.1", "ansible_port": 1, **variables}
    return yaml.safe_dump(
        {"all": {"vars": everybody, "children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}
    )


@pytest.fixture
def printed(ansible: Callable, tmp_path: Path) -> Callable[[str, dict[str, Any]], str]:
    """Return a function that runs a playbook for a cluster of which only the client answers, and returns what it prints."""

    def run(playbook: str, variables: dict[str, Any]) -> str:
        (tmp_path / "hosts.yml").write_text(inventory(variables), encoding="utf-8")
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


@pytest.fixture
def played(matrix, tmp_path: Path) -> Callable[..., tuple[bool, str, Path]]:
    """Return a function that plays a playbook on hosts that are made up: whether it came to its end, what it printed, what they got."""

    def run(playbook: str, world: dict[str, Any], variables: dict[str, Any]) -> tuple[bool, str, Path]:
        record, hosts, told = (tmp_path / name for name in (f"{playbook}.jsonl", "hosts.yml", "world.json"))
        hosts.write_text(inventory(variables), encoding="utf-8")
        told.write_text(json.dumps(world), encoding="utf-8")
        command = [sys.executable, str(ROOT / "tests/matrix/without_hosts.py"), str(record), "-i", str(hosts)]
        command += ["-e", "ansible_connection=local", f"lvs.cluster.{playbook}", *matrix.OPTIONS.get(playbook, ())]
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "PLAYED_WORLD": str(told),
        }
        environment.pop("ANSIBLE_STRATEGY", None)
        done = subprocess.run(
            [*command, "-vvv", "--diff"], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
        )
        said = done.stdout + done.stderr
        return matrix.ended(playbook, done.returncode == 0, said), said, record

    return run


@pytest.mark.parametrize(("stack", "variables"), [("keepalived", KEEPALIVED), ("ldirectord", LDIRECTORD)])
def test_no_playbook_that_acts_says_a_secret(matrix, played, stack, variables):
    world = {"facts": {name: network_facts({"eth0": [f"192.0.2.{last}/24"]}) for name, last in ADDRESSES.items()}}
    for playbook in CORE[stack] if os.environ.get("LVS_TESTS") == "core" else ACTING:
        known = matrix.DRAINED if playbook == "undrain" else {}
        ended, said, record = played(playbook, matrix.with_deployed(world, known), variables)
        assert ended, said[-3000:]
        assert "task path:" in said
        assert [secret for secret in SECRETS if secret in said] == [], playbook
        if playbook == "site":
            # It has written them, so there was something to say.
            texts = record.read_text(encoding="utf-8")
            assert [secret for secret in SECRETS if secret in json.dumps(variables) and secret not in texts] == []
            world |= matrix.world_after(record)


def test_every_playbook_is_searched_for_secrets():
    elsewhere = {
        "adopt": "tests/unit/collection/test_adopt.py",
        "doctor": "tests/unit/collection/test_secrets_in_output.py",
    }
    assert {*ACTING, *elsewhere} == {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    for playbook, path in elsewhere.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        assert "-vvv" in text
        assert playbook in text


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
