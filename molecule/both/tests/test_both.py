# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts direct and serve: both answer, each alone while the other is away, and no packet goes from one to the other and back."""

from __future__ import annotations

import time

import pytest
from cluster import flat, shared, until, with_inventory

VIP = "172.28.0.100"
OTHER_VIP = "172.28.0.101"
ADDRESS = {"lvs1": "172.28.0.11", "lvs2": "172.28.0.12"}
HALF = {"lvs1": 6, "lvs2": 6}
FAILOVER_SECONDS = 4.5


@pytest.fixture(autouse=True)
def lvs1_directs_and_both_serve(cluster, request):
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP")
    until(lambda: weights(cluster) == {name: {"lvs1": 1, "lvs2": 1} for name in ADDRESS}, "both are in both tables")
    yield
    if request.function is test_teardown_leaves_nothing:
        return
    # whatever a failed test left undone
    cluster.lab.power_on("lvs1")
    cluster.run("lvs1", "systemctl start keepalived")
    cluster.run("lvs2", "systemctl start lvs-test-page")


def weights(cluster, *directors):
    """The weights of the real servers of web in the table of each director."""
    names = {address: name for name, address in ADDRESS.items()}
    tables = {director: cluster.table(director).get(f"{VIP}:80", {}) for director in directors or ADDRESS}
    return {
        director: {names[address]: weight for address, weight in table.items()} for director, table in tables.items()
    }


def packets(cluster, director):
    """The packets that a director has counted: those to each real server of web, and those with a mark, from another director.

    The kernel sums them up every two seconds.
    """
    stats = cluster.module(director, "ipvs_info", gather=["stats"])["stats"]
    marked = sum(service["packets_in"] for service in stats if service["fwmark"])
    web = next(service for service in stats if service["port"] == 80)
    return {**{one["address"]: one["packets_in"] for one in web["destinations"]}, "marked": marked}


def test_both_answer_for_both_services(cluster):
    assert shared(cluster.ask(VIP), HALF)
    for vip in (VIP, OTHER_VIP):
        assert shared(cluster.ask(vip, 443, scheme="https"), HALF)


def test_no_packet_is_forwarded_twice(cluster):
    time.sleep(3)  # until all packets of the test before are summed up
    before = {name: packets(cluster, name) for name in ADDRESS}
    assert shared(cluster.ask(VIP, count=40), {"lvs1": 20, "lvs2": 20})

    def more(director, what):
        return packets(cluster, director)[what] - before[director][what]

    until(lambda: more("lvs2", "marked") > 20 * 3, "lvs2 has counted what lvs1 has sent to it")
    until(lambda: more("lvs1", ADDRESS["lvs2"]) == more("lvs2", "marked"), "lvs2 got each packet once")
    assert more("lvs1", ADDRESS["lvs1"]) > 20 * 3
    assert more("lvs1", "marked") == 0
    assert [more("lvs2", address) for address in ADDRESS.values()] == [0, 0]


def test_each_answers_what_it_asks_itself(cluster):
    for name in ADDRESS:
        asked = f"for i in 1 2 3 4; do curl --silent --max-time 5 http://{VIP}/; done"
        assert cluster.run(name, asked).splitlines() == [name] * 4


def test_one_that_serves_no_more_is_removed_from_both_tables(cluster):
    cluster.run("lvs2", "systemctl stop lvs-test-page")
    until(lambda: weights(cluster) == {name: {"lvs1": 1} for name in ADDRESS}, "both have removed lvs2")
    assert cluster.ask(VIP) == ["lvs1"] * 12
    cluster.run("lvs2", "systemctl start lvs-test-page")
    until(lambda: shared(cluster.ask(VIP), HALF), "both answer again")


def test_connections_survive_when_the_other_one_directs(cluster):
    """Those of lvs1 as well, which serves on."""
    with cluster.connections(VIP) as connections:
        until(lambda: cluster.knows_the_connections("lvs2", VIP), "lvs2 knows the connections")
        with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as stream:
            cluster.run("lvs1", "systemctl stop keepalived")
            until(lambda: cluster.holders(VIP) == ["lvs2"], "lvs2 holds the VIP")
            # The stream takes turns as well.
            until(lambda: set(cluster.ask(VIP)) == {"lvs1", "lvs2"}, "both answer by lvs2")
    assert sorted(str(one["server"]) for one in connections) == ["lvs1"] * 3 + ["lvs2"] * 3, connections
    assert stream["longest_gap"] <= 1, stream
    cluster.run("lvs1", "systemctl start keepalived")


def test_one_serves_alone_when_the_other_has_lost_its_power(cluster):
    with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as stream:
        cluster.wait_for_requests("lvs1", VIP)
        cluster.lab.power_off("lvs1")
        until(lambda: cluster.holders(VIP, "lvs2") == ["lvs2"], "lvs2 holds the VIP")
        until(lambda: weights(cluster, "lvs2") == {"lvs2": {"lvs2": 1}}, "lvs2 has removed lvs1")
        assert cluster.ask(VIP) == ["lvs2"] * 12
        assert cluster.ask(VIP, 443, scheme="https") == ["lvs2"] * 12
        cluster.lab.power_on("lvs1")
        until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP again")
        until(lambda: shared(cluster.ask(VIP), HALF), "both answer again")
    assert stream["longest_gap"] <= FAILOVER_SECONDS, stream


def test_one_that_leaves_the_real_servers_directs_on_and_nothing_is_lost(cluster, tmp_path):
    """lvs2, which is changed first, while lvs1 still has it in its table."""
    without = with_inventory(cluster, tmp_path / "without.yml", lambda groups: groups["real_servers"].pop("lvs2"))
    try:
        with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as stream:
            without.play("site")
        assert stream["errors"] == {}, stream
        assert stream["answered"] == stream["requests"] > 100
        assert weights(cluster) == {name: {"lvs1": 1} for name in ADDRESS}
        assert cluster.run("lvs2", f"ip -o address show to {VIP}; iptables -t mangle -S | grep {VIP}") == ""
        without.play("verify")
    finally:
        cluster.play("site")


def test_a_replaced_network_card_is_found_and_made_known(cluster):
    """lvs1 knows another address for lvs2 than lvs2 has."""
    change = "sed -i -E 's/(^nft peer [^ ]+) [^ ]+/\\1 02:00:00:00:00:99/' /etc/lvs-vip-lvs1-lvs2.conf && lvs-vip sync"
    cluster.host("lvs1").run_expect([0], change)
    assert "lvs1: does not know" in flat(cluster.fail("verify"))
    cluster.play("site")
    mac = cluster.run("lvs2", f"cat /sys/class/net/{cluster.interface('lvs2')}/address")
    assert cluster.run("lvs1", "nft list chain inet lvs_cluster lvs_peer").count(mac) == len(cluster.vips())


def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    assert {node: fingerprints.changes(node) for node in ADDRESS} == {node: [] for node in ADDRESS}
