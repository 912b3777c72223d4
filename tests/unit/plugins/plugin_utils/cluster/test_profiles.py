# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the profile `fast` of lvs_vrrp and of health checks sets, and that the inventory's own keys count first."""

from __future__ import annotations

import itertools
from typing import Any, Callable

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import schema
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.keepalived_checks import BLOCKS
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve

FAST = {"profile": "fast"}
HEARTBEAT = {"lvs_stack": "ldirectord", "lvs_heartbeat": {"key": "a-key-of-an-example"}}
REQUIRED = {"dns": {"name": "www.example.com"}, "script": {"command": "/bin/true"}, "udp": {"port": 53}}
TIMED = sorted(kind for kind in BLOCKS if "interval" in schema.HEALTH[kind])
TIMES = ("interval", "timeout", "retries", "retry_delay")
STANDARD = (6, 3, 3, 3)


def instance_of(inventory: Callable, **vrrp: Any) -> dict[str, Any]:
    return resolve(*inventory({"all": {"lvs_vrrp": vrrp}}))["vrrp"]["instances"][0]


def check_of(inventory: Callable, health: Any = None, **variables: Any) -> dict[str, Any]:
    service = {} if health is None else {"service": {"health": health}}
    return resolve(*inventory({"all": variables, **service}))["services"][0]["health"][0]


