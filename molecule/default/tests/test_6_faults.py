# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around a run: wrong input, dead hosts, a hand on the hosts, a run that was cut short."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from cluster import Background, changed, flat, totals, until

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.100"
ONLY_LVS3 = ("--limit", "lvs3", "--tags", "keepalived")


def heavier(cluster, weight):
    """The services, with web1's weight in the first."""
    first, *others = cluster.variable("lvs_services")
    return [{**first, "real_servers": [{"host": "web1", "weight": weight}, "web2", "web3"]}, *others]


def weight_of_web1(cluster, director):
    return cluster.table(director)[f"{VIP}:80"][cluster.address("web1")]


@contextmanager
def adverts_of_the_client(cluster, *routers):
    """During the block the client sends the adverts of virtual routers, as a cluster that the inventory does not know."""
    sender = Background(cluster, "client1", "adverts.py", cluster.address("client1"), *map(str, routers))
    try:
        yield
    finally:
        sent = sender.stop()
    assert int(sent[-1]) > 0


def test_wrong_input_is_told_at_once_and_touches_nothing(cluster):
    output = cluster.fail("site", lvs_services=[{"name": "web", "vip": "172.28.0.300", "prot": 80}])
    assert "172.28.0.300" in output
    assert "prot" in output
    assert set(changed(output).values()) == {0}


def test_a_kernel_without_the_scheduler_is_told_before_anything_changes(cluster):
    module = cluster.run("lvs2", "modinfo --filename ip_vs_twos")
    cluster.host("lvs2").run_expect([0], f"mv {module} /root/ && depmod")
    try:
        services = [{**service, "scheduler": "twos"} for service in cluster.variable("lvs_services")]
        output = cluster.fail("site", lvs_services=services)
    finally:
        cluster.host("lvs2").run_expect([0], f"mv /root/ip_vs_twos.ko {module} && depmod")
    assert "ip_vs_twos" in output
    assert set(changed(output).values()) == {0}


def test_what_others_use_is_refused_before_anything_changes(cluster):
    taken, router = "172.28.0.222", 99
    interface = cluster.interface("client1")
    cluster.host("client1").run_expect([0], f"ip address add {taken}/24 dev {interface}")
    mac = cluster.run("client1", f"cat /sys/class/net/{interface}/address")
    extra = {"name": "extra", "vip": taken, "port": 80}
    instances = [
        {"name": "VI_1", "virtual_router_id": 100, "vips": sorted(cluster.vips())},
        {"name": "EXTRA", "virtual_router_id": router, "vips": [taken]},
    ]
    with adverts_of_the_client(cluster, router):
        output = cluster.fail(
            "site",
            lvs_services=[*cluster.variable("lvs_services"), extra],
            lvs_vrrp={**cluster.variable("lvs_vrrp"), "instances": instances},
        )
    cluster.run("client1", f"ip address del {taken}/24 dev {interface}")
    assert f'lvs_services "extra": VIP {taken} is in use: {mac} answers for it' in flat(output)
    used = f"virtual_router_id {router} is in use on the segment, by {cluster.address('client1')}, which is no director"
    assert f"lvs_vrrp instance EXTRA: {used}" in flat(output)
    assert set(changed(output).values()) == {0}


def test_verify_names_the_host_and_the_remedy_and_each_tag_mends_its_part_and_no_other(cluster):
    with cluster.leave_alone("web1"):
        cluster.run("web1", f"sysctl -w net.ipv4.conf.all.arp_ignore=0; ip address del {VIP}/32 dev lo")
        cluster.run("lvs2", "systemctl stop keepalived")
        cluster.run("lvs3", "sed -i 's/weight 3/weight 4/' /etc/keepalived/keepalived.conf")
        cluster.lab.unplug("lvs3", "lan", seen=True)
        with adverts_of_the_client(cluster, 100):
            output = flat(cluster.fail("verify"))
        cluster.lab.plug("lvs3", "lan", seen=True)
        # Two things on the real server: silent first, then the VIP.
        again = changed(cluster.play("site", "--tags", "vip"))
        assert {host for host, count in again.items() if count} == {"web1"}
    heard = f"hears adverts of {cluster.address('client1')} for virtual router 100 of instance VI_1"
    assert f"{heard}, but no director of the inventory has this address" in output
    assert "lvs3: its interface lan0 is down" in output
    assert "lvs3: VRRP instance VI_1 is in the state fault, so this director does not take over" in output
    assert "web1: net.ipv4.conf.all.arp_ignore is 0, not 1. Run site.yml" in output
    assert f"address {VIP}/32 lo" in output
    assert "lvs2: keepalived.service" in output
    assert "lvs3: /etc/keepalived/keepalived.conf is not what site.yml would write" in output
    again = changed(cluster.play("site", "--tags", "keepalived"))
    assert {host for host, count in again.items() if count} == {"lvs2", "lvs3"}
    assert cluster.run("web1", "sysctl -n net.ipv4.conf.all.arp_ignore") == "1"
    until(lambda: set(cluster.ask(VIP, count=6)) == {"web1", "web2", "web3"}, "all answer")


