# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocols that ldirectord speaks, its other checks, its folder for maintenance and its mails, and what of the user's own it runs.

One change brings a service for each. It is left to the next module, which has a fresh cluster.
"""

from __future__ import annotations

import re
from itertools import product

import pytest
from cluster import ROOT, Background, until

pytestmark = pytest.mark.wide

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
    "ldaps": (636, {**KNOWN, "request": "dc=lab", "expect": "dc=lab"}),
    "mysql": (3306, QUERY),
    "pgsql": (5432, QUERY),
}
# Checks that speak no protocol, of services at ports of their own: of a connection, here with FTP's port, by pings, by a script.
OTHERS = {
    "tcp": (8201, {"port": FTP}),
    "ping": (8202, {"timeout": 2}),
    "script": (8203, {"src": str(ROOT / "molecule/ldirectord/scripts/refuses")}),
}
UNCHECKED = 8204
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
MAINTENANCE = "/var/lib/lab-maintenance"
COMMENT = "call somebody"
SETTINGS = {
    "fallback_command": f"/usr/local/bin/{FALLBACK}",
    "callback": f"/usr/local/bin/{CALLBACK}",
    "execute": [OTHER],
    "maintenance_dir": MAINTENANCE,
    "readd_quiescent": True,
    "mail_frequency": 3,
    "mail_status": ["running"],
    # Of the inventory: what mail_frequency says, in ldirectord's own words.
    "raw": [],
}
MAIL = {"to": ["oncall@lab.example"], "from": "lvs@lab.example", "server": "172.28.0.31"}


def service(kind):
    port, check = {**SPOKEN, **OTHERS}[kind]
    return {
        "name": kind.replace("_", "-"),
        "vip": VIP,
        "port": port,
        "protocol": "udp" if kind in UDP else "tcp",
        "scheduler": "rr",
        "test_page": False,
        "health": {"type": kind, "interval": 2, "timeout": 10, "retries": 0, **check},
        # A line of the service in ldirectord's own words, which its mails show.
        "raw": [f"comment={COMMENT}"] if kind == "ftp" else [],
    }


def told(cluster, command):
    return cluster.run("lvs1", f"cat /run/{command} 2>/dev/null").splitlines()


def trust(cluster, director, server):
    """Let a director trust the certificate of a server, which ldirectord verifies with IMAP and POP, but not with HTTP."""
    get = f"openssl s_client -connect {server}:{SPOKEN['imaps'][0]} < /dev/null 2> /dev/null | openssl x509 > /run/lab.pem"
    keep = 'cp /run/lab.pem "/etc/ssl/certs/$(openssl x509 -hash -noout -in /run/lab.pem).0"'
    until(lambda: cluster.host(director).run(f"{get} && {keep}").rc == 0, f"{director} has the certificate of {server}")


@pytest.fixture(scope="module", autouse=True)
def mails(cluster):
    """A function that tells what ldirectord has sent by mail."""
    with cluster.mailbox() as come:
        yield come


@pytest.fixture(scope="module", autouse=True)
def ftp_servers(cluster, mails):
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
        unchecked = {"name": "none", "vip": VIP, "port": UNCHECKED, "test_page": False, "health": {"type": "none"}}
        cluster.play(
            "site",
            # The drivers of the databases are installed, too.
            *("--limit", "directors", "--tags", "install,ldirectord,heartbeat"),
            lvs_services=[*cluster.variable("lvs_services"), *map(service, [*SPOKEN, *OTHERS]), unchecked],
            lvs_ldirectord=cluster.variable("lvs_ldirectord") | SETTINGS,
            lvs_mail=MAIL,
        )
        yield ftp
    finally:
        for server in (*ftp.values(), *others):
            server.stop()


def test_a_server_that_says_no_is_removed_and_comes_back(cluster):
    """Its ports are open all the time. It answers no ping, either, and a script says no of it."""
    ports = {**{kind: port for kind, (port, _check) in {**SPOKEN, **OTHERS}.items()}, "none": UNCHECKED}

    def having(*addresses):
        """The checks whose services have not exactly these real servers."""
        table = cluster.table("lvs1")
        return [kind for kind, port in ports.items() if set(table.get(f"{VIP}:{port}", ())) != {*addresses}]

    def greeted():
        said = " ".join(cluster.script("client1", GREETINGS)).split()
        return [word for word in said if word in ("web1", "web2")]

    until(lambda: having(WEB1, WEB2) == [], "both have passed every check")
    assert sorted(greeted()) == ["web1"] * len(GREETING) + ["web2"] * len(GREETING)
    assert cluster.run("lvs1", f"cat /run/lab-checked-{WEB2}") == f"{VIP} 8203 {WEB2} 8203"
    pings = "sysctl -w net.ipv4.icmp_echo_ignore_all={}"
    cluster.run("web2", f"touch {REFUSING}; {pings.format(1)}")
    cluster.run("lvs1", f"touch /run/lab-refuses-{WEB2}")
    try:
        until(lambda: having(WEB1) == ["ftp", "tcp", "none"], "web2 is removed")
        assert greeted() == ["web1"] * 2 * len(GREETING)
    finally:
        cluster.run("web2", f"rm {REFUSING}; {pings.format(0)}")
        cluster.run("lvs1", f"rm /run/lab-refuses-{WEB2}")
    until(lambda: having(WEB1, WEB2) == [], "web2 is back")


def test_files_in_the_folder_for_maintenance_take_a_server_out(cluster, mails):
    """Where a failing server keeps its place with weight 0, it gets it back if somebody removes it. Mails tell of it again and again."""
    shop, login = f"{VIP}:80", f"{VIP}:8080"
    # With a port it is for the services there alone.
    files = " ".join(f"{MAINTENANCE}/{WEB2}:{port}" for port in (80, 8080))
    told_of = re.compile(rf"^Subject: \[login\] Inaccessible real server: {re.escape(WEB2)}:8080 ", re.MULTILINE)

    def weights(service):
        return cluster.table("lvs1").get(service)

    until(lambda: weights(shop) == {WEB1: 2, WEB2: 2}, "both are in shop")
    cluster.run("lvs1", f"touch {files}")
    try:
        until(lambda: (weights(shop), weights(login)) == ({WEB1: 2}, {WEB1: 1, WEB2: 0}), "web2 is out")
        cluster.host("lvs1").run_expect([0], f"ipvsadm -d -t {login} -r {WEB2}:8080")
        until(lambda: weights(login) == {WEB1: 1, WEB2: 0}, "web2 has its place in login back")
        until(lambda: len(told_of.findall(mails())) >= 2, "mails say twice that web2 is out")
    finally:
        cluster.run("lvs1", f"rm {files}")
    until(lambda: (weights(shop), weights(login)) == ({WEB1: 2, WEB2: 2}, {WEB1: 1, WEB2: 1}), "web2 is back")
    until(lambda: "Subject: [login] Restored real server" in mails(), "a mail says that web2 is back")
    assert {"From: lvs@lab.example", "To: oncall@lab.example"} <= set(mails().splitlines())
    # Not those of its start, at which it adds all real servers.
    assert set(re.findall(r"^Daemon-Status: (.*)$", mails(), re.MULTILINE)) == {"running"}


def test_a_command_is_told_when_no_server_is_left(cluster, ftp_servers, mails):
    """A closed port is also what the check of a connection notices. The mail has the comment of the service."""
    at = f"{VIP}:{FTP}"

    def fallback():
        return [line for line in told(cluster, FALLBACK) if f" {at} " in line]

    cluster.run("lvs1", f"rm -f /run/{FALLBACK}")
    ftp_servers["web2"].stop()
    connecting = f"{VIP}:{OTHERS['tcp'][0]}"
    until(lambda: cluster.table("lvs1").get(at) == {WEB1: 1}, "web2 is removed")
    until(
        lambda: cluster.table("lvs1").get(connecting) == {WEB1: 1}, "web2 is removed by the check of a connection, too"
    )
    until(lambda: f"Comment: {COMMENT}" in mails(), "a mail says so")
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
