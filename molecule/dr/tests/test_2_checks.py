# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of every kind beside each other: what each of them notices, whom it takes out, and who is told."""

from __future__ import annotations

import time

from cluster import flat, until

WEB, SECURE, WEB6, LOGIN, ECHO, NAMES, WWW = (
    "172.28.0.100:80",
    "172.28.0.100:443",
    "[fd00:28::100]:80",
    "172.28.0.102:80",
    "172.28.0.103:7",
    "172.28.0.103:53",
    "172.28.0.104:8080",
)
WEB1, WEB2, WEB3 = "172.28.0.21", "172.28.0.22", "172.28.0.23"
PAGE = "/var/www/lvs-test-page/index.html"


def servers(cluster, service):
    """The weights of a service's real servers in the director's table."""
    return cluster.table("lvs1").get(service, {})


def test_a_maintenance_file_takes_one_server_out_of_one_service(cluster):
    """Its other check, of the page, passes all the time. site.yml makes a lost folder again, and has keepalived look for it."""
    folder = "/var/lib/lab-maintenance"
    file = f"{folder}/{WEB1}"
    cluster.run("lvs1", f"rmdir {folder}")
    assert f"lvs1: the folder {folder} is not there" in flat(cluster.fail("verify", "--limit", "lvs1"))
    cluster.play("site", "--limit", "lvs1", "--tags", "keepalived")
    assert servers(cluster, WWW) == {WEB1: 1, WEB2: 1}
    cluster.run("lvs1", f"echo 1 > {file}")
    try:
        until(lambda: servers(cluster, WWW) == {WEB2: 1}, "web1 is out of www")
        assert WEB1 in servers(cluster, WEB)
        # 0 is no maintenance, either.
        cluster.run("lvs1", f"echo 0 > {file}")
        until(lambda: servers(cluster, WWW) == {WEB1: 1, WEB2: 1}, "web1 is back in www")
        cluster.run("lvs1", f"echo 1 > {file}")
        until(lambda: servers(cluster, WWW) == {WEB2: 1}, "web1 is out again")
    finally:
        cluster.run("lvs1", f"rm {file}")
    until(lambda: servers(cluster, WWW) == {WEB1: 1, WEB2: 1}, "web1 is back without the file")


def test_a_status_out_of_range_takes_a_server_out(cluster):
    """Without the application, both proxies answer with 503. The maintenance file, which is not there, passes.

    A line of raw lets web2 keep its place with weight 0.
    """
    applications = ("web2", "web3")
    for node in applications:
        cluster.run(node, "systemctl stop lab-application")
    try:
        until(lambda: servers(cluster, WWW) == {WEB2: 0}, "no proxy has a weight in www")
    finally:
        for node in applications:
            cluster.run(node, "systemctl start lab-application")
    until(lambda: servers(cluster, WWW) == {WEB1: 1, WEB2: 1}, "both proxies are back")


def test_lines_in_the_own_words_of_keepalived_take_effect(cluster):
    """Of global_defs: the name of a process. Of a service: the name that its checks ask for, without which they would fail."""
    processes = cluster.run("lvs1", 'ps -o comm= --ppid "$(cat /run/keepalived.pid)"').split()
    assert processes.count("lvs-checks") == 1
    ask = f"curl --silent --output /dev/null --write-out '%{{http_code}}' http://{WEB1}:8080/"
    assert cluster.run("lvs1", ask) == "403"
    assert servers(cluster, WWW) == {WEB1: 1, WEB2: 1}


def test_a_page_without_the_pattern_takes_its_server_out(cluster):
    cluster.run("web2", f"cp -p {PAGE} /run/index.html && echo web two > {PAGE}")
    try:
        until(lambda: WEB2 not in servers(cluster, LOGIN), "web2 is out of login")
        # The port alone is checked there.
        assert WEB2 in servers(cluster, WEB)
    finally:
        cluster.run("web2", f"cp -p /run/index.html {PAGE}")
    until(lambda: WEB2 in servers(cluster, LOGIN), "web2 is back in login")


def test_a_datagram_without_a_reply_takes_its_server_out(cluster):
    """Out of the UDP service alone: SCTP at the same port is another one."""

    def echoing():
        rules = [rule.split() for rule in cluster.run("lvs1", "ipvsadm -Sn").splitlines()]
        return {rule[4].rpartition(":")[0] for rule in rules if rule[:3] == ["-a", "-u", ECHO]}

    cluster.run("web3", "systemctl kill --signal=STOP lab-echo")
    try:
        until(lambda: echoing() == {WEB1, WEB2}, "web3 is out of echo")
    finally:
        cluster.run("web3", "systemctl kill --signal=CONT lab-echo")
    until(lambda: echoing() == {WEB1, WEB2, WEB3}, "web3 is back in echo")


