# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No playbook says a secret of inventories/production, with -vvv and --diff either, and only the directors are heard by each other."""

from __future__ import annotations

import json
import time

import pytest
from cluster import ROOT, until

pytestmark = pytest.mark.usefixtures("fresh")

LB1, LB2, LB3 = "lb1.example.org", "lb2.example.org", "lb3.example.org"
WWW1, PROBE = "www1.example.org", "probe1.example.org"
WWW = "198.51.100.101"
TALKATIVE = ("-vvv", "--diff")
TOKEN = "t0ken-of-the-check"
# What keepalived said of its virtual routers. What it says of checks and mail can come at any time.
OF_ROUTERS = "journalctl --unit=keepalived --output=cat | grep '^(' || true"
# A stranger says 20 times that it is the master of the virtual router of the web, with the highest priority (RFC 3768, 5.1).
FORGED = """
import socket, struct, time
head = struct.pack("!BBBBBBH", 0x21, 101, 255, 1, 0, 1, 0) + socket.inet_aton("198.51.100.101") + bytes(8)
total = sum(struct.unpack(f"!{len(head) // 2}H", head))
while total >> 16:
    total = (total & 0xFFFF) + (total >> 16)
head = head[:6] + struct.pack("!H", ~total & 0xFFFF) + head[8:]
sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
sender.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
for _ in range(20):
    for director in ("198.51.100.11", "198.51.100.12", "198.51.100.13"):
        sender.sendto(head, (director, 0))
    time.sleep(0.2)
"""


def said_secrets(secrets, text):
    return [number for number, secret in enumerate(secrets) if secret in text]


@pytest.fixture(scope="module")
def secrets(cluster):
    """The passwords of VRRP, as a director has them."""
    lines = cluster.run(LB1, "cat /etc/keepalived/lvs-secrets.conf").splitlines()
    found = [line.partition("=")[2].strip() for line in lines if line.startswith("$AUTH_PASS")]
    assert len(found) == 2
    return found


def test_the_runs_of_this_scenario_have_said_none(secrets):
    logs = {log.name: log.read_text() for log in (ROOT / "build/scenario/production").glob("*.log")}
    assert any("TASK" in text and "task path:" in text for text in logs.values())
    assert {name: found for name, text in logs.items() if (found := said_secrets(secrets, text))} == {}


def test_looking_at_the_cluster_says_none(cluster, secrets):
    for playbook in ("status", "doctor"):
        assert said_secrets(secrets, cluster.play(playbook, *TALKATIVE)) == [], playbook


def test_a_stranger_is_not_heard(cluster):
    holders = cluster.holders(WWW)
    dropped = "nft -j list chain inet lvs_cluster lvs_guard | grep -c accept"
    assert all(int(cluster.run(director, dropped)) for director in (LB1, LB2, LB3))
    before = cluster.run(LB1, OF_ROUTERS)
    cluster.script(PROBE, FORGED)
    time.sleep(1)
    assert cluster.holders(WWW) == holders
    # keepalived has not even seen them: it would have said that the number of addresses or the password is wrong.
    assert cluster.run(LB1, OF_ROUTERS) == before


@pytest.mark.wide
def test_operations_say_none(cluster, secrets):
    said = [
        cluster.play("site", "--check", *TALKATIVE),
        cluster.play("drain", *TALKATIVE, real_server=WWW1, reason="test"),
        cluster.play("undrain", *TALKATIVE, real_server=WWW1),
        cluster.play("failover", *TALKATIVE, to=LB3),
        cluster.play("teardown", "--check", *TALKATIVE),
    ]
    assert [said_secrets(secrets, text) for text in said] == [[]] * len(said)
    # The priorities decide again.
    for director in (LB1, LB2, LB3):
        cluster.run(director, "rm -f /run/lvs-preferred")
    until(lambda: cluster.holders(WWW) == [LB1], "lb1 has the web again", 120)


@pytest.mark.wide
def test_a_token_in_a_check_is_said_and_written_nowhere_else(cluster, secrets):
    services = json.loads(cluster.run(LB1, "cat /etc/lvs-heal-*.json"))["names"]["services"]
    assert "www" in services.values()
    health = {"type": "http", "path": f"/healthz?key={TOKEN}", "virtualhost": "www.example.org", "sensitive": True}
    health |= {"expect": "ok", "interval": 5}
    web = {"name": "www", "vip": WWW, "port": 80, "health": health}
    web["real_servers"] = [WWW1, "www2.example.org", "www3.example.org"]
    shop = {"name": "shop", "vip": "198.51.100.102", "port": 443, "real_servers": [WWW1]}
    mail = {"name": "submission", "vip": "198.51.100.111", "port": 587, "real_servers": ["mail1.example.org"]}
    imap = {"name": "imaps", "vip": "198.51.100.112", "port": 993, "real_servers": ["mail1.example.org"]}
    variables = {"lvs_services": [web, shop, mail, imap]}
    said = [
        cluster.play(playbook, *TALKATIVE, **variables) for playbook in ("site", "site", "verify", "status", "doctor")
    ]
    # The -e of these runs is in none of their outputs either.
    assert [said_secrets([*secrets, TOKEN], text) for text in said] == [[]] * len(said)
    until(lambda: len(cluster.table(LB1)[f"{WWW}:80"]) == 3, "the checks with the token pass")
    for director in (LB1, LB2, LB3):
        found = f"grep -rlF --exclude=lvs-secrets.conf {TOKEN} /etc /var/lib /usr/local /run; journalctl | grep -F {TOKEN} | grep -vcF grep"
        assert cluster.run(director, f"({found}) || true") == "0"
