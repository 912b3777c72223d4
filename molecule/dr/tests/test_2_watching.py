# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a director watches changes its priority: an interface with a weight, and a neighbour that speaks BFD."""

from __future__ import annotations

from cluster import until

FILE, UNIT = "/run/lab-bfd.conf", "lab-bfd"
NEIGHBOUR = """
bfd_instance lvs1 {
    neighbor_ip 172.28.0.11
    source_ip 172.28.0.31
}
"""


def priorities(cluster):
    """The priorities that the only director sends now, in its instance of each family."""
    return {instance["priority"] for instance in cluster.module("lvs1", "vrrp_info")["instances"].values()}


def test_an_interface_that_is_down_changes_the_priority(cluster):
    (before,) = priorities(cluster)
    cluster.run("lvs1", "ip link set side0 down")
    try:
        until(lambda: priorities(cluster) == {before - 10}, "the priority is lower by 10")
    finally:
        cluster.run("lvs1", "ip link set side0 up")
    until(lambda: priorities(cluster) == {before}, "the priority is what it was")


def test_a_neighbour_that_is_lost_changes_the_priority(cluster):
    cluster.run("client1", f"echo '{NEIGHBOUR}' > {FILE}")
    cluster.run("client1", f"systemd-run --unit={UNIT} /usr/sbin/keepalived --dont-fork --use-file={FILE}")
    try:
        until(lambda: priorities(cluster) == {200}, "lvs1 hears its neighbour")
        cluster.run("client1", f"systemctl kill --signal=KILL {UNIT}")
        until(lambda: priorities(cluster) == {180}, "lvs1 has lost its neighbour")
    finally:
        cluster.run("client1", f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}; rm {FILE}")
