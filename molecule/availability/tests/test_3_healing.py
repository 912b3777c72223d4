# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hand removes comes back by itself within seconds, and two owners of a VIP are told by the directors themselves."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

import pytest
from cluster import flat, until
from healing import HEALED, journal, mended, now

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.100"
WEB = f"{VIP}:80"
# Longer than lvs-heal takes to mend anything.
LEFT_ALONE = 8
CONF = "/etc/keepalived/keepalived.conf"
ARP_IGNORE = "net.ipv4.conf.all.arp_ignore"
# A split brain in the journal.
BEGIN, END = f"two owners of VIP {VIP}: this director has it, and ", f"no longer two owners of VIP {VIP}"
NODEST = "net.ipv4.vs.expire_nodest_conn"


def sysctl(cluster, node, key):
    return cluster.run(node, f"sysctl -n {key}")


def services(cluster, director):
    """The services with their schedulers and options, without weights and real servers."""
    return sorted(line for line in cluster.run(director, "ipvsadm -Sn").splitlines() if line.startswith("-A"))


@pytest.mark.parametrize("director", ["lvs1", pytest.param("lvs2", marks=pytest.mark.wide)])
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("ipvsadm -C", f"missing service {WEB}/tcp"),
        (f"ipvsadm -D -t {WEB}", f"missing service {WEB}/tcp"),
        (f"ipvsadm -d -t {WEB} -r 172.28.0.22", f"missing real server 172.28.0.22:80 of service {WEB}/tcp"),
        (f"ipvsadm -E -t {WEB} -s lc", f"changed service {WEB}/tcp"),
    ],
    ids=["cleared", "service_deleted", "real_server_deleted", "scheduler_changed"],
)
def test_the_table_comes_back(cluster, director, damage, told):
    """On the master and on the backup, which must be able to take over."""
    before = cluster.table(director), services(cluster, director)
    mended(cluster, director, damage, lambda: (cluster.table(director), services(cluster, director)) == before, told)
    # By chance of the ports, mh may leave one out.
    until(lambda: set(cluster.ask(VIP, count=12)) == {"web1", "web2", "web3"}, "all three answer")


def test_a_real_server_that_has_failed_does_not_come_back_with_the_table(cluster):
    web2 = cluster.address("web2")
    cluster.run("web2", "systemctl stop lvs-test-page")
    try:
        until(lambda: web2 not in cluster.table("lvs1")[WEB], "web2 is out")
        before = cluster.table("lvs1")
        mended(cluster, "lvs1", "ipvsadm -C", lambda: cluster.table("lvs1") == before, f"missing service {WEB}/tcp")
        time.sleep(LEFT_ALONE)
        assert web2 not in cluster.table("lvs1")[WEB]
    finally:
        cluster.run("web2", "systemctl start lvs-test-page")
    until(lambda: web2 in cluster.table("lvs1")[WEB], "web2 is back")


@pytest.mark.wide
def test_a_drain_by_hand_stays_and_survives_a_cleared_table(cluster):
    web3 = cluster.address("web3")
    before = cluster.table("lvs1")[WEB][web3]
    edit = f"ipvsadm -e -t {WEB} -r {web3} -g -w"
    cluster.host("lvs1").run_expect([0], f"{edit} 0")
    time.sleep(LEFT_ALONE)
    assert cluster.table("lvs1")[WEB][web3] == 0
    mended(
        cluster,
        "lvs1",
        "ipvsadm -C",
        lambda: cluster.table("lvs1").get(WEB, {}).get(web3) == 0,
        f"missing service {WEB}",
    )
    cluster.host("lvs1").run_expect([0], f"{edit} {before}")


def placed(cluster, node, *where):
    """The VIP on a node as in "172.28.0.100/32 dev eth0"; with "lo", only there."""
    words = cluster.run(node, f"ip -o address show to {VIP}/32 {' '.join(where)} | head -n 1").split()
    return f"{words[3]} dev {words[1]}" if words else ""


