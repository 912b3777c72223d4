# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing is broken in a healthy cluster, and the doctor names it first."""

from __future__ import annotations

import re

import pytest

from .conftest import NOW, UPTIME, add, nft, take

VIP = "172.28.0.100"
DROP_ALL = "table inet f {{ chain c {{ type filter hook {hook} priority 0; policy drop; {rules} }} }}"


def edit(cluster, director, old, new):
    """Change a director's keepalived.conf, which keepalived then reads."""
    configuration = cluster.seen(director)["configurations"]["keepalived"]
    assert re.search(old, configuration["text"])
    configuration["text"] = re.sub(old, new, configuration["text"], count=1)


def sysctl(cluster, name, interface, key, value):
    cluster.seen(name)["interface_sysctls"][interface][key] = value


def both_masters(cluster):
    """The second director has become master, too, and neither hears the other."""
    for instance in cluster.cluster["hosts"]["lvs2"]["instances"]:
        for address in instance["addresses"]:
            add(cluster.seen("lvs2"), address["address"], address["prefix"], address["device"])
        cluster.seen("lvs2")["vrrp"][instance["name"]]["state"] = "master"
    cluster.hostvars["lvs2"]["doctor_heard"] = {"adverts": [], "frames": []}


def arp_leak(cluster):
    sysctl(cluster, "web1", "all", "arp_ignore", 0)
    mac = cluster.seen("web1")["links"]["eth1"]["mac"]
    cluster.hostvars["client1"]["doctor_arp"]["answers"][VIP][mac] = 2


def arp_leak_that_nobody_asked_for(cluster):
    sysctl(cluster, "web1", "all", "arp_ignore", 0)
    for name in cluster.names:
        cluster.hostvars[name].pop("doctor_arp", None)


def vip_on_ethernet(cluster):
    take(cluster.seen("web1"), VIP)
    add(cluster.seen("web1"), VIP, 32, "eth1")
    mac = cluster.seen("web1")["links"]["eth1"]["mac"]
    cluster.hostvars["client1"]["doctor_arp"]["answers"][VIP][mac] = 2


def vip_missing(cluster):
    take(cluster.seen("web1"), VIP)


def wrong_prefix(cluster):
    take(cluster.seen("web1"), VIP)
    add(cluster.seen("web1"), VIP, 24, "lo")


def arp_announce(cluster):
    sysctl(cluster, "web2", "all", "arp_announce", 0)


def stranger(cluster):
    cluster.hostvars["client1"]["doctor_arp"]["answers"][VIP]["de:ad:be:ef:00:01"] = 1


def vip_on_a_client(cluster):
    add(cluster.seen("client1"), VIP, 32, "eth1")
    cluster.hostvars["lvs2"]["doctor_arp"]["answers"][VIP][cluster.seen("client1")["links"]["eth1"]["mac"]] = 2


def refused_by_duplicate_detection(cluster):
    """The VIP of IPv6 is on the director, and another host has answered for it."""
    for entry in cluster.seen("lvs1")["addresses"]:
        if entry["family"] == "ipv6" and entry["address"] in cluster.vips:
            entry["usable"] = False


def router_id_shared(cluster):
    heard = cluster.hostvars["lvs2"]["doctor_heard"]["adverts"]
    heard.append({**heard[0], "source": "172.28.0.31", "priority": 1})


def passwords_differ(cluster):
    edit(cluster, "lvs2", r"(\$AUTH_PASS_\w+=)\S+", r"\1hash-of-another")
    both_masters(cluster)


def router_ids_differ(cluster):
    edit(cluster, "lvs2", r"virtual_router_id \d+", "virtual_router_id 99")
    for state in cluster.seen("lvs2")["vrrp"].values():
        state["virtual_router_id"] = 99
    both_masters(cluster)


def intervals_differ(cluster):
    edit(cluster, "lvs2", r"advert_int \S+", "advert_int 3")
    both_masters(cluster)


def vrrp_dropped_by_the_backup(cluster):
    frames = cluster.hostvars["lvs2"]["doctor_heard"]["frames"]
    both_masters(cluster)
    cluster.hostvars["lvs2"]["doctor_heard"]["frames"] = frames
    rules = "ip protocol 112 drop"
    cluster.seen("lvs2")["filters"]["nft"] = nft(
        f"table inet f {{ chain c {{ type filter hook input priority 0; {rules} }} }}"
    )


