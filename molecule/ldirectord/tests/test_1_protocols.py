# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocols that ldirectord speaks, and the commands and configurations of the user's own that it runs.

One change brings a service for each. It is left to the next module, which has a fresh cluster.
"""

from __future__ import annotations

from itertools import product

import pytest
from cluster import Background, until

VIP = "172.28.0.101"
WEB1, WEB2 = "172.28.0.21", "172.28.0.22"
LOGIN, PASSWORD, SECRET = "lab", "of-the-lab", "shared-in-the-lab"
KNOWN = {"login": LOGIN, "passwd": PASSWORD}
QUERY = {**KNOWN, "database": "lab", "request": "SELECT 1"}
UDP = ("dns", "radius", "sip")
# While it is there, all servers but FTP say no.
REFUSING = "/run/lab-refuses"
FTP = 21
# The port of each protocol, and how it is checked.
SPOKEN = {
    "ftp": (FTP, {**KNOWN, "request": "host", "expect": "web"}),
    "smtp": (25, {}),
    "submission": (587, {}),
    "pop": (110, KNOWN),
    "pops": (995, KNOWN),
    "imap": (143, KNOWN),
    "imaps": (993, KNOWN),
    "nntp": (119, {}),
    "simpletcp": (7, {"request": "hello", "expect": "hello to you"}),
    "http_proxy": (3128, {"request": "http://www.lab.example/", "regex": r"http://www\.lab\.example/ by web\d"}),
    "https": (443, {"path": "/healthz", "expect": "/healthz by web"}),
    "dns": (53, {"name": "www.lab.example"}),
    "sip": (5060, {"login": LOGIN}),
    "radius": (1812, {**KNOWN, "secret": SECRET}),
    "ldap": (389, {**KNOWN, "request": "dc=lab", "expect": "dc=lab"}),
    "mysql": (3306, QUERY),
    "pgsql": (5432, QUERY),
}
# They name themselves before they are asked.
GREETING = ("smtp", "submission", "pop", "imap", "nntp")
GREETINGS = f"""
import socket
for port in {[SPOKEN[kind][0] for kind in GREETING]}:
    for number in range(2):
        with socket.create_connection(("{VIP}", port), 5) as connection:
            print(connection.recv(100).decode())
