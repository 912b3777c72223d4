# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT and every kind of tunnel: who answers the client, by which way, and whether large replies arrive whole."""

from __future__ import annotations

from collections import Counter

import pytest
from cluster import shared, until

NAT = {"ipv4": "172.28.1.100", "ipv6": "fd00:28:1::100"}
GUE, GRE, GUE6, SIX = "172.28.1.102", "172.28.1.103", "fd00:28:1::102", "fd00:28:1::104"
# The VIPs of the tunnels and the largest TCP segment that fits through them, through the smallest where a VIP has several.
TUNNELS = {
    "172.28.1.101": 1440,
    GUE: 1420,
    GRE: 1412,
    "fd00:28:1::101": 1400,
    GUE6: 1380,
    "fd00:28:1::103": 1392,
    SIX: 1400,
}
# At other ports of these VIPs: checksums over IPv4, IPv4 in GRE over IPv6, checksums over IPv6, IPv6 in GUE and GRE over IPv4.
MORE_TUNNELS = [(GUE, 81), (GRE, 81), (GUE6, 81), (SIX, 81), (SIX, 82)]
DIRECT, INNER = "172.28.1.104", "172.28.2.110"
PAGE = "172.28.1.105"
# At another port of a tunnel's VIP.
MIXED = "172.28.1.101"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def large_page(cluster):
    """A page of a megabyte on every real server; its checksum."""
    make = f"seq 1000000 | head -c {MEGABYTE} > /var/www/lvs-test-page/large; sha256sum < /var/www/lvs-test-page/large"
    sums = {cluster.run(node, make) for node in cluster.group("real_servers")}
    yield sums.pop().split()[0]
    for node in cluster.group("real_servers"):
        cluster.run(node, "rm /var/www/lvs-test-page/large")


def test_nat_translates_the_port_and_goes_by_weight(cluster):
    assert shared(cluster.ask(NAT["ipv4"], count=12), {"web1": 9, "web2": 3})
    assert "-r 172.28.2.21:8080 -m -w 3" in cluster.run("lvs1", "ipvsadm -Sn")


def test_nat_serves_ipv6(cluster):
    assert Counter(cluster.ask(NAT["ipv6"], count=6)) == {"web1": 3, "web2": 3}


@pytest.mark.parametrize(
    ("asked", "gateway"),
    [
        ("172.28.1.31 from 172.28.2.21 ipproto 6 sport 8080", "via 172.28.2.100 dev back0"),
        ("fd00:28:1::31 from fd00:28:2::21 ipproto 6 sport 8080", "via fd00:28:2::100 dev back0"),
        ("172.28.1.31 from 172.28.1.101 ipproto 6 sport 80", "via 172.28.3.41 dev far0"),
        ("172.28.1.31 from 172.28.2.21 ipproto 6 sport 22", "via 172.28.3.41 dev far0"),
    ],
    ids=["reply_of_nat", "reply_of_nat_ipv6", "reply_of_a_tunnel", "anything_else"],
)
def test_only_replies_of_nat_go_through_the_directors(cluster, asked, gateway):
    assert gateway in cluster.run("web1", f"ip route get {asked}")


@pytest.mark.parametrize(("vip", "port"), [*((vip, 80) for vip in (DIRECT, INNER, *TUNNELS)), *MORE_TUNNELS])
def test_tunnels_and_direct_routing_answer_by_turns(cluster, vip, port):
    assert Counter(cluster.ask(vip, port, count=6)) == {"web1": 3, "web2": 3}


def test_the_directors_wrap_packets_as_the_inventory_says(cluster):
    rules = [rule.split() for rule in cluster.run("lvs1", "ipvsadm -Sn").splitlines()]
    options = {
        (rule[2], rule[4]): " ".join(rule[rule.index("--tun-type") + 1 :]) for rule in rules if "--tun-type" in rule
    }
    assert options[f"{GUE}:81", "172.28.3.21:81"] == "gue --tun-port 6080 --tun-csum"
    assert options[f"{GUE}:81", "172.28.3.22:81"] == "gue --tun-port 6080 --tun-remcsum"
    assert options[f"[{GUE6}]:80", "[fd00:28:3::21]:80"].startswith("gue --tun-port 6080")
    assert options[f"[{GUE6}]:81", "[fd00:28:3::22]:81"] == "gue --tun-port 6080 --tun-remcsum"
    assert options[f"[{SIX}]:82", "172.28.3.21:82"].startswith("gre")


def test_one_service_goes_three_ways(cluster):
    assert Counter(cluster.ask(MIXED, 81, count=6)) == {"web1": 4, "web2": 2}
    rules = cluster.run("lvs1", "ipvsadm -Sn").splitlines()
    ways = {tuple(rule.split()[4:6]) for rule in rules if rule.startswith(f"-a -t {MIXED}:81 ")}
    assert ways == {("172.28.2.21:81", "-g"), ("172.28.3.22:81", "-i"), ("172.28.2.21:8080", "-m")}


@pytest.mark.parametrize("vip", [*NAT.values(), DIRECT, *TUNNELS])
def test_a_megabyte_arrives_whole(cluster, vip, large_page):
    url = f"http://[{vip}]/large" if ":" in vip else f"http://{vip}/large"
    assert cluster.run("client1", f"curl --silent --max-time 30 '{url}' | sha256sum").split()[0] == large_page


@pytest.mark.parametrize(("vip", "fits"), TUNNELS.items())
def test_what_the_client_sends_fits_the_tunnel(cluster, vip, fits):
    script = (
        'import socket; connection = socket.create_connection(("' + vip + '", 80), 5); '
        "print(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))"
    )
    # Less by the bytes of options that every segment carries, such as timestamps.
    assert fits - 40 <= int(cluster.run("client1", f"python3 -c '{script}'")) <= fits


def test_a_sorry_page_of_the_director_answers_for_nat_while_the_real_server_is_down(cluster):
    assert set(cluster.ask(PAGE, count=2)) == {"web1"}
    page = "mkdir -p /run/sorry && echo sorry > /run/sorry/index.html"
    serve = "systemd-run --unit=sorry-page python3 -m http.server 80 --directory /run/sorry"
    cluster.host("lvs1").run_expect([0], f"{page} && {serve}")
    cluster.run("web1", "systemctl stop lvs-test-page")
    try:
        until(lambda: set(cluster.ask(PAGE, count=2)) == {"sorry"}, "the director says sorry")
        assert "-r 127.0.0.1:80 -g" in cluster.run("lvs1", "ipvsadm -Sn")
    finally:
        cluster.run("web1", "systemctl start lvs-test-page")
        cluster.run("lvs1", "systemctl stop sorry-page")
    until(lambda: set(cluster.ask(PAGE, count=2)) == {"web1"}, "web1 is back")
    until(lambda: set(cluster.ask(DIRECT, count=6)) == {"web1", "web2"}, "web1 is back everywhere")
