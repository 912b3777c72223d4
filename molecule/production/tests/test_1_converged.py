# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""inventories/production as it was deployed: who holds what, who answers, what the checks see, where the secrets are."""

from __future__ import annotations

from collections import Counter

import pytest
from cluster import shared, until
from doctor import causes

pytestmark = pytest.mark.usefixtures("fresh")

WWW, SHOP, SUBMISSION, IMAPS = "198.51.100.101", "198.51.100.102", "198.51.100.111", "198.51.100.112"
LB1, LB2, LB3 = "lb1.example.org", "lb2.example.org", "lb3.example.org"
WWW1, WWW2, WWW3 = "www1.example.org", "www2.example.org", "www3.example.org"
MAIL1, MAIL2 = "mail1.example.org", "mail2.example.org"
ALL_WEB = {"198.51.100.21": 1, "198.51.100.22": 1, "198.51.100.23": 2}
TABLE = {
    f"{WWW}:80": ALL_WEB,
    f"{WWW}:443": ALL_WEB,
    f"{SHOP}:443": {"198.51.100.21": 1, "198.51.100.23": 2},
    f"{SUBMISSION}:587": {"198.51.100.31": 1, "198.51.100.32": 1},
    f"{IMAPS}:993": {"198.51.100.31": 1, "198.51.100.32": 1},
}


def greetings(cluster, vip, port, count=6):
    """The hosts that greet on connections to a VIP."""
    script = f"""
import socket
for _ in range({count}):
    with socket.create_connection(("{vip}", {port}), 5) as connection:
        print(connection.recv(100).decode())
"""
    said = " ".join(cluster.script("client1", script)).split()
    return Counter(word for word in said if word in (MAIL1, MAIL2))


def test_each_instance_is_with_its_own_director(cluster):
    home = {WWW: [LB1], SHOP: [LB1], SUBMISSION: [LB2], IMAPS: [LB2]}
    # lb1 was deployed last, and waits a minute to learn the connections before it takes the web.
    until(lambda: {vip: cluster.holders(vip) for vip in home} == home, "each instance is with its own director", 120)


def test_every_director_knows_every_service(cluster):
    assert {director: cluster.table(director) for director in (LB1, LB2, LB3)} == dict.fromkeys((LB1, LB2, LB3), TABLE)
    limits = cluster.run(LB1, f"ipvsadm -Ln --thresholds -t {SHOP}:443")
    assert [line.split()[2:4] for line in limits.splitlines() if "198.51.100.23" in line] == [["500", "400"]]


def test_every_service_answers_through_its_vip(cluster):
    # Twice the weight, twice the requests.
    assert shared(cluster.ask(WWW, count=12), {WWW1: 3, WWW2: 3, WWW3: 6})
    with_a_session = Counter(cluster.ask(WWW, 443, count=6, scheme="https"))
    assert list(with_a_session.values()) == [6]
    assert set(with_a_session) < {WWW1, WWW2, WWW3}
    assert set(cluster.ask(SHOP, 443, count=6, scheme="https")) <= {WWW1, WWW3}
    assert sum(greetings(cluster, SUBMISSION, 587).values()) == 6
    of_one_network = greetings(cluster, IMAPS, 993)
    assert list(of_one_network.values()) == [6]


def test_every_director_remembers_idle_connections_for_long_enough(cluster):
    told = {cluster.run(director, "ipvsadm -L --timeout") for director in (LB1, LB2, LB3)}
    assert told == {"Timeout (tcp tcpfin udp): 2400 120 300"}


def all_know(cluster, vip, port, count):
    """Whether every director knows so many open connections to a VIP."""
    listed = f"ipvsadm -Lnc | grep -c 'ESTABLISHED.*{vip}:{port} '"
    return all(cluster.run(director, listed) == str(count) for director in (LB1, LB2, LB3))


def test_directors_that_share_the_work_tell_each_other_of_their_connections(cluster):
    assert cluster.holders(WWW) != cluster.holders(SUBMISSION)
    with cluster.connections(WWW, count=4), cluster.connections(SUBMISSION, 587, count=3):
        until(
            lambda: all_know(cluster, WWW, 80, 4) and all_know(cluster, SUBMISSION, 587, 3),
            "every director knows the connections to both",
        )


def test_a_site_is_checked_by_its_own_name(cluster):
    page = "/srv/www/www.example.org/healthz"
    cluster.run(WWW1, f"mv {page} {page}.off")
    others = {"198.51.100.22": 1, "198.51.100.23": 2}
    until(lambda: cluster.table(LB1)[f"{WWW}:80"] == cluster.table(LB1)[f"{WWW}:443"] == others, "www1 is out of turn")
    assert cluster.table(LB1)[f"{SHOP}:443"] == TABLE[f"{SHOP}:443"]
    assert set(cluster.ask(WWW, count=6)) == {WWW2, WWW3}
    for node in (WWW2, WWW3):
        cluster.run(node, f"mv {page} {page}.off")
    until(lambda: set(cluster.ask(WWW, count=2)) == {"sorry.example.org"}, "the last host says sorry")
    until(lambda: set(cluster.ask(WWW, 443, count=2, scheme="https")) == {"sorry.example.org"}, "by HTTPS, too")
    for node in (WWW1, WWW2, WWW3):
        cluster.run(node, f"mv {page}.off {page}")
    until(lambda: cluster.table(LB1) == TABLE, "all are in turn again")
    assert set(cluster.ask(WWW, count=8)) == {WWW1, WWW2, WWW3}
    mails = cluster.run(MAIL2, "cat /run/mails")
    assert "From: lvs@example.org" in mails
    assert "To: oncall@example.org" in mails
    assert "DOWN" in mails
    assert "UP" in mails


def test_a_mail_host_that_is_down_keeps_its_place(cluster):
    cluster.run(MAIL1, "systemctl stop site")
    quiet = {"198.51.100.31": 0, "198.51.100.32": 1}
    until(lambda: cluster.table(LB2)[f"{SUBMISSION}:587"] == cluster.table(LB2)[f"{IMAPS}:993"] == quiet, "weights 0")
    assert greetings(cluster, SUBMISSION, 587) == {MAIL2: 6}
    assert greetings(cluster, IMAPS, 993) == {MAIL2: 6}
    cluster.run(MAIL1, "systemctl start site")
    until(lambda: cluster.table(LB2) == TABLE, "mail1 is in turn again")


def test_no_secret_can_be_read(cluster):
    secrets = set()
    for director in (LB1, LB2, LB3):
        assert cluster.run(director, "stat --format '%a %U' /etc/keepalived/lvs-secrets.conf") == "600 root"
        own = cluster.run(director, "cat /etc/keepalived/lvs-secrets.conf").splitlines()
        secrets |= {line.partition("=")[2].strip() for line in own if line.startswith("$AUTH_PASS")}
    assert len(secrets) == 2
    assert all(len(secret) == 8 for secret in secrets)
    for secret in secrets:
        for director in (LB1, LB2, LB3):
            found = f"grep -rlF --exclude=lvs-secrets.conf {secret} /etc /var/lib /usr/local; journalctl | grep -cF {secret}"
            assert cluster.run(director, found) == "0"


@pytest.mark.wide
def test_doctor_finds_nothing(cluster):
    assert causes(cluster) == []
