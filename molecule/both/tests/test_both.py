# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts direct and serve: both answer, each alone while the other is away, and no packet goes from one to the other and back."""

from __future__ import annotations

import time

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import endpoint
from cluster import flat, shared, until, with_inventory
from doctor import causes

VIP, SIX = "172.28.0.100", "fd00:28::100"
OTHER_VIP = "172.28.0.101"
NAMES = ("lvs1", "lvs2")
# Of the services at port 80, one for each address family.
ADDRESSES = {
    VIP: {"lvs1": "172.28.0.11", "lvs2": "172.28.0.12"},
    SIX: {"lvs1": "fd00:28::11", "lvs2": "fd00:28::12"},
}
HALF = {"lvs1": 6, "lvs2": 6}
FAILOVER_SECONDS = 4.5
ASKED = {"port": 80, "rate": 20, "timeout": 2}
each_family = pytest.mark.parametrize("vip", ADDRESSES, ids=["ipv4", "ipv6"])


@pytest.fixture(autouse=True)
def lvs1_directs_and_both_serve(cluster, request):
    until(lambda: directs(cluster, "lvs1"), "lvs1 alone holds the VIPs")
    until(lambda: serve(cluster, NAMES), "both are in both tables")
    yield
    if request.function is test_teardown_leaves_nothing:
        return
    # whatever a failed test left undone
    cluster.lab.power_on("lvs1")
    cluster.run("lvs1", "systemctl start keepalived")
    cluster.run("lvs2", "systemctl start lvs-test-page")


def directs(cluster, name, *among):
    """Whether a director alone (of all, or of those named) holds a VIP of each family."""
    return all(cluster.holders(vip, *among) == [name] for vip in ADDRESSES)


def serve(cluster, names, directors=NAMES):
    """Whether these hosts alone are the real servers of both families in the table of each director."""
    wanted = {
        endpoint(vip, 80): {endpoint(addresses[name], 80).removesuffix(":80"): 1 for name in names}
        for vip, addresses in ADDRESSES.items()
    }
    tables = [cluster.table(director) for director in directors]
    return all(table.get(service) == servers for table in tables for service, servers in wanted.items())


def packets(cluster, director, vip):
    """The packets that a director has counted: those to each real server of a VIP, and those with a mark, from another director.

    The kernel sums them up every two seconds.
    """
    stats = cluster.module(director, "ipvs_info", gather=["stats"])["stats"]
    marked = sum(service["packets_in"] for service in stats if service["fwmark"])
    web = next(service for service in stats if (service["address"], service["port"]) == (vip, 80))
    return {**{one["address"]: one["packets_in"] for one in web["destinations"]}, "marked": marked}


def test_both_answer_for_every_service(cluster):
    for vip in ADDRESSES:
        assert shared(cluster.ask(vip), HALF)
    for vip in (VIP, OTHER_VIP):
        assert shared(cluster.ask(vip, 443, scheme="https"), HALF)


@each_family
def test_no_packet_is_forwarded_twice(cluster, vip):
    time.sleep(3)  # until all packets of the test before are summed up
    before = {name: packets(cluster, name, vip) for name in NAMES}
    assert shared(cluster.ask(vip, count=40), {"lvs1": 20, "lvs2": 20})
    address = ADDRESSES[vip]

    def more(director, what):
        return packets(cluster, director, vip)[what] - before[director][what]

    until(lambda: more("lvs2", "marked") > 20 * 3, "lvs2 has counted what lvs1 has sent to it")
    until(lambda: more("lvs1", address["lvs2"]) == more("lvs2", "marked"), "lvs2 got each packet once")
    assert more("lvs1", address["lvs1"]) > 20 * 3
    assert more("lvs1", "marked") == 0
    assert [more("lvs2", address[name]) for name in NAMES] == [0, 0]


@each_family
def test_each_answers_what_it_asks_itself(cluster, vip):
    for name in NAMES:
        asked = f"for i in 1 2 3 4; do curl --silent --max-time 5 http://{endpoint(vip, 80)}/; done"
        assert cluster.run(name, asked).splitlines() == [name] * 4


