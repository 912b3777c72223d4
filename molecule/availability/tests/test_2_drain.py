# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server is drained and undrained without a lost request, and stays drained until then, whatever happens to the directors."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

import pytest
from cluster import changed, flat, until

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.100"
WEB, TALK, SHOP = f"{VIP}:80", f"{VIP}:7000", "172.28.0.101:80"
DIRECTORS = ("lvs1", "lvs2")
RECORD = "/var/lib/lvs-cluster/drained.json"
OPEN = 20
# The nodes start processes slowly.
BACK = 90
# lvs-heal looks every two to five seconds.
LOOKED = 8


@contextmanager
def nothing_lost(cluster, at_least=100, port=80):
    """A stream of requests during the block, each of which is answered."""
    with cluster.stream(address=VIP, port=port, rate=50, timeout=2) as stream:
        yield
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > at_least, stream


@contextmanager
def connections_go_on(cluster):
    """Connections that stay open and are used during the block: a drain ends none."""
    with cluster.connections(VIP, count=OPEN) as talks:
        until(lambda: cluster.knows_the_connections("lvs2", VIP), "lvs2 knows the open connections")
        yield
    assert len(talks) == OPEN
    assert [talk for talk in talks if talk["error"]] == []


def weights(cluster, director, node):
    """The weights of a real server on a director, by service; None where it is not in the table."""
    number = cluster.address(node).rpartition(".")[2]
    addresses = {WEB: f"172.28.0.{number}", TALK: f"172.28.0.{number}", SHOP: f"172.28.2.{number}"}
    table = cluster.table(director)
    return {service: table.get(service, {}).get(address) for service, address in addresses.items()}


EVERYWHERE = dict.fromkeys((WEB, TALK, SHOP), 0)
WHOLE = dict.fromkeys((WEB, TALK, SHOP), 1)


def are(cluster, node, wanted, *directors, seconds=BACK):
    for director in directors or DIRECTORS:
        until(lambda at=director: weights(cluster, at, node) == wanted, f"{node} on {director}: {wanted}", seconds)


def recorded(cluster, director):
    """The drains that a director knows: {real server: service}."""
    text = cluster.run(director, f"cat {RECORD} 2>/dev/null")
    return {drain["real_server"]: drain["service"] for drain in json.loads(text)["drains"]} if text else {}


@pytest.fixture(autouse=True)
def nothing_is_drained(cluster):
    yield
    # Whatever a test left undone.
    for director in DIRECTORS:
        cluster.lab.power_on(director)
        cluster.run(director, "rm -f /run/lvs-preferred; systemctl start keepalived")
        for name in recorded(cluster, director):
            cluster.run(director, f"lvs-undrain {name}")
    cluster.run("web2", "systemctl start lvs-test-page")
    for node in ("web1", "web2", "web3"):
        are(cluster, node, WHOLE)
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP")


@pytest.mark.wide
def test_there_and_back_by_playbook(cluster):
    with nothing_lost(cluster, 300), connections_go_on(cluster):
        told = flat(cluster.play("drain", real_server="web2", reason="new disk"))
        assert "web2 is drained in all its services by " in told, told[-3000:]
        assert "because: new disk" in told
        are(cluster, "web2", EVERYWHERE, seconds=1)
        assert set(cluster.ask(VIP, count=20)) <= {"web1", "web3"}
        for director in DIRECTORS:
            cluster.host(director).run_expect([0], "systemctl reload keepalived")
        are(cluster, "web2", EVERYWHERE, seconds=5)
        assert set(changed(cluster.play("site")).values()) == {0}
        assert "web2 is drained in all its services by " in flat(cluster.play("verify"))

        told = flat(cluster.play("undrain", real_server="web2", steps=2, pause=1))
        assert "No longer: web2 is drained" in told, told[-3000:]
        are(cluster, "web2", WHOLE, seconds=5)
    cluster.play("site")
    for director in DIRECTORS:
        assert cluster.run(director, f"ls {RECORD} 2>/dev/null") == ""
    assert set(changed(cluster.play("site")).values()) == {0}


