# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a director is fit for the VIPs, by what the directors show."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.moves import (
    collect,
    impossible,
    planned,
    planned_move,
    successor,
)

ADDRESSES = {"lb1": "10.0.0.11", "lb2": "10.0.0.12", "lb3": "10.0.0.13", "www1": "10.0.0.21", "www2": "10.0.0.22"}
SERVICES = [{"name": "web", "vip": "10.0.0.100", "port": 80}]
PREFERRED, STAND_BY = "/run/lvs-preferred", "/run/lvs-stand-by"


def described(directors=2, **variables):
    groups = {"directors": ["lb1", "lb2", "lb3"][:directors], "real_servers": ["www1", "www2"]}
    hosts = [*groups["directors"], *groups["real_servers"]]
    given = {"lvs_services": SERVICES, **variables}
    return resolve({host: {"lvs_address": ADDRESSES[host], **given} for host in hosts}, groups)


def service(*weights, port=80, address="10.0.0.100"):
    servers = [
        {"address": f"10.0.0.2{number}", "port": port, "weight": weight, "forward": "dr"}
        for number, weight in enumerate(weights, 1)
        if weight is not None
    ]
    return {"protocol": "tcp", "address": address, "port": port, "fwmark": None, "destinations": servers}


def director(name, **others):
    master = name == "lb1"
    return {
        "addresses": [ADDRESSES[name], *(["10.0.0.100"] if master else [])],
        "services": [service(1, 1)],
        "daemons": [{"role": "master" if master else "backup"}],
        "connections": 0,
        "running": True,
        "instances": {"VI_1": {"state": "master" if master else "backup"}},
        "files": {},
        "tracks": True,
        "resources": "",
        "deaf": [],
        "checksum": "",
        "unreached": [],
        **others,
    }


def seen(**changes):
    return {name: director(name, **changes.get(name, {})) for name in ("lb1", "lb2")}


def reasons(cluster, target="lb2", **changes):
    return planned(cluster, target, seen(**changes))["reasons"]


def test_a_director_like_the_master_is_fit():
    assert planned(described(), "lb2", seen()) == {
        "target": "lb2",
        "impossible": [],
        "reasons": [],
        "masters": ["lb1"],
        "needed": True,
        "keeps": False,
    }


@pytest.mark.parametrize(
    ("directors", "variables", "target", "said"),
    [
        (2, {}, "lb9", "to is lb9, which is no director: name one of lb1 and lb2"),
        (2, {}, "", "to is missing: name the director that is to hold the VIPs, such as -e to=lb2"),
        (2, {}, None, "to is missing: name the director that is to hold the VIPs, such as -e to=lb2"),
        (1, {}, "lb1", "lb1 is the only director, so there is no other one for its VIPs"),
        (
            1,
            {"lvs_stack": "static"},
            "lb1",
            "lvs_stack is static: the VIPs belong to one director, and nothing moves them",
        ),
        (
            3,
            {
                "lvs_vrrp": {
                    "instances": [
                        {
                            "name": "A",
                            "virtual_router_id": 9,
                            "vips": ["10.0.0.100"],
                            "directors": ["lb1", "lb2"],
                        }
                    ]
                }
            },
            "lb3",
            "lb3 is no director of VRRP instance A, so it cannot hold 10.0.0.100",
        ),
    ],
)
def test_what_is_impossible_is_said_before_anybody_looks(directors, variables, target, said):
    cluster = described(directors, **variables)
    assert impossible(cluster, target) == [said]
    assert planned_move(cluster, target, {})["impossible"] == [said]
    assert planned_move(cluster, target, {})["reasons"] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"running": False, "instances": {}}, "keepalived does not run on lb2"),
        ({"tracks": False}, "keepalived.conf of lb2 does not track /run/lvs-preferred: run site.yml"),
        ({"files": {STAND_BY: 1}}, "lb2 stands by: remove /run/lvs-stand-by there"),
        ({"instances": {}}, "keepalived has no VRRP instance VI_1 on lb2"),
        ({"instances": {"VI_1": {"state": "fault"}}}, "VRRP instance VI_1 is in the state fault on lb2"),
        ({"services": None}, "the table of lb2 could not be read"),
        (
            {"services": []},
            "service 10.0.0.100:80/tcp is in the table of lb1, and not in that of lb2",
        ),
        (
            {"services": [service(1, 0)]},
            "real server 10.0.0.22 of 10.0.0.100:80/tcp is in the table of lb1, and at weight 0 in that of lb2: look whether"
            " its checks pass there",
        ),
        (
            {"services": [service(None, 1)]},
            "real server 10.0.0.21 of 10.0.0.100:80/tcp is in the table of lb1, and not in that of lb2: look whether its"
            " checks pass there",
        ),
    ],
)
def test_a_director_that_is_not_fit(changes, said):
    assert reasons(described(), lb2=changes) == [said]


