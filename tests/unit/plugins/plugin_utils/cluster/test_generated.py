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


def test_the_own_words_of_the_daemons_are_in_every_place(accepted) -> None:
    clusters = [cluster for _given, cluster in accepted.values()]
    services = [service for cluster in clusters for service in cluster["services"]]
    blocks = {
        "global_defs": [cluster["keepalived"] for cluster in clusters if cluster["keepalived"]],
        "virtual_server": [one for cluster in clusters if cluster["keepalived"] for one in cluster["services"]],
        "real_server": [server for service in services for server in service["real_servers"]],
        "vrrp_instance": [one for cluster in clusters if cluster["vrrp"] for one in cluster["vrrp"]["instances"]],
        "virtual": [one for cluster in clusters if cluster["ldirectord"] for one in cluster["ldirectord"]["virtuals"]],
        "ldirectord.cf": [cluster["ldirectord"] for cluster in clusters if cluster["ldirectord"]],
        "ha.cf": [cluster["heartbeat"] for cluster in clusters if cluster["heartbeat"]],
    }
    assert {name for name, found in blocks.items() if any(block["raw"] for block in found)} == set(blocks)
    assert all(any(block[name] for block in blocks["global_defs"]) for name in ("includes", "options"))


def test_connections_are_synchronised_in_every_way(accepted) -> None:
    syncs = [cluster["sync"] for _given, cluster in accepted.values() if cluster["sync"]]
    for key in ("instance", "network", "maxlen"):
        assert {sync[key] is None for sync in syncs} == {True, False}, key
    for key in ("group", "port", "ttl"):
        assert len({sync[key] for sync in syncs}) > 1, key
    timeouts = {(cluster["stack"], tuple(cluster["timeouts"].values())) for _given, cluster in accepted.values()}
    assert {stack for stack, given in timeouts if given != (900, 120, 300)} == {"keepalived", "ldirectord", "static"}


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
