# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""adopt.yml writes an inventory that Ansible reads, keeps passwords to itself, and overwrites nothing unasked."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

import pytest

PASSWORD = "pw4VRRPx"
INVENTORY = """
[directors]
lb1
[all:vars]
ansible_connection=local
ansible_python_interpreter="{{ ansible_playbook_python }}"
"""
CONFIGURATION = """
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    authentication {
        auth_type PASS
        auth_pass "%s"
    }
    virtual_ipaddress {
        192.0.2.100
    }
}
"""


@pytest.fixture
def daemon(tmp_path):
    """A process that is called keepalived, with a configuration of its own."""
    (tmp_path / "keepalived").write_text("import time\ntime.sleep(600)\n")
    (tmp_path / "own.conf").write_text(CONFIGURATION % PASSWORD)
    running = subprocess.Popen([sys.executable, str(tmp_path / "keepalived"), "-f", str(tmp_path / "own.conf")])
    yield
    running.kill()
    running.wait()


@pytest.fixture
def adopt(ansible, tmp_path):
    """Return a function that runs adopt.yml with more options, with the controller as the only host."""
    (tmp_path / "hosts.ini").write_text(INVENTORY, encoding="utf-8")
    return partial(ansible, "ansible-playbook", "-i", "hosts.ini", "lvs.cluster.adopt", "-vvv")


def test_it_writes_an_inventory_and_keeps_the_password_to_itself(adopt, ansible, tmp_path, daemon):
    ran = adopt("-e", "adopt_to=new", "--diff")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert PASSWORD not in ran.stdout + ran.stderr
    new = tmp_path / "new"
    secrets = new / "group_vars/all/secrets.yml"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert [path for path in new.rglob("*") if path.is_file() and PASSWORD in path.read_text()] == [secrets]
    listed = json.loads(ansible("ansible-inventory", "-i", "new", "--list").stdout)
    assert listed["directors"]["hosts"] == ["lb1"]
    (instance,) = listed["_meta"]["hostvars"]["lb1"]["lvs_vrrp"]["instances"]
    assert (instance["virtual_router_id"], instance["vips"]) == (51, ["192.0.2.100"])
    assert "auth_pass" in instance

    again = adopt("-e", "adopt_to=new")
    assert again.returncode != 0
    assert "is in new already" in " ".join(again.stdout.split())
    (new / "hosts.yml").write_text("")
    assert adopt("-e", "adopt_to=new", "-e", "adopt_overwrite=true").returncode == 0
    assert "lb1" in (new / "hosts.yml").read_text()


def test_a_missing_folder_is_said_before_a_host_is_read(adopt):
    ran = adopt()
    assert ran.returncode != 0
    assert "adopt_to is missing" in ran.stdout
    assert "adopt_info" not in ran.stdout
