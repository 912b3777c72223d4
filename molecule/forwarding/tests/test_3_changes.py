# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves the inventory leaves the hosts: tunnels, routes and rules with the service they belong to."""

from __future__ import annotations

import pytest
from cluster import changed

NAT, IPIP = "172.28.1.100", "172.28.1.101"
LEFT = {
    "addresses": "ip -o address show dev tunl0 | grep -c 172.28.1.; ip -o address show dev gre0 | grep -c 172.28.1.",
    "rules": "ip rule | grep -c 'lookup 112'; ip -6 rule | grep -c 'lookup 112'",
    "routes": "ip route show table 112 | wc -l",
    "filters": "nft list tables | wc -l",
    "decapsulators": "ip fou show | wc -l",
}


def kept(cluster):
    return {what: cluster.run("web1", command).split() for what, command in LEFT.items()}


def test_methods_come_and_go_while_another_serves(cluster):
    before = kept(cluster)
    assert before == {
        "addresses": ["2", "1"],
        "rules": ["1", "1"],
        "routes": ["2"],
        "filters": ["1"],
        "decapsulators": ["1"],
    }
    services = cluster.variable("lvs_services")
    with cluster.stream(address=IPIP, port=80) as stream:
        cluster.play("site", lvs_services=[service for service in services if service["name"] == "ipip"])
        assert kept(cluster) == {
            "addresses": ["1", "0"],
            "rules": ["0", "0"],
            "routes": ["0"],
            "filters": ["1"],
            "decapsulators": ["0"],
        }
        assert [cluster.holders(address) for address in (NAT, "172.28.2.100")] == [[], []]
        cluster.play("site")
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 20
    assert kept(cluster) == before
    assert set(changed(cluster.play("site")).values()) == {0}


def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}
    assert {word for words in kept(cluster).values() for word in words} == {"0"}
