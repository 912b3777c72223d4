# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is taken out while the others serve, and at the end all of them: they are what they were before site.yml."""

from __future__ import annotations

import pytest
from cluster import changed, flat, until, with_inventory

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.100"
# Another process of keepalived for VRRP would have lost the VIPs on its way.
STARTED = "pgrep --oldest keepalived; journalctl --unit=keepalived | grep -c 'Starting VRRP child process'"


def drain(groups):
    groups["real_servers"]["web3"]["lvs_weight"] = 0


def without_lvs3(groups):
    del groups["directors"]["lvs3"]


def without_web3(groups):
    without_lvs3(groups)
    del groups["real_servers"]["web3"]
    for variables in (variables for hosts in groups.values() for variables in hosts.values()):
        # it was the sorry server of one of them
        variables["lvs_services"] = [
            {key: value for key, value in service.items() if key != "sorry_server"}
            for service in variables["lvs_services"]
        ]


def test_a_real_server_and_a_director_leave_and_nothing_is_lost(cluster, fingerprints, tmp_path):
    without = with_inventory(cluster, tmp_path / "without.yml", without_web3)
    with cluster.stream(address=VIP, port=80, rate=20) as stream:
        drained = with_inventory(cluster, tmp_path / "drained.yml", drain)
        # The master alone has clients.
        drained.play("site", "--limit", "lvs1", "--tags", "keepalived")
        assert cluster.table("lvs1")[f"{VIP}:80"]["172.28.0.23"] == 0
        cluster.play("teardown", "--limit", "web3,lvs3")
        without.play("site")
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert {host: fingerprints.changes(host) for host in ("web3", "lvs3")} == {"web3": [], "lvs3": []}
    assert "172.28.0.23" not in cluster.table("lvs1")[f"{VIP}:80"]
    # A bare host joins a cluster that serves. lvs3 would take as long again.
    with_inventory(cluster, tmp_path / "again.yml", without_lvs3).play("site", "--limit", "lvs1,web3")
    until(lambda: set(cluster.ask(VIP, count=6)) == {"web1", "web2", "web3"}, "web3 serves again")


def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}
    assert changed(cluster.play("teardown", "--limit", "lvs1,web1")) == {"lvs1": 0, "web1": 0}


@pytest.mark.wide
def test_a_keepalived_of_somebody_else_is_taken_over_with_consent_and_given_back(cluster):
    interface = cluster.interface("lvs1")
    # keepalived warns of it: a script without script security. A reload with reload_check_config would end it.
    script = "vrrp_script old {\\n script /usr/bin/true\\n}\\n"
    address = "virtual_ipaddress {\\n 172.28.0.77\\n }"
    instance = f"interface {interface}\\n virtual_router_id 7\\n {address}\\n track_script {{\\n old\\n }}"
    by_hand = f"{script}vrrp_instance OLD {{\\n {instance}\\n}}\\n"
    install = "apt-get install -y --no-install-recommends keepalived >/dev/null && mkdir -p /etc/keepalived"
    start = f"printf '{by_hand}' > /etc/keepalived/keepalived.conf && systemctl enable --now keepalived"
    cluster.host("lvs1").run_expect([0], f"{install} && {start}")
    was = cluster.run("lvs1", "sha256sum /etc/keepalived/keepalived.conf")

    output = flat(cluster.fail("site", "--limit", "lvs1"))
    assert "lvs1: somebody else has written /etc/keepalived/keepalived.conf" in output
    assert "The inventory has no service for 172.28.0.77" in output
    assert cluster.run("lvs1", "sha256sum /etc/keepalived/keepalived.conf") == was

    started = cluster.run("lvs1", STARTED)
    cluster.play("site", "--limit", "lvs1", lvs_take_over=True)
    assert cluster.run("lvs1", "sha256sum /etc/keepalived/keepalived.conf") != was
    assert cluster.run("lvs1", STARTED) == started
    cluster.play("teardown", "--limit", "lvs1")
    assert cluster.run("lvs1", "sha256sum /etc/keepalived/keepalived.conf") == was
    assert cluster.run("lvs1", "systemctl is-enabled keepalived; systemctl is-active keepalived").split() == [
        "enabled",
        "active",
    ]


def who_answers(cluster):
    """How many hosts answer ARP requests for the VIP. No director of the cluster runs any more."""
    return len(cluster.module("client1", "arp_probe", addresses=[VIP], count=3, timeout=2)["answers"][VIP])


@pytest.mark.wide
def test_a_bare_real_server_gets_a_vip_only_when_it_does_not_answer_arp_for_it(cluster):
    has_vip = f"ip -o address show to {VIP}/32"
    cluster.play("site", "--limit", "web1", "--tags", "install,vip")
    assert cluster.run("web1", has_vip)
    assert who_answers(cluster) == 0

    with cluster.leave_alone("web1"):
        cluster.host("web1").run_expect([0], "sysctl -w net.ipv4.conf.all.arp_ignore=0")
        assert who_answers(cluster) == 1
        cluster.host("web1").run_expect([0], f"ip address del {VIP}/32 dev lo")
        output = flat(cluster.fail("site", "--limit", "web1", "--skip-tags", "arp"))
        assert "this host would answer ARP requests for it" in output
        assert not cluster.run("web1", has_vip)


@pytest.mark.wide
def test_a_package_that_another_one_needs_by_now_stays(cluster):
    """From where the test before left off: the roles have installed Apache."""
    control = "Package: own-site\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody\\nDepends: apache2-bin\\nDescription: none\\n"
    build = f"mkdir -p own/DEBIAN && printf '{control}' > own/DEBIAN/control && dpkg-deb --build own && dpkg --install own.deb"
    cluster.host("web1").run_expect([0], f"cd /root && {build}")
    output = flat(cluster.play("teardown", "--limit", "web1"))
    assert "something else needs or uses them now" in output
    installed = cluster.run(
        "web1", "dpkg-query --show --showformat='${Package} ${db:Status-Status}\\n' apache2-bin own-site"
    )
    assert installed.splitlines() == ["apache2-bin installed", "own-site installed"]


@pytest.mark.wide
def test_a_folder_of_somebody_else_gets_no_test_page(cluster):
    page = "/var/www/lvs-test-page/index.html"
    cluster.host("web1").run_expect([0], f"install -D /dev/null {page} && echo mine > {page}")
    output = flat(cluster.fail("site", "--limit", "web1", "--tags", "test_page"))
    assert "this folder has files of somebody else, such as index.html" in output
    assert cluster.run("web1", f"cat {page}") == "mine"
    cluster.run("web1", "rm -r /var/www/lvs-test-page")
