# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directors lose their power, heartbeat dies, stops and returns; the client watches through a VIP."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from cluster import until

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.101"
# The deadtime of 10 seconds, and 12 in which heartbeat starts dozens of processes one after the other, which nodes do slowly.
LONGEST_GAP = 22


@contextmanager
def watched(cluster, tell, what):
    """A stream of requests during the block; prints and bounds the longest time without an answer."""
    with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as stream:
        yield
    lost = stream["requests"] - stream["answered"]
    tell(f"{what}: {stream['longest_gap']} s without an answer, {lost} of {stream['requests']} requests lost")
    assert stream["longest_gap"] <= LONGEST_GAP, stream


def serves(cluster, director, *among):
    """Wait until a director alone (of all, or of those named) has VIP, whole table, and the sync daemon that sends."""
    # Heartbeat starts dozens of programs one after the other, and who looks takes the processor from them.
    until(lambda: cluster.holders(VIP, *among) == [director], f"{director} alone holds the VIP", pause=3)
    until(
        lambda: [len(servers) for servers in cluster.table(director).values()] == [2] * 6, f"{director} has the table"
    )
    # By direct routing and by NAT, whose gateway has moved with the VIP.
    for port in (80, 8000):
        until(lambda at=port: set(cluster.ask(VIP, at, count=4)) == {"web1", "web2"}, f"both answer at {port}")
    assert "master sync daemon" in cluster.run(director, "ipvsadm -L --daemon")


def has_nothing(cluster, director):
    until(lambda: cluster.run(director, "ipvsadm -Sn") == "", f"{director} has no table")
    assert "backup sync daemon" in cluster.run(director, "ipvsadm -L --daemon")
    assert cluster.run(director, "pgrep -f '[/]ldirectord'") == ""


@pytest.fixture(autouse=True)
def starts_with_the_first_director(cluster):
    # Another scenario may run beside this one.
    cluster.lab.prefer("all")
    # Whatever a test left undone.
    cluster.lab.power_on("lvs1")
    cluster.run("lvs1", "systemctl start heartbeat")
    serves(cluster, "lvs1")
    has_nothing(cluster, "lvs2")


def test_power_lost_and_back(cluster, tell):
    with watched(cluster, tell, "power lost"):
        cluster.lab.power_off("lvs1")
        serves(cluster, "lvs2", "lvs2")
    with watched(cluster, tell, "power back"):
        cluster.lab.power_on("lvs1")
        # Without power nobody can look at it.
        with cluster.one_owner(VIP):
            serves(cluster, "lvs1")
    has_nothing(cluster, "lvs2")


def test_heartbeat_dies_and_leaves_nothing_behind(cluster, tell):
    with watched(cluster, tell, "heartbeat killed"), cluster.one_owner(VIP):
        cluster.run("lvs1", "pkill -9 -f 'heartbeat: master control process'")
        serves(cluster, "lvs2")
        assert cluster.run("lvs1", "ipvsadm -Sn") == ""
    # systemd will, a minute after deadtime; by now nothing is to be waited for.
    assert cluster.run("lvs1", "systemctl show heartbeat --property=SubState --value") == "auto-restart"
    with watched(cluster, tell, "heartbeat started again"), cluster.one_owner(VIP):
        # "start" would wait for systemd's own restart.
        cluster.run("lvs1", "systemctl restart heartbeat")
        serves(cluster, "lvs1")


@pytest.mark.wide
def test_back_without_failback(cluster, tell):
    """Meanwhile the directors hear each other by broadcasts, not by multicasts."""
    only_heartbeat = ("--limit", "directors", "--tags", "heartbeat")
    changed = cluster.variable("lvs_heartbeat") | {"auto_failback": False, "transport": "bcast"}
    cluster.play("site", *only_heartbeat, lvs_heartbeat=changed)
    serves(cluster, "lvs1")
    for director in cluster.group("directors"):
        assert cluster.run(director, "grep -E '^(ucast|mcast|bcast) ' /etc/ha.d/ha.cf") == "bcast lan0"
    with watched(cluster, tell, "heartbeat stopped"), cluster.one_owner(VIP):
        cluster.run("lvs1", "systemctl stop heartbeat")
        serves(cluster, "lvs2")
    has_nothing(cluster, "lvs1")
    with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as stream, cluster.one_owner(VIP):
        cluster.run("lvs1", "systemctl start heartbeat")
        until(lambda: "active" in cluster.run("lvs2", "cl_status nodestatus lvs1"), "lvs1 is back")
        cluster.play("site", *only_heartbeat)
        serves(cluster, "lvs2")
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 200
    # heartbeat ignores the request while it or the other director still moves resources.
    until(lambda: cluster.run("lvs2", "cl_status rscstatus") == "all", "the resources are settled")
    with watched(cluster, tell, "hb_standby"), cluster.one_owner(VIP):
        cluster.run("lvs2", "/usr/share/heartbeat/hb_standby all")
        serves(cluster, "lvs1")
