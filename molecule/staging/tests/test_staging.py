# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""inventories/staging: hosts known by their default route, a VIP that stays where a failover has brought it."""

from __future__ import annotations

import pytest
from cluster import until

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "192.0.2.10"
DIRECTORS = ["lb1.staging.example.org", "lb2.staging.example.org"]
WEB = {"www1.staging.example.org", "www2.staging.example.org"}
SERVERS = {"192.0.2.21": 1, "192.0.2.22": 1}
TAKEOVER, HANDOVER = 4.5, 1.0  # s without an answer at most: power lost, keepalived stopped


def master_and_backup(cluster):
    """Who holds the VIP, and who does not: nobody is preferred."""
    (master,) = cluster.holders(VIP)
    (backup,) = set(DIRECTORS) - {master}
    return master, backup


def test_one_director_serves_and_both_know_the_table(cluster):
    assert len(cluster.holders(VIP)) == 1
    for director in DIRECTORS:
        assert cluster.table(director) == {f"{VIP}:80": SERVERS, f"{VIP}:443": SERVERS}
    answers = cluster.ask(VIP, count=12)
    assert {name: answers.count(name) for name in WEB} == dict.fromkeys(WEB, 6)


def test_a_client_of_https_stays_with_its_real_server(cluster):
    answers = set(cluster.ask(VIP, 443, count=8, scheme="https"))
    assert len(answers) == 1
    assert answers < WEB


def test_https_is_checked_by_the_virtual_host_alone(cluster):
    master, _backup = master_and_backup(cluster)
    page = "/srv/www/www.staging.example.org/healthz"
    cluster.run("www1.staging.example.org", f"mv {page} {page}.off")
    until(lambda: cluster.table(master)[f"{VIP}:443"] == {"192.0.2.22": 1}, "www1 is out of turn for HTTPS")
    assert cluster.table(master)[f"{VIP}:80"] == SERVERS
    assert set(cluster.ask(VIP, 443, count=4, scheme="https")) == {"www2.staging.example.org"}
    cluster.run("www1.staging.example.org", f"mv {page}.off {page}")
    until(lambda: cluster.table(master)[f"{VIP}:443"] == SERVERS, "www1 is in turn again")


def test_the_vip_stays_after_a_failover(cluster, tell):
    master, backup = master_and_backup(cluster)
    with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as lost:
        cluster.wait_for_requests(master, VIP)
        cluster.lab.power_off(master)
        until(lambda: cluster.holders(VIP, backup), "the backup takes over")
        until(lambda: set(cluster.ask(VIP, count=4)) == WEB, "the backup serves")
    tell(f"power lost: longest gap {lost['longest_gap']} s, {lost['errors']}")
    assert lost["longest_gap"] <= TAKEOVER

    with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as back:
        cluster.wait_for_requests(backup, VIP)
        cluster.lab.power_on(master)
        assert cluster.run(master, "systemctl is-active keepalived") == "active"
        # Three adverts and more: it would be the master by then.
        cluster.run(master, "sleep 6")
        assert cluster.holders(VIP) == [backup]
    assert back["errors"] == {}
    assert back["answered"] == back["requests"]

    with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as moved:
        cluster.wait_for_requests(backup, VIP)
        cluster.run(backup, "systemctl stop keepalived")
        until(lambda: cluster.holders(VIP) == [master], "somebody has moved it back")
        until(lambda: set(cluster.ask(VIP, count=4)) == WEB, "the former master serves")
        cluster.run(backup, "systemctl start keepalived")
    tell(f"keepalived stopped: longest gap {moved['longest_gap']} s, {moved['errors']}")
    assert moved["longest_gap"] <= HANDOVER