def vrrp_dropped_by_the_master(cluster):
    both_masters(cluster)
    cluster.seen("lvs1")["filters"]["iptables"] = ["*filter", ":OUTPUT ACCEPT", "-A OUTPUT -p vrrp -j DROP", "COMMIT"]


def vrrp_lost_on_the_way(cluster):
    both_masters(cluster)


def two_masters(cluster):
    """Directors that hear each other, and both hold the VIP all the same."""
    add(cluster.seen("lvs2"), VIP, 32, "eth1")
    for state in cluster.seen("lvs2")["vrrp"].values():
        state["state"] = "master"
    advert = cluster.hostvars["lvs2"]["doctor_heard"]["adverts"][0]
    cluster.hostvars["lvs1"]["doctor_heard"]["adverts"].append({**advert, "source": "172.28.0.12"})


def vip_left_over(cluster):
    """A backup has the VIP as well, and sends no adverts: nobody keeps them from the master."""
    add(cluster.seen("lvs2"), VIP, 32, "eth1")


def daemon_killed(cluster):
    """The backup's daemon was killed, and an address of its time as master is still there."""
    seen = cluster.seen("lvs2")
    seen["processes"], seen["vrrp"] = [], None
    add(seen, VIP, 32, "eth1")


def scheduler_missing(cluster):
    seen = cluster.seen("lvs1")
    seen["modules"]["ip_vs_wrr"] = {"loaded": False, "available": False}
    seen["ipvs"]["services"] = [one for one in seen["ipvs"]["services"] if one["scheduler"] != "wrr"]


def daemon_stopped(cluster):
    seen = cluster.seen("lvs1")
    seen["processes"], seen["vrrp"], seen["ipvs"]["services"] = [], {}, []
    for vip in cluster.vips:
        take(seen, vip)
    cluster.hostvars["client1"]["doctor_arp"]["answers"] = {vip: {} for vip in cluster.vips}


def instance_fault(cluster):
    for name in ("lvs1", "lvs2"):
        for state in cluster.seen(name)["vrrp"].values():
            state["state"] = "fault"
        for vip in cluster.vips:
            take(cluster.seen(name), vip)
    cluster.hostvars["client1"]["doctor_arp"]["answers"] = {vip: {} for vip in cluster.vips}


def wrong_interface(cluster):
    take(cluster.seen("lvs1"), VIP)
    add(cluster.seen("lvs1"), VIP, 32, "eth0")


def rp_filter(cluster):
    """A real server whose way to the client is another interface than the one of the director."""
    seen = cluster.seen("web1")
    seen["interface_sysctls"]["all"]["rp_filter"] = 1
    seen["routes"].insert(0, {"family": "ipv4", "type": "unicast", "dst": "172.28.0.31", "dev": "eth0", "table": "254"})


def rp_filter_of_a_tunnel(cluster):
    sysctl(cluster, "web1", "all", "rp_filter", 1)


def tunnel_missing(cluster):
    for device in ("tunl0", "gre0"):
        if device in cluster.seen("web1")["links"]:
            cluster.seen("web1")["links"][device]["up"] = False


def tunnel_down(cluster):
    cluster.seen("web2")["links"]["tunl0"]["up"] = False


def tunnel_mtu(cluster):
    cluster.seen("lvs1")["links"]["eth1"]["mtu"] = 1400


def no_clamp(cluster):
    cluster.seen("web2")["filters"]["nft"] = []


def forward_off(cluster):
    cluster.seen("lvs1")["sysctls"]["net.ipv4.ip_forward"] = "0"


def way_back(cluster):
    seen = cluster.seen("web1")
    seen["routes"] = [route for route in seen["routes"] if route.get("table") != "112"]


def port_mismatch(cluster):
    for name in cluster.cluster["directors"]:
        edit(cluster, name, r"real_server 172.28.0.21 80\b", "real_server 172.28.0.21 8080")
        for service in cluster.seen(name)["ipvs"]["services"]:
            for server in service["destinations"]:
                if server["address"] == "172.28.0.21" and service["port"] == 80:
                    server["port"] = 8080