def times(check: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(check[name] for name in TIMES)


def test_standard_is_as_without_a_profile(inventory: Callable) -> None:
    assert resolve(*inventory({"all": {"lvs_vrrp": {"profile": "standard"}}})) == resolve(*inventory({}))


def test_fast_sends_adverts_often_and_announces_the_vips_again(inventory: Callable) -> None:
    fast = instance_of(inventory, profile="fast")
    assert (fast["version"], fast["advert_interval"], fast["down_timer_adverts"]) == (3, 0.07, 4)
    assert [one["priority"] for one in fast["directors"]] == [250, 240]
    assert (fast["garp_master_delay"], fast["garp_master_repeat"], fast["garp_master_refresh"]) == (1, 5, 10)


@pytest.mark.parametrize(
    ("name", "value"),
    [("advert_interval", 0.5), ("garp_master_delay", 7), ("garp_master_refresh", 0), ("preempt_delay", 0)],
)
def test_a_key_of_the_inventory_counts_and_the_others_stay_fast(name: str, value: Any, inventory: Callable) -> None:
    expected = {**instance_of(inventory, profile="fast"), name: value}
    assert instance_of(inventory, profile="fast", **{name: value}) == expected


def test_null_is_as_if_the_key_were_not_there(inventory: Callable) -> None:
    assert instance_of(inventory, profile="fast", version=None) == instance_of(inventory, profile="fast")


def test_version_2_with_whole_seconds_is_possible_in_the_profile(inventory: Callable) -> None:
    slow = instance_of(inventory, profile="fast", version=2, advert_interval=1, auth_pass="secret")
    assert (slow["version"], slow["auth_pass"]) == (2, "secret")


def test_an_instance_has_its_own_key(inventory: Callable) -> None:
    own = {"name": "A", "virtual_router_id": 7, "vips": ["172.28.0.100"], "advert_interval": 2}
    assert instance_of(inventory, profile="fast", instances=[own])["advert_interval"] == 2


@pytest.mark.parametrize(
    ("vrrp", "sync", "delay"),
    [
        ({}, None, 15),
        ({}, {"enabled": False}, 10),
        ({"preempt_delay": 3}, None, 3),
        ({"preempt": False}, None, 0),
    ],
    ids=["until_sync_has_caught_up", "without_sync", "given", "no_preempt"],
)
def test_a_returning_director_waits(vrrp: dict[str, Any], sync: Any, delay: int, inventory: Callable) -> None:
    variables = {"lvs_vrrp": {**FAST, **vrrp}, "lvs_sync": sync, "lvs_health": FAST}
    cluster = resolve(*inventory({"all": variables}))
    assert [one["preempt_delay"] for one in cluster["vrrp"]["instances"]] == [delay]


def test_a_slow_check_makes_it_wait_longer(inventory: Callable) -> None:
    variables = {"lvs_vrrp": FAST, "lvs_sync": {"enabled": False}}
    slow = {"type": "tcp", "interval": 20, "timeout": 2.5}
    cluster = resolve(*inventory({"all": variables, "service": {"health": slow}}))
    assert cluster["vrrp"]["instances"][0]["preempt_delay"] == 23


@pytest.mark.parametrize(
    ("vrrp", "sync", "on"),
    [
        (FAST, None, True),
        (FAST, {"id": 7}, True),
        (FAST, {"enabled": None}, True),
        (FAST, {"enabled": False}, False),
        ({}, {"id": 7}, False),
        ({}, None, False),
    ],
)
def test_fast_synchronises_connections_unless_the_inventory_says_no(vrrp, sync, on, inventory: Callable) -> None:
    cluster = resolve(*inventory({"all": {"lvs_vrrp": vrrp, "lvs_sync": sync}}))
    assert (cluster["sync"] is not None) == on
    assert [cluster["hosts"][name]["sync"] is not None for name in cluster["directors"]] == [on, on]


def processes(inventory: Callable, **vrrp: Any) -> list[tuple[str, Any, bool]]:
    found = resolve(*inventory({"all": {"lvs_vrrp": vrrp}}))["vrrp"]["processes"]
    # A limit that the kernel would take could kill the process at a reload: as an int, it is negative.
    assert all((one["rlimit_rttime"] == 2**32 - 2) == bool(one["realtime_priority"]) for one in found)
    return [(one["name"], one["realtime_priority"], one["no_swap"]) for one in found]


def test_the_checks_come_after_vrrp(inventory: Callable) -> None:
    assert processes(inventory, profile="fast") == [("vrrp", 10, True), ("checker", 9, True)]


def test_bfd_is_as_urgent_as_vrrp(inventory: Callable) -> None:
    watched = {"bfd": [{"neighbor": "172.28.0.1"}]}
    assert processes(inventory, realtime_priority=20, track=watched) == [
        ("vrrp", 20, False),
        ("checker", 19, False),
        ("bfd", 20, False),
    ]


def test_the_lowest_priority_is_that_of_both(inventory: Callable) -> None:
    assert processes(inventory, realtime_priority=1) == [("vrrp", 1, False), ("checker", 1, False)]


@pytest.mark.parametrize("none", [0, None])
def test_without_a_priority_only_the_memory_is_held(none: Any, inventory: Callable) -> None:
    assert processes(inventory, no_swap=True, realtime_priority=none) == [("vrrp", None, True), ("checker", None, True)]


def test_fast_without_both_has_nothing_of_a_process(inventory: Callable) -> None:
    assert processes(inventory, profile="fast", realtime_priority=0, no_swap=False) == []


def test_a_backup_of_a_fast_cluster_is_waited_for_as_briefly(inventory: Callable) -> None:
    cluster = resolve(*inventory({"all": {"lvs_vrrp": FAST}}))
    assert cluster["hosts"]["lvs1"]["vrrp"]["handover_time"] == pytest.approx(0.57)


def test_verify_also_hears_a_cluster_that_is_not_fast(inventory: Callable) -> None:
    cluster = resolve(*inventory({"all": {"lvs_vrrp": FAST}}))
    assert cluster["hosts"]["lvs1"]["vrrp"]["listen_time"] == 2


# Health checks


@pytest.mark.parametrize("kind", TIMED)
def test_keepalived_takes_a_dead_real_server_out_within_two_seconds(kind: str, inventory: Callable) -> None:
    check = check_of(inventory, {"type": kind, **FAST, **REQUIRED.get(kind, {})}) if kind != "udp" else None
    if check is None:
        service = {"protocol": "udp", "health": {"type": kind, **FAST, **REQUIRED[kind]}}
        check = resolve(*inventory({"service": service}))["services"][0]["health"][0]
    interval, timeout, retries, retry_delay = times(check)
    assert interval + (retries + 1) * timeout + retries * retry_delay <= 2
    # keepalived reads no fraction here.
    assert kind != "script" or isinstance(timeout, int)
    # Not so short that a healthy real server would be taken out: a TCP segment that is lost comes again after 0.2 s.
    assert timeout >= 0.4
    assert retries >= 2 or kind == "script"


@pytest.mark.parametrize("kind", ["tcp", "http", "smtp", "ping", "script"])
def test_ldirectord_has_whole_seconds_and_takes_four(kind: str, inventory: Callable) -> None:
    own = {"type": kind, **FAST, **REQUIRED.get(kind, {})}
    cluster = resolve(*inventory({"all": HEARTBEAT, "service": {"health": own}}))
    check = cluster["services"][0]["health"][0]
    assert all(isinstance(check[name], int) for name in ("interval", "timeout", "retries"))
    assert (check["retries"] + 1) * (check["interval"] + check["timeout"]) <= 4
    assert check["retries"] >= 1
    assert (cluster["ldirectord"]["interval"], cluster["ldirectord"]["fork"]) == (1, False)


FAST_TIMES = (0.4, 0.4, 2, 0.1)


@pytest.mark.parametrize(
    ("common", "health", "expected"),
    [
        (None, None, STANDARD),
        (None, FAST, FAST_TIMES),
        (None, {**FAST, "type": "http"}, FAST_TIMES),
        (None, {**FAST, "timeout": 1, "retries": 0}, (0.4, 1, 0, 0.1)),
        (FAST, None, FAST_TIMES),
        (FAST, {"type": "http", "interval": 5}, (5, 0.4, 2, 0.1)),
        (FAST, {"type": "http", "interval": None}, FAST_TIMES),
        ({**FAST, "timeout": 1}, {"type": "http"}, (0.4, 1, 2, 0.1)),
        ({"timeout": 1}, {"type": "http"}, (6, 1, 3, 3)),
        ({**FAST, "timeout": 1}, {"type": "http", "profile": "standard"}, STANDARD),
        ({"timeout": 1}, {"type": "http", **FAST}, FAST_TIMES),
    ],
)
def test_the_nearest_word_on_times_counts(common: Any, health: Any, expected: Any, inventory: Callable) -> None:
    variables = {} if common is None else {"lvs_health": common}
    assert times(check_of(inventory, health, **variables)) == expected


def test_a_real_server_has_its_own_profile(inventory: Callable) -> None:
    servers = ["web1", {"host": "web2", "health": FAST}]
    cluster = resolve(*inventory({"service": {"real_servers": servers}}))
    (service,) = cluster["services"]
    assert times(service["health"][0]) == STANDARD
    assert [times(check) for check in service["real_servers"][1]["health"]] == [FAST_TIMES]
    assert service["real_servers"][1]["health"][0]["type"] == "tcp"


def test_udp_stays_unchecked_in_a_fast_cluster(inventory: Callable) -> None:
    cluster = resolve(*inventory({"all": {"lvs_health": FAST}, "service": {"protocol": "udp"}}))
    assert cluster["services"][0]["health"] == []


def test_one_wrong_profile_is_told_once(inventory: Callable) -> None:
    with pytest.raises(InventoryMistakes) as mistakes:
        resolve(*inventory({"all": {"lvs_vrrp": {"profile": ["fast"]}, "lvs_health": {"profile": "quick"}}}))
    assert len(mistakes.value.messages) == 2


# Connections that nobody knows

SLOPPY = {"net.ipv4.vs.sloppy_tcp": "1", "net.ipv4.vs.sloppy_sctp": "1"}


def sloppy(inventory: Callable, service: dict[str, Any], **variables: Any) -> set[str]:
    cluster = resolve(*inventory({"all": variables, "service": service}))
    return {name for name, value in cluster["hosts"]["lvs1"]["sysctls"].items() if SLOPPY.get(name) == value}


@pytest.mark.parametrize(
    ("scheduler", "protocol", "expected"),
    [
        ("mh", "tcp", {"net.ipv4.vs.sloppy_tcp"}),
        ("sh", "tcp", {"net.ipv4.vs.sloppy_tcp"}),
        ("mh", "sctp", {"net.ipv4.vs.sloppy_sctp"}),
        ("mh", "udp", set()),
        ("dh", "tcp", set()),
        ("wrr", "tcp", set()),
    ],
)
def test_directors_take_over_connections_where_all_of_them_find_the_same_real_server(
    scheduler: str, protocol: str, expected: set[str], inventory: Callable
) -> None:
    assert sloppy(inventory, {"scheduler": scheduler, "protocol": protocol}) == expected


def test_a_marked_service_has_all_its_protocols(inventory: Callable) -> None:
    service = {"port": None, "fwmark": 7, "ports": [80], "protocol": ["tcp", "sctp"], "scheduler": "mh"}
    assert sloppy(inventory, {**service, "health": {"type": "tcp"}}) == set(SLOPPY)


@pytest.mark.parametrize(
    "variables",
    [
        {"lvs_sync": {"sloppy": False}},
        {"lvs_sync": {"enabled": True, "sloppy": False}},
        {"lvs_vrrp": FAST, "lvs_sync": {"enabled": False, "sloppy": False}},
    ],
)
def test_not_if_the_inventory_says_no(variables: Any, inventory: Callable) -> None:
    assert sloppy(inventory, {"scheduler": "mh"}, **variables) == set()


def test_fast_without_synchronisation_is_sloppy(inventory: Callable) -> None:
    variables = {"lvs_vrrp": FAST, "lvs_sync": {"enabled": False}}
    assert sloppy(inventory, {"scheduler": "mh"}, **variables) == {"net.ipv4.vs.sloppy_tcp"}


def test_a_service_that_is_not_hashed_does_not_hide_one_that_is(inventory: Callable) -> None:
    hashed = {"name": "b", "vip": "172.28.0.101", "port": 80, "scheduler": "mh"}
    services = [{"name": "a", "vip": "172.28.0.100", "port": 80}, hashed]
    for order in itertools.permutations(services):
        cluster = resolve(*inventory({"all": {"lvs_services": list(order)}}))
        assert "net.ipv4.vs.sloppy_tcp" in cluster["hosts"]["lvs1"]["sysctls"]


@pytest.mark.parametrize(
    ("schedulers", "expected"),
    [(("mh", "sh"), {"net.ipv4.vs.sloppy_tcp"}), (("mh", "rr"), set()), (("rr", "mh"), set())],
)
def test_with_synchronisation_all_services_of_the_protocol_have_to_be_hashed(
    schedulers: tuple[str, str], expected: set[str], inventory: Callable
) -> None:
    services = [
        {"name": f"s{number}", "vip": f"172.28.0.{100 + number}", "port": 80, "scheduler": scheduler}
        for number, scheduler in enumerate(schedulers)
    ]
    dns = {"name": "dns", "vip": "172.28.0.109", "port": 53, "protocol": "udp", "scheduler": "rr"}
    cluster = resolve(*inventory({"all": {"lvs_services": [*services, dns], "lvs_sync": {"enabled": True}}}))
    assert {name for name in cluster["hosts"]["lvs1"]["sysctls"] if name in SLOPPY} == expected
