# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VIPs and the way back to the directors move together, whichever arm is lost, while a client asks."""

from __future__ import annotations

import pytest
from cluster import until

ADDRESSES = ("172.28.1.100", "172.28.2.100", "fd00:28:1::100", "fd00:28:2::100")
# VRRP's three seconds of silence, and an emulated machine that may be busy.
LONGEST_GAP = 20.0


def all_with(cluster, director):
    return [cluster.holders(address) for address in ADDRESSES] == [[director]] * len(ADDRESSES)


@pytest.mark.parametrize("arm", ["front0", "back0"])
def test_a_lost_arm_moves_both_sides(cluster, arm):
    until(lambda: all_with(cluster, "lvs1"), "lvs1 holds VIPs and gateways")
    with cluster.stream(address=ADDRESSES[0], port=80) as stream:
        cluster.run("lvs1", f"ip link set {arm} down")
        until(lambda: all_with(cluster, "lvs2"), "lvs2 holds VIPs and gateways")
        until(lambda: set(cluster.ask(ADDRESSES[0], count=4)) == {"web1", "web2"}, "both real servers answer by lvs2")
        restore = f"ip link set {arm} up; systemctl restart lab-routes"
        # A link that is down loses the addresses of IPv6 and every route.
        cluster.run("lvs1", f"{restore}; {readdress(cluster, arm)}")
        until(lambda: all_with(cluster, "lvs1"), "lvs1 holds them again")
    assert stream["answered"] > 0
    assert stream["longest_gap"] < LONGEST_GAP, stream
    until(lambda: set(cluster.ask(ADDRESSES[2], count=4)) == {"web1", "web2"}, "both answer by IPv6")


def readdress(cluster, arm):
    """Give lvs1 its IPv6 address on an interface that was down."""
    addresses = cluster.listing["_meta"]["hostvars"]["lvs1"]["lab_addresses"][arm.removesuffix("0")]
    return f"ip -6 address replace {addresses[1]}/64 dev {arm} nodad; systemctl restart lab-routes"