def test_a_vip_that_is_deleted_on_the_master_has_one_owner_again(cluster):
    """keepalived does this itself, and may leave the VIPs to the other director for a moment."""
    with cluster.one_owner(VIP):
        cluster.host("lvs1").run_expect([0], f"ip address del {placed(cluster, 'lvs1')}")
        until(lambda: len(cluster.holders(VIP)) == 1, "one director has the VIP", seconds=HEALED, pause=0.2)
        until(lambda: "" not in cluster.ask(VIP, count=3), "it is served", seconds=HEALED)
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 has it again")


def test_a_vip_that_is_added_on_the_backup_is_removed(cluster):
    address = placed(cluster, "lvs1")
    told = f"VIP {VIP} on {address.split()[-1]}, though VI_1 is not master here"
    mended(cluster, "lvs2", f"ip address add {address}", lambda: cluster.holders(VIP) == ["lvs1"], told)


def test_a_vip_that_is_deleted_on_a_real_server_comes_back(cluster):
    address = placed(cluster, "web1", "dev", "lo")
    mended(
        cluster,
        "web1",
        f"ip address del {address}",
        lambda: placed(cluster, "web1", "dev", "lo") == address,
        "missing address",
    )


def test_a_sysctl_comes_back(cluster):
    for node, key in (("web1", ARP_IGNORE), ("lvs1", NODEST)):
        mended(
            cluster,
            node,
            f"sysctl -w {key}=0",
            lambda n=node, k=key: sysctl(cluster, n, k) == "1",
            f"{key} 0 instead of 1",
        )


@pytest.mark.wide
def test_both_at_once_come_back_in_the_right_order(cluster):
    """lvs-vip adds no VIP for which the host would answer ARP."""
    address = placed(cluster, "web1", "dev", "lo")
    damage = f"ip address del {address}; sysctl -w {ARP_IGNORE}=0"
    mended(cluster, "web1", damage, lambda: placed(cluster, "web1", "dev", "lo") == address, "missing address")
    assert sysctl(cluster, "web1", ARP_IGNORE) == "1"


def test_routes_and_rules_come_back(cluster):
    """Those of a real server of NAT, by which its answers find the director."""
    kept = "ip rule show | grep -c 'lookup 112'; ip route show table 112"
    before = cluster.run("web1", kept)
    assert "default" in before, "the service with NAT has a routing table of its own"
    mended(cluster, "web1", "ip route flush table 112", lambda: cluster.run("web1", kept) == before, "missing route")
    mended(cluster, "web1", "ip rule del pref 11200", lambda: cluster.run("web1", kept) == before, "missing reply")


@pytest.mark.wide
def test_a_check_by_hand_names_what_differs_and_changes_nothing(cluster):
    assert cluster.host("lvs1").run("lvs-heal --check").rc == 0
    with cluster.leave_alone("lvs1"):
        cluster.host("lvs1").run_expect([0], f"ipvsadm -d -t {WEB} -r 172.28.0.21")
        checked = cluster.host("lvs1").run("lvs-heal --check")
        assert (checked.rc, checked.stdout.strip()) == (1, f"missing real server 172.28.0.21:80 of service {WEB}/tcp")
        assert "172.28.0.21" not in cluster.table("lvs1")[WEB]
    until(lambda: "172.28.0.21" in cluster.table("lvs1")[WEB], "it is back after the pause", seconds=HEALED)


@pytest.mark.wide
def test_nothing_is_mended_in_a_pause_or_while_lvs_heal_is_stopped(cluster):
    reset = f"sysctl -w {ARP_IGNORE}=0"

    def value():
        return sysctl(cluster, "web1", ARP_IGNORE)

    with cluster.leave_alone("web1"):
        cluster.run("web1", reset)
        time.sleep(LEFT_ALONE)
        assert value() == "0"
    until(lambda: value() == "1", "it is right after the pause", seconds=HEALED)
    cluster.run("web1", f"systemctl stop lvs-heal && {reset}")
    time.sleep(LEFT_ALONE)
    assert value() == "0"
    cluster.run("web1", "systemctl start lvs-heal")
    until(lambda: value() == "1", "it is right after a start", seconds=HEALED)


