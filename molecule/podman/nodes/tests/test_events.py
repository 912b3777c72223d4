# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each event of the lab, seen by the cluster that it happens to. Run by podman/tests in the machine of the containers."""

from __future__ import annotations

import re

import pytest
from cluster import until
from lab.errors import LabError

VIP = "172.28.0.100"
LONGEST_GAP = 4.5


def whole(cluster):
    """The first director holds the VIP, and both real servers answer."""
    return cluster.holders(VIP) == ["lvs1"] and set(cluster.ask(VIP, count=4)) == {"web1", "web2"}


def moves_to_lvs2(cluster):
    """Wait until the second director holds the VIP; the first may not be able to say."""
    until(lambda: cluster.holders(VIP, "lvs2"), "lvs2 takes over")


@pytest.fixture(autouse=True)
def _whole(cluster):
    until(lambda: whole(cluster), "the cluster is whole")


def test_addresses_of_both_families_are_those_of_the_inventory(cluster):
    addresses = cluster.run("lvs1", "ip -o address show dev lan0 scope global")
    assert "172.28.0.11/24" in addresses
    assert "fd00:28::11/64" in addresses
    assert "1 received" in cluster.run("client1", "ping -c 1 fd00:28::11")


def carrier(cluster):
    return cluster.run("lvs1", "cat /sys/class/net/lan0/carrier")


def test_power_is_lost_and_comes_back(cluster, tell):
    with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as stream:
        cluster.wait_for_requests("lvs1", VIP)
        cluster.lab.power_off("lvs1")
        moves_to_lvs2(cluster)
        cluster.lab.power_on("lvs1")
        until(lambda: whole(cluster), "lvs1 has the VIP again")
    tell(f"power loss: longest gap {stream['longest_gap']:.2f} s, {stream['errors']}")
    assert stream["longest_gap"] <= LONGEST_GAP


def test_a_reboot_ends_everything_in_order(cluster):
    began = cluster.run("web1", "stat --format %Y /proc/1")
    route = cluster.run("web1", "ip route get 8.8.8.8")
    assert "via 172.28.0.31 dev lan0" in route
    cluster.lab.reboot("web1")
    assert cluster.run("web1", "stat --format %Y /proc/1") != began
    assert cluster.run("web1", "ip route get 8.8.8.8") == route
    assert cluster.run("web1", "systemctl is-system-running") == "running"
    until(lambda: whole(cluster), "web1 answers again")


def test_a_paused_node_does_nothing_and_goes_on(cluster):
    cluster.lab.pause("web1")
    until(lambda: set(cluster.table("lvs1")[f"{VIP}:80"]) == {"172.28.0.22"}, "web1 has left the table")
    assert set(cluster.ask(VIP, count=4)) == {"web2"}
    cluster.lab.resume("web1")
    until(lambda: whole(cluster), "web1 is in turn again")


@pytest.mark.parametrize("seen", [False, True])
def test_a_link_is_cut_and_mended(cluster, seen):
    cluster.lab.unplug("lvs1", "lan", seen=seen)
    assert carrier(cluster) == ("0" if seen else "1")
    moves_to_lvs2(cluster)
    cluster.lab.plug("lvs1", "lan", seen=seen)
    assert carrier(cluster) == "1"


def round_trip(cluster):
    """Milliseconds from the client to web1 and back, on average."""
    return float(re.search(r"rtt .* = [\d.]+/([\d.]+)/", cluster.run("client1", "ping -c 3 -i 0.2 172.28.0.21"))[1])


def test_a_network_is_impaired_and_not_any_more(cluster):
    cluster.lab.impair("web1", "lan", "delay 200ms")
    assert round_trip(cluster) > 200
    cluster.lab.impair("web1", "lan", "")
    assert round_trip(cluster) < 100


def test_directors_that_cannot_hear_each_other_both_hold_the_vip(cluster):
    with cluster.lab.partition(["lvs1"], ["lvs2"]):
        until(lambda: cluster.holders(VIP) == ["lvs1", "lvs2"], "both hold it")
        # The others hear both.
        assert "1 received" in cluster.run("client1", "ping -c 1 172.28.0.12")


def test_disks_cannot_be_kept(cluster):
    with pytest.raises(LabError, match="podman cannot keep"):
        cluster.lab.save("converged")