def test_every_reason_is_said():
    found = reasons(described(lvs_sync={"enabled": True}), lb2={"services": [], "daemons": [], "tracks": False})
    assert len(found) == 3


def test_a_file_that_says_0_stands_for_nothing():
    assert reasons(described(), lb2={"files": {STAND_BY: 0}}) == []


def test_what_the_master_does_not_serve_either_is_no_reason():
    changes = {"lb1": {"services": [service(0, 1)]}, "lb2": {"services": [service(None, 1)]}}
    assert reasons(described(), **changes) == []
    assert reasons(described(), lb1={"services": [service(1, 1), service(1, address="10.0.0.7")]}) == []


def test_other_weights_are_no_reason():
    assert reasons(described(), lb1={"services": [service(5, 1)]}) == []


def test_a_long_list_of_differences_is_cut():
    addresses = [f"10.0.1.{number}" for number in range(1, 14)]
    cluster = described(lvs_services=[{"name": f"w{at}", "vip": at, "port": 80} for at in addresses])
    held = {"addresses": [vip["address"] for vip in cluster["vips"]]}
    full = [service(1, 1, address=at) for at in addresses]
    found = reasons(cluster, lb1={**held, "services": full}, lb2={"services": []})
    assert len(found) == 11
    assert found[-1] == "the tables of lb1 and lb2 have 3 more such differences"


def test_a_director_that_does_not_answer():
    cluster, those = described(3), seen()
    del those["lb1"]
    assert planned(cluster, "lb2", those)["reasons"] == [
        "no director holds VIP 10.0.0.100, and lb1 and lb3 did not answer"
    ]
    assert planned(cluster, "lb3", seen())["reasons"] == ["lb3 did not answer"]


def test_two_owners():
    both = {"addresses": ["10.0.0.12", "10.0.0.100"]}
    assert reasons(described(), lb2=both) == ["lb1 and lb2 hold VIP 10.0.0.100 at the same time"]


def test_no_priority_can_be_above_254():
    cluster = described(lvs_vrrp={"priority": 254})
    assert reasons(cluster) == [
        "lb1 has priority 254 in VRRP instance VI_1, and lb2 cannot get a higher one: set it to at most 253"
    ]
    assert reasons(described(lvs_vrrp={"priority": 253})) == []


@pytest.mark.parametrize(
    ("opened", "known", "fit"), [(200, 100, True), (200, 99, False), (9, 0, True), (10, 4, False), (10, 5, True)]
)
def test_sync_has_to_have_caught_up(opened, known, fit):
    changes = {"lb1": {"connections": opened}, "lb2": {"connections": known}}
    said = f"sync has not caught up: lb2 knows {known} open connections, and lb1 has {opened}"
    assert reasons(described(lvs_sync={"enabled": True}), **changes) == ([] if fit else [said])
    assert reasons(described(), **changes) == []


def test_the_sync_daemon_has_to_run():
    cluster = described(lvs_sync={"enabled": True})
    assert reasons(cluster, lb2={"daemons": [{"role": "master"}]}) == [
        "the sync daemon of lb2 does not run, so it does not know the open connections"
    ]


@pytest.mark.parametrize(
    ("target", "lvs_vrrp", "files", "needed", "keeps"),
    [
        # The master is the target.
        ("lb1", {}, {}, False, True),
        ("lb1", {}, {"lb2": {PREFERRED: 253}}, True, True),
        ("lb1", {"preempt": False}, {}, False, True),
        ("lb1", {"preempt": False}, {"lb1": {PREFERRED: 253}}, False, True),
        ("lb2", {"preempt": False}, {}, True, True),
        ("lb2", {}, {}, True, False),
    ],
)
def test_what_there_is_to_do(target, lvs_vrrp, files, needed, keeps):
    changes = {name: {"files": numbers} for name, numbers in files.items()}
    move = planned(described(lvs_vrrp=lvs_vrrp), target, seen(**changes))
    assert (move["needed"], move["keeps"]) == (needed, keeps)


@pytest.mark.parametrize(("files", "needed"), [({}, True), ({PREFERRED: 253}, False)])
def test_a_master_that_would_lose_the_vips_by_priority_gets_the_file(files, needed):
    there = {"lb1": {"addresses": ["10.0.0.11"]}, "lb2": {"addresses": ["10.0.0.12", "10.0.0.100"], "files": files}}
    move = planned(described(), "lb2", seen(**there))
    assert move["needed"] is needed
    assert move["masters"] == []


