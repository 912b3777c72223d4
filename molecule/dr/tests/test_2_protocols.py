# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6, UDP datagram by datagram and call by call, SCTP, and a chain of director, proxies and application behind a name."""

from __future__ import annotations

from collections import Counter

EVENLY = {"web1": 2, "web2": 2, "web3": 2}
SCTP = """
import socket
for _ in range(6):
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    connection.settimeout(5)
    connection.connect(("172.28.0.103", 7))
    print(connection.recv(99).decode())
    connection.close()
"""
UDP = """
import socket
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
client.connect(("172.28.0.103", 7))
for _ in range(6):
    client.send(b"?")
    print(client.recv(99).decode())
"""
# Three calls in turn, from one socket.
CALLS = """
import socket
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
client.connect(("172.28.0.103", 5060))
for _turn in range(3):
    for number in range(3):
        client.send(f"OPTIONS sip:lab SIP/2.0\\r\\nCall-ID: call-{number}@lab\\r\\n\\r\\n".encode())
        print(client.recv(99).decode())
"""


def test_ipv6_alternates(cluster):
    assert Counter(cluster.ask("fd00:28::100", count=6)) == EVENLY


def test_every_datagram_of_one_socket_is_scheduled_for_itself(cluster):
    assert Counter(cluster.script("client1", UDP)) == EVENLY
    assert "UDP  172.28.0.103:7 rr ops" in cluster.run("lvs1", "ipvsadm -Ln").splitlines()


def test_a_call_stays_with_its_server(cluster):
    """By turns, as the first datagram of each call goes; by the client's address all calls would go to one."""
    answers = cluster.script("client1", CALLS)
    assert sorted(answers[:3]) == ["web1", "web2", "web3"]
    assert answers == answers[:3] * 3
    service = next(
        rule for rule in cluster.run("lvs1", "ipvsadm -Sn").splitlines() if "-A -u 172.28.0.103:5060 " in rule
    )
    assert "--pe sip" in service


def test_sctp_alternates(cluster):
    assert Counter(cluster.script("client1", SCTP)) == EVENLY


def test_the_chain_tells_the_application_who_asks(cluster):
    # Not just once for each way: the health checks in between take turns, too.
    ask = "for i in $(seq 16); do curl --silent --max-time 5 http://www.lab.example:8080/; done"
    answers = set(cluster.run("client1", ask).splitlines())
    assert answers == {
        f"application of {application}, for 172.28.0.31, by {proxy}"
        for application in ("web2", "web3")
        for proxy in ("web1", "web2")
    }
