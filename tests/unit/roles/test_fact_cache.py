# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With a fact cache, a director that does not answer tells nothing of drained real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.drain_record import told_record

RESOLVE = Path(__file__).parents[3] / "roles/cluster/tasks/resolve.yml"
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
ENDED = {
    "version": 1,
    "drains": [],
    "undrained": [{"real_server": "web1", "service": None, "at": "2026-11-27T08:00:00Z"}],
}


def facts(**deployed):
    """The task that sets what is deployed on a host, as deployed_facts does."""
    return {"ansible.builtin.set_fact": {"deployed_lvs": deployed, "cacheable": True}}


def run(folder, hosts, tasks):
    """Run tasks, with the hosts and the cache of a folder."""
    variables = {"ansible_python_interpreter": sys.executable, "ansible_remote_tmp": str(folder / "remote")}
    play = {"hosts": hosts, "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_HOME": str(folder)}
    ran = subprocess.run(
        [PLAYBOOK, "-i", "hosts.yml", "play.yml"],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.skipif(not PLAYBOOK.exists(), reason="ansible-playbook is not beside this Python")
def test_what_a_director_has_told_in_a_former_run_is_left_out(tmp_path):
    tasks = yaml.safe_load(RESOLVE.read_text(encoding="utf-8"))
    names = [next((key for key in task if key.startswith(("ansible.", "lvs."))), "") for task in tasks]
    forget = names.index("ansible.builtin.set_fact")
    assert forget < names.index("lvs.cluster.deployed_facts")
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"directors": {"hosts": {"lb1": None, "lb2": None}}}))
    (tmp_path / "ansible.cfg").write_text(
        f"[defaults]\nfact_caching=ansible.builtin.jsonfile\nfact_caching_connection={tmp_path}/cache\n"
    )
    # lb1 answers, and tells that a drain is over. lb2 is down, and was drained after it was asked last.
    run(tmp_path, "directors", [facts(drained=None, vips=["192.0.2.100"])])
    show = {"ansible.builtin.copy": {"dest": str(tmp_path / "facts.json"), "content": "{{ facts | to_json }}"}}
    every = "{{ dict(groups['directors'] | zip(groups['directors'] | map('extract', hostvars, 'ansible_facts'))) }}"
    run(tmp_path, "lb1", [tasks[forget], facts(drained=ENDED), {**show, "vars": {"facts": every}}])
    found = json.loads((tmp_path / "facts.json").read_text())
    # All else that the cache knows of it stays.
    assert found["lb2"]["deployed_lvs"] == {"drained": False, "vips": ["192.0.2.100"]}
    assert [one.real_server for one in told_record(found).undrained] == ["web1"]
    found["lb2"]["deployed_lvs"]["drained"] = None
    assert told_record(found).undrained == ()
