# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is accepted can be deployed: inventories made up from seeds, rendered, checked by the tools that will read them.

Every seed is an inventory of its own, and always the same one: a failure names it. LVS_GENERATED is how many there are.
"""

from __future__ import annotations

import os
import typing
from collections import Counter
from typing import Any, Callable

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_table
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.types import ResolvedCluster
from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import differences, removed_real_servers
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.traffic import probe_plan
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import hostvars_and_groups
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.generated import inventory

SEEDS = range(int(os.environ.get("LVS_GENERATED", "1200")))


@pytest.fixture(scope="module")
def accepted() -> dict[int, tuple[Any, dict[str, Any]]]:
    """Every inventory that resolves, by its seed, with the cluster it resolves to."""
    found = {}
    for seed in SEEDS:
        given = hostvars_and_groups(inventory(seed))
        try:
            found[seed] = given, resolve(*given)
        except InventoryMistakes as mistakes:
            assert all(": " in message for message in mistakes.messages), seed
    return found


def test_enough_are_accepted_of_every_kind(accepted) -> None:
    clusters = [cluster for _given, cluster in accepted.values()]
    assert len(clusters) > 200
    stacks = Counter(cluster["stack"] for cluster in clusters)
    assert min(stacks[stack] for stack in ("keepalived", "ldirectord", "static")) > 10
    services = [service for cluster in clusters for service in cluster["services"]]
    for key, least in (("forward", 3), ("health", 8), ("scheduler", 10), ("family", 2)):
        values = {service[key]["type"] if key == "health" else service[key] for service in services}
        assert len(values) >= least, (key, values)


def test_everything_that_vrrp_can_watch_and_tell_is_there(accepted) -> None:
    directors = [host for _given, cluster in accepted.values() for host in cluster["hosts"].values()]
    for kind in ("scripts", "processes", "files", "bfd"):
        assert sum(bool(host["trackers"][kind]) for host in directors) > 3, kind
    groups = [group for host in directors for group in host["sync_groups"]]
    members = [instance for host in directors for instance in host["instances"]]
    for watching in (groups, members):
        assert any(one["weight"] for each in watching for one in each["track"]["interfaces"])
        assert sum(bool(each["notify"]) for each in watching) >= 2
    assert len({one["keyword"] for each in members for one in each["notify"]}) == 5
    assert any(host["scripts"]["users"] for host in directors)
    assert any(each["routes"] for each in members)
    assert any(each["rules"] for each in members)


def test_every_key_is_there(accepted) -> None:
    keys = list(typing.get_type_hints(ResolvedCluster))
    for seed, (_given, cluster) in accepted.items():
        assert list(cluster) == keys, seed
        assert len({tuple(host) for host in cluster["hosts"].values()}) == 1, seed


def test_the_tables_are_what_the_modules_take(accepted) -> None:
    for seed, (_given, cluster) in accepted.items():
        read_table(cluster["table"])
        assert list(differences(cluster["table"], cluster["table"])) == [], seed
        assert removed_real_servers(cluster["table"], cluster) == [], seed


def test_what_is_asked_can_be_asked(accepted) -> None:
    for seed, (_given, cluster) in accepted.items():
        for plan in probe_plan(cluster):
            assert 1 <= plan["port"] <= 65535, seed
            assert plan["count"] > 0, seed


def test_a_second_run_resolves_to_the_same(accepted, second_run: Callable) -> None:
    for seed, ((hostvars, groups), cluster) in accepted.items():
        assert resolve(second_run(hostvars, cluster), groups) == cluster, seed
