# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rolling update does not undo what somebody drains meanwhile, and check mode is a preview."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lvs.cluster.tests.unit.ansible_versions import evaluated

TASKS = Path(__file__).parents[3] / "roles/rolling_update/tasks"
# What grep prints of a director's files: who has preferred it.
FAILOVER, UPDATE = (f"/run/lvs-preferred:253\n/run/lvs-preferred:{who}" for who in ("failover.yml", "rolling_update r"))


def tasks(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((TASKS / f"{name}.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["drain", "undrain"])
def test_the_weights_are_those_of_the_present_record(name):
    """The facts of the directors are as old as the run, which may last for hours."""
    order = [str(task) for task in tasks(name)]
    resolves = [number for number, text in enumerate(order) if "lvs.cluster.resolve" in text]
    reads = [number for number, text in enumerate(order) if "'lvs.cluster.deployed_facts'" in text]
    assert resolves and reads and reads[0] < resolves[0]
    assert resolves[-1] < next(number for number, text in enumerate(order) if "reweigh" in text)
    assert tasks(name)[reads[0]]["when"] == "inventory_hostname in lvs_cluster.directors"


def test_a_real_server_that_the_cluster_needs_by_now_is_not_drained():
    order = [str(task) for task in tasks("drain")]
    needed = next(number for number, text in enumerate(order) if "lvs.cluster.update_refusals" in text)
    refuses = next(number for number, text in enumerate(order) if "ansible.builtin.fail" in text)
    writes = next(number for number, text in enumerate(order) if "rolling_update_drained" in text)
    assert needed < refuses < writes
    assert "rolling_update_needed" in order[refuses]


def test_check_mode_updates_no_host():
    """It would wait for a weight of 0 that was not written, and fail."""
    (task,) = [task for task in tasks("main") if task.get("ansible.builtin.include_tasks") == "host.yml"]
    assert task["when"] == "not ansible_check_mode"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, None),
        ({"rolling_update_hosts": ["web1"]}, None),
        # -e rolling_update_hosts=web1
        ({"rolling_update_hosts": "web1"}, None),
        ({"rolling_update_hosts": "web9"}, "rolling_update_hosts has web9, and there are lb1, web1"),
        ({"rolling_update_hosts": ["web9", "web1"]}, "rolling_update_hosts has web9, and there are lb1, web1"),
        ({"rolling_update_reboot": "yes"}, "rolling_update_reboot is yes"),
        ({"rolling_update_tasks": __file__}, None),
        # Found on the first host, this would leave it drained.
        ({"rolling_update_tasks": "firmware.yml"}, "rolling_update_tasks is firmware.yml"),
    ],
)
def test_wrong_options_are_refused_before_any_host_is_drained(options, said):
    variables = {
        **yaml.safe_load((TASKS.parent / "defaults/main.yml").read_text(encoding="utf-8")),
        **options,
        "ansible_play_hosts": ["lb1", "web1"],
        "lvs_cluster": {"directors": ["lb1"], "real_servers": ["web1"]},
    }
    task = tasks("begin")[0]
    role = yaml.safe_load((TASKS.parent / "vars/main.yml").read_text(encoding="utf-8"))
    for name, text in {**role, **task["vars"]}.items():
        variables[name] = evaluated(text, variables)
    check = task["ansible.builtin.assert"]
    assert evaluated("{{ " + check["that"] + " }}", variables) is (said is None)
    if said:
        message = evaluated(check["fail_msg"], variables)
        assert message.startswith(said) and message.endswith(". Nothing was changed.")
        assert message.count("rolling_update_") == 1, "names an option that is right"


@pytest.mark.parametrize(
    ("lb1", "lb2", "holds", "record", "takes_back"),
    [
        # The priorities of the inventory decide.
        ("", "", True, "", False),
        ("", UPDATE, True, "", False),
        ("", FAILOVER, True, "", True),
        ("", FAILOVER, False, "", False),
        # This run has moved the VIPs to lb1, and has stopped: lb1 needs no file if its priority is the highest.
        ("", "", False, "r", True),
        (UPDATE, "", False, "r", True),
        ("", FAILOVER, True, "r", True),
        # Somebody has moved them elsewhere meanwhile, or that run never went on.
        (FAILOVER, "", False, "r", False),
        ("", "", False, "another", False),
    ],
)
def test_a_director_that_failover_has_preferred_gets_its_vips_back(lb1, lb2, holds, record, takes_back):
    (task,) = [task for task in tasks("leave") if "ansible.builtin.set_fact" in task]
    seen = {
        "lb1": {"director_move_files": {"stdout": lb1}},
        "lb2": {
            "director_move_files": {"stdout": lb2},
            "rolling_update_moved_by": {"stdout": record},
        },
    }
    cluster = {"directors": ["lb1", "lb2"], "vips": [{"address": "192.0.2.100"}]}
    variables = {"hostvars": seen, "lvs_cluster": cluster, "rolling_update_host": "lb2", "rolling_update_run": "r"}
    variables["rolling_update_held"] = ["192.0.2.12", "192.0.2.100"] if holds else ["192.0.2.12"]
    for name in ("holds_vips", "chosen", "goes_on"):
        variables[f"rolling_update_{name}"] = evaluated(task["vars"][f"rolling_update_{name}"], variables)
    facts = task["ansible.builtin.set_fact"]
    assert evaluated(facts["rolling_update_leaves"], variables) is holds
    assert evaluated(facts["rolling_update_takes_back"], variables) is takes_back
    assert evaluated(facts["rolling_update_was_preferred"], variables) is (takes_back or lb2 == FAILOVER)


def test_held_packages_are_held_again_when_their_upgrade_fails():
    (block,) = [task for task in tasks("update") if "block" in task]
    assert ["ansible.builtin.dpkg_selections" in task for task in block["always"]] == [True]
    # Also if it could not be read which are.
    held = block["vars"]["rolling_update_held_packages"]
    assert evaluated(held, {"rolling_update_holds": {"failed": True}}) == []
    assert evaluated(held, {"rolling_update_holds": {"stdout_lines": ["vim", "keepalived"]}}) == ["keepalived"]


def test_what_a_director_gets_back_is_recorded_until_it_has_it():
    leave, back = ([str(task) for task in tasks(name)] for name in ("leave", "return"))
    records = next(number for number, text in enumerate(leave) if "'dest': '{{ rolling_update_returning }}'" in text)
    assert records < next(number for number, text in enumerate(leave) if "'tasks_from': 'move'" in text)
    forgets = next(number for number, text in enumerate(back) if "'path': '{{ rolling_update_returning }}'" in text)
    moves = next(number for number, text in enumerate(back) if "'tasks_from': 'move'" in text)
    assert moves < forgets
    assert tasks("return")[moves]["when"] == [
        "inventory_hostname in lvs_cluster.directors",
        "rolling_update_takes_back",
    ]