def not_reloaded(cluster):
    edit(cluster, "lvs1", r"weight 1\b", "weight 5")
    cluster.seen("lvs1")["configurations"]["keepalived"]["files"][0]["mtime"] = NOW


def another_priority_than_the_file(cluster):
    edit(cluster, "lvs1", r"priority 200", "priority 150")


def configurations_differ(cluster):
    edit(cluster, "lvs2", r"(virtual_server 172.28.0.100 80 \{[^{]*lvs_sched) \w+", r"\1 sed")
    for service in cluster.seen("lvs2")["ipvs"]["services"]:
        if (service["address"], service["port"]) == (VIP, 80):
            service["scheduler"] = "sed"


def service_deleted_by_hand(cluster):
    del cluster.seen("lvs1")["ipvs"]["services"][0]


def weight_changed_by_hand(cluster):
    cluster.seen("lvs1")["ipvs"]["services"][0]["destinations"][0]["weight"] = 0


def clients_refused(cluster):
    """Drained with force: the configuration says 0 as well."""
    service = cluster.seen("lvs1")["ipvs"]["services"][0]
    service["scheduler"], service["scheduler_flags"] = "mh", ["mh-port"]
    service["destinations"][0]["weight"] = 0
    cluster.seen("lvs1")["configurations"]["keepalived"]["files"] = []


def not_listening(cluster):
    cluster.seen("web1")["listeners"] = []


def listens_on_its_own_address_only(cluster):
    for listener in cluster.seen("web1")["listeners"]:
        listener["address"] = "172.28.0.21"
    asked = cluster.hostvars["client1"]["doctor_asked"]["results"][0]
    asked.update({"answered": 2, "errors": {"refused": 2}})


def director_drops(cluster):
    cluster.seen("lvs1")["filters"]["nft"] = nft(
        DROP_ALL.format(
            hook="input",
            rules="ct state established,related accept; iif lo accept; tcp dport 22 accept; ip protocol vrrp accept;",
        )
    )


def real_server_drops(cluster):
    cluster.seen("web1")["filters"]["iptables"] = [
        "*filter",
        ":INPUT ACCEPT",
        "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-A INPUT -d 172.28.0.100/32 -p tcp -m tcp --dport 80 -j DROP",
        "COMMIT",
    ]


def tunnel_dropped(cluster):
    cluster.seen("web2")["filters"]["iptables"] = ["*filter", ":INPUT ACCEPT", "-A INPUT -p ipencap -j DROP", "COMMIT"]


def invalid_is_dropped(cluster):
    cluster.seen("lvs1")["sysctls"]["net.ipv4.vs.conntrack"] = "1"
    cluster.seen("lvs1")["filters"]["nft"] = nft(
        "table inet f { chain c { type filter hook input priority 0; ct state invalid drop; } }"
    )


def answers_of_nat_dropped(cluster):
    cluster.seen("lvs1")["filters"]["nft"] = nft(
        DROP_ALL.format(hook="forward", rules="ct state established,related accept;")
    )


def forward_dropped(cluster):
    cluster.seen("lvs1")["filters"]["iptables"] = ["*filter", ":FORWARD DROP", "COMMIT"]


def tracking_full(cluster):
    cluster.seen("lvs1")["sysctls"]["net.netfilter.nf_conntrack_count"] = "65536"


def conn_reuse_zero(cluster):
    cluster.seen("lvs1")["sysctls"]["net.ipv4.vs.conn_reuse_mode"] = "0"


def conn_reuse_of_an_old_kernel(cluster):
    cluster.seen("lvs1")["kernel"] = "4.19.0-26-amd64"
    cluster.seen("lvs1")["sysctls"]["net.ipv4.vs.conntrack"] = "1"


def sync_missing(cluster):
    cluster.seen("lvs2")["ipvs"]["daemons"] = []


def sync_ids_differ(cluster):
    cluster.seen("lvs2")["ipvs"]["daemons"][0]["syncid"] += 1


def sync_blocked(cluster):
    port = cluster.seen("lvs2")["ipvs"]["daemons"][0]["port"]
    cluster.seen("lvs2")["filters"]["nft"] = nft(
        f"table inet f {{ chain c {{ type filter hook input priority 0; udp dport {port} drop; }} }}"
    )


