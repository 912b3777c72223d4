# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers: by turns, by weight, by every scheduler, and where nobody looks after the real servers."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import SCHEDULERS
from cluster import shared, until

WEB, SHOP = "172.28.0.100", "172.28.0.101"
SERVERS = ["web1", "web2", "web3"]
# How many real servers share six open connections of one client (ipvsadm(8), --scheduler): all of them, by turns, by
# load or by overflow; or one, by an address or as the first choice. The others draw lots, or look at the load now and then.
SHARED = dict.fromkeys(("rr", "wrr", "lc", "wlc", "sed", "nq", "ovf"), 3) | dict.fromkeys(("dh", "sh", "mh", "fo"), 1)


def open_connections(cluster):
    """How many connections to real servers the kernel counts as active, which is what schedulers go by."""
    lines = cluster.run("lvs1", "ipvsadm -Ln").splitlines()
    return sum(int(line.split()[4]) for line in lines if line.strip().startswith("-> 172"))


def test_rr_alternates(cluster):
    answers = cluster.ask(WEB, count=12)
    assert sorted(answers[:3]) == SERVERS
    assert answers == answers[:3] * 4


def test_wrr_goes_by_weight(cluster):
    assert shared(cluster.ask(SHOP, 8080, count=16), {"web1": 12, "web2": 4})


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler_of_the_kernel_balances(cluster, scheduler):
    there = cluster.host("lvs1").run(f"modprobe ip_vs_{scheduler}").rc == 0
    result = cluster.module("lvs1", "ipvs_service", address=WEB, port=80, scheduler=scheduler)
    if not there:
        assert f"The kernel has no scheduler {scheduler}" in result["msg"]
        return
    assert f"-A -t {WEB}:80 -s {scheduler}" in cluster.run("lvs1", "ipvsadm -Sn")
    until(lambda: open_connections(cluster) == 0, "nothing is open")
    answers = Counter(cluster.ask_at_once(WEB, count=6))
    assert sum(answers.values()) == 6
    assert set(answers) <= set(SERVERS)
    if scheduler in SHARED:
        assert set(answers.values()) == {6 // SHARED[scheduler]}


def test_the_next_run_puts_the_scheduler_right(cluster):
    cluster.play("site", "--tags", "static")
    assert f"-A -t {WEB}:80 -s rr" in cluster.run("lvs1", "ipvsadm -Sn")


def test_a_stopped_httpd_refuses_its_share_until_it_is_drained(cluster):
    """The last test: connections that were refused count as active for a minute, since the answers do not pass lvs1."""
    place = {"service": {"address": WEB, "port": 80}, "address": cluster.address("web2"), "port": 80}
    cluster.run("web2", "systemctl stop lvs-test-page")
    try:
        assert shared(cluster.ask(WEB, count=12), {"web1": 4, "": 4, "web3": 4})
        assert cluster.module("lvs1", "ipvs_destination", state="drained", **place)["changed"]
        assert shared(cluster.ask(WEB, count=12), {"web1": 6, "web3": 6})
    finally:
        cluster.run("web2", "systemctl start lvs-test-page")
    assert cluster.module("lvs1", "ipvs_destination", state="present", weight=1, **place)["changed"]
    assert shared(cluster.ask(WEB, count=12), dict.fromkeys(SERVERS, 4))
