# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A director that returns waits until it knows the connections, unless the inventory says how long."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve

A = {"name": "A", "virtual_router_id": 51, "vips": ["172.28.0.100"]}
B = {"name": "B", "virtual_router_id": 52, "vips": ["172.28.0.101"]}


@pytest.mark.parametrize(
    ("vrrp", "delays"),
    [
        ({"instances": [A, B]}, [15, 9]),
        ({"preempt_delay": 3, "instances": [A, B]}, [3, 3]),
        ({"instances": [A, {**B, "preempt_delay": 3}]}, [15, 3]),
        ({"instances": [{**A, "preempt_delay": 0}, B]}, [0, 9]),
        ({"preempt": False, "instances": [A, B]}, [0, 0]),
    ],
    ids=["left_out", "given_for_all", "given_for_the_other", "given_for_it", "vips_stay_where_they_are"],
)
def test_the_synchronised_instance_waits_unless_the_inventory_says_how_long(
    vrrp: dict[str, Any], delays: list[int], inventory: Callable
) -> None:
    cluster = resolve(*inventory({"all": {"lvs_vrrp": vrrp, "lvs_sync": {"enabled": True, "instance": "A"}}}))
    assert [instance["preempt_delay"] for instance in cluster["vrrp"]["instances"]] == delays


@pytest.mark.parametrize("sync", [{"enabled": True}, {"enabled": True, "instance": None}])
def test_without_an_instance_all_of_them_wait(sync: dict[str, Any], inventory: Callable) -> None:
    cluster = resolve(*inventory({"all": {"lvs_vrrp": {"instances": [A, B]}, "lvs_sync": sync}}))
    assert [instance["preempt_delay"] for instance in cluster["vrrp"]["instances"]] == [15, 15]
    assert all(cluster["hosts"][director]["sync"]["both"] for director in cluster["directors"])


def test_with_heartbeat_a_director_sends_or_receives(inventory: Callable) -> None:
    heartbeat = {"lvs_stack": "ldirectord", "lvs_heartbeat": {"key": "a-key-of-an-example"}}
    cluster = resolve(*inventory({"all": {**heartbeat, "lvs_sync": {"enabled": True}}}))
    assert not any(cluster["hosts"][director]["sync"]["both"] for director in cluster["directors"])


def test_without_services_nothing_is_synchronised(inventory: Callable) -> None:
    # keepalived starts no process that could start the daemons.
    cluster = resolve(*inventory({"all": {"lvs_services": [], "lvs_sync": {"enabled": True}}}))
    assert cluster["sync"] is None


def test_a_network_of_its_own_has_an_interface_on_each_director(inventory: Callable) -> None:
    cluster = resolve(*inventory({"all": {"lvs_sync": {"enabled": True, "network": "10.99.0.0/16"}}}))
    assert [cluster["hosts"][director]["sync"]["interface"] for director in cluster["directors"]] == ["eth0", "eth0"]


def spoken(cluster: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """From where each director asks the others, and where they are."""
    directors = [cluster["hosts"][director]["sync"] for director in cluster["directors"]]
    return [(one["address"], one["peers"]) for one in directors]


def test_directors_ask_each_other_at_their_addresses(inventory: Callable) -> None:
    own = [("172.28.0.11", ["172.28.0.12"]), ("172.28.0.12", ["172.28.0.11"])]
    there = [("10.99.0.11", ["10.99.0.12"]), ("10.99.0.12", ["10.99.0.11"])]
    assert spoken(resolve(*inventory({"all": {"lvs_sync": {"enabled": True}}}))) == own
    assert spoken(resolve(*inventory({"all": {"lvs_sync": {"enabled": True, "network": "10.99.0.0/16"}}}))) == there


def test_the_mark_of_a_connection_can_be_found(inventory: Callable) -> None:
    marked = {"name": "web", "vip": ["172.28.0.100", "172.28.0.101"], "fwmark": 10, "ports": [80, "8000-8010"]}
    every = {"name": "all", "vip": "172.28.0.102", "fwmark": 11, "protocol": ["tcp", "udp"]}
    plain = {"name": "mail", "vip": "172.28.0.100", "port": 25}
    health = {"scheduler": "rr", "health": {"type": "tcp", "port": 80}}
    services = [{**one, **health} for one in (marked, every, plain)]
    cluster = resolve(*inventory({"all": {"lvs_sync": {"enabled": True}, "lvs_services": services}}))
    assert cluster["hosts"][cluster["directors"][0]]["sync"]["marks"] == [
        {"fwmark": 10, "vips": ["172.28.0.100", "172.28.0.101"], "protocols": ["tcp"], "ports": [80, "8000-8010"]},
        {"fwmark": 11, "vips": ["172.28.0.102"], "protocols": ["tcp", "udp"], "ports": []},
    ]
