# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is planned from an inventory can be planned from every generated one that is accepted.

Every seed is an inventory of its own, and always the same one: a failure names it. LVS_GENERATED is how many there are.
"""

from __future__ import annotations

import os
import typing
from collections import Counter
from itertools import pairwise
from typing import Any, Callable

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import restore_lines
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_table
from ansible_collections.lvs.cluster.plugins.plugin_utils import tables
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import keepalived_checks
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.types import ResolvedCluster, checks_of
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.segment import questions
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.traffic import probe_plan
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster import generated

SEEDS = range(int(os.environ.get("LVS_GENERATED", "1200")))


@pytest.fixture(scope="module")
def accepted() -> dict[int, tuple[Any, dict[str, Any]]]:
    """Every inventory that resolves, by its seed, with the cluster it resolves to."""
    return {seed: found for seed in SEEDS if (found := generated.accepted(seed))}


def test_most_are_accepted_of_every_stack(accepted) -> None:
    assert len(accepted) > len(SEEDS) * 0.8
    stacks = Counter(cluster["stack"] for _given, cluster in accepted.values())
    assert min(stacks[stack] for stack in ("keepalived", "ldirectord", "static")) > len(SEEDS) * 0.1


@pytest.mark.skipif(len(SEEDS) < 1200, reason="needs more inventories: LVS_GENERATED")
def test_every_key_and_every_choice_of_the_schema_is_accepted_somewhere(accepted) -> None:
    known: set[tuple[str, str, str]] = set()
    given: set[tuple[str, str, str]] = set()
    for (hostvars, _groups), _cluster in accepted.values():
        for level, keys, mapping in generated.levels(hostvars):
            for name, key in keys.items():
                choices = key.validator.choices
                known |= {(level, name, choice) for choice in choices or ("any",)}
                values = mapping[name] if isinstance(mapping.get(name), list) else [mapping.get(name)]
                given |= {(level, name, one if choices else "any") for one in values if one is not None}
    levels = {level for level, _name, _choice in known}
    assert levels >= {f"health {kind}" for kind in (*keepalived_checks.BLOCKS, "of ldirectord")}
    assert known - given == set()


def test_every_choice_of_a_check_and_of_a_real_server_is_hit(accepted) -> None:
    """By the keepalived configurations, which keepalived then checks."""
    clusters = [cluster for _given, cluster in accepted.values() if cluster["stack"] == "keepalived"]
    services = [service for cluster in clusters for service in cluster["services"]]
    checks = [check for service in services for check in checks_of(service)]
    assert {check["type"] for check in checks} == set(keepalived_checks.BLOCKS)
    assert any(len({server["forward"] for server in service["real_servers"]}) > 1 for service in services)
    assert any(len(service["health"]) > 1 for service in services)
    assert any(server["health"] == [] for service in services for server in service["real_servers"])


def test_the_own_words_of_the_daemons_are_in_every_place(accepted) -> None:
    clusters = [cluster for _given, cluster in accepted.values()]
    services = [service for cluster in clusters for service in cluster["services"]]
    blocks = {
        "global_defs": [cluster["keepalived"] for cluster in clusters if cluster["keepalived"]],
        "virtual_server": [one for cluster in clusters if cluster["keepalived"] for one in cluster["services"]],
        "real_server": [server for service in services for server in service["real_servers"]],
        "vrrp_instance": [one for cluster in clusters if cluster["vrrp"] for one in cluster["vrrp"]["instances"]],
        "vrrp_sync_group": [one for cluster in clusters if cluster["vrrp"] for one in cluster["vrrp"]["sync_groups"]],
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


def test_hosts_that_direct_and_serve_are_there_with_every_packet_filter(accepted) -> None:
    hosts = [host for _given, cluster in accepted.values() for host in cluster["hosts"].values() if host["localnode"]]
    assert {host["filter"] for host in hosts} == {"nftables", "iptables", "firewalld"}
    # Two peers, each with one interface or one for each family
    assert {2, 4} <= {len(host["localnode"]["macs"]) for host in hosts} <= {2, 3, 4}
    assert {len(host["localnode"]["table"]) for host in hosts} == {1, 2}


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
    services = [service for _given, cluster in accepted.values() for service in cluster["services"]]
    told = [one["notify"] for service in services for one in (service, *service["real_servers"]) if one["notify"]]
    scripts = [check for service in services for check in checks_of(service) if check["type"] == "script"]
    scripts += [script for notify in told for script in notify.values() if script]
    for user in ("nobody", "nobody:daemon"):
        assert any(f"--userspec={user} /" in script["command"] for script in scripts), user
    assert any(each["routes"] for each in members)
    assert any(each["rules"] for each in members)


def test_every_key_is_there(accepted) -> None:
    keys = list(typing.get_type_hints(ResolvedCluster))
    for seed, (_given, cluster) in accepted.items():
        assert list(cluster) == keys, seed
        assert len({tuple(host) for host in cluster["hosts"].values()}) == 1, seed


def test_the_tables_are_what_the_modules_take(accepted) -> None:
    for seed, (_given, cluster) in accepted.items():
        table = cluster["table"]
        assert len(restore_lines(read_table(table))) == sum(1 + len(one["destinations"]) for one in table), seed
        assert list(tables.differences(table, table)) == [], seed
        assert tables.missing_services(table, table) == [], seed
        assert tables.undescribed_services(table, table) == [], seed
        assert tables.removed_real_servers(table, cluster) == [], seed


def test_from_every_table_another_one_can_be_planned(accepted) -> None:
    for (former, (_given, old)), (seed, (_same, new)) in pairwise(accepted.items()):
        leaving = tables.removed_real_servers(old["table"], new)
        for planned in (
            tables.drained_services(old["table"], leaving),
            tables.undrained_services(old["table"], new, leaving),
        ):
            read_table(planned)
        assert bool(list(tables.differences(old["table"], new["table"]))) is (old["table"] != new["table"]), (
            former,
            seed,
        )


def test_what_is_asked_can_be_asked(accepted) -> None:
    for seed, ((hostvars, _groups), cluster) in accepted.items():
        assert questions(cluster, hostvars)["vips"] == [vip["address"] for vip in cluster["vips"]], seed
        for plan in probe_plan(cluster):
            assert 1 <= plan["port"] <= 65535, seed
            assert plan["count"] > 0, seed


def test_a_second_run_resolves_to_the_same(accepted, second_run: Callable) -> None:
    for seed, ((hostvars, groups), cluster) in accepted.items():
        assert resolve(second_run(hostvars, cluster), groups) == cluster, seed
