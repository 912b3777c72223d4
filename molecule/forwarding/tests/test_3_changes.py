# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves the inventory leaves the hosts: tunnels, routes and rules with the service they belong to."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from cluster import changed, until

pytestmark = pytest.mark.usefixtures("fresh")

NAT, IPIP, GUE = "172.28.1.100", "172.28.1.101", "172.28.1.102"
GATEWAYS = ["172.28.2.100", "fd00:28:2::100"]
COUNTS = {
    "ipip": "ip -o address show dev tunl0 | grep -c 172.28.1.",
    "gre": "ip -o address show dev gre0 | grep -c 172.28.1.",
    "rules": "ip rule | grep -c 'lookup 112'",
    "rules6": "ip -6 rule | grep -c 'lookup 112'",
    "routes": "ip route show table 112 | wc -l",
    "filters": "nft list tables | wc -l",
    "decapsulators": "ip fou show | wc -l",
    # Tunnel devices that are up.
    "up": "ip -o link show up | grep -cE ' (tunl0|sit0|ip6tnl0|gre0|ip6gre0)@'",
}
ALL = {"ipip": 2, "gre": 1, "rules": 1, "rules6": 1, "routes": 2, "filters": 1, "decapsulators": 2, "up": 5}
# With route: default, the rules for what has no other route come on top.
WITHOUT_OTHER_TUNNELS = ALL | {"ipip": 1, "gre": 0, "decapsulators": 0, "rules": 3, "rules6": 3, "up": 1}
ONE_TUNNEL = WITHOUT_OTHER_TUNNELS | {"rules": 0, "rules6": 0, "routes": 0}


def counts(cluster):
    """How much of each kind every real server has."""
    found = {}
    for node in cluster.group("real_servers"):
        printed = cluster.run(node, "; ".join(COUNTS.values())).split()
        found[node] = dict(zip(COUNTS, map(int, printed), strict=True))
    return found


def everywhere(cluster, what):
    return dict.fromkeys(cluster.group("real_servers"), what)


def nothing_lost(stream):
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 200


# By which way a real server with a default route of its own answers clients for whom it has no other route. It has another
# address in `far`, and one on the network of the management.
WAYS = {
    "203.0.113.7 from 172.28.2.21 ipproto 6 sport 8081": "via 172.28.2.100 dev back0",
    "203.0.113.7 from 172.28.2.21 ipproto 6 sport 22": "dev mgmt0",
    "203.0.113.7 from 10.99.0.21 ipproto 6 sport 22": "dev mgmt0",
    "2001:db8::7 from fd00:28:3::21 ipproto 6 sport 8081": "via fd00:28:2::100 dev back0",
    "2001:db8::7 from fd00:28:3::21 ipproto 6 sport 22": "via fd00:28:3::41 dev far0",
}
OWN_DEFAULTS = ("default via 10.99.0.1 dev mgmt0 onlink", "default via fd00:28:3::41 dev far0")


@contextmanager
def default_routes_of_its_own(cluster, node):
    """A node with default routes during the block, as most hosts have them."""
    for route in OWN_DEFAULTS:
        cluster.host(node).run_expect([0], f"ip route add {route}")
    try:
        yield
    finally:
        for route in OWN_DEFAULTS:
            cluster.run(node, f"ip route del {route}")


def site_with(cluster, *names, **variables):
    services = [service for service in cluster.variable("lvs_services") if service["name"] in names]
    assert len(services) == len(names)
    cluster.play("site", lvs_services=services, **variables)


@pytest.mark.wide
def test_methods_come_and_go_while_others_serve(cluster):
    assert counts(cluster) == everywhere(cluster, ALL)
    with cluster.stream(address=IPIP, port=80, rate=20, timeout=2) as tunnel:
        with cluster.stream(address=NAT, port=80, rate=20, timeout=2) as nat:
            by_default = {**cluster.variable("lvs_nat"), "route": "default"}
            with default_routes_of_its_own(cluster, "web1"):
                site_with(cluster, "web", "web6", "ipip", lvs_nat=by_default)
                found = {asked: cluster.run("web1", f"ip route get {asked}") for asked in WAYS}
            assert {asked: way in found[asked] for asked, way in WAYS.items()} == dict.fromkeys(WAYS, True), found
        nothing_lost(nat)
        assert counts(cluster) == everywhere(cluster, WITHOUT_OTHER_TUNNELS)
        assert cluster.holders(GUE) == []

        site_with(cluster, "ipip")
        assert counts(cluster) == everywhere(cluster, ONE_TUNNEL)
        assert [cluster.holders(address) for address in (NAT, *GATEWAYS)] == [[], [], []]
        assert set(cluster.table("lvs1")) == {f"{IPIP}:80"}

        cluster.play("site")
    nothing_lost(tunnel)
    assert counts(cluster) == everywhere(cluster, ALL)
    # A VRRP instance that comes is first the other director's, which is changed first.
    until(lambda: [cluster.holders(address) for address in (NAT, *GATEWAYS)] == [["lvs1"]] * 3, "lvs1 holds all")
    again = changed(cluster.play("site"))
    assert set(again) >= {"lvs1", "lvs2", "web1", "web2"}
    assert set(again.values()) == {0}


@pytest.mark.wide
def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}
    assert counts(cluster) == everywhere(cluster, dict.fromkeys(COUNTS, 0))
