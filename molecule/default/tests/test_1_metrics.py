# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics are switched on in a cluster that serves: directors and real servers tell their parts. The scenario `both` has the rest."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.families import METRICS
from cluster import until
from metrics import asked, names, scraped, state, table_of_lvs_metrics, values

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.wide]
LIMIT = ("--limit", "lvs1,lvs2,web1")


@pytest.fixture(scope="module")
def metrics(cluster, fresh):
    """The cluster with metrics on two directors and a real server, and without them in the end."""
    cluster.play("site", *LIMIT, lvs_metrics={"enabled": True, "interval": 5})
    yield
    cluster.play("site", *LIMIT)


@pytest.mark.usefixtures("metrics")
def test_a_failure_is_told_by_the_directors(cluster):
    until(lambda: "lvs_vip_held" in names(scraped(cluster, "lvs1")), "lvs1 has metrics")
    assert table_of_lvs_metrics(scraped(cluster, "lvs1")) == cluster.table("lvs1")
    cluster.run("web1", "systemctl stop lvs-test-page")
    try:
        for name in ("lvs1", "lvs2"):
            until(
                lambda name=name: (
                    {*state(scraped(cluster, name), "lvs_real_server_state", real_server="web1")} == {"failed"}
                ),
                f"web1 has failed in all services, says {name}",
            )
        found = scraped(cluster, "lvs1")
        assert "up" not in state(found, "lvs_service_state", service="web")
        # api keeps what has failed with weight 0, web does not.
        weights = values(found, "lvs_real_server_weight", "service", "real_server")
        assert ("web", "web1") not in weights
        assert weights["api", "web1"] == 0
    finally:
        cluster.run("web1", "systemctl start lvs-test-page")
    until(lambda: {*state(scraped(cluster, "lvs1"), "lvs_real_server_state")} == {"up"}, "web1 is back everywhere")


@pytest.mark.usefixtures("metrics")
def test_a_real_server_tells_that_it_has_lost_a_vip(cluster):
    with cluster.leave_alone("web1"):
        cluster.run("web1", "ip address del 172.28.0.100/32 dev lo")
        try:
            lost = {"172.28.0.100": 0, "172.28.0.101": 1}
            until(
                lambda: values(scraped(cluster, "web1"), "lvs_served_vip_present", "vip") == lost, "the VIP is missing"
            )
        finally:
            cluster.run("web1", "lvs-vip sync")
    until(lambda: 0 not in values(scraped(cluster, "web1"), "lvs_served_vip_present", "vip").values(), "it is back")


@pytest.mark.usefixtures("metrics")
def test_a_sorry_server_is_told_and_all_that_rules_and_dashboard_ask_for_is_there(cluster):
    """All that needs no synchronisation and no drain, which this cluster has not."""
    there = {*names(scraped(cluster, "lvs1"))} | {*names(scraped(cluster, "web1"))}
    assert values(scraped(cluster, "lvs1"), "lvs_service_sorry_server_in_use", "service") == {"shop": 0}
    missing = {name for name in {*METRICS} | asked() if name not in there}
    assert not {name for name in missing if "_sync_" not in name and "_drained_" not in name and "_heal_" not in name}
