# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml gives its verdict whoever is left to answer."""

from __future__ import annotations

import pytest

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


@pytest.fixture
def verify(ansible, tmp_path):
    """Return a function that runs verify.yml with more options, with the controller as the only host that answers."""

    def run(*options, inventory=INVENTORY):
        (tmp_path / "hosts.ini").write_text(inventory, encoding="utf-8")
        return ansible("ansible-playbook", "-i", "hosts.ini", "lvs.cluster.verify", *options)

    return run


def test_a_client_alone_names_the_directors_that_do_not_answer(verify):
    ran = verify()
    for host in ("lvs1", "lvs2", "web1"):
        assert f"{host}: could not be checked. Check that it is up and answers SSH" in ran.stdout, (
            ran.stdout + ran.stderr
        )
    assert "directors: none of them holds VIP 192.0.2.100" in ran.stdout
    assert ran.returncode != 0


def test_hosts_that_were_not_asked_are_told_from_those_that_do_not_answer(verify):
    ran = verify("--limit", "lvs1,client1")
    assert "lvs1: could not be checked. Check that it is up and answers SSH" in ran.stdout, ran.stdout + ran.stderr
    for host in ("lvs2", "web1"):
        assert f"{host}: was left out by --limit. Run verify.yml without --limit" in ran.stdout, ran.stdout + ran.stderr
    assert ran.returncode != 0


def test_a_host_outside_the_limit_that_answers_and_cannot_be_read_ends_the_run(verify):
    here = "ansible_connection=local ansible_python_interpreter"
    inventory = INVENTORY.replace("192.0.2.11", f'192.0.2.11 {here}="{{{{ ansible_playbook_python }}}}"')
    inventory = inventory.replace("192.0.2.12", f"192.0.2.12 {here}=/bin/false")
    ran = verify("--limit", "lvs1,client1", inventory=inventory)
    assert "lvs2 is not in this run, but what is deployed there is needed, and could not be read" in ran.stdout, (
        ran.stdout + ran.stderr
    )
    assert "was left out by --limit" not in ran.stdout
    assert ran.returncode != 0
