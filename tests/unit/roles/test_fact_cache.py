# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With a fact cache, a director that does not answer tells nothing of drained real servers."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.drain_record import told_record

RESOLVE = Path(__file__).parents[3] / "roles/cluster/tasks/resolve.yml"
ENDED = {
    "version": 1,
    "drains": [],
    "undrained": [{"real_server": "web1", "service": None, "at": "2026-11-27T08:00:00Z"}],
}


def facts(**deployed):
    """The task that sets what is deployed on a host, as deployed_facts does."""
    return {"ansible.builtin.set_fact": {"deployed_lvs": deployed, "cacheable": True}}


def test_what_a_director_has_told_in_a_former_run_is_left_out(play, tmp_path):
    tasks = yaml.safe_load(RESOLVE.read_text(encoding="utf-8"))
    names = [next((key for key in task if key.startswith(("ansible.", "lvs."))), "") for task in tasks]
    forget = names.index("ansible.builtin.set_fact")
    assert forget < names.index("lvs.cluster.deployed_facts")
    inventory = {"directors": {"hosts": {"lb1": None, "lb2": None}}}
    (tmp_path / "ansible.cfg").write_text(
        f"[defaults]\nfact_caching=ansible.builtin.jsonfile\nfact_caching_connection={tmp_path}/cache\n"
    )
    # lb1 answers, and tells that a drain is over. lb2 is down, and was drained after it was asked last.
    play({"hosts": "directors", "tasks": [facts(drained=None, vips=["192.0.2.100"])]}, inventory=inventory)
    show = {"ansible.builtin.copy": {"dest": str(tmp_path / "facts.json"), "content": "{{ facts | to_json }}"}}
    every = "{{ dict(groups['directors'] | zip(groups['directors'] | map('extract', hostvars, 'ansible_facts'))) }}"
    tell = [tasks[forget], facts(drained=ENDED), {**show, "vars": {"facts": every}}]
    play({"hosts": "lb1", "tasks": tell}, inventory=inventory)
    found = json.loads((tmp_path / "facts.json").read_text())
    # All else that the cache knows of it stays.
    assert found["lb2"]["deployed_lvs"] == {"drained": False, "vips": ["192.0.2.100"]}
    assert [one.real_server for one in told_record(found).undrained] == ["web1"]
    found["lb2"]["deployed_lvs"]["drained"] = None
    assert told_record(found).undrained == ()
