# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directors fail and return; each event is watched by the client through the VIP, and by the directors themselves."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from cluster import changed, flat, until

pytestmark = pytest.mark.usefixtures("fresh")
GIVES_BACK = True

VIP = "172.28.0.100"
# By VRRP (RFC 5798): with an advert each second, three of them missing and up to a second by priority.
FAILOVER_SECONDS = 4.5
# A director that stops says so.
HANDOVER_SECONDS = 1.0
ONLY_KEEPALIVED = ("--limit", "directors", "--tags", "keepalived")


@contextmanager
def gap_at_most(cluster, seconds, moves=None):
    """A stream of requests that is never unanswered for longer.

    This cluster has no connection synchronisation: the next master resets a request whose packets are on the way while the
    VIP moves, or the client waits for it in vain. `moves` is how often that may happen, and then no request may be lost
    otherwise. None may be refused: a director that stops gives its VIP away before it clears its table.
    """
    with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as stream:
        yield
    assert stream["longest_gap"] <= seconds, stream
    if moves is not None:
        assert set(stream["errors"]) <= {"reset", "timeout"}, stream
        assert sum(stream["errors"].values()) <= moves, stream


def serves(cluster, director):
    """Wait until a director of those that have power and a link alone holds the VIP, and all real servers answer."""
    until(lambda: director in cluster.holders(VIP), f"{director} holds {VIP}")
    until(lambda: set(cluster.ask(VIP, count=6)) == {"web1", "web2", "web3"}, "all real servers answer")
    assert len(cluster.table(director)) == 4


@pytest.fixture(autouse=True)
def starts_with_the_first_director(cluster):
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP")
    serves(cluster, "lvs1")
    yield
    # whatever a failed test left undone
    cluster.lab.resume("lvs1")
    cluster.lab.power_on("lvs1")
    cluster.lab.plug("lvs1", "lan", seen=True)
    cluster.run("lvs1", "systemctl start keepalived")


def test_a_lost_link_and_a_second_failure(cluster):
    with gap_at_most(cluster, FAILOVER_SECONDS), cluster.one_owner(VIP, "lvs2", "lvs3"):
        cluster.lab.unplug("lvs1", "lan", seen=True)
        serves(cluster, "lvs2")
        cluster.lab.unplug("lvs2", "lan", seen=True)
        serves(cluster, "lvs3")
        cluster.lab.plug("lvs2", "lan", seen=True)
        cluster.lab.plug("lvs1", "lan", seen=True)
        until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP again")
        serves(cluster, "lvs1")


def test_keepalived_stopped_and_started(cluster):
    with gap_at_most(cluster, HANDOVER_SECONDS, moves=2), cluster.one_owner(VIP):
        cluster.run("lvs1", "systemctl stop keepalived")
        serves(cluster, "lvs2")
        assert cluster.holders(VIP) == ["lvs2"]
        cluster.run("lvs1", "systemctl start keepalived")
        until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP again")
        serves(cluster, "lvs1")


@pytest.mark.wide
def test_a_planned_move_there_and_back(cluster):
    """What is lost with synchronisation (nothing) is tested in the scenario availability."""
    with gap_at_most(cluster, HANDOVER_SECONDS, moves=2), cluster.one_owner(VIP):
        cluster.play("failover", to="lvs2")
        assert cluster.holders(VIP) == ["lvs2"]
        cluster.play("failover", to="lvs1")
        assert cluster.holders(VIP) == ["lvs1"]


# systemd gives up on most services after five starts in ten seconds. Each time as soon as keepalived runs again.
KILL_SIX_TIMES = """
killed=0
for try in $(seq 300); do
    if systemctl is-active --quiet keepalived && pgrep -x keepalived >/dev/null; then
        systemctl kill --signal=KILL keepalived
        killed=$((killed + 1))
        [ $killed -lt 6 ] || break
    fi
    sleep 0.1
done
echo $killed
"""


def test_keepalived_killed_is_started_again_every_time_and_without_two_owners(cluster):
    """Once, and then six times in a row."""

    def restarts():
        return int(cluster.run("lvs1", "systemctl show keepalived --property=NRestarts --value"))

    before = restarts()
    with gap_at_most(cluster, FAILOVER_SECONDS), cluster.one_owner(VIP):
        cluster.run("lvs1", "systemctl kill --signal=KILL keepalived")
        until(lambda: restarts() == before + 1, "systemd starts it again")
        until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP")
        serves(cluster, "lvs1")
    assert cluster.run("lvs1", KILL_SIX_TIMES) == "6"
    until(lambda: restarts() == before + 7, "systemd starts it for the sixth time")
    until(lambda: cluster.run("lvs1", "systemctl is-active keepalived") == "active", "keepalived runs")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP")
    serves(cluster, "lvs1")


def test_a_clock_that_stands_still_for_ten_seconds_moves_the_vip_and_back(cluster):
    with gap_at_most(cluster, FAILOVER_SECONDS):
        cluster.lab.pause("lvs1")
        until(lambda: cluster.holders(VIP, "lvs2", "lvs3") == ["lvs2"], "lvs2 takes over")
        cluster.lab.resume("lvs1")
        until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP again")
    serves(cluster, "lvs1")


@pytest.mark.wide
def test_directors_that_do_not_hear_each_other_are_told_by_verify_and_by_site(cluster):
    web, *others = cluster.variable("lvs_services")
    heavier = [{**web, "real_servers": [{"host": "web1", "weight": 2}, "web2", "web3"]}, *others]
    with cluster.lab.partition(["lvs1"], ["lvs2", "lvs3"]):
        until(lambda: cluster.holders(VIP) == ["lvs1", "lvs2"], "both sides hold the VIP")
        told = flat(cluster.fail("verify", "--limit", "directors"))
        refused = flat(cluster.fail("site", *ONLY_KEEPALIVED, lvs_services=heavier))
    assert f"lvs1, lvs2: hold VIP {VIP} at the same time" in told, told[-3000:]
    assert f"{VIP} is held by lvs1 and lvs2 at once: they do not hear each other" in refused, refused[-3000:]
    until(lambda: cluster.holders(VIP) == ["lvs1"], "one owner is left")
    # What was written all the same is taken back.
    assert all(changed(cluster.play("site", *ONLY_KEEPALIVED)).values())
    serves(cluster, "lvs1")
