# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order hosts are updated, and which the cluster cannot do without."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.drained import drained_services
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.updates import (
    host_destinations,
    last_real_servers,
    update_order,
    update_refusals,
    wrong_weights,
)

GROUPS = {"directors": ["lb1", "lb2", "lb3"], "real_servers": ["www1", "www2"]}
ADDRESSES = {"lb1": "10.0.0.11", "lb2": "10.0.0.12", "lb3": "10.0.0.13", "www1": "10.0.0.21", "www2": "10.0.0.22"}
WEB = {"name": "web", "vip": "10.0.0.100", "port": 80}


def described(*services, drained=(), groups=None, **variables):
    groups = groups or GROUPS
    names = dict.fromkeys(name for members in groups.values() for name in members)
    given = {"lvs_services": list(services) or [WEB], **variables}
    return resolve({name: {"lvs_address": ADDRESSES[name], **given} for name in names}, groups, drained=drained)


def with_weights(cluster, *weights):
    """The table of a cluster as a director has it, with other weights; None if a real server is not there."""
    return [
        {
            **entry,
            "destinations": [
                {**server, "weight": weight}
                for server, weight in zip(entry["destinations"], weights)
                if weight is not None
            ],
        }
        for entry in cluster["table"]
    ]


def test_a_host_that_gets_no_new_connections():
    cluster = described(drained=["www1"])
    assert [server["weight"] for server in cluster["table"][0]["destinations"]] == [0, 1]
    assert [server["weight"] for server in cluster["services"][0]["real_servers"]] == [0, 1]
    assert [server["weight"] for server in cluster["keepalived"]["virtual_servers"][0]["real_servers"]] == [0, 1]
    assert cluster["hosts"] == described()["hosts"]
    assert cluster["keepalived"] != described()["keepalived"]
    assert described(drained=[]) == described()


def test_with_ldirectord_too():
    hosts = {name: {"lvs_address": at, "lvs_services": [WEB]} for name, at in ADDRESSES.items() if name != "lb3"}
    for name, variables in hosts.items():
        variables.update(
            lvs_stack="ldirectord", lvs_heartbeat={"key": "0123456789abcdef"}, ansible_facts={"nodename": name}
        )
    cluster = resolve(hosts, {**GROUPS, "directors": ["lb1", "lb2"]}, drained=["www2"])
    assert [server["weight"] for server in cluster["ldirectord"]["virtuals"][0]["reals"]] == [1, 0]


@pytest.mark.parametrize(
    ("changes", "weights"),
    [
        ({}, [0, 1]),
        ({"quorum": 2, "real_servers": ["www1", {"host": "www2", "weight": 2}]}, [0, 2]),
        # keepalived would refuse the quorum.
        ({"quorum": 2}, [1, 1]),
        ({"real_servers": ["www1"]}, [1]),
        # The check would set the weight again.
        ({"health": {"type": "script", "command": "/bin/true", "dynamic_weight": True}}, [1, 1]),
        ({"health": {"type": "file", "file": "/run/weight", "weight": 2}}, [1, 1]),
        ({"health": {"type": "file", "file": "/run/weight"}}, [0, 1]),
        ({"real_servers": ["www1", {"host": "www2", "weight": 0}]}, [1, 0]),
        ({"real_servers": [{"address": "10.0.0.99"}, "www2"]}, [1, 1]),
    ],
)
def test_a_service_that_cannot_do_without_a_host_stays_as_it_is(changes, weights):
    services = drained_services(described({**WEB, **changes})["services"], ["www1"])
    assert [server["weight"] for server in services[0]["real_servers"]] == weights


def test_real_servers_come_first_and_the_master_last():
    cluster = described()
    vip = {"lb1": ["10.0.0.100"], "lb2": [], "lb3": []}
    assert update_order(cluster, vip) == ["www1", "www2", "lb3", "lb2", "lb1"]
    assert update_order(cluster, vip, ["lb1", "www2"]) == ["www2", "lb1"]
    moved = {"lb1": [], "lb2": ["10.0.0.100"], "lb3": []}
    assert update_order(cluster, moved) == ["www1", "www2", "lb3", "lb1", "lb2"]


def test_a_host_that_directs_and_serves_is_updated_once():
    groups = {"directors": ["lb1", "lb2"], "real_servers": ["lb1", "lb2", "www1"]}
    cluster = described(groups=groups)
    assert update_order(cluster, {"lb1": ["10.0.0.100"], "lb2": []}) == ["www1", "lb2", "lb1"]


def test_what_the_cluster_cannot_do_without():
    cluster = described({**WEB, "real_servers": ["www1"]}, {**WEB, "name": "all", "port": 81})
    assert update_refusals(cluster, ["www1", "www2", "lb1"]) == [
        "www1 cannot be drained: without it web 10.0.0.100:80/tcp would have no real server, or too few for the quorum, or a check chooses its"
        " weight, or dh, sh or mh without its fallback flag would refuse its clients"
    ]
    alone = described(groups={**GROUPS, "directors": ["lb1"]})
    assert update_refusals(alone, ["lb1"]) == ["lb1 is the only director: nobody would serve while it is updated"]
    by_hash = described({**WEB, "scheduler": "mh"})
    assert "www1 cannot be drained" in update_refusals(by_hash, ["www1"])[0]
    assert update_refusals(described({**WEB, "scheduler": "mh", "scheduler_flags": ["mh-fallback"]}), ["www1"]) == []
    weightless = described({**WEB, "real_servers": [{"host": "www1", "weight": 0}, "www2"]})
    assert update_refusals(weightless, ["www1"]) == []


@pytest.mark.parametrize(
    ("weights", "last"), [((1, 1), False), ((1, 0), True), ((1, None), True), ((0, 1), False), ((0, 0), False)]
)
def test_the_last_real_server_that_serves_is_not_drained(weights, last):
    cluster = described()
    said = ["www1 is the only real server of 10.0.0.100:80/tcp that gets connections at present"]
    assert last_real_servers(with_weights(cluster, *weights), cluster, "www1") == (said if last else [])


def test_a_service_of_somebody_else_does_not_count():
    cluster = described()
    other = [{**entry, "port": 99} for entry in with_weights(cluster, 1)]
    assert last_real_servers(other, cluster, "www1") == []


def test_where_a_drained_host_is_waited_for():
    cluster = described(drained=["www1"])
    assert host_destinations(with_weights(cluster, 0, 1), cluster, "www1") == [
        {
            "service": {"address": "10.0.0.100", "port": 80, "protocol": "tcp", "family": "ipv4"},
            "address": "10.0.0.21",
            "port": 80,
            "label": "10.0.0.21 of 10.0.0.100:80/tcp",
        }
    ]
    assert host_destinations(with_weights(cluster, None, 1), cluster, "www1") == []
    assert host_destinations(with_weights(cluster, 1, 1), described(), "www1") == []


@pytest.mark.parametrize(
    ("drained", "weight", "said"),
    [
        ([], 1, []),
        ([], 7, []),
        ([], 0, ["www1 has weight 0 for 10.0.0.100:80/tcp, not 1"]),
        ([], None, ["www1 is not in the table for 10.0.0.100:80/tcp"]),
        (["www1"], 0, []),
        (["www1"], 3, ["www1 has weight 3 for 10.0.0.100:80/tcp, not 0"]),
    ],
)
def test_whether_a_host_gets_connections_as_it_should(drained, weight, said):
    cluster = described(drained=drained)
    assert wrong_weights(with_weights(cluster, weight, 1), cluster, "www1") == said