def test_a_name_server_that_fails_is_taken_out(cluster):
    """Its port answers all the time."""
    vip, port = NAMES.split(":")
    ask = f"""
import socket
for number in range(12):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(2)
    client.sendto(bytes([0, number, 1, 0, 0, 1]) + bytes(6) + b"\\3www\\3lab\\7example\\0\\0\\1\\0\\1", ("{vip}", {port}))
    print(client.recv(2048)[-4:].decode())
"""
    until(lambda: set(servers(cluster, NAMES)) == {WEB1, WEB2, WEB3}, "all are in names")
    assert set(cluster.script("client1", ask)) == {"web1", "web2", "web3"}
    cluster.run("web2", "touch /run/lab-dns-fails")
    try:
        until(lambda: set(servers(cluster, NAMES)) == {WEB1, WEB3}, "web2 is out of names")
        assert set(cluster.script("client1", ask)) == {"web1", "web3"}
    finally:
        cluster.run("web2", "rm /run/lab-dns-fails")
    until(lambda: set(servers(cluster, NAMES)) == {WEB1, WEB2, WEB3}, "web2 is back in names")


def test_a_server_that_answers_no_ping_is_taken_out(cluster):
    """Of the VIPs of that address family, on every port."""
    ports, six = ("172.28.0.105:80", "172.28.0.106:443"), "[fd00:28::105]:80"
    cluster.run("web3", "sysctl -w net.ipv4.icmp_echo_ignore_all=1")
    try:
        until(lambda: [set(servers(cluster, port)) for port in ports] == [{WEB1, WEB2}] * 2, "web3 is out of both")
        assert len(servers(cluster, six)) == 3
    finally:
        cluster.run("web3", "sysctl -w net.ipv4.icmp_echo_ignore_all=0")
    until(lambda: [len(servers(cluster, port)) for port in ports] == [3, 3], "web3 is back in both")


def test_a_check_through_the_vip_notices_that_the_vip_is_lost(cluster):
    """On the director that has the VIP itself. The real server's own address answers all the time."""
    until(lambda: set(servers(cluster, SECURE)) == {WEB1, WEB2, WEB3}, "all are in secure")
    assert set(cluster.ask("172.28.0.100", 443, 6, "https")) == {"web1", "web2", "web3"}
    cluster.run("web2", "ip address del 172.28.0.100/32 dev lo")
    try:
        until(lambda: WEB2 not in servers(cluster, SECURE), "web2 is out of secure")
        assert WEB2 in servers(cluster, WEB)
    finally:
        cluster.run("web2", "/usr/local/sbin/lvs-vip add")
    until(lambda: WEB2 in servers(cluster, SECURE), "web2 is back in secure")


def test_a_script_chooses_the_weight(cluster):
    server, file = "[fd00:28::21]", "/run/lab-weight-fd00:28::21"
    assert servers(cluster, WEB6)[server] == 1
    try:
        cluster.run("lvs1", f"echo 9 > {file}")
        until(lambda: servers(cluster, WEB6)[server] == 7, "web1 has the weight of the script")
        assert set(servers(cluster, WEB6).values()) == {1, 7}
        cluster.run("lvs1", f"echo 1 > {file}")
        until(lambda: server not in servers(cluster, WEB6), "web1 is out, though its port is open")
    finally:
        cluster.run("lvs1", f"rm {file}")
    until(lambda: servers(cluster, WEB6).get(server) == 1, "web1 has the weight of the inventory")
    # A reload keeps the weights, though nothing changes in what the script says.
    cluster.run("lvs1", "systemctl reload keepalived")
    time.sleep(3)
    assert set(servers(cluster, WEB6).values()) == {1}


def test_commands_tell_of_a_server_and_of_the_quorum(cluster):
    """The quorum of both services is 2. That of secure has a hysteresis of 1: it is lost below 1, and gained with 3."""

    def told():
        return cluster.run("lvs1", "cat /run/lab-notified 2>/dev/null").splitlines()

    def serving(*addresses):
        """Whether both services have exactly these real servers: keepalived has told what it has to tell of that."""
        return set(servers(cluster, WEB)) == set(servers(cluster, SECURE)) == set(addresses)

    until(lambda: serving(WEB1, WEB2, WEB3), "all are in both")
    cluster.run("lvs1", "rm -f /run/lab-notified")
    try:
        for node in ("web1", "web2"):
            cluster.run(node, "systemctl stop lvs-test-page")
        down = {f"down {WEB1}:80", f"quorum_down {WEB}"}
        # Below the quorum the last one serves on: there is no sorry server.
        until(lambda: serving(WEB3), "web3 is left in both")
        until(lambda: set(told()) == down, "web1 and web are told to be down, and not secure")
        cluster.run("web3", "systemctl stop lvs-test-page")
        until(serving, "nobody is left")
        down.add(f"quorum_down {SECURE}")
        until(lambda: set(told()) == down, "secure is told to be down")
        for node in ("web1", "web2"):
            cluster.run(node, "systemctl start lvs-test-page")
        until(lambda: serving(WEB1, WEB2), "two are back in both")
        up = {f"up {WEB1}:80", f"quorum_up {WEB}"}
        until(lambda: set(told()) == down | up, "web1 and web are told to be up, and not secure")
    finally:
        for node in cluster.group("real_servers"):
            cluster.run(node, "systemctl start lvs-test-page")
    until(lambda: serving(WEB1, WEB2, WEB3), "all are back in both")
    until(lambda: set(told()) == down | up | {f"quorum_up {SECURE}"}, "secure is told to be up")
    assert len(told()) == 6