"""
# Two commands that note what they are told, and a configuration for a second ldirectord.
FALLBACK, CALLBACK, OTHER = "lab-fallback", "lab-callback", "lab-other.cf"
OTHER_SERVICE = f"{VIP}:8099"


def service(kind):
    port, check = SPOKEN[kind]
    return {
        "name": kind.replace("_", "-"),
        "vip": VIP,
        "port": port,
        "protocol": "udp" if kind in UDP else "tcp",
        "scheduler": "rr",
        "test_page": False,
        "health": {"type": kind, **check, "interval": 2, "timeout": 10, "retries": 0},
    }


def told(cluster, command):
    return cluster.run("lvs1", f"cat /run/{command} 2>/dev/null").splitlines()


def trust(cluster, director, server):
    """Let a director trust the certificate of a server, which ldirectord verifies with IMAP and POP, but not with HTTP."""
    get = f"openssl s_client -connect {server}:{SPOKEN['imaps'][0]} < /dev/null 2> /dev/null | openssl x509 > /run/lab.pem"
    keep = 'cp /run/lab.pem "/etc/ssl/certs/$(openssl x509 -hash -noout -in /run/lab.pem).0"'
    until(lambda: cluster.host(director).run(f"{get} && {keep}").rc == 0, f"{director} has the certificate of {server}")


@pytest.fixture(scope="module", autouse=True)
def ftp_servers(cluster):
    """All of it is deployed, and the servers run; those of FTP, by host."""
    virtual = f"virtual={OTHER_SERVICE}\\n\\treal={WEB1}:8099 gate\\n\\tchecktype=connect\\n\\tcheckport=80\\n\\tprotocol=tcp\\n"
    for director in cluster.group("directors"):
        for command in (FALLBACK, CALLBACK):
            file = f"/usr/local/bin/{command}"
            script = f'#!/bin/sh\\necho "$@" >> /run/{command}\\n'
            cluster.host(director).run_expect([0], f"printf '{script}' > {file} && chmod +x {file}")
        cluster.host(director).run_expect([0], f"printf '{virtual}' > /etc/ha.d/{OTHER}")
    nodes = cluster.group("real_servers")
    ftp = {node: Background(cluster, node, "ftp_server.py") for node in nodes}
    others = [
        Background(cluster, node, "text_servers.py", cluster.address(node), LOGIN, PASSWORD, REFUSING) for node in nodes
    ]
    others += [Background(cluster, node, "record_servers.py", LOGIN, PASSWORD, SECRET, REFUSING) for node in nodes]
    try:
        for director, node in product(cluster.group("directors"), nodes):
            trust(cluster, director, cluster.address(node))
        cluster.play(
            "site",
            # The drivers of the databases are installed, too.
            *("--limit", "directors", "--tags", "install,ldirectord,heartbeat"),
            lvs_services=[*cluster.variable("lvs_services"), *map(service, SPOKEN)],
            lvs_ldirectord={
                **cluster.variable("lvs_ldirectord"),
                "fallback_command": f"/usr/local/bin/{FALLBACK}",
                "callback": f"/usr/local/bin/{CALLBACK}",
                "execute": [OTHER],
            },
        )
        yield ftp
    finally:
        for server in (*ftp.values(), *others):
            server.stop()


def test_a_server_that_says_no_is_removed_and_comes_back(cluster):
    """Its ports are open all the time."""

    def having(*addresses):
        """The protocols whose services have not exactly these real servers."""
        table = cluster.table("lvs1")
        return [kind for kind, (port, _check) in SPOKEN.items() if set(table.get(f"{VIP}:{port}", ())) != {*addresses}]

    def greeted():
        said = " ".join(cluster.script("client1", GREETINGS)).split()
        return [word for word in said if word in ("web1", "web2")]

    until(lambda: having(WEB1, WEB2) == [], "both have passed every check")
    assert sorted(greeted()) == ["web1"] * len(GREETING) + ["web2"] * len(GREETING)
    cluster.run("web2", f"touch {REFUSING}")
    try:
        until(lambda: having(WEB1) == ["ftp"], "web2 is removed")
        assert greeted() == ["web1"] * 2 * len(GREETING)
    finally:
        cluster.run("web2", f"rm {REFUSING}")
    until(lambda: having(WEB1, WEB2) == [], "web2 is back")


def test_a_command_is_told_when_no_server_is_left(cluster, ftp_servers):
    at = f"{VIP}:{FTP}"

    def fallback():
        return [line for line in told(cluster, FALLBACK) if f" {at} " in line]

    cluster.run("lvs1", f"rm -f /run/{FALLBACK}")
    ftp_servers["web2"].stop()
    until(lambda: cluster.table("lvs1").get(at) == {WEB1: 1}, "web2 is removed")
    assert fallback() == []
    ftp_servers["web1"].stop()
    until(lambda: fallback() == [f"start {at} tcp"], "the command is told that none is left")
    ftp_servers["web1"] = Background(cluster, "web1", "ftp_server.py")
    until(lambda: cluster.table("lvs1").get(at) == {WEB1: 1}, "web1 is back")
    until(lambda: fallback()[1:] == [f"stop {at} tcp"], "the command is told")


def test_a_command_is_told_of_a_changed_configuration(cluster):
    """By the ldirectord that runs. It compares with what it has seen before, so it must have run for a while."""
    cluster.run("lvs1", f"rm -f /run/{CALLBACK}; echo '# by hand' >> /etc/ha.d/ldirectord.cf")
    until(lambda: told(cluster, CALLBACK) == ["/etc/ha.d/ldirectord.cf"], "the command is told")
    assert cluster.run("lvs2", f"cat /run/{CALLBACK} 2>/dev/null") == ""


def test_another_configuration_has_an_ldirectord_of_its_own(cluster):
    until(lambda: cluster.table("lvs1").get(OTHER_SERVICE) == {WEB1: 1}, "its service is in the table")
    assert cluster.run("lvs1", f"pgrep --full --pidfile /run/ldirectord.{OTHER}.pid ldirectord") != ""
