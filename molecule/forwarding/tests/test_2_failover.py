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
        cluster.run("lvs1", restore(cluster, arm))
        until(lambda: all_with(cluster, "lvs1"), "lvs1 holds them again")
    assert stream["answered"] > 0
    assert stream["longest_gap"] < LONGEST_GAP, stream
    until(lambda: set(cluster.ask(ADDRESSES[2], count=4)) == {"web1", "web2"}, "both answer by IPv6")


def restore(cluster, arm):
    """Commands that bring lvs1's interface up with what it lost by being down: addresses of IPv6, and every route."""
    variables = cluster.listing["_meta"]["hostvars"]["lvs1"]
    address = variables["lab_addresses"][arm.removesuffix("0")][1]
    routes = "; ".join(f"ip route replace {route['to']} via {route['via']}" for route in variables["lab_routes"])
    return f"ip link set {arm} up; ip address replace {address}/64 dev {arm} nodad; {routes}"
