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
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import keepalived_checks
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.types import ResolvedCluster, checks_of
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
        values = set()
        for service in services:
            values |= {check["type"] for check in service["health"]} if key == "health" else {service[key]}
        assert len(values) >= least, (key, values)


# Keys that need another one, which is there by chance
OF_LDIRECTORD = ("request", "login", "passwd", "database", "secret")
RARE = ("lower_threshold", "persistence_netmask", "persistence_engine")


def test_every_choice_of_a_check_and_of_a_real_server_is_hit(accepted) -> None:
    """By the keepalived configurations, which keepalived then checks."""
    clusters = [cluster for _given, cluster in accepted.values() if cluster["stack"] == "keepalived"]
    services = [service for cluster in clusters for service in cluster["services"]]
    servers = [server for service in services for server in service["real_servers"]]
    checks = [check for service in services for check in checks_of(service)]
    urls = [url for check in checks for url in check["urls"]]
    for items in ([{**check, "expect": True, "regex": True} for check in checks], urls, servers, services):
        assert [
            key for key in items[0] if key not in (*RARE, *OF_LDIRECTORD) and not any(one[key] for one in items)
        ] == []
    assert {check["type"] for check in checks} == set(keepalived_checks.BLOCKS)
    assert any(len({server["forward"] for server in service["real_servers"]}) > 1 for service in services)
    assert any(len(service["health"]) > 1 for service in services)
    assert any(server["health"] == [] for server in servers)


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
