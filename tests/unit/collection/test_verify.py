# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml gives its verdict whoever is left to answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.lvs.cluster.plugins.filter import resolve

COLLECTIONS = Path(resolve.__file__).parents[5]
TOOLS = Path(sys.executable).parent
# Nothing listens on port 1. The client sends nothing: only TCP services are asked, and the VIP is on none of its networks.
INVENTORY = """
[directors]
lvs1 lvs_address=192.0.2.11
lvs2 lvs_address=192.0.2.12
[real_servers]
web1 lvs_address=192.0.2.21
[clients]
client1 ansible_connection=local ansible_python_interpreter="{{ ansible_playbook_python }}"
[all:vars]
ansible_host=127.0.0.1
ansible_port=1
lvs_services=[{"name": "names", "vip": "192.0.2.100", "port": 53, "protocol": "udp"}]
"""


def verify(folder, *options, inventory=INVENTORY):
    """Run verify.yml in a folder, with the controller as the only host that answers."""
    if not (TOOLS / "ansible-playbook").exists():
        pytest.skip("ansible-playbook is not beside this Python")
    (folder / "hosts.ini").write_text(inventory, encoding="utf-8")
    (folder / "ansible.cfg").write_text("", encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(TOOLS / "ansible-playbook"), "-i", str(folder / "hosts.ini"), "lvs.cluster.verify", *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=folder)


def test_a_client_alone_names_the_directors_that_do_not_answer(tmp_path):
    ran = verify(tmp_path)
    for host in ("lvs1", "lvs2", "web1"):
        assert f"{host}: could not be checked. Check that it is up and answers SSH" in ran.stdout, (
            ran.stdout + ran.stderr
        )
    assert "directors: none of them holds VIP 192.0.2.100" in ran.stdout
    assert ran.returncode != 0


def test_hosts_that_were_not_asked_are_told_from_those_that_do_not_answer(tmp_path):
    ran = verify(tmp_path, "--limit", "lvs1,client1")
    assert "lvs1: could not be checked. Check that it is up and answers SSH" in ran.stdout, ran.stdout + ran.stderr
    for host in ("lvs2", "web1"):
        assert f"{host}: was left out by --limit. Run verify.yml without --limit" in ran.stdout, ran.stdout + ran.stderr
    assert ran.returncode != 0


def test_a_host_outside_the_limit_that_answers_and_cannot_be_read_ends_the_run(tmp_path):
    here = "ansible_connection=local ansible_python_interpreter"
    inventory = INVENTORY.replace("192.0.2.11", f'192.0.2.11 {here}="{{{{ ansible_playbook_python }}}}"')
    inventory = inventory.replace("192.0.2.12", f"192.0.2.12 {here}=/bin/false")
    ran = verify(tmp_path, "--limit", "lvs1,client1", inventory=inventory)
    assert "lvs2 is not in this run, but what is deployed there is needed, and could not be read" in ran.stdout, (
        ran.stdout + ran.stderr
    )
    assert "was left out by --limit" not in ran.stdout
    assert ran.returncode != 0
