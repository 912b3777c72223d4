# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FTP through NAT, and NAT whose real servers see the directors as their clients, so that they need no way back."""

from __future__ import annotations

from collections import Counter

import pytest
from cluster import Background, until

pytestmark = pytest.mark.usefixtures("fresh")

NAT, NAT6, IPIP, DIRECT, INNER = "172.28.1.100", "fd00:28:1::100", "172.28.1.101", "172.28.1.104", "172.28.2.110"
GATEWAYS = ["172.28.2.100", "fd00:28:2::100"]
# By VIP and port: services of NAT, and those of direct routing and a tunnel, on a VIP of NAT as well.
TRANSLATED = [(NAT, 80), (NAT6, 80), (INNER, 81), (DIRECT, 81)]
OTHERS = [(IPIP, 80), (DIRECT, 80)]
# One filter for each of the tools that masquerade.
VARIABLES = {
    "lvs_nat": {"masquerade": True},
    "lvs_filter": "{{ 'iptables' if inventory_hostname == 'lvs2' else 'nftables' }}",
}


def services(cluster):
    """Some as they are; FTP; one for clients on the real servers' network; and one with real servers behind a router."""
    own = {service["name"]: service for service in cluster.variable("lvs_services")}
    nat = {"forward": "nat", "scheduler": "rr", "health": own["inner"]["health"]}
    near = [{"host": "web1", "port": 8080}, {"host": "web2", "port": 8080}]
    far = [{**near[0], "address": "172.28.3.21"}, {**near[1], "address": "172.28.3.22"}]
    return [
        *(own[name] for name in ("web", "web6", "ipip", "direct")),
        {**nat, "name": "ftp", "vip": NAT, "port": 21, "test_page": False},
        {**nat, "name": "one-arm", "vip": INNER, "port": 81, "real_servers": near},
        {**nat, "name": "routed", "vip": DIRECT, "port": 81, "real_servers": far},
    ]


@pytest.fixture(scope="module")
def ftp(cluster, fresh):
    """FTP on the real servers, and site.yml with the services here."""
    servers = [Background(cluster, node, "ftp_server.py") for node in cluster.group("real_servers")]
    cluster.play("site", lvs_services=services(cluster))
    yield
    for server in servers:
        server.stop()


def fetched(cluster, *options):
    """Which real servers the client gets a file from by FTP."""
    command = f"curl --silent --max-time 10 {' '.join(options)} ftp://{NAT}/name"
    return {cluster.host("client1").run(command).stdout.strip() for _turn in range(4)}


def stream(cluster, vip):
    return cluster.stream(address=vip, port=80, rate=20, timeout=2)


def all_answer(cluster, *at):
    for vip, port in at:
        until(lambda at=(vip, port): set(cluster.ask(*at, count=4)) == {"web1", "web2"}, f"both answer at {vip} {port}")


# The address that the answer names is the VIP: the client connects there.
PASSIVE = ("--disable-epsv", "--no-ftp-skip-pasv-ip")


@pytest.mark.usefixtures("ftp")
@pytest.mark.parametrize("options", [PASSIVE, ("--ftp-pasv",), ("--ftp-port", "-", "--disable-eprt")])
@pytest.mark.wide
def test_ftp_goes_through_nat_passive_and_active(cluster, options):
    assert cluster.run("lvs1", "grep -c ^ip_vs_ftp /proc/modules") == "1"
    until(lambda: fetched(cluster, *options) == {"web1", "web2"}, "both send a file")


@pytest.mark.wide
@pytest.mark.usefixtures("ftp")
def test_masquerading_replaces_the_gateway_while_others_serve(cluster):
    with stream(cluster, IPIP) as tunnel, stream(cluster, DIRECT) as direct:
        cluster.play("site", lvs_services=services(cluster), **VARIABLES)
    assert (tunnel["errors"], direct["errors"]) == ({}, {})
    all_answer(cluster, *TRANSLATED, *OTHERS)
    assert [cluster.holders(gateway) for gateway in GATEWAYS] == [[], []]
    for node in cluster.group("real_servers"):
        assert cluster.run(node, "ip rule; ip -6 rule; ip route show table 112").count("112") == 0
    cluster.play("verify", lvs_services=services(cluster), **VARIABLES)


@pytest.mark.wide
@pytest.mark.usefixtures("ftp")
def test_real_servers_see_the_director_as_their_client(cluster):
    with cluster.connections(NAT, count=4), cluster.connections(INNER, 81, count=4):
        for node in cluster.group("real_servers"):
            peers = cluster.run(node, "ss -Htn state established sport = :8080 | awk '{print $4}'").splitlines()
            # Without the port, and without the prefix of an IPv4 address in a socket of IPv6.
            seen = Counter(peer.rpartition(":")[0].strip("[]").replace("::ffff:", "") for peer in peers)
            assert set(seen) <= {"172.28.2.11", "172.28.2.12"}, seen
            assert seen["172.28.2.11"] >= 3, seen


@pytest.mark.wide
@pytest.mark.usefixtures("ftp")
def test_passive_ftp_goes_through_masquerading(cluster):
    until(lambda: fetched(cluster, *PASSIVE) == {"web1", "web2"}, "both send a file")


@pytest.mark.wide
@pytest.mark.usefixtures("ftp")
def test_the_other_director_masquerades_too(cluster):
    cluster.run("lvs1", "systemctl stop keepalived")
    try:
        until(lambda: cluster.holders(NAT) == ["lvs2"], "lvs2 has the VIP")
        all_answer(cluster, *TRANSLATED, *OTHERS)
    finally:
        cluster.run("lvs1", "systemctl start keepalived")
    until(lambda: cluster.holders(NAT) == ["lvs1"], "lvs1 has the VIP again")


@pytest.mark.wide
@pytest.mark.usefixtures("ftp")
def test_the_rules_and_the_sysctl_go_with_masquerading(cluster):
    director = "nft list tables; iptables -t nat -S 2>/dev/null; sysctl net.ipv4.vs.conntrack"
    assert "lvs_cluster" in cluster.run("lvs1", director)
    assert "--ctorigdst" in cluster.run("lvs2", director)
    with stream(cluster, NAT) as nat:
        cluster.play("site")
    # What is under way when the master changes may be cut, and a client repeats a lost SYN after a second. Nobody waits for a way back.
    assert nat["longest_gap"] <= 1.5, nat
    for node in cluster.group("directors"):
        left = cluster.run(node, director)
        assert "lvs_cluster" not in left and "MASQUERADE" not in left and "conntrack = 0" in left
    all_answer(cluster, (NAT, 80), (NAT6, 80), *OTHERS)
