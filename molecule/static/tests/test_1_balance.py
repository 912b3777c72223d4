# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers: by turns, by weight, by every scheduler, and where nobody looks after the real servers."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.model import SCHEDULERS

WEB, SHOP = "172.28.0.100", "172.28.0.101"
SERVERS = ["web1", "web2", "web3"]
# Schedulers that give equal real servers equal shares of the open connections; the others go by addresses,
# fill one real server before the next, or draw lots (ipvsadm(8), --scheduler).
EQUAL = {"rr", "wrr", "lc", "wlc", "sed", "nq"}


def test_rr_alternates(cluster):
    answers = cluster.ask(WEB, count=12)
    assert sorted(answers[:3]) == SERVERS
    assert answers == answers[:3] * 4


def test_wrr_goes_by_weight(cluster):
    assert Counter(cluster.ask(SHOP, 8080, count=16)) == {"web1": 12, "web2": 4}


def test_a_stopped_httpd_refuses_its_share_until_it_is_drained(cluster):
    place = {"service": {"address": WEB, "port": 80}, "address": cluster.address("web2"), "port": 80}
    cluster.run("web2", "systemctl stop lvs-test-page")
    try:
        assert Counter(cluster.ask(WEB, count=12)) == {"web1": 4, "": 4, "web3": 4}
        assert cluster.module("lvs1", "ipvs_destination", state="drained", **place)["changed"]
        assert Counter(cluster.ask(WEB, count=12)) == {"web1": 6, "web3": 6}
    finally:
        cluster.run("web2", "systemctl start lvs-test-page")
    assert cluster.module("lvs1", "ipvs_destination", state="present", weight=1, **place)["changed"]
    assert Counter(cluster.ask(WEB, count=12)) == dict.fromkeys(SERVERS, 4)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler_of_the_kernel_balances(cluster, scheduler):
    there = cluster.host("lvs1").run(f"modprobe ip_vs_{scheduler}").rc == 0
    result = cluster.module("lvs1", "ipvs_service", address=WEB, port=80, scheduler=scheduler)
    if not there:
        assert f"The kernel has no scheduler {scheduler}" in result["msg"]
        return
    assert f"-A -t {WEB}:80 -s {scheduler}" in cluster.run("lvs1", "ipvsadm -Sn")
    answers = Counter(cluster.ask_at_once(WEB, count=6))
    if scheduler in EQUAL:
        assert answers == dict.fromkeys(SERVERS, 2)
    else:
        assert sum(answers.values()) == 6
        assert set(answers) <= set(SERVERS)


def test_the_next_run_puts_the_scheduler_right(cluster):
    cluster.play("site", "--tags", "static")
    assert f"-A -t {WEB}:80 -s rr" in cluster.run("lvs1", "ipvsadm -Sn")