@pytest.mark.wide
def test_it_outlives_a_restart_a_failover_and_reboots(cluster):
    cluster.play("drain", real_server="web2")
    with nothing_lost(cluster):
        cluster.run("lvs1", "systemctl restart keepalived")
        are(cluster, "web2", EVERYWHERE)
        until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP again")
        cluster.play("failover", to="lvs2")
        assert set(cluster.ask(VIP, count=20)) <= {"web1", "web3"}
        cluster.play("failover", to="lvs1")
        cluster.lab.reboot("lvs2")
        are(cluster, "web2", EVERYWHERE, "lvs2")
    cluster.lab.reboot("lvs1")
    are(cluster, "web2", EVERYWHERE)
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP again")
    assert set(cluster.ask(VIP, count=20)) <= {"web1", "web3"}
    cluster.play("verify")


@pytest.mark.wide
def test_a_check_that_fails_and_passes_again_leaves_it_drained(cluster):
    cluster.play("drain", real_server="web2")
    cluster.run("web2", "systemctl stop lvs-test-page")
    gone = {**EVERYWHERE, WEB: None, SHOP: None}
    are(cluster, "web2", gone)
    cluster.run("web2", "systemctl start lvs-test-page")
    are(cluster, "web2", EVERYWHERE)


@pytest.mark.wide
def test_nothing_is_lost_while_a_director_fails_over(cluster):
    """Open connections go on, too: the drain is on the director that takes over before the master has it."""
    with nothing_lost(cluster, 300), connections_go_on(cluster):
        cluster.play("drain", real_server="web2")
        cluster.play("failover", to="lvs2")
        are(cluster, "web2", EVERYWHERE, seconds=5)
        cluster.play("undrain", real_server="web2")
        cluster.play("failover", to="lvs1")
    are(cluster, "web2", WHOLE)


@pytest.mark.wide
def test_in_one_service_with_a_weight_that_is_raised_in_steps(cluster):
    service, *others = cluster.variable("lvs_services")
    real_servers = [{"host": name, "weight": 8} for name in ("web1", "web2", "web3")]
    variables = {"lvs_services": [{**service, "real_servers": real_servers}, *others]}
    options = ("--limit", "directors", "--tags", "keepalived")
    cluster.play("site", *options, **variables)
    try:
        cluster.play("drain", real_server="web2", service="www", **variables)
        are(cluster, "web2", {WEB: 0, TALK: 1, SHOP: 1}, seconds=1)
        with nothing_lost(cluster):
            told = cluster.run("lvs1", "lvs-undrain web2 --service www --steps 4 --pause 0")
            assert "Step 1 of 4: 25 percent" in told, told
            assert weights(cluster, "lvs1", "web2")[WEB] == 8
            # The other director learns of it.
            assert weights(cluster, "lvs2", "web2")[WEB] == 0
            assert "lvs2: does not know that this is over" in flat(cluster.fail("verify", **variables))
            cluster.play("site", *options, **variables)
            are(cluster, "web2", {WEB: 8, TALK: 1, SHOP: 1}, seconds=5)
    finally:
        cluster.play("site", *options)


@pytest.mark.wide
def test_by_hand_on_one_director_until_site_yml_tells_the_others(cluster):
    told = cluster.run("lvs1", "lvs-drain web2 --reason 'it is hot'")
    assert "This director sends no new connections to web2." in told, told
    assert "lvs2 does not know that" in told
    are(cluster, "web2", EVERYWHERE, "lvs1", seconds=1)
    are(cluster, "web2", WHOLE, "lvs2", seconds=1)
    assert "web2 is drained in all its services by root@lvs1" in cluster.run("lvs1", "lvs-drain")
    faults = flat(cluster.fail("verify"))
    assert "lvs2: does not know that web2 is drained in all its services by root@lvs1" in faults, faults[-3000:]
    # lvs-heal has looked by then.
    time.sleep(LOOKED)
    are(cluster, "web2", EVERYWHERE, "lvs1", seconds=1)
    with nothing_lost(cluster):
        cluster.play("site")
    are(cluster, "web2", EVERYWHERE)
    cluster.play("verify")


