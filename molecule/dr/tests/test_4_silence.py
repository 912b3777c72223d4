# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to keep silent about a VIP, one after the other, by every packet filter.

The VIP serves while the way changes, nothing of the former way stays, and the hosts end as they were.
"""

from __future__ import annotations

import pytest
from cluster import until

pytestmark = pytest.mark.usefixtures("fresh")

VIP, SHOP = "172.28.0.100", "172.28.0.101"
SERVERS = ["web1", "web2", "web3"]
# Redirected by another packet filter on each host; the director marks packets by iptables then.
FILTERS = {"lvs1": "iptables", "web1": "nftables", "web2": "iptables", "web3": "firewalld"}
# Beside firewalld the rules are in a table of nft, and none of firewalld's own direct rules, which it gives up, is made.
REDIRECTED = {"web1": {"nftables": 1}, "web2": {"iptables": 1}, "web3": {"nftables": 1}}
REDIRECT = {"lvs_arp": "redirect", "lvs_filter": f"{{{{ {FILTERS}.get(inventory_hostname, 'nftables') }}}}"}
# A rule that redirects, when it comes and when it goes, cuts what is open at its real server: a request under way at most.
CUT = len(SERVERS)

# How often each way's trace is there.
TRACES = {
    "arptables": f"arptables -L -n 2>/dev/null | grep -c {VIP}",
    "nftables": f"nft list ruleset 2>/dev/null | grep -c 'daddr {VIP} redirect'",
    "iptables": f"iptables -t nat -S PREROUTING 2>/dev/null | grep -c -e '-d {VIP}/32 -j REDIRECT'",
    "firewalld": "firewall-cmd --direct --get-all-rules 2>/dev/null | grep -c .",
    "sysctl": "sysctl -n net.ipv4.conf.all.arp_ignore",
    "VIP": f"ip -o address show dev lo | grep -c {VIP}/32",
}
MARKED = {
    "nftables": "nft list ruleset 2>/dev/null | grep -c 'meta mark set 0x00000007'",
    "iptables": "iptables -t mangle -S PREROUTING 2>/dev/null | grep -c -e '--set-xmark 0x7/0xffffffff'",
}
# What a connection to a port is answered with.
ERRNO = """
import errno, socket
for address, port in {places}:
    with socket.socket() as connection:
        connection.settimeout(5)
        print(errno.errorcode.get(connection.connect_ex((address, port)), "open"))
"""


def found(cluster, node, looks):
    """How often each trace is there."""
    return {what: int(cluster.run(node, command) or 0) for what, command in looks.items()}


def silent_by(cluster):
    """What keeps the real servers silent: the traces that are there."""
    ways = {node: found(cluster, node, TRACES) for node in SERVERS}
    return {node: {what: count for what, count in way.items() if count} for node, way in ways.items()}


def only_the_director_answers_arp(cluster):
    answers = cluster.module("client1", "arp_probe", addresses=[VIP], count=3, timeout=2)["answers"]
    return list(answers[VIP]) == [cluster.run("lvs1", "cat /sys/class/net/lan0/address")]


def all_serve(cluster):
    """Every real server answers for the VIP and, by mark, for the shop's two ports."""
    assert set(cluster.ask(VIP)) == set(SERVERS)
    assert set(cluster.ask("fd00:28::100")) == set(SERVERS)
    answers = cluster.ask(SHOP, 80, count=2) + cluster.ask(SHOP, 443, count=2, scheme="https")
    assert len(set(answers)) == 1
    assert set(answers) <= set(SERVERS)


def change(cluster, cut=0, **variables):
    """Run site.yml, while requests to the VIP lose nothing, but for some that were under way and may be cut."""
    with cluster.stream(address=VIP, port=80, rate=20) as stream:
        cluster.play("site", **variables)
    assert set(stream["errors"]) <= {"reset", "timeout"}, stream
    assert sum(stream["errors"].values()) <= cut, stream
    assert stream["answered"] + sum(stream["errors"].values()) == stream["requests"] > 100


