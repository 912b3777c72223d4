# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to keep silent about a VIP, one after the other: nothing of the former stays, and the VIP serves."""

from __future__ import annotations

import pytest
from cluster import FULL, until

SERVERS = ["web1", "web2", "web3"]
full = pytest.mark.full
# Where all tests run, one host has firewalld; else the change of the way is one of the filter, too.
FILTER = {} if FULL else {"lvs_filter": "iptables"}
FILTERS = {"web1": "nftables", "web2": "nftables", "web3": "firewalld"} if FULL else dict.fromkeys(SERVERS, "iptables")

VIP = "172.28.0.100"
TRACES = {
    "arptables": "arptables -L -n 2>/dev/null | grep -c 172.28.0.100",
    "nftables": "nft list ruleset 2>/dev/null | grep -c 'daddr 172.28.0.100 redirect'",
    "iptables": "iptables -t nat -S PREROUTING 2>/dev/null | grep -c -e '-d 172.28.0.100/32 -j REDIRECT'",
    "firewalld": "firewall-cmd --direct --get-all-rules 2>/dev/null | grep -c '172.28.0.100 -j REDIRECT'",
    "sysctl": "sysctl -n net.ipv4.conf.all.arp_ignore",
    "VIP": "ip -o address show dev lo | grep -c 172.28.0.100/32",
}


def traces(cluster, node):
    """What keeps a node silent: how often each way's trace is there."""
    return {what: int(cluster.run(node, command) or 0) for what, command in TRACES.items()}


def is_silent(cluster):
    """Whether the director alone answers ARP for the VIP, and all real servers answer requests."""
    asked = cluster.module("client1", "arp_probe", addresses=[VIP], count=3, timeout=3)["answers"][VIP]
    mac = cluster.run("lvs1", "cat /sys/class/net/lan0/address")
    assert list(asked) == [mac]
    until(lambda: set(cluster.ask(VIP, count=6)) == set(SERVERS), "all real servers answer")


NONE = dict.fromkeys(TRACES, 0)


def test_arptables(cluster):
    assert {node: traces(cluster, node) for node in SERVERS} == dict.fromkeys(
        SERVERS, NONE | {"arptables": 2, "VIP": 1}
    )
    is_silent(cluster)


def test_redirect_without_a_vip(cluster):
    cluster.play("site", lvs_arp="redirect", **FILTER)
    found = {node: traces(cluster, node) for node in SERVERS}
    assert found == {node: NONE | {FILTERS[node]: 1} for node in SERVERS}
    is_silent(cluster)
    cluster.play("verify", lvs_arp="redirect", **FILTER)
    if not FULL:
        assert "--set-xmark 0x7/0xffffffff" in cluster.run("lvs1", "iptables -t mangle -S PREROUTING")
        assert cluster.run("lvs1", "nft list tables | grep lvs_cluster") == ""


def test_what_is_in_place_is_there_again_after_a_reboot(cluster):
    before = {node: traces(cluster, node) for node in ("web1", "web3")}
    cluster.lab.reboot("lvs1", "web1", "web3")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 holds the VIP again", 120)
    is_silent(cluster)
    assert {node: traces(cluster, node) for node in before} == before
    shop = "172.28.0.101"
    until(lambda: "" not in cluster.ask(shop, 80, count=3), "marked packets are served")
    assert "" not in cluster.ask(shop, 443, count=3, scheme="https")


def test_sysctl(cluster):
    cluster.play("site", lvs_arp="sysctl")
    assert {node: traces(cluster, node) for node in SERVERS} == dict.fromkeys(SERVERS, NONE | {"sysctl": 1, "VIP": 1})
    is_silent(cluster)


def test_firewalld_lets_in_what_the_services_need(cluster):
    ports = set(cluster.run("web3", "firewall-cmd --zone=public --list-ports").split())
    assert {"80/tcp", "443/tcp", "7/udp", "7/sctp"} <= ports


def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}
    if FULL:
        assert cluster.run("web3", "firewall-cmd --zone=public --list-ports") == "8081/tcp"