@pytest.mark.wide
def test_a_director_that_is_down_learns_of_it_with_the_next_site_yml(cluster):
    cluster.lab.power_off("lvs2")
    ran = cluster.try_play("drain", real_server="web2")
    assert "lvs2 did not answer" in flat(ran.stdout), ran.stdout[-3000:]
    are(cluster, "web2", EVERYWHERE, "lvs1", seconds=1)
    cluster.lab.power_on("lvs2")
    are(cluster, "web2", WHOLE, "lvs2")
    cluster.play("site")
    are(cluster, "web2", EVERYWHERE)
    # And of its end: its own record does not bring the drain back.
    cluster.lab.power_off("lvs2")
    cluster.try_play("undrain", real_server="web2")
    are(cluster, "web2", WHOLE, "lvs1", seconds=5)
    cluster.lab.power_on("lvs2")
    are(cluster, "web2", EVERYWHERE, "lvs2")
    cluster.play("site")
    are(cluster, "web2", WHOLE)


def state(cluster):
    return [(cluster.table(director), recorded(cluster, director)) for director in DIRECTORS]


@pytest.mark.wide
def test_what_is_wrong_is_refused_and_changes_nothing(cluster):
    before = state(cluster)
    for playbook, variables, said in (
        ("drain", {}, "The name of a real server is missing. There are web1, web2 and web3"),
        ("drain", {"real_server": "web9"}, "There is no real server web9. There are web1, web2 and web3"),
        ("drain", {"real_server": "web2", "service": "x"}, "There is no service x. There are www, talk and shop"),
        ("undrain", {"real_server": "web2"}, "web2 is not drained. No real server is drained"),
    ):
        told = flat(cluster.fail(playbook, **variables))
        assert said in told and "Nothing was changed" in told, told[-3000:]
    assert "Nothing was changed" in flat(cluster.play("drain", "--check", real_server="web2"))
    assert state(cluster) == before


@pytest.mark.wide
def test_the_last_real_server_needs_force_and_keepalived_takes_it(cluster):
    """With weight 0 alone keepalived would refuse the service, whose weights would add up to less than its quorum."""
    for name in ("web1", "web2"):
        cluster.play("drain", real_server=name)
    told = flat(cluster.fail("drain", real_server="web3"))
    assert "Without web3 service www would have no real server with a weight, since web1 and web2 are drained" in told
    assert "add -e force=true" in told
    are(cluster, "web3", WHOLE, seconds=1)
    with connections_go_on(cluster):
        cluster.play("drain", real_server="web3", force=True)
        for node in ("web1", "web2", "web3"):
            are(cluster, node, EVERYWHERE, seconds=5)
        cluster.host("lvs1").run_expect([0], "systemctl reload keepalived")
        assert set(changed(cluster.play("site")).values()) == {0}
        assert "was not asked: all of its real servers are drained" in flat(cluster.play("verify"))
        cluster.run("lvs2", "systemctl restart keepalived")
        are(cluster, "web1", EVERYWHERE, "lvs2")
        cluster.play("undrain", real_server="web1")
        are(cluster, "web1", WHOLE, seconds=5)
        are(cluster, "web3", EVERYWHERE, seconds=5)


@pytest.mark.wide
def test_a_weight_that_a_check_chooses_is_taken_away_too(cluster):
    service, *others = cluster.variable("lvs_services")
    health = [{"type": "http", "path": "/"}, {"type": "file", "file": "/var/lib/lab-weights/{address}", "weight": 1}]
    variables = {"lvs_services": [{**service, "health": health}, *others]}
    options = ("--limit", "directors", "--tags", "keepalived")
    cluster.play("site", *options, **variables)
    try:
        for director in DIRECTORS:
            cluster.run(director, f"echo 4 > /var/lib/lab-weights/{cluster.address('web2')}")
        are(cluster, "web2", {**WHOLE, WEB: 5})
        cluster.play("drain", real_server="web2", **variables)
        are(cluster, "web2", EVERYWHERE, seconds=5)
        for director in DIRECTORS:
            cluster.run(director, f"echo 7 > /var/lib/lab-weights/{cluster.address('web2')}")
            cluster.run(director, "systemctl restart keepalived")
        are(cluster, "web2", EVERYWHERE)
        cluster.play("undrain", real_server="web2", **variables)
        are(cluster, "web2", {**WHOLE, WEB: 8})
    finally:
        cluster.play("site", *options)
        for director in DIRECTORS:
            cluster.run(director, "rm -rf /var/lib/lab-weights")
