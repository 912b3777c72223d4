# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus gets from hosts that direct and serve is what the kernel and the daemons have."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.families import METRICS
from cluster import until
from metrics import asked, names, scraped, state, table_of_lvs_metrics, table_of_node_exporter, values

NAMES = ("lvs1", "lvs2")
VIP = "172.28.0.100"
FILE = "/var/lib/prometheus/node-exporter/lvs-cluster.prom"
each_host = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def settled(cluster):
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP")
    for name in NAMES:
        until(lambda name=name: all_up(scraped(cluster, name)), f"{name} has all real servers in its table")


def all_up(found):
    return {*state(found, "lvs_real_server_state")} == {"up"}


@each_host
def test_weights_are_those_of_the_table(cluster, name):
    table = {service: servers for service, servers in cluster.table(name).items() if ":" in service}
    found = scraped(cluster, name)
    assert table_of_lvs_metrics(found) == table
    assert table_of_node_exporter(found) == table
    assert values(found, "lvs_real_server_wanted_weight", "virtual_server", "address") == values(
        found, "lvs_real_server_weight", "virtual_server", "address"
    )


@each_host
def test_who_is_master_and_has_the_vips(cluster, name):
    found = scraped(cluster, name)
    expected = "master" if name == "lvs1" else "backup"
    assert {*state(found, "lvs_vrrp_state")} == {expected}
    held = values(found, "lvs_vip_held", "vip")
    assert held == {vip: name in cluster.holders(vip) for vip in held}
    assert VIP in held
    assert {*values(found, "lvs_service_active", "virtual_server").values()} == {expected == "master"}
    assert {*values(found, "lvs_vip_split_brain", "vip").values()} == {0}
    assert {*values(found, "lvs_vrrp_directors", "vrrp_instance").values()} == {2}


@each_host
def test_what_runs_and_what_the_host_has(cluster, name):
    found = scraped(cluster, name)
    assert values(found, "lvs_daemon_running", "daemon") == {"keepalived": 1, "lvs-heal": 1, "lvs-sync": 1}
    assert values(found, "lvs_sync_daemon_running", "direction") == {"sends": 1, "receives": 1}
    assert values(found, "lvs_sync_daemons_wanted", "cluster") == {"lvs1-lvs2": 2}
    assert values(found, "lvs_served_vip_present", "vip") == dict.fromkeys(cluster.vips(), 1)
    assert {*values(found, "lvs_sysctl_differs", "sysctl").values()} == {0}
    assert {*values(found, "lvs_host_info", "role")} == {"director", "real_server"}
    assert values(found, "lvs_problems", "cluster") == {"lvs1-lvs2": 0}


def test_connections_are_counted_as_the_kernel_does(cluster):
    cluster.ask(VIP, count=8)

    def told():
        found = scraped(cluster, "lvs1")
        service = values(found, "lvs_service_connections_total", "virtual_server")[f"{VIP}:80/tcp"]
        servers = values(found, "lvs_real_server_connections_total", "address", virtual_server=f"{VIP}:80/tcp")
        return service == sum(servers.values()) == cluster.counted("lvs1", VIP) >= 8

    until(told, "the metrics and ipvsadm have the same number of connections")


@each_host
def test_the_file_is_new_and_everybody_may_read_it(cluster, name):
    found = scraped(cluster, name)
    written = next(one.value for one in found if one.name == "lvs_metrics_written_timestamp_seconds")
    assert 0 <= float(cluster.run(name, "date +%s.%N")) - written < 30
    assert cluster.run(name, f"stat --format='%U %a' {FILE}; ls {FILE.rpartition('/')[0]}").split() == [
        "root",
        "644",
        "lvs-cluster.prom",
    ]
    assert ("node_textfile_scrape_error", 0) in [(one.name, one.value) for one in found]
    assert cluster.run(name, "journalctl --unit=lvs-metrics --output=cat | grep 'not written'") == ""


def test_a_drain_and_what_was_mended_are_told_and_all_that_rules_and_dashboard_ask_for(cluster):
    cluster.host("lvs1").run_expect([0], "lvs-drain lvs2 --service web --reason metrics")
    try:
        cluster.run("lvs1", "sysctl -w net.ipv4.vs.expire_nodest_conn=0")
        until(
            lambda: "drained" in state(scraped(cluster, "lvs1"), "lvs_real_server_state", real_server="lvs2"),
            "the drain is told",
        )
        until(lambda: "lvs_heal_mended_timestamp_seconds" in names(scraped(cluster, "lvs1")), "lvs-heal has mended")
        found = scraped(cluster, "lvs1")
    finally:
        cluster.host("lvs1").run_expect([0], "lvs-undrain lvs2 --service web")
    drained = values(found, "lvs_real_server_drained_since_timestamp_seconds", "service", "real_server")
    assert [*drained] == [("web", "lvs2")]
    there = {*names(found)}
    # No service of this scenario has a sorry server.
    sorry = {"lvs_service_sorry_server_in_use"}
    assert asked() - there == sorry
    assert {*METRICS} - there == sorry


@pytest.mark.wide
def test_switched_off_it_leaves_nothing_and_comes_back(cluster):
    cluster.play("site", lvs_metrics={"enabled": False})
    left = f"ls {FILE} /usr/local/sbin/lvs-metrics /etc/systemd/system/lvs-metrics.service 2>/dev/null"
    for name in NAMES:
        assert cluster.run(name, left) == ""
        assert cluster.run(name, "systemctl is-active lvs-metrics prometheus-node-exporter").split() == ["inactive"] * 2
        assert cluster.run(name, "systemctl is-enabled prometheus-node-exporter") == "disabled"
    cluster.play("verify")
    cluster.play("site")
    for name in NAMES:
        until(lambda name=name: "lvs_vip_held" in names(scraped(cluster, name)), f"{name} has metrics again")
