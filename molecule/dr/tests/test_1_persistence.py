# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who comes back to whom: by firewall mark on two ports, by the client's network, and what happens when a server fails."""

from __future__ import annotations

import pytest
from cluster import until

SHOP, LOGIN = "172.28.0.101", "172.28.0.102"
CLIENTS = [f"172.28.0.{number}" for number in range(131, 137)]


@pytest.fixture(scope="module", autouse=True)
def client_addresses(cluster):
    """More addresses for the client, each of which counts as another client."""
    with cluster.client_addresses(CLIENTS):
        yield


def server_of(cluster, client):
    """Who answers a client on both ports; fails where it is not one real server for all its requests."""
    answers = {
        *cluster.ask(SHOP, 80, count=3, source=client),
        *cluster.ask(SHOP, 443, count=3, scheme="https", source=client),
    }
    assert len(answers) == 1, answers
    return answers.pop()


def test_a_client_stays_on_both_ports(cluster):
    servers = [server_of(cluster, client) for client in CLIENTS[:3]]
    assert sorted(servers) == ["web1", "web2", "web3"]
    assert [server_of(cluster, client) for client in CLIENTS[:3]] == servers
    assert "-A -f 7 -s rr -p 60" in cluster.run("lvs1", "ipvsadm -Sn")


def test_it_moves_when_its_server_fails_and_only_then(cluster):
    """The others stay, then and when the real server is back."""
    servers = {client: server_of(cluster, client) for client in CLIENTS[:3]}
    failing = servers[CLIENTS[0]]
    table = cluster.table("lvs1")
    cluster.run(failing, "systemctl stop lvs-test-page")
    try:
        until(lambda: cluster.address(failing) not in cluster.table("lvs1")["7"], f"{failing} is taken out")
        now = {client: server_of(cluster, client) for client in CLIENTS[:3]}
        assert now[CLIENTS[0]] not in ("", failing)
        assert {client: now[client] for client in CLIENTS[1:3]} == {c: servers[c] for c in CLIENTS[1:3]}
    finally:
        cluster.run(failing, "systemctl start lvs-test-page")
    until(lambda: cluster.table("lvs1") == table, f"{failing} is back everywhere")
    assert {client: server_of(cluster, client) for client in CLIENTS[:3]} == now


def test_clients_of_one_network_count_as_one(cluster):
    """By turns each of them would have gone to another real server."""
    answers = {answer for client in CLIENTS for answer in cluster.ask(LOGIN, count=2, source=client)}
    assert len(answers) == 1
    assert answers <= {"web1", "web2", "web3"}
