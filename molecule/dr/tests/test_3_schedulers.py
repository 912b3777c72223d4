# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the schedulers promise that do not go by turns, counted (ipvsadm(8), --scheduler)."""

from __future__ import annotations

from collections import Counter

import pytest

WEB = "172.28.0.100"
SERVERS = ("web1", "web2", "web3")
CLIENTS = [f"172.28.0.{number}" for number in range(140, 200)]
ASK_ALL = """
import socket
for client in {clients}:
    connection = socket.create_connection(("{vip}", 80), 5, (client, 0))
    connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    print(connection.makefile().read().split()[-1])
"""


@pytest.fixture(scope="module")
def many_clients(cluster):
    with cluster.client_addresses(CLIENTS):
        yield


def schedule(cluster, scheduler, weights=(1, 1, 1)):
    """Let the service be scheduled so, with weights for the three real servers; a weight of None takes one out."""
    commands = [f"ipvsadm -E -t {WEB}:80 -s {scheduler}"]
    for server, weight in zip(SERVERS, weights):
        real_server = f"-t {WEB}:80 -r {cluster.address(server)}:80"
        placed = f"{real_server} -g -w {weight}"
        commands.append(
            f"ipvsadm -d {real_server}" if weight is None else f"ipvsadm -e {placed} 2>/dev/null || ipvsadm -a {placed}"
        )
    cluster.host("lvs1").run_expect([0], " && ".join(f"{{ {command}; }}" for command in commands))


def by_client(cluster):
    """Who answers each client, asked once each."""
    return dict(zip(CLIENTS, cluster.script("client1", ASK_ALL.format(clients=CLIENTS, vip=WEB)), strict=True))


def moved(cluster, scheduler):
    """How many clients of the first two servers go elsewhere when the third is taken out, and how many there were."""
    schedule(cluster, scheduler)
    before = by_client(cluster)
    assert before == by_client(cluster)
    assert set(before.values()) == set(SERVERS)
    schedule(cluster, scheduler, (1, 1, None))
    after = by_client(cluster)
    schedule(cluster, scheduler)
    stayed = [client for client in CLIENTS if before[client] != "web3"]
    return sum(after[client] != before[client] for client in stayed), len(stayed)


@pytest.mark.usefixtures("many_clients")
def test_mh_moves_few_clients_and_sh_many(cluster):
    few, of_mh = moved(cluster, "mh")
    many, of_sh = moved(cluster, "sh")
    assert few <= of_mh / 10, (few, of_mh)
    assert many >= of_sh / 4, (many, of_sh)


@pytest.mark.usefixtures("many_clients")
@pytest.mark.parametrize("scheduler", ["dh", "lblc", "lblcr"])
def test_what_goes_by_the_destination_sends_one_vip_to_one_server(cluster, scheduler):
    schedule(cluster, scheduler)
    assert len(set(by_client(cluster).values())) == 1


@pytest.mark.parametrize(
    ("scheduler", "weights", "answers"),
    [
        ("fo", (1, 3, 2), {"web2": 6}),
        ("fo", (1, None, 2), {"web3": 6}),
        # More than the weight, not as many, is too much: net/netfilter/ipvs/ip_vs_ovf.c.
        ("ovf", (1, 4, 2), {"web2": 5, "web3": 1}),
        ("nq", (1, 1, 1), {"web1": 2, "web2": 2, "web3": 2}),
        ("sed", (4, 1, 1), {"web1": 4, "web2": 1, "web3": 1}),
    ],
    ids=["failover", "failover_without_the_first", "overflow", "never_queue", "shortest_expected_delay"],
)
def test_open_connections_go_where_promised(cluster, scheduler, weights, answers):
    schedule(cluster, scheduler, weights)
    assert Counter(cluster.ask_at_once(WEB, count=6)) == answers


@pytest.mark.wide
@pytest.mark.usefixtures("many_clients")
def test_site_changes_the_scheduler_of_a_service_that_serves(cluster):
    """The last test: a port that a client uses again within two minutes leads to the real server it led to before."""
    schedule(cluster, "rr")
    web, *others = cluster.variable("lvs_services")
    with cluster.stream(address=WEB, port=80, rate=20) as stream:
        cluster.play("site", lvs_services=[web | {"scheduler": "mh", "scheduler_flags": ["mh-port"]}, *others])
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert f"-A -t {WEB}:80 -s mh -b mh-port" in cluster.run("lvs1", "ipvsadm -Sn").splitlines()
    assert set(by_client(cluster).values()) == set(SERVERS)
    # A client asks from another port each time: by its address alone it would always come to the same real server.
    assert len(set(cluster.ask(WEB, count=12))) > 1
