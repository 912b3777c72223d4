# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server is drained with ldirectord, and stays in the table when ldirectord reads its file again, and after a failover."""

from __future__ import annotations

import pytest
from cluster import changed, flat, until

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.wide]

VIP = "172.28.0.101"
SHOP, LOGIN = f"{VIP}:80", f"{VIP}:8080"
WEB2 = "172.28.0.22"


def drained(cluster, director):
    table = cluster.table(director)
    return [table.get(service, {}).get(WEB2) for service in (SHOP, LOGIN)]


def test_there_and_back(cluster):
    with cluster.stream(address=VIP, port=80, rate=20, timeout=5) as stream:
        told = flat(cluster.play("drain", real_server="web2", reason="new disk"))
        assert "web2 is drained in all its services by " in told, told[-3000:]
        until(lambda: drained(cluster, "lvs1") == [0, 0], "web2 has no weight", 5)
        assert set(cluster.ask(VIP, count=8)) == {"web1"}
        # ldirectord takes it for one that has failed until its check has passed, and must not remove it.
        cluster.run("lvs1", "pkill --signal HUP --full --pidfile /run/ldirectord.ldirectord.cf.pid ldirectord")
        for _look in range(20):
            assert drained(cluster, "lvs1") == [0, 0]
        assert set(changed(cluster.play("site")).values()) == {0}
        assert "web2 is drained in all its services by " in flat(cluster.play("verify"))
        cluster.play("undrain", real_server="web2", steps=2, pause=1)
        until(lambda: drained(cluster, "lvs1") == [2, 1], "web2 has its weights")
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    cluster.play("site")


def test_a_check_that_fails_and_passes_again_and_a_restart_leave_it_drained(cluster):
    def stays():
        # Longer than ldirectord needs for several checks.
        for _look in range(20):
            assert drained(cluster, "lvs1") == [0, 0]

    cluster.play("drain", real_server="web2")
    try:
        until(lambda: drained(cluster, "lvs1") == [0, 0], "web2 has no weight", 5)
        cluster.run("web2", "systemctl stop lvs-test-page")
        stays()
        cluster.run("web2", "systemctl start lvs-test-page")
        stays()
        with cluster.leave_alone("lvs1"):
            cluster.run("lvs1", "/usr/sbin/ldirectord ldirectord.cf restart")
            until(lambda: set(cluster.ask(VIP, count=4)) == {"web1"}, "web1 answers again")
            stays()
    finally:
        cluster.run("web2", "systemctl start lvs-test-page")
        cluster.play("undrain", real_server="web2")
    until(lambda: drained(cluster, "lvs1") == [2, 1], "web2 has its weights")
    cluster.play("site")


def test_one_that_has_failed_gets_no_weight_by_the_drain_of_another(cluster):
    """With web1 drained in shop, web2 stays in the table when it fails. ldirectord would not take a weight away again."""

    def stays():
        for _look in range(20):
            assert drained(cluster, "lvs1")[0] in (0, None)

    cluster.play("drain", real_server="web1", service="shop")
    try:
        cluster.run("web2", "systemctl stop lvs-test-page")
        until(lambda: drained(cluster, "lvs1")[0] == 0, "web2 has failed and is in the table")
        cluster.run("lvs1", "lvs-drain web1 --service login --force")
        stays()
        cluster.run("lvs1", "lvs-undrain web1 --service login")
        stays()
    finally:
        cluster.run("web2", "systemctl start lvs-test-page")
        cluster.play("undrain", real_server="web1")
    until(lambda: drained(cluster, "lvs1") == [2, 1], "web2 has its weights")
    cluster.play("site")


def test_it_is_drained_on_the_director_that_takes_over(cluster):
    cluster.play("drain", real_server="web2", service="shop")
    try:
        until(lambda: drained(cluster, "lvs1") == [0, 1], "web2 has no weight in shop", 5)
        cluster.play("failover", to="lvs2")
        until(lambda: drained(cluster, "lvs2") == [0, 1], "web2 has none on lvs2 either")
        assert set(cluster.ask(VIP, count=8)) == {"web1"}
        cluster.play("failover", to="lvs1")
        until(lambda: drained(cluster, "lvs1") == [0, 1], "nor on lvs1 again")
    finally:
        cluster.play("undrain", real_server="web2")
    until(lambda: drained(cluster, "lvs1") == [2, 1], "web2 has its weights")
    cluster.play("site")