def test_arptables(cluster):
    assert silent_by(cluster) == {node: {"arptables": 2, "VIP": 1} for node in SERVERS}
    assert only_the_director_answers_arp(cluster)
    all_serve(cluster)
    assert found(cluster, "lvs1", MARKED) == {"nftables": 1, "iptables": 0}


def test_redirect_without_a_vip_by_three_packet_filters(cluster):
    change(cluster, cut=CUT, **REDIRECT)
    assert silent_by(cluster) == REDIRECTED
    assert only_the_director_answers_arp(cluster)
    all_serve(cluster)
    assert found(cluster, "lvs1", MARKED) == {"nftables": 0, "iptables": 1}
    cluster.play("verify", **REDIRECT)


def test_what_is_in_place_is_there_again_after_a_reboot(cluster):
    before = silent_by(cluster)
    cluster.lab.reboot("all")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 holds the VIP again")
    until(lambda: set(cluster.ask(VIP, count=6)) == set(SERVERS), "all real servers are in the table again")
    assert silent_by(cluster) == before == REDIRECTED
    assert only_the_director_answers_arp(cluster)
    all_serve(cluster)


def test_a_reload_of_firewalld_leaves_the_rules_in_place(cluster):
    cluster.run("web3", "firewall-cmd --reload")
    assert silent_by(cluster) == REDIRECTED
    assert cluster.run("web3", "/usr/local/sbin/lvs-vip check && echo complete") == "complete"
    all_serve(cluster)


def test_sysctl(cluster):
    change(cluster, cut=CUT, lvs_arp="sysctl")
    assert silent_by(cluster) == {node: {"sysctl": 1, "VIP": 1} for node in SERVERS}
    assert only_the_director_answers_arp(cluster)
    all_serve(cluster)
    assert found(cluster, "lvs1", MARKED) == {"nftables": 1, "iptables": 0}


def test_firewalld_lets_in_what_the_services_need_and_no_more(cluster):
    ports = set(cluster.run("web3", "firewall-cmd --zone=public --list-ports").split())
    assert ports == {"80/tcp", "443/tcp", "7/tcp", "7/udp", "7/sctp", "53/udp", "5060/udp", "8081/tcp"}
    # Nobody listens there; where no packet filter stands before it, the kernel itself refuses.
    places = [(cluster.address(node), 9) for node in SERVERS]
    refusals = cluster.script("client1", ERRNO.format(places=places))
    assert refusals == ["ECONNREFUSED", "ECONNREFUSED", "EHOSTUNREACH"]


@pytest.mark.wide
def test_firewalld_on_a_director_lets_in_clients_and_vrrp(cluster):
    """Without secure, whose check asks through the VIP: firewalld drops the answers. The marks are nft's beside firewalld."""
    services = [service for service in cluster.variable("lvs_services") if service["name"] != "secure"]
    only_the_director = ("--limit", "lvs1", "--tags", "keepalived")
    filters = "{{ 'firewalld' if inventory_hostname in ('lvs1', 'web3') else 'nftables' }}"
    zone = "for what in protocols ports; do firewall-cmd --zone=public --list-$what; done"
    # The bus may start polkit for firewalld.
    started = "firewalld" if cluster.run("lvs1", "systemctl is-active polkit") == "active" else "firewalld polkit"
    cluster.host("lvs1").run_expect([0], "systemctl start firewalld")
    try:
        until(lambda: cluster.ask(VIP, count=1) == [""], "firewalld refuses the clients")
        cluster.play("site", *only_the_director, lvs_arp="sysctl", lvs_services=services, lvs_filter=filters)
        all_serve(cluster)
        assert found(cluster, "lvs1", MARKED) == {"nftables": 1, "iptables": 0}
        assert {"80/tcp", "443/tcp", "7/udp", "3784/udp", "vrrp"} < set(cluster.run("lvs1", zone).split())
        cluster.play("site", *only_the_director, lvs_arp="sysctl")
        assert cluster.run("lvs1", zone) == "8081/tcp"
    finally:
        cluster.run("lvs1", f"systemctl stop {started}")
    all_serve(cluster)


@pytest.mark.wide
def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}
    assert cluster.run("web3", "firewall-cmd --zone=public --list-ports") == "8081/tcp"