def check_fails(cluster):
    """The master has taken a real server out that answers."""
    service = cluster.seen("lvs1")["ipvs"]["services"][0]
    server = service["destinations"].pop(0)
    door = {
        "item": {"address": server["address"], "port": server["port"]},
        "requests": 2,
        "answered": 2,
        "errors": {},
        "answers": {},
    }
    cluster.hostvars["lvs1"]["doctor_doors"] = {"results": [door]}


def users_fail(cluster):
    cluster.hostvars["client1"]["doctor_asked"]["results"][0].update(
        {"answered": 1, "errors": {"timeout": 3}, "error_messages": {"timeout": "timed out"}}
    )


def selinux(cluster):
    cluster.seen("lvs1")["selinux"] = True
    cluster.seen("lvs1")["denials"] = [
        'avc:  denied  { execute } for  pid=7 comm="keepalived" name="check" permissive=0'
    ]


def selinux_by_the_kernel(cluster):
    """Without auditd the kernel's log has it."""
    cluster.seen("lvs1")["selinux"] = True
    text = 'audit: type=1400 avc:  denied  { execute } for  pid=7 comm="keepalived" permissive=0'
    cluster.seen("lvs1")["kernel_log"] = [{"seconds": UPTIME - 60, "text": text}]


def clock(cluster):
    cluster.seen("web1")["clock"]["now"] += 3600


def heartbeat_keys(cluster):
    text = cluster.seen("lvs2")["configurations"]["authkeys"]
    text["text"] = re.sub(r"hash-\w+", "hash-of-another", text["text"])


def heartbeat_stopped(cluster):
    cluster.seen("lvs2")["processes"] = []


def ldirectord_differs(cluster):
    configuration = cluster.seen("lvs2")["configurations"]["ldirectord"]
    configuration["text"] = configuration["text"].replace("scheduler=lblc", "scheduler=rr")


PLANTED = [
    ("lab", arp_leak, "arp-leak"),
    ("lab", arp_leak_that_nobody_asked_for, "arp-leak"),
    ("lab", vip_on_ethernet, "vip-on-ethernet"),
    ("lab", vip_missing, "vip-missing"),
    ("tun", vip_missing, "vip-missing"),
    ("static", vip_missing, "vip-missing"),
    ("ldirectord", vip_missing, "vip-missing"),
    ("lab", wrong_prefix, "wrong-prefix"),
    ("static", wrong_prefix, "wrong-prefix"),
    ("lab", arp_announce, "arp-announce"),
    ("lab", stranger, "vip-stranger"),
    ("lab", vip_on_a_client, "vip-stranger"),
    ("dual_stack", refused_by_duplicate_detection, "vip-stranger"),
    ("lab", router_id_shared, "router-id-shared"),
    ("lab", passwords_differ, "passwords-differ"),
    ("checks", router_ids_differ, "router-ids-differ"),
    ("checks", intervals_differ, "adverts-differ"),
    ("checks", vrrp_dropped_by_the_backup, "vrrp-blocked"),
    ("checks", vrrp_dropped_by_the_master, "vrrp-blocked"),
    ("checks", vrrp_lost_on_the_way, "vrrp-blocked"),
    ("checks", two_masters, "two-masters"),
    ("checks", vip_left_over, "two-masters"),
    ("checks", daemon_killed, "daemon-stopped"),
    ("lab", scheduler_missing, "scheduler-missing"),
    ("checks", daemon_stopped, "daemon-stopped"),
    ("checks", instance_fault, "instance-fault"),
    ("lab", wrong_interface, "vip-wrong-interface"),
    ("lab", rp_filter, "rp-filter"),
    ("tun", rp_filter_of_a_tunnel, "rp-filter"),
    ("tun", tunnel_missing, "tunnel-missing"),
    ("tun", tunnel_down, "tunnel-missing"),
    ("tun", tunnel_mtu, "tunnel-mtu"),
    ("tun", no_clamp, "tunnel-mtu"),
    ("nat", forward_off, "forward-off"),
    ("nat_gateway", forward_off, "forward-off"),
    ("nat_static", forward_off, "forward-off"),
    ("nat_gateway", way_back, "way-back"),
    ("one_arm", way_back, "way-back"),
    ("lab", port_mismatch, "port-mismatch"),
    ("checks", not_reloaded, "not-reloaded"),
    ("checks", another_priority_than_the_file, "not-reloaded"),
    ("lab", configurations_differ, "configurations-differ"),
    ("ldirectord", ldirectord_differs, "configurations-differ"),
    ("lab", service_deleted_by_hand, "table-differs"),
    ("lab", weight_changed_by_hand, "table-differs"),
    ("lab", clients_refused, "clients-refused"),
    ("lab", not_listening, "not-listening"),
    ("lab", listens_on_its_own_address_only, "not-listening"),
    ("lab", director_drops, "filter-drops"),
    ("lab", real_server_drops, "filter-drops"),
    ("another_address", tunnel_dropped, "filter-drops"),
    ("lab", invalid_is_dropped, "conntrack"),
    ("nat_gateway", answers_of_nat_dropped, "conntrack"),
    ("nat_gateway", forward_dropped, "filter-drops"),
    ("lab", tracking_full, "conntrack"),
    ("lab", conn_reuse_zero, "conn-reuse"),
    ("lab", conn_reuse_of_an_old_kernel, "conn-reuse"),
    ("sync", sync_missing, "sync-missing"),
    ("sync", sync_ids_differ, "sync-missing"),
    ("sync", sync_blocked, "sync-blocked"),
    ("ldirectord", sync_missing, "sync-missing"),
    ("lab", check_fails, "checks-fail"),
    ("lab", users_fail, "users-fail"),
    ("lab", selinux, "selinux"),
    ("lab", selinux_by_the_kernel, "selinux"),
    ("lab", clock, "clock"),
    ("ldirectord", heartbeat_keys, "passwords-differ"),
    ("ldirectord", heartbeat_stopped, "daemon-stopped"),
]