@pytest.mark.wide
def test_what_an_administrator_stops_stays_stopped(cluster):
    cluster.host("lvs2").run_expect([0], "systemctl stop keepalived")
    cluster.host("web3").run_expect([0], "systemctl stop lvs-vip")
    try:
        time.sleep(LEFT_ALONE)
        assert cluster.table("lvs2") == {}
        assert cluster.run("lvs2", "systemctl is-active keepalived") == "inactive"
        assert placed(cluster, "web3") == ""
    finally:
        cluster.run("lvs2", "systemctl start keepalived")
        cluster.run("web3", "systemctl start lvs-vip")
    until(lambda: cluster.table("lvs2") == cluster.table("lvs1"), "lvs2 has its table again")


@contextmanager
def deaf(cluster, director):
    """A director that does not hear the other one's adverts during the block: it has another virtual router."""
    other = f"sed -i 's/virtual_router_id [0-9]*/virtual_router_id 99/' {CONF} && systemctl reload keepalived"
    cluster.host(director).run_expect([0], f"cp --preserve {CONF} /root/kept && {other}")
    try:
        yield
    finally:
        cluster.run(director, f"mv /root/kept {CONF} && systemctl reload keepalived")


def test_two_owners_are_told_by_both_directors_and_by_verify_until_it_ends(cluster):
    since = {director: now(cluster, director) for director in ("lvs1", "lvs2")}
    with deaf(cluster, "lvs2"):
        until(lambda: cluster.holders(VIP) == ["lvs1", "lvs2"], "both have the VIP")
        for director, begun in since.items():
            until(
                lambda d=director, b=begun: BEGIN in journal(cluster, d, b),
                f"{director} tells of it",
                seconds=2 * HEALED,
            )
            state = json.loads(cluster.run(director, "cat /run/lvs-heal/state.json"))
            assert VIP in state["split_brain"], state
        assert f"lvs1: has VIP {VIP}, for which" in flat(cluster.fail("verify"))
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone has the VIP")
    for director, begun in since.items():
        until(
            lambda d=director, b=begun: END in journal(cluster, d, b),
            f"{director} tells of the end",
            seconds=2 * HEALED,
        )
        assert json.loads(cluster.run(director, "cat /run/lvs-heal/state.json"))["split_brain"] == {}


@pytest.mark.wide
def test_it_leaves_with_the_variable_and_returns(cluster):
    files = "ls -d /usr/local/sbin/lvs-heal /usr/local/lib/lvs-cluster /etc/lvs-heal-*.json /etc/systemd/system/lvs-heal.service"
    there = {node: cluster.run(node, f"{files} 2>/dev/null | wc -l") for node in ("lvs2", "web2")}
    assert there == {"lvs2": "4", "web2": "4"}
    both = ("--limit", "lvs2,web2")
    cluster.play("site", *both, lvs_heal=False)
    # A director keeps what lvs-status needs.
    kept = {"lvs2": "2", "web2": "0"}
    assert {node: cluster.run(node, f"{files} 2>/dev/null | wc -l") for node in there} == kept
    assert {node: cluster.run(node, "systemctl is-active lvs-heal || true") for node in there} == dict.fromkeys(
        there, "inactive"
    )
    cluster.play("site", *both)
    # A run ends the pause that it has made.
    assert {node: cluster.run(node, "ls /run/lvs-heal-pause") for node in there} == dict.fromkeys(there, "")
    assert {node: cluster.run(node, "systemctl is-active lvs-heal") for node in there} == dict.fromkeys(there, "active")
