# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""adopt.yml writes an inventory that Ansible reads, keeps passwords to itself, and overwrites nothing unasked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.lvs.cluster.plugins.filter import resolve

COLLECTIONS = Path(resolve.__file__).parents[5]
TOOLS = Path(sys.executable).parent
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


def run(folder, tool, *options):
    """Run a tool of Ansible in a folder, with the controller as the only host."""
    if not (TOOLS / tool).exists():
        pytest.skip(f"{tool} is not beside this Python")
    (folder / "hosts.ini").write_text(INVENTORY, encoding="utf-8")
    (folder / "ansible.cfg").write_text("", encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "PWD": str(folder),
    }
    command = [str(TOOLS / tool), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=folder)


def adopt(folder, *options):
    return run(folder, "ansible-playbook", "-i", "hosts.ini", "lvs.cluster.adopt", "-vvv", *options)


def test_it_writes_an_inventory_and_keeps_the_password_to_itself(tmp_path, daemon):
    ran = adopt(tmp_path, "-e", "adopt_to=new", "--diff")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert PASSWORD not in ran.stdout + ran.stderr
    new = tmp_path / "new"
    secrets = new / "group_vars/all/secrets.yml"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert [path for path in new.rglob("*") if path.is_file() and PASSWORD in path.read_text()] == [secrets]
    listed = json.loads(run(tmp_path, "ansible-inventory", "-i", "new", "--list").stdout)
    assert listed["directors"]["hosts"] == ["lb1"]
    (instance,) = listed["_meta"]["hostvars"]["lb1"]["lvs_vrrp"]["instances"]
    assert (instance["virtual_router_id"], instance["vips"]) == (51, ["192.0.2.100"])
    assert "auth_pass" in instance

    again = adopt(tmp_path, "-e", "adopt_to=new")
    assert again.returncode != 0
    assert "is in new already" in " ".join(again.stdout.split())
    (new / "hosts.yml").write_text("")
    assert adopt(tmp_path, "-e", "adopt_to=new", "-e", "adopt_overwrite=true").returncode == 0
    assert "lb1" in (new / "hosts.yml").read_text()


def test_a_missing_folder_is_said_before_a_host_is_read(tmp_path):
    ran = adopt(tmp_path)
    assert ran.returncode != 0
    assert "adopt_to is missing" in ran.stdout
    assert "adopt_info" not in ran.stdout