@pytest.mark.parametrize(("case", "plant", "key"), PLANTED, ids=lambda value: getattr(value, "__name__", value))
def test_what_is_broken_is_named_first(deployed, case, plant, key):
    cluster = deployed(case)
    plant(cluster)
    found = cluster.diagnosis()["findings"]
    assert found, "nothing was found"
    assert found[0]["key"] == key, [(one["key"], one["evidence"]) for one in found]
    assert found[0]["follows_from"] == []
    assert all(
        one["evidence"] and one["mend"] and one["title"] and one["explanation"].count(". ") >= 1 for one in found
    )


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        # heartbeat starts it with the name of its file, and a unit without: these have different pid files.
        (["/usr/bin/perl", "-w", "/usr/sbin/ldirectord", "ldirectord.cf", "start"], "/usr/sbin/ldirectord ldirectord.cf reload"),
        (["/usr/bin/perl", "-w", "/usr/sbin/ldirectord", "start"], "/usr/sbin/ldirectord reload"),
        (["/usr/bin/perl", "-w", "/usr/sbin/ldirectord", "my shop.cf", "start"], "/usr/sbin/ldirectord 'my shop.cf' reload"),
        (["/usr/bin/perl", "-w", "/usr/sbin/ldirectord", "-d", "ldirectord.cf", "start"], "kill -HUP 500"),
        (["ldirectord"], "kill -HUP 500"),
    ],
)  # fmt: skip
def test_ldirectord_is_told_to_read_its_configuration_and_nobody_else(deployed, arguments, command):
    cluster = deployed("ldirectord")
    seen = cluster.seen("lvs1")
    seen["configurations"]["ldirectord"]["files"][0]["mtime"] = NOW
    (daemon,) = (one for one in seen["processes"] if one["name"] == "ldirectord")
    daemon["arguments"] = arguments
    (found,) = (one for one in cluster.diagnosis()["findings"] if one["key"] == "not-reloaded")
    assert found["mend"] == [f"lvs1: {command}"]


def test_what_selinux_has_refused_long_ago_is_no_finding(deployed):
    cluster = deployed("lab")
    selinux_by_the_kernel(cluster)
    cluster.seen("lvs1")["kernel_log"][0]["seconds"] = 9.0
    assert cluster.causes() == []
