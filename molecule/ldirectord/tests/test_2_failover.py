# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeat dies, returns, and boots; the client watches through a VIP."""

from __future__ import annotations

import pytest
from cluster import until

VIP = "172.28.0.101"
# deadtime, systemd's wait, and what an emulated machine takes to start each resource: ldirectord's Perl alone 20 s
TAKEOVER_SECONDS = 240


def serves(cluster, director):
    """Wait until a director alone has everything: VIP, table, and the sending side of the connection synchronisation."""
    until(lambda: cluster.holders(VIP) == [director], f"{director} alone holds the VIP", TAKEOVER_SECONDS)
    until(lambda: len(cluster.table(director)) == 4, f"{director} has the table", TAKEOVER_SECONDS)
    until(lambda: set(cluster.ask(VIP, count=4)) == {"web1", "web2"}, "both real servers answer", TAKEOVER_SECONDS)
    assert "master sync daemon" in cluster.run(director, "ipvsadm -L --daemon")


def test_killed_and_back_with_failback(cluster, tell):
    with cluster.stream(address=VIP, port=80) as killed:
        began = float(cluster.run("lvs2", "date +%s.%N"))
        cluster.lab.power_off("lvs1")
        until(lambda: cluster.holders(VIP, "lvs2") == ["lvs2"], "lvs2 takes the VIP", TAKEOVER_SECONDS)
        until(lambda: set(cluster.ask(VIP, count=4)) == {"web1", "web2"}, "both real servers answer")
        assert "master sync daemon" in cluster.run("lvs2", "ipvsadm -L --daemon")
    noticed = cluster.run("lvs2", "journalctl -u heartbeat -o short-unix --grep 'node lvs1: is dead' | tail -n 1")
    assert noticed
    with cluster.stream(address=VIP, port=80) as back:
        cluster.lab.power_on("lvs1")
        serves(cluster, "lvs1")
    tell(
        f"Killed: noticed after {float(noticed.split()[0]) - began:.1f} s, with all of lab's kill;"
        f" {killed['longest_gap']} s without an answer. Back: {back['longest_gap']} s."
    )
    assert max(killed["longest_gap"], back["longest_gap"]) < TAKEOVER_SECONDS


def test_heartbeat_dies_and_leaves_nothing_behind(cluster, tell):
    with cluster.stream(address=VIP, port=80) as stream:
        cluster.run("lvs1", "pkill -9 -f 'heartbeat: master control process'")
        serves(cluster, "lvs2")
        assert cluster.run("lvs1", "ipvsadm -Sn") == ""
        # By systemd.
        serves(cluster, "lvs1")
    tell(f"Heartbeat died: {stream['longest_gap']} s without an answer.")
    assert stream["longest_gap"] < TAKEOVER_SECONDS, stream


def test_back_without_failback(cluster):
    heartbeat = cluster.variable("lvs_heartbeat") | {"auto_failback": False}
    cluster.play("site", lvs_heartbeat=heartbeat)
    serves(cluster, "lvs1")
    cluster.run("lvs1", "systemctl stop heartbeat")
    serves(cluster, "lvs2")
    assert cluster.run("lvs1", "ipvsadm -Sn") == ""
    cluster.run("lvs1", "systemctl start heartbeat")
    until(lambda: "active" in cluster.run("lvs2", "cl_status nodestatus lvs1"), "lvs1 is back")
    serves(cluster, "lvs2")
    cluster.play("site")
    serves(cluster, "lvs2")
    cluster.run("lvs2", "/usr/share/heartbeat/hb_standby all")
    serves(cluster, "lvs1")


def test_all_nodes_reboot(cluster):
    cluster.lab.reboot("all")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 has the VIP again", 300)
    serves(cluster, "lvs1")