def test_a_reload_that_an_interrupted_run_left_out_is_made_up_for(cluster):
    """The configuration is what site.yml writes, but keepalived has read another one."""
    shop, web1 = f"{VIP}:443", cluster.address("web1")
    sed = "sed -i 's/weight {}/weight {}/' /etc/keepalived/keepalived.conf"
    cluster.host("lvs3").run_expect([0], f"{sed.format(3, 5)} && systemctl reload keepalived")
    until(lambda: cluster.table("lvs3").get(shop, {}).get(web1) == 5, "keepalived has read another weight")
    cluster.run("lvs3", sed.format(5, 3))
    assert changed(cluster.play("site", *ONLY_LVS3))["lvs3"] > 0
    until(lambda: cluster.table("lvs3")[shop].get(web1) == 3, "keepalived has read its configuration")


def test_a_drain_that_an_interrupted_run_left_behind_is_put_right(cluster):
    web3 = cluster.address("web3")
    service = {"protocol": "tcp", "address": VIP, "port": 80}
    noted = json.dumps([{"service": service, "address": web3, "port": 80, "label": web3}])
    edit = f"ipvsadm --edit-server -t {VIP}:80 -r {web3}:80 -g -w 0"
    cluster.host("lvs3").run_expect([0], f"echo '{noted}' > /run/lvs-drained && {edit}")
    assert cluster.table("lvs3")[f"{VIP}:80"][web3] == 0
    cluster.play("site", *ONLY_LVS3)
    assert cluster.table("lvs3")[f"{VIP}:80"][web3] == 1
    assert cluster.run("lvs3", "ls /run/lvs-drained") == ""


@pytest.mark.wide
def test_a_director_that_was_told_of_another_virtual_router_is_named_and_put_right_with_consent(cluster):
    other = "sed -i 's/virtual_router_id 100/virtual_router_id 99/' /etc/keepalived/keepalived.conf"
    cluster.host("lvs3").run_expect([0], f"{other} && systemctl reload keepalived")
    until(lambda: cluster.holders(VIP) == ["lvs1", "lvs3"], "both hold the VIP")
    output = cluster.fail("site", *ONLY_LVS3)
    assert "virtual_router_id is 99 now and would be 100 (on lvs3)" in flat(output)
    assert "lvs_accept_outage=true" in flat(output)
    assert set(changed(output).values()) == {0}
    # The id of the other directors counts, of which the inventory says nothing.
    cluster.play("site", *ONLY_LVS3, lvs_accept_outage=True)
    assert cluster.holders(VIP) == ["lvs1"]


def test_dead_hosts_keep_no_change_from_the_others_and_get_it_when_they_are_back(cluster):
    """The change has directors that are not to start by themselves at boot: after it, those that got it wait for site.yml."""
    services = [service for service in heavier(cluster, 4) if service["name"] not in ("api", "login")]
    change = {"lvs_services": services, "lvs_start_at_boot": False}
    # What the tests before have written would be lost with the power.
    cluster.run("lvs3", "sync")
    cluster.lab.power_off("web3", "lvs3")
    output = cluster.fail("site", **change)
    assert {host for host, count in totals(output, "unreachable").items() if count} == {"web3", "lvs3"}
    assert {director: weight_of_web1(cluster, director) for director in ("lvs1", "lvs2")} == {"lvs1": 4, "lvs2": 4}
    # lvs3 may come back any time and send to this VIP
    there = "ip -o address show to 172.28.0.101/32"
    assert cluster.run("web1", there)
    until(lambda: set(cluster.ask(VIP)) == {"web1", "web2"}, "the others serve")

    # Whoever is left gives the verdict, also without a director.
    for node in ("lvs1", "lvs2", "web1"):
        cluster.run(node, "sync")
    cluster.lab.power_off("lvs1", "lvs2")
    verdict = flat(cluster.fail("verify", **change))
    for host in ("web3", *cluster.group("directors")):
        assert f"{host}: could not be checked. Check that it is up" in verdict, verdict[-3000:]
    assert "web1: left over: address 172.28.0.101/32 lo" in verdict
    assert f"directors: none of them holds VIP {VIP}" in verdict
    assert f"client1: nobody answers ARP for VIP {VIP}" in verdict

    cluster.lab.power_off("web1")
    cluster.lab.power_on("web1", "web3", *cluster.group("directors"))
    # Also after a boot, until site.yml has updated lvs3.
    until(lambda: cluster.run("web1", there), "web1 has the VIP again")
    until(lambda: cluster.holders(VIP) == ["lvs3"], "lvs3 serves, which has not got the change")
    running = {director: cluster.run(director, "systemctl is-active keepalived") for director in ("lvs1", "lvs2")}
    assert running == {"lvs1": "inactive", "lvs2": "inactive"}
    until(lambda: set(cluster.ask(VIP)) == {"web1", "web2", "web3"}, "all real servers are back")
    assert weight_of_web1(cluster, "lvs3") == 1
    cluster.play("site", lvs_services=services)
    assert weight_of_web1(cluster, "lvs3") == 4
    assert not cluster.run("web1", there)
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 holds the VIP again")
    assert cluster.run("lvs1", "systemctl is-enabled keepalived") == "enabled"
