# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One service with several VIPs, ports and protocols: who answers on each, what one check does to all, how the lists change."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import endpoint
from cluster import flat, until

SERVERS = {"web1", "web2", "web3"}
MANY = ["172.28.0.105", "172.28.0.106", "fd00:28::105"]
MIXED = ["172.28.0.107", "172.28.0.108"]
SHOP = "172.28.0.101"
SCHEMES = {80: "http", 443: "https"}
DATAGRAM = """
import socket
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
client.connect(("{vip}", 7))
client.send(b"?")
print(client.recv(99).decode())
"""


def at(vips, ports):
    """Services as the table names them."""
    return {endpoint(vip, port) for vip in vips for port in ports}


def counts(cluster, services):
    """How many real servers each service has in the director's table; None for a service that is not there."""
    table = cluster.table("lvs1")
    return {service: len(table[service]) if service in table else None for service in services}


@contextmanager
def stopped(cluster, node):
    """A real server that does not answer."""
    cluster.run(node, "systemctl stop lvs-test-page")
    try:
        yield
    finally:
        cluster.run(node, "systemctl start lvs-test-page")


def test_every_real_server_answers_on_every_address(cluster):
    answers = {(vip, port): set(cluster.ask(vip, port, 6, scheme)) for vip in MANY for port, scheme in SCHEMES.items()}
    assert answers == {(vip, port): SERVERS for vip in MANY for port in SCHEMES}


def test_a_check_takes_its_server_out_of_every_address(cluster):
    services = at(MANY, SCHEMES)
    with stopped(cluster, "web2"):
        until(lambda: counts(cluster, services) == dict.fromkeys(services, 2), "web2 is out everywhere")
        assert set(cluster.ask(MANY[1], 443, 6, "https")) == {"web1", "web3"}
    until(lambda: counts(cluster, services) == dict.fromkeys(services, 3), "web2 is back everywhere")


def test_a_client_stays_on_both_vips_and_protocols(cluster):
    """By turns each request would have gone to another real server."""
    answers = {answer for vip in MIXED for answer in cluster.ask(vip, 7, count=3)}
    answers |= {answer for vip in MIXED for answer in cluster.script("client1", DATAGRAM.format(vip=vip))}
    assert len(answers) == 1
    assert answers <= SERVERS


@pytest.mark.wide
def test_the_lists_change_while_another_service_serves(cluster):
    """A VIP and a port go, others come. What is new is right in the table, so a failing server is taken out there, too."""
    vips, ports = [MANY[0], "172.28.0.109", MANY[2]], [80, 8443]
    services = [
        service | ({"vip": vips, "port": ports} if service["name"] == "many" else {})
        for service in cluster.variable("lvs_services")
    ]
    new, old = at(vips, ports), at(MANY, SCHEMES) - at(vips, ports)
    assert "its VIPs or ports change. keepalived removes" in flat(cluster.fail("site", lvs_services=services))
    try:
        with cluster.stream(address="172.28.0.100", port=80, rate=20) as stream:
            cluster.play("site", lvs_services=services, lvs_accept_outage=True)
        assert stream["errors"] == {}, stream
        assert counts(cluster, new | old) == dict.fromkeys(new, 3) | dict.fromkeys(old)
        assert cluster.holders(MANY[1]) == []
        assert [set(cluster.ask(vip, port, 6)) for vip in vips for port in ports] == [SERVERS] * 6
        with stopped(cluster, "web3"):
            until(lambda: counts(cluster, new) == dict.fromkeys(new, 2), "web3 is out everywhere")
        until(lambda: counts(cluster, new) == dict.fromkeys(new, 3), "web3 is back everywhere")
    finally:
        cluster.play("site", lvs_accept_outage=True)
    services = at(MANY, SCHEMES)
    assert counts(cluster, services | (new - services)) == dict.fromkeys(services, 3) | dict.fromkeys(new - services)


@pytest.mark.wide
def test_a_mark_gives_way_to_an_address_and_comes_back_while_clients_are_served(cluster):
    """What is under way when the director changes may be cut, and a client repeats a lost SYN after a second."""
    marked = {service["name"]: service for service in cluster.variable("lvs_services")}
    shop = {key: value for key, value in marked["shop"].items() if key not in ("fwmark", "ports")}
    by_address = list({**marked, "shop": {**shop, "port": list(SCHEMES)}}.values())
    marks = "nft list ruleset 2>/dev/null | grep -c 'meta mark set 0x00000007'"
    for variables, rules, table in (({"lvs_services": by_address}, "0", at([SHOP], SCHEMES)), ({}, "1", {"7"})):
        with cluster.stream(address=SHOP, port=80, rate=20, timeout=2) as stream:
            cluster.play("site", **variables)
        assert stream["longest_gap"] <= 1.5, stream
        assert cluster.run("lvs1", marks) == rules
        assert set(cluster.table("lvs1")) & (at([SHOP], SCHEMES) | {"7"}) == table
