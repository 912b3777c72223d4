# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directors fail and return; each event is watched by the client through the VIP."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from cluster import until

VIP = "172.28.0.100"
# VRRP's three seconds of silence, and an emulated machine that may be busy.
LONGEST_GAP = 20.0


@contextmanager
def watched(cluster):
    """A stream during which the VIP may move, but not stay away."""
    with cluster.stream(address=VIP, port=80) as stream:
        yield
    assert stream["answered"] > 0
    assert stream["longest_gap"] < LONGEST_GAP, stream


def serves(cluster):
    """Wait until every real server answers: a check that a busy machine let time out has to pass again."""
    until(lambda: set(cluster.ask(VIP, count=6)) == {"web1", "web2", "web3"}, "all real servers answer")


def moves_to(cluster, director):
    """Wait until a director alone holds the VIP and serves from a complete table."""
    until(lambda: cluster.holders(VIP) == [director], f"{director} alone holds {VIP}")
    serves(cluster)
    assert len(cluster.table(director)) == 4


@pytest.fixture(autouse=True)
def starts_with_the_first_director(cluster):
    moves_to(cluster, "lvs1")
    yield
    # whatever a test left undone
    cluster.run("lvs1", f"ip link set dev {cluster.interface('lvs1')} up; systemctl start keepalived")
    cluster.run("lvs2", "systemctl start keepalived")


def test_link_down_and_a_second_failure(cluster):
    link = cluster.interface("lvs1")
    with watched(cluster):
        cluster.run("lvs1", f"ip link set dev {link} down")
        # lvs1 has no link to hold it on: only the others count
        until(lambda: cluster.holders(VIP, "lvs2", "lvs3") == ["lvs2"], "lvs2 takes over")
        serves(cluster)
        cluster.run("lvs2", "systemctl stop keepalived")
        until(lambda: cluster.holders(VIP, "lvs2", "lvs3") == ["lvs3"], "lvs3 survives the second failure")
        serves(cluster)
        cluster.run("lvs2", "systemctl start keepalived")
        cluster.run("lvs1", f"ip link set dev {link} up")
        moves_to(cluster, "lvs1")


def test_keepalived_stopped(cluster):
    with watched(cluster):
        cluster.run("lvs1", "systemctl stop keepalived")
        moves_to(cluster, "lvs2")
        cluster.run("lvs1", "systemctl start keepalived")
        moves_to(cluster, "lvs1")


def test_keepalived_killed_is_started_again_without_two_owners(cluster):
    with watched(cluster):
        cluster.run("lvs1", "systemctl kill --signal=KILL keepalived")
        until(lambda: cluster.run("lvs1", "systemctl is-active keepalived") == "active", "systemd starts it again")
        moves_to(cluster, "lvs1")


def test_master_killed(cluster):
    with watched(cluster):
        cluster.lab.power_off("lvs1")
        until(lambda: cluster.holders(VIP, "lvs2", "lvs3") == ["lvs2"], "lvs2 takes over")
        serves(cluster)
        cluster.lab.power_on("lvs1")
        moves_to(cluster, "lvs1")


def test_nopreempt_leaves_the_vip_where_it_is(cluster):
    only_keepalived = ("--limit", "directors", "--tags", "keepalived")
    vrrp = cluster.variable("lvs_vrrp")
    cluster.play("site", *only_keepalived, lvs_vrrp={**vrrp, "preempt": False})
    try:
        with watched(cluster):
            cluster.run("lvs1", "systemctl stop keepalived")
            moves_to(cluster, "lvs2")
            cluster.run("lvs1", "systemctl start keepalived")
            # long enough for three adverts: with preempt it would be back by then
            cluster.run("lvs1", "sleep 8")
            moves_to(cluster, "lvs2")
    finally:
        cluster.play("site", *only_keepalived)
    moves_to(cluster, "lvs1")