def test_one_that_serves_no_more_is_removed_from_both_tables(cluster):
    cluster.run("lvs2", "systemctl stop lvs-test-page")
    until(lambda: serve(cluster, ["lvs1"]), "both have removed lvs2")
    for vip in ADDRESSES:
        assert cluster.ask(vip) == ["lvs1"] * 12
    cluster.run("lvs2", "systemctl start lvs-test-page")
    for vip in ADDRESSES:
        until(lambda asked=vip: shared(cluster.ask(asked), HALF), f"both answer again for {vip}")


def test_connections_survive_when_the_other_one_directs(cluster):
    """Those of lvs1 as well, which serves on."""
    with cluster.connections(VIP) as connections:
        until(lambda: cluster.knows_the_connections("lvs2", VIP), "lvs2 knows the connections")
        with cluster.stream(address=VIP, **ASKED) as stream:
            cluster.run("lvs1", "systemctl stop keepalived")
            until(lambda: directs(cluster, "lvs2"), "lvs2 holds the VIPs")
            # The stream takes turns as well.
            for vip in ADDRESSES:
                until(lambda asked=vip: set(cluster.ask(asked)) == {*NAMES}, f"both answer by lvs2 for {vip}")
    assert sorted(str(one["server"]) for one in connections) == ["lvs1"] * 3 + ["lvs2"] * 3, connections
    assert stream["longest_gap"] <= 1, stream
    cluster.run("lvs1", "systemctl start keepalived")


def test_one_serves_alone_when_the_other_has_lost_its_power(cluster):
    with cluster.stream(address=VIP, **ASKED) as stream, cluster.stream(address=SIX, **ASKED) as six:
        cluster.wait_for_requests("lvs1", VIP)
        cluster.lab.power_off("lvs1")
        until(lambda: directs(cluster, "lvs2", "lvs2"), "lvs2 holds the VIPs")
        until(lambda: serve(cluster, ["lvs2"], ["lvs2"]), "lvs2 has removed lvs1")
        for vip in ADDRESSES:
            assert cluster.ask(vip) == ["lvs2"] * 12
        assert cluster.ask(VIP, 443, scheme="https") == ["lvs2"] * 12
        cluster.lab.power_on("lvs1")
        until(lambda: directs(cluster, "lvs1"), "lvs1 alone holds the VIPs again")
        until(lambda: serve(cluster, NAMES, ["lvs1"]), "lvs1 has both")
        until(lambda: set(cluster.ask(VIP)) == set(cluster.ask(SIX)) == {*NAMES}, "both answer again")
    assert stream["longest_gap"] <= FAILOVER_SECONDS, stream
    assert six["longest_gap"] <= FAILOVER_SECONDS, six


@pytest.mark.wide
def test_one_that_leaves_the_real_servers_directs_on_and_nothing_is_lost(cluster, tmp_path):
    """lvs2, which is changed first, while lvs1 still has it in its table."""
    without = with_inventory(cluster, tmp_path / "without.yml", lambda groups: groups["real_servers"].pop("lvs2"))
    try:
        with cluster.stream(address=VIP, **ASKED) as stream, cluster.stream(address=SIX, **ASKED) as six:
            without.play("site")
        for seen in (stream, six):
            assert seen["errors"] == {}, seen
            assert seen["answered"] == seen["requests"] > 100
        assert serve(cluster, ["lvs1"])
        for vip, rules in ((VIP, "iptables"), (SIX, "ip6tables")):
            assert cluster.run("lvs2", f"ip -o address show to {vip}; {rules} -t mangle -S | grep {vip}") == ""
        without.play("verify")
    finally:
        cluster.play("site")


@pytest.mark.wide
def test_doctor_finds_nothing_while_both_direct_and_serve(cluster):
    assert causes(cluster) == []


@pytest.mark.wide
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
    assert {node: fingerprints.changes(node) for node in NAMES} == {node: [] for node in NAMES}
