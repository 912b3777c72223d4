# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml does not undo what somebody drains or undrains while it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

TASKS = Path(__file__).parents[3] / "roles/director/tasks"
DRAIN = {
    "real_server": "www1",
    "addresses": ["192.0.2.21"],
    "service": None,
    "reason": "new disk",
    "by": "alice@lb1",
    "since": "2026-11-27T07:10:00Z",
    "changed": "2026-11-27T07:10:00.000000Z",
    "weight": None,
}
ENDED = {"real_server": "www1", "service": None, "at": "2026-11-27T08:00:00.000000Z"}
DRAINED = {"version": 1, "drains": [DRAIN], "undrained": []}
UNDRAINED = {"version": 1, "drains": [], "undrained": [ENDED]}


@pytest.mark.parametrize(
    ("began", "now", "weights", "kept"),
    [
        (None, DRAINED, [0, 1], [DRAIN]),
        (DRAINED, UNDRAINED, [1, 1], []),
        (DRAINED, DRAINED, [0, 1], [DRAIN]),
    ],
    ids=["drained", "undrained", "as_before"],
)
def test_a_director_gets_the_weights_of_its_present_record(play, tmp_path, began, now, weights, kept):
    record, shown = tmp_path / "drained.json", tmp_path / "shown.json"
    record.write_text(json.dumps(now))
    everywhere = {
        "director_drains_file": str(record),
        "lvs_services": [{"name": "web", "vip": "192.0.2.100", "port": 80}],
    }
    addresses = {"directors": {"lb1": 11, "lb2": 12}, "real_servers": {"www1": 21, "www2": 22}}
    inventory = {
        group: {"hosts": {host: {"lvs_address": f"192.0.2.{number}"} for host, number in hosts.items()}}
        for group, hosts in addresses.items()
    }
    resolve = {"lvs_cluster": "{{ hostvars | lvs.cluster.resolve(groups) }}"}
    show = "{{ {'weights': lvs_cluster.services[0].real_servers | map(attribute='weight') | list, 'drained': lvs_cluster.drained} | to_json }}"
    said = play(
        {
            "hosts": "directors",
            "tasks": [
                {"ansible.builtin.set_fact": {"deployed_lvs": {"drained": began}, "cacheable": True}},
                {"ansible.builtin.set_fact": resolve, "run_once": True},
            ],
        },
        {
            "hosts": "lb1",
            "tasks": [
                {"ansible.builtin.include_tasks": str(TASKS / "drains/now.yml")},
                {"ansible.builtin.copy": {"dest": str(shown), "content": show}},
            ],
        },
        inventory={"all": {"vars": everywhere}, **inventory},
    )
    found = json.loads(shown.read_text())
    assert found["weights"] == weights
    assert found["drained"]["drains"] == kept
    # It is resolved once for all directors, and again only where something has changed.
    assert ("skipped=2" in said) == (began == now)


def test_every_configuration_with_weights_is_written_after_that():
    deploy = yaml.safe_load((TASKS / "deploy.yml").read_text(encoding="utf-8"))
    order = [str(task) for task in deploy]
    assert "drains/now.yml" in order[0] and deploy[0]["tags"] == "always"
    assert "drains/record.yml" in order[1] and deploy[1]["tags"] == "always"
    announce = yaml.safe_load((TASKS / "announce.yml").read_text(encoding="utf-8"))
    assert announce[0]["ansible.builtin.import_tasks"] == "drains/now.yml"