def test_a_master_that_has_to_do_nothing_is_not_examined():
    assert reasons(described(), "lb1", lb1={"services": None, "running": False}) == []


HEARTBEAT = {"lvs_stack": "ldirectord", "lvs_heartbeat": {"key": "0123456789abcdef"}}


def heartbeat_reasons(**changes):
    hosts = {
        host: {"lvs_address": at, "lvs_services": SERVICES, **HEARTBEAT}
        for host, at in ADDRESSES.items()
        if host != "lb3"
    }
    for host, variables in hosts.items():
        variables["ansible_facts"] = {"nodename": host}
    cluster = resolve(hosts, {"directors": ["lb1", "lb2"], "real_servers": ["www1", "www2"]})
    those = seen(lb1={"resources": "all"}, lb2={"resources": "none", "services": [], "running": False, "tracks": False})
    for name, change in changes.items():
        those[name].update(change)
    return planned(cluster, "lb2", those)["reasons"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"resources": ""}, ["heartbeat does not run on lb2"]),
        ({"resources": "transition"}, ["heartbeat of lb2 is still moving resources (transition)"]),
        ({"deaf": ["lb1"]}, ["heartbeat of lb2 does not hear lb1"]),
        ({"checksum": "other"}, ["ldirectord.cf of lb2 differs from that of lb1: run site.yml"]),
        ({"unreached": ["10.0.0.21:80"]}, ["real server 10.0.0.21:80 does not answer lb2"]),
    ],
)
def test_with_heartbeat_the_target_has_no_table(changes, said):
    assert heartbeat_reasons(lb2=changes) == said


HOSTVARS = {
    "lb1": {
        "director_move_addresses": {"stdout": "eth0 UP 10.0.0.11/24 10.0.0.100/32"},
        "director_move_table": {"services": [service(1, 1)], "daemons": None},
        "director_move_connections": {"stdout": "12"},
        "director_move_state": {"running": True, "instances": {"VI_1": {"state": "master"}}},
        "director_move_files": {
            "stdout": "/run/lvs-preferred:253\n/run/lvs-preferred:failover.yml\n/run/lvs-stand-by:x"
        },
        "director_move_tracks": {"rc": 0},
        "director_move_resources": {"stdout": "all"},
        "director_move_nodes": {
            "results": [{"item": {"name": "lb1"}, "stdout": "active"}, {"item": {"name": "lb2"}, "stdout": "dead"}]
        },
        "director_move_configuration": {"stat": {"checksum": "abc"}},
        "director_move_reach": {
            "results": [
                {"item": {"address": "10.0.0.21", "port": 80}, "failed": True},
                {"item": {"address": "10.0.0.22", "port": 80}, "failed": False},
            ]
        },
    },
    "lb2": {"director_move_addresses": {"unreachable": True}},
    "lb3": {"director_move_addresses": {"stdout": ""}, "director_move_reach": {"skipped": True}},
}


def test_what_was_read_is_gathered():
    found = collect(HOSTVARS, ["lb1", "lb2", "lb3", "lb4"])
    assert list(found) == ["lb1", "lb3"]
    assert found["lb1"] == {
        "addresses": ["10.0.0.11", "10.0.0.100"],
        "services": [service(1, 1)],
        "daemons": [],
        "connections": 12,
        "running": True,
        "instances": {"VI_1": {"state": "master"}},
        "files": {PREFERRED: 253, STAND_BY: 0},
        "tracks": True,
        "resources": "all",
        "deaf": ["lb2"],
        "checksum": "abc",
        "unreached": ["10.0.0.21:80"],
    }
    assert found["lb3"] == {
        "addresses": [],
        "services": None,
        "daemons": [],
        "connections": 0,
        "running": False,
        "instances": {},
        "files": {},
        "tracks": False,
        "resources": "",
        "deaf": [],
        "checksum": "",
        "unreached": [],
    }


def test_the_successor_is_the_first_that_is_fit():
    cluster = described(3)
    fit = {
        "director_move_addresses": {"stdout": "eth0 UP 10.0.0.13/24"},
        "director_move_table": {"services": [service(1, 1)]},
        "director_move_state": {"running": True, "instances": {"VI_1": {"state": "backup"}}},
        "director_move_tracks": {"rc": 0},
    }
    hostvars = copy.deepcopy({**HOSTVARS, "lb3": fit})
    assert successor(cluster, "lb1", hostvars) == "lb3"
    hostvars["lb3"]["director_move_state"] = {}
    assert successor(cluster, "lb1", hostvars) == "lb2"
