# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy cluster has no faults; each fault names the host and what to do."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.by_hand import command
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.hosts import file_findings, peer_findings
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.traffic import probe_plan
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.verdict import judge

VIP = {"address": "10.0.0.100", "prefix": 32, "interface": "eth0", "family": "ipv4"}


def test_a_healthy_cluster(cluster, seen):
    assert judge(cluster, seen) == {
        "faults": [],
        "report": [
            "VIP 10.0.0.100 is held by lvs1; ARP from client1 is answered by 02:00:00:00:00:11",
            "table of lvs1: 1 services, 2 real servers",
            "table of lvs2: 1 services, 2 real servers",
            "web 10.0.0.100:80/tcp answered 12 of 12 requests: web1 9, web2 3 (weights 3:1)",
        ],
    }


@pytest.mark.parametrize(
    ("arp", "told"),
    [
        ({}, ""),
        ({"client1": {}}, "; ARP was not asked: the VIP is in no network of client1"),
        ({"client1": {"10.0.0.100": {}}, "client2": {}}, "; ARP from client1 is answered by nobody"),
        (
            {"client1": {"10.0.0.100": {"02:00:00:00:00:11": 1}}, "client2": {"10.0.0.100": {"02:00:00:00:00:11": 2}}},
            "; ARP from client1, client2 is answered by 02:00:00:00:00:11",
        ),
    ],
    ids=["no_clients", "another_network", "nobody", "several_clients"],
)
def test_the_report_says_who_answered_for_a_vip(cluster, seen, arp, told):
    seen["arp"] = arp
    assert judge(cluster, seen)["report"][0] == f"VIP 10.0.0.100 is held by lvs1{told}"


def test_the_report_says_that_a_planned_move_has_preferred_a_director(cluster, seen):
    seen["preferred"] = ["lvs2"]
    judged = judge(cluster, seen)
    assert judged["faults"] == []
    assert judged["report"][1].startswith("lvs2 is preferred by a planned move: to end that, run failover.yml")


def break_configuration(seen):
    seen["nodes"]["lvs2"]["files"]["/etc/k.conf"]["checksum"] = "another"


def break_configuration_gone(seen):
    seen["nodes"]["lvs2"]["files"]["/etc/k.conf"] = None


def break_configuration_unread(seen):
    seen["nodes"]["lvs2"]["files"]["/etc/k.conf"]["mtime"] = 7.0


def break_configuration_not_rendered(seen):
    seen["expected"]["lvs2"] = []


def break_two_holders(seen):
    seen["nodes"]["lvs2"]["addresses"].append(VIP)


def break_no_holder(seen):
    seen["nodes"]["lvs1"]["addresses"].pop()
    seen["arp"]["client1"]["10.0.0.100"] = {}
    seen["probes"] = []


def break_noisy_real_server(seen):
    seen["arp"]["client1"]["10.0.0.100"]["02:00:00:00:00:21"] = 1


def break_stranger(seen):
    seen["arp"]["client1"]["10.0.0.100"]["02:00:00:00:00:99"] = 1


def break_sysctl_now(seen):
    seen["nodes"]["web1"]["sysctls"]["net.ipv4.conf.all.arp_ignore"] = "0"


def break_sysctl_at_boot(seen):
    seen["nodes"]["web1"]["sysctls_boot"]["net.ipv4.conf.all.arp_ignore"] = "0"


def break_module(seen):
    seen["nodes"]["lvs2"]["modules"]["ip_vs_wrr"] = {"loaded": True, "boot": False}


def break_unit(seen):
    seen["nodes"]["lvs2"]["units"]["keepalived.service"] = {"active": False, "enabled": True}


def break_by_another_stack(seen):
    seen["nodes"]["lvs2"]["units"]["lvs-vip.service"] = {"active": True, "enabled": True}


def break_vip_on_lo(seen):
    seen["nodes"]["web2"]["addresses"].pop()


def break_weight(seen):
    seen["before"]["lvs2"]["services"][0]["destinations"][0]["weight"] = 1


def break_real_server_gone(seen):
    del seen["before"]["lvs2"]["services"][0]["destinations"][1]


def break_real_server_too_many(seen):
    extra = {**seen["before"]["lvs2"]["services"][0]["destinations"][1], "address": "10.0.0.29"}
    seen["before"]["lvs2"]["services"][0]["destinations"].append(extra)


def break_sync_left_over(seen):
    seen["before"]["lvs2"]["daemons"] = [{"role": "backup", "syncid": 51}]


def break_timeouts(seen):
    seen["before"]["lvs2"]["timeouts"]["udp"] = 60


def break_answers(seen):
    seen["probes"][0]["result"].update(answered=9, errors={"refused": 3})


def break_shares(seen):
    first, second = seen["after"]["lvs1"]["stats"][0]["destinations"]
    first["connections"], second["connections"] = 6, 6


def break_nothing_carried(seen):
    seen["after"]["lvs1"]["stats"] = seen["before"]["lvs1"]["stats"]


def break_table_unread(seen):
    del seen["before"]["lvs2"]


def break_counters_unread(seen):
    del seen["after"]["lvs1"]


def break_lvs_vip_unread(seen):
    del seen["lvs_vip"]["web1"]


def break_page_of_a_stranger(seen):
    seen["probes"][0].update(names=["web1", "web2"])
    seen["probes"][0]["result"]["answers"] = {"web1": 9, "Please log in": 3}


def break_duplicate(seen):
    seen["nodes"]["web1"]["addresses"][-1]["usable"] = False


def break_vip_that_cannot_be_used(seen):
    seen["nodes"]["lvs1"]["addresses"][-1]["usable"] = False
    seen["arp"], seen["probes"] = {}, []


def break_instance_in_fault(seen):
    seen["instances"]["lvs2"]["instances"]["VI_1"]["state"] = "fault"


def break_instance_unknown(seen):
    seen["instances"]["lvs2"]["instances"] = {}


def break_instances_not_asked(seen):
    seen["instances"]["lvs2"] = {"msg": "No answer."}


def break_instances_unread(seen):
    del seen["instances"]["lvs2"]


def break_left_out(seen):
    break_unreachable(seen)
    seen["left_out"] = ["web2"]


def break_unreachable(seen):
    del seen["nodes"]["web2"]


def break_client_that_cannot_ask(seen):
    seen.update(
        arp={},
        probes=[],
        unasked={"client1": {"who has the VIPs (ARP)": "arp_probe needs root", "service web": "No route"}},
    )


def break_every_director(seen):
    for name in ("lvs1", "lvs2"):
        for what in ("nodes", "lvs_vip", "expected", "instances", "before", "after"):
            seen[what].pop(name)
    seen["arp"] = {"client1": {"10.0.0.100": {}}}
    seen["probes"][0]["result"].update(answered=0, answers={}, errors={"timeout": 12})


def break_kept(seen):
    seen["lvs_vip"]["web1"] = {"rc": 0, "stdout": "add address 10.0.0.100/32 lo\nprune route -4 10.0.0.1 eth0"}
    seen["lvs_vip"]["web2"] = {"rc": 2, "stdout": "", "stderr": "", "msg": "No such file or directory"}
    # Has none, and needs none
    seen["lvs_vip"]["lvs1"] = {"rc": 2, "stdout": "", "stderr": "", "msg": "No such file or directory"}


@pytest.mark.parametrize(
    ("broken", "faults"),
    [
        (
            break_kept,
            [
                "web1: missing: address 10.0.0.100/32 lo. Run site.yml",
                "web1: left over: route -4 10.0.0.1 eth0. Run site.yml",
                "web2: lvs-vip check failed (No such file or directory). Run site.yml",
            ],
        ),
        (
            break_two_holders,
            [
                "lvs1, lvs2: hold VIP 10.0.0.100 at the same time. Check that the directors hear each other (VRRP,"
                " protocol 112, firewalls), then run site.yml"
            ],
        ),
        (
            break_no_holder,
            [
                "directors: none of them holds VIP 10.0.0.100. Look at: systemctl status keepalived.service, on each",
                "client1: nobody answers ARP for VIP 10.0.0.100. Look at the director that should hold it",
            ],
        ),
        (
            break_noisy_real_server,
            [
                "web1: answers client1's ARP for VIP 10.0.0.100 with 02:00:00:00:00:21. Run site.yml --limit web1",
            ],
        ),
        (
            break_stranger,
            [
                "a machine that is not in the inventory: answers client1's ARP for VIP 10.0.0.100 with"
                " 02:00:00:00:00:99. Remove the address from it"
            ],
        ),
        (break_sysctl_now, ["web1: net.ipv4.conf.all.arp_ignore is 0, not 1. Run site.yml"]),
        (
            break_sysctl_at_boot,
            [
                "web1: net.ipv4.conf.all.arp_ignore will be 0 after a reboot, not 1. Look in /etc/sysctl.d,"
                " /etc/sysctl.conf and /etc/ufw/sysctl.conf for a file that is read later than the collection's own, and sets"
                " it"
            ],
        ),
        (
            break_instance_in_fault,
            [
                "lvs2: VRRP instance VI_1 is in the state fault, so this director does not take over. If there is a file"
                " /run/lvs-stand-by, remove it. Look at: journalctl -u keepalived"
            ],
        ),
        (break_instance_unknown, ["lvs2: keepalived has no VRRP instance VI_1. Run site.yml"]),
        (
            break_instances_not_asked,
            ["lvs2: the state of its VRRP instances could not be read (No answer.). Look at: journalctl -u keepalived"],
        ),
        (
            break_instances_unread,
            [
                "lvs2: the state of its VRRP instances could not be read. Look in the output of verify.yml for the task that"
                " failed there"
            ],
        ),
        (break_module, ["lvs2: kernel module ip_vs_wrr will not be loaded after a reboot. Run site.yml"]),
        (
            break_unit,
            ["lvs2: keepalived.service does not run. Look at: journalctl -u keepalived.service"],
        ),
        (
            break_by_another_stack,
            ["lvs2: lvs-vip.service runs, but lvs_stack is keepalived. Run site.yml"],
        ),
        (break_vip_on_lo, ["web2: VIP 10.0.0.100 is not on lo. Run site.yml"]),
        (
            break_weight,
            [
                "lvs2: 10.0.0.100:80/tcp: real server 10.0.0.21:80: weight is 1, not 3. Check whether its health check"
                " passes (journalctl -u keepalived). If it does, it was drained by hand or by an interrupted run: ipvsadm"
                " -e -t 10.0.0.100:80 -r 10.0.0.21:80 -g -w 3"
            ],
        ),
        (
            break_real_server_gone,
            [
                "lvs2: 10.0.0.100:80/tcp: real server 10.0.0.22:80 is not in the table. Check whether its health check"
                " passes (journalctl -u keepalived). If it does, it was drained by hand or by an interrupted run: ipvsadm"
                " -a -t 10.0.0.100:80 -r 10.0.0.22:80 -g -w 1"
            ],
        ),
        (
            break_real_server_too_many,
            [
                "lvs2: 10.0.0.100:80/tcp: real server 10.0.0.29:80 is in the table, but not in the inventory. Check whether it is"
                " a sorry server, in use because all checks fail (journalctl -u keepalived). If not: ipvsadm -d -t 10.0.0.100:80"
                " -r 10.0.0.29:80"
            ],
        ),
        (
            break_sync_left_over,
            ["lvs2: of the sync daemons it runs backup, not none. Run site.yml"],
        ),
        (
            break_answers,
            [
                "web: 3 of 12 requests to 10.0.0.100:80 failed (3 refused). Ask each of its real servers directly, and"
                " look for a firewall or a missing VIP"
            ],
        ),
        (
            break_shares,
            [
                "web1: got 6 of 12 connections to web 10.0.0.100:80/tcp, but 9 are due to its weight. Look at the weights in: ipvsadm -Ln",
                "web2: got 6 of 12 connections to web 10.0.0.100:80/tcp, but 3 are due to its weight. Look at the weights in: ipvsadm -Ln",
            ],
        ),
        (
            break_nothing_carried,
            [
                "web: 12 requests were answered, but IPVS carried only 0 packets to 10.0.0.100:80/tcp. Find out what answers for the VIP: a"
                " real server that answers ARP, or a server on the director itself. With a firewall mark, check that the"
                " packets are marked"
            ],
        ),
        (
            break_table_unread,
            ["lvs2: its table could not be read. Look in the output of verify.yml for the task that failed there"],
        ),
        (
            break_counters_unread,
            [
                "lvs1: its counters could not be read again: it is not proven what it carries. Look in the output"
                " of verify.yml for the task that failed there"
            ],
        ),
        (
            break_lvs_vip_unread,
            ["web1: lvs-vip check could not be run. Look in the output of verify.yml for the task that failed there"],
        ),
        (
            break_page_of_a_stranger,
            [
                "web: 10.0.0.100:80 was answered by 'Please log in', but its real servers are web1, web2. Find out what answers"
                " on that port: another virtual host, or something between the client and the directors"
            ],
        ),
        (
            break_duplicate,
            [
                "web1: VIP 10.0.0.100 is on lo, but not usable: another host has answered for it (duplicate address"
                " detection). Find out which host it is: ip -6 neigh, or lvs.cluster.arp_probe"
            ],
        ),
        (
            break_vip_that_cannot_be_used,
            ["directors: none of them holds VIP 10.0.0.100. Look at: systemctl status keepalived.service, on each"],
        ),
        (
            break_configuration,
            [
                "lvs2: /etc/k.conf is not what site.yml would write. See the difference: ansible-playbook -i INVENTORY"
                " lvs.cluster.site --check --diff --limit lvs2. Then run site.yml"
            ],
        ),
        (break_configuration_gone, ["lvs2: /etc/k.conf is not there. Run site.yml"]),
        (break_configuration_unread, ["lvs2: /etc/k.conf has changed since its daemon read it. Run site.yml"]),
        (
            break_configuration_not_rendered,
            [
                "lvs2: its configuration could not be compared with the inventory. Look in the output of verify.yml for the"
                " task that failed there"
            ],
        ),
        (
            break_client_that_cannot_ask,
            [
                "client1: could not ask who has the VIPs (ARP): arp_probe needs root. Look in the output of verify.yml for the task"
                " that failed there",
                "client1: could not ask service web: No route. Look in the output of verify.yml for the task that failed there",
            ],
        ),
        (
            break_every_director,
            [
                "lvs1: could not be checked. Check that it is up and answers SSH",
                "lvs2: could not be checked. Check that it is up and answers SSH",
                "directors: none of them holds VIP 10.0.0.100. Look at: systemctl status keepalived.service, on each",
                "client1: nobody answers ARP for VIP 10.0.0.100. Look at the director that should hold it",
                "web: 12 of 12 requests to 10.0.0.100:80 failed (12 timeout). Ask each of its real servers directly, and look"
                " for a firewall or a missing VIP",
            ],
        ),
        (break_unreachable, ["web2: could not be checked. Check that it is up and answers SSH"]),
        (break_left_out, ["web2: was left out by --limit. Run verify.yml without --limit: it needs every host"]),
    ],
)
def test_a_fault_names_the_host_and_the_remedy(cluster, seen, broken, faults):
    broken(seen)
    assert judge(cluster, seen)["faults"] == faults


def test_a_director_whose_interface_is_down_takes_no_vip(cluster, seen):
    cluster["hosts"]["lvs2"]["interface"] = "eth0"
    seen["nodes"]["lvs2"]["links"]["eth0"]["up"] = False
    assert judge(cluster, seen)["faults"] == ["lvs2: its interface eth0 is down. Look at: ip link show eth0"]


def test_a_director_whose_link_to_the_real_servers_is_down_takes_no_vip(cluster, seen):
    cluster["hosts"]["lvs2"]["instances"][0]["track"]["interfaces"] = [{"name": "eth1", "weight": 0}]
    seen["nodes"]["lvs2"]["links"]["eth1"] = {"mac": None, "up": False}
    assert judge(cluster, seen)["faults"] == ["lvs2: its interface eth1 is down. Look at: ip link show eth1"]


def test_a_vip_that_no_client_is_near_is_said_not_to_be_asked_for(cluster, seen):
    seen["arp"] = {"client1": {}}
    assert judge(cluster, seen)["report"][0] == (
        "VIP 10.0.0.100 is held by lvs1; ARP was not asked: the VIP is in no network of client1"
    )


def test_without_clients_the_services_are_not_asked_and_the_report_says_so(cluster, seen):
    seen.update(arp={}, probes=[])
    assert judge(cluster, seen)["faults"] == []
    assert judge(cluster, seen)["report"][-1] == (
        "web 10.0.0.100:80/tcp was not asked: no host of the group clients could be reached"
    )


def test_who_has_no_clients_is_told_how_to_prove_it_by_hand(cluster, seen):
    seen.update(arp={}, probes=[])
    cluster["clients"] = []
    assert judge(cluster, seen) == {
        "faults": [],
        "report": [
            "VIP 10.0.0.100 is held by lvs1",
            "table of lvs1: 1 services, 2 real servers",
            "table of lvs2: 1 services, 2 real servers",
            "web 10.0.0.100:80/tcp was not asked: the group clients is empty",
            "The inventory has no host in the group clients, so no request has gone through a VIP. To prove that it serves, run:",
            "  curl --silent --show-error --max-time 3 http://10.0.0.100:80/",
            "Run it a few times on a machine that is neither a director nor a real server."
            " Or add such a machine to the group clients, and run verify.yml again",
        ],
    }


def test_nothing_is_to_be_asked_by_hand_where_nothing_can_be_asked(cluster, seen):
    seen.update(arp={}, probes=[])
    cluster["clients"] = []
    cluster["services"][0]["protocols"] = ["udp"]
    assert judge(cluster, seen)["report"][-1].startswith("web 10.0.0.100:80/tcp was not asked: only TCP is asked")


PROBE = {"address": "10.0.0.100", "port": 80, "scheme": "http", "path": "/", "host": None, "names": None}


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({"scheme": "tcp", "port": 993}, "nc -v -z -w 3 10.0.0.100 993"),
        ({"scheme": "tcp", "address": "2001:db8::1"}, "nc -v -z -w 3 2001:db8::1 80"),
        ({}, r"curl {} --output /dev/null --write-out '%{http_code}\n' http://10.0.0.100:80/"),
        ({"names": ["web1"]}, "curl {} http://10.0.0.100:80/"),
        (
            {"address": "2001:db8::1", "names": ["web1"], "path": "/a?b=c&d"},
            "curl {} 'http://[2001:db8::1]:80/a?b=c&d'",
        ),
        (
            {"scheme": "https", "port": 443, "host": "www.example.org", "names": ["web1"]},
            "curl {} --insecure --connect-to ::10.0.0.100:443 https://www.example.org:443/",
        ),
        (
            {"address": "2001:db8::1", "host": "www.example.org", "names": ["web1"]},
            "curl {} --connect-to '::[2001:db8::1]:80' http://www.example.org:80/",
        ),
    ],
    ids=["tcp", "tcp6", "code", "page", "page6", "host", "host6"],
)
def test_a_question_by_hand(probe, expected):
    assert command({**PROBE, **probe}) == expected.replace("{}", "--silent --show-error --max-time 3")


def test_the_plan_asks_for_whole_rounds_of_the_scheduler(cluster):
    (probe,) = probe_plan(cluster)
    assert probe["count"] == 12
    assert (probe["scheme"], probe["path"], probe["status"]) == ("http", "/", [200])


def test_with_heartbeat_ldirectord_and_the_table_are_where_the_vips_are(cluster, seen):
    cluster.update(stack="ldirectord", ldirectord={"cleanstop": True})
    for name in cluster["directors"]:
        seen["nodes"][name]["units"] = {
            unit: {"active": True, "enabled": True} for unit in ("heartbeat.service", "lvs-heal.service")
        }
    seen["ldirectord"] = {"lvs1": {"rc": 0}, "lvs2": {"rc": 3}}
    seen["before"]["lvs2"] = {**seen["before"]["lvs1"], "services": [], "stats": [], "daemons": []}
    assert judge(cluster, seen)["faults"] == []
    seen["ldirectord"] = {"lvs1": {"rc": 1}, "lvs2": {"rc": 0}}
    seen["before"]["lvs2"] = seen["before"]["lvs1"]
    assert judge(cluster, seen)["faults"] == [
        "lvs1: has the VIPs, but ldirectord does not run: nothing checks the real servers. Run site.yml",
        "lvs2: runs ldirectord, but has no VIP. Look at: journalctl -u heartbeat",
        "lvs2: 10.0.0.100:80/tcp: in the table, but not in the inventory. Run site.yml, and find out who or what else"
        " changes the table",
    ]


MASTER, BACKUP = {"role": "master", "syncid": 51, "port": 8848}, {"role": "backup", "syncid": 51, "port": 8848}
SYNC = {"id": 51, "instance": "VI_1", "both": False, "interface": "eth0", "group": "224.0.0.81", "port": 8848, "ttl": 1}
NOT_BOTH = "of the sync daemons it runs {}, not {}. Run site.yml"


@pytest.mark.parametrize(
    ("both", "first", "second", "faults"),
    [
        (False, [MASTER], [BACKUP], []),
        (False, [BACKUP], [MASTER], [f"lvs1: {NOT_BOTH.format('backup', 'master')}", f"lvs2: {NOT_BOTH.format('master', 'backup')}"]),
        (False, [MASTER], [], [f"lvs2: {NOT_BOTH.format('none', 'backup')}"]),
        (True, [MASTER, BACKUP], [BACKUP, MASTER], []),
        (True, [MASTER, BACKUP], [BACKUP], [f"lvs2: {NOT_BOTH.format('backup', 'backup and master')}"]),
        (False, [{**MASTER, "port": 9, "interface": "lo"}], [BACKUP],
         ["lvs1: its sync daemon master has interface lo, not eth0. Run site.yml",
          "lvs1: its sync daemon master has port 9, not 8848. Run site.yml"]),
    ],
)  # fmt: skip
def test_the_directors_tell_each_other_of_their_connections(cluster, seen, both, first, second, faults):
    for director in cluster["directors"]:
        cluster["hosts"][director]["sync"] = {**SYNC, "both": both, "maxlen": None}
        seen["nodes"][director]["units"]["lvs-sync.service"] = {"active": True, "enabled": True}
    seen["before"]["lvs1"]["daemons"], seen["before"]["lvs2"]["daemons"] = first, second
    assert judge(cluster, seen)["faults"] == faults


def test_lvs_sync_runs_if_and_only_if_connections_are_synchronised(cluster, seen):
    cluster["hosts"]["lvs1"]["sync"] = {**SYNC, "both": True, "maxlen": None}
    seen["before"]["lvs1"]["daemons"] = [MASTER, BACKUP]
    seen["nodes"]["lvs2"]["units"]["lvs-sync.service"] = {"active": True, "enabled": True}
    assert judge(cluster, seen)["faults"] == [
        "lvs1: lvs-sync.service does not run. Look at: journalctl -u lvs-sync.service",
        "lvs1: lvs-sync.service does not start at boot. Run site.yml",
        "lvs2: lvs-sync.service runs, but lvs_sync is off. Run site.yml",
    ]


@pytest.mark.parametrize(
    ("connections", "packets", "fault"),
    [((8, 3), (48, 24), False), ((3, 2), (48, 24), False), ((0, 0), (20, 4), False), ((6, 6), (20, 3), True)],
)
def test_a_port_that_the_client_uses_again_makes_no_new_connection(cluster, seen, connections, packets, fault):
    for number, destination in enumerate(seen["after"]["lvs1"]["stats"][0]["destinations"]):
        destination.update(connections=connections[number], packets_in=packets[number])
    assert any("IPVS carried" in line for line in judge(cluster, seen)["faults"]) is fault


def test_a_script_has_no_daemon_that_reads_it():
    script = {"path": "/etc/lvs-cluster/scripts/tell", "checksum": "1", "pid_file": None}
    there = {"path": script["path"], "checksum": "1", "mtime": 9.0}
    node = {"files": {script["path"]: there}}
    assert list(file_findings("lvs1", [script], node)) == []
    there["checksum"] = "2"
    (finding,) = file_findings("lvs1", [script], node)
    assert str(finding).startswith("lvs1: /etc/lvs-cluster/scripts/tell is not what site.yml would write")


def test_a_director_that_serves_must_know_the_others_by_their_ethernet_addresses():
    part = {"localnode": {"macs": ["52:54:00:00:00:12", "52:54:00:00:00:13"]}}
    assert list(peer_findings("lvs1", part, ["52:54:00:00:00:12", "52:54:00:00:00:13", "52:54:00:00:00:99"])) == []
    assert list(peer_findings("lvs1", {"localnode": None}, [])) == []
    (found,) = peer_findings("lvs1", part, ["52:54:00:00:00:12"])
    assert str(found).startswith(
        "lvs1: does not know 52:54:00:00:00:13 for the Ethernet address of another director, and would forward again"
    )


def test_a_director_must_hear_the_directors_and_nobody_else(cluster, seen):
    wanted = {"let": ["10.0.0.12 vrrp"], "only": ["ipv4 vrrp"]}

    def faults(deployed):
        seen["peers_only"] = {"lvs1": {cluster["name"]: deployed} if deployed else {}}
        return [fault.partition(". ")[0] for fault in judge(cluster, seen)["faults"]]

    assert faults(None) == []
    assert faults(wanted) == ["lvs1: drops what is not from a director that it knows, but lvs_peers_only is false"]
    cluster["hosts"]["lvs1"]["peers_only"] = wanted
    assert faults(wanted) == []
    assert faults(None) == ["lvs1: lets in ipv4 vrrp from everybody, but lvs_peers_only is true"]
    assert faults({"let": ["10.0.0.13 vrrp"], "only": ["ipv6 vrrp"]}) == [
        "lvs1: lets in ipv4 vrrp from everybody, but lvs_peers_only is true",
        "lvs1: does not let in 10.0.0.12 vrrp, which another director sends",
        "lvs1: lets in 10.0.0.13 vrrp, which is no director's",
    ]


def test_lvs_vip_may_run_on_a_director_that_serves_another_cluster(cluster, seen):
    break_by_another_stack(seen)
    cluster["hosts"]["lvs2"]["other_clusters"] = ["other"]
    assert judge(cluster, seen)["faults"] == []


def test_two_owners_that_a_director_has_seen_are_told(cluster, seen):
    seen["split_brain"] = {"lvs1": {"10.0.0.100": {"macs": ["m"], "since": 1.0}}, "lvs2": {}}
    assert judge(cluster, seen)["faults"] == [
        "lvs1: has VIP 10.0.0.100, for which m answers it, too. Check that the directors hear each other (VRRP, protocol 112,"
        " firewalls), then run site.yml"
    ]
    # A static director has no peer to hear.
    cluster["stack"] = "static"
    assert (
        "lvs1: has VIP 10.0.0.100, for which m answers it, too. Remove the address from that host"
        in judge(cluster, seen)["faults"]
    )


def test_lvs_heal_runs_where_it_should(cluster, seen):
    seen["nodes"]["web1"]["units"]["lvs-heal.service"] = {"active": False, "enabled": True}
    assert judge(cluster, seen)["faults"] == [
        "web1: lvs-heal.service does not run. Look at: journalctl -u lvs-heal.service"
    ]
    cluster["heal"] = False
    assert judge(cluster, seen)["faults"] == [
        f"{host}: lvs-heal.service runs, but lvs_heal is false. Run site.yml" for host in ("lvs1", "lvs2", "web2")
    ]
    # Another cluster on the host may have it.
    for host in cluster["hosts"].values():
        host["other_clusters"] = ["other"]
    assert judge(cluster, seen)["faults"] == []


def test_lvs_metrics_runs_where_it_should(cluster, seen):
    seen["nodes"]["web1"]["units"]["lvs-metrics.service"] = {"active": True, "enabled": True}
    assert judge(cluster, seen)["faults"] == ["web1: lvs-metrics.service runs, but lvs_metrics is off. Run site.yml"]
    for node in seen["nodes"].values():
        node["units"].setdefault("lvs-metrics.service", {"active": False, "enabled": True})
    cluster["metrics"] = {"exporter": True, "textfile_directory": "/var/lib/prometheus/node-exporter", "interval": 15}
    assert judge(cluster, seen)["faults"] == [
        f"{host}: lvs-metrics.service does not run. Look at: journalctl -u lvs-metrics.service"
        for host in ("lvs1", "lvs2", "web2")
    ]
    for node in seen["nodes"].values():
        node["units"]["lvs-metrics.service"]["active"] = True
    assert judge(cluster, seen)["faults"] == []
    # Another cluster on the host may have it.
    cluster["metrics"] = None
    for host in cluster["hosts"].values():
        host["other_clusters"] = ["other"]
    assert judge(cluster, seen)["faults"] == []


def drained(cluster, *names, **more):
    """A cluster in which real servers are drained, and what every director knows."""
    entry = {
        "addresses": [],
        "service": None,
        "reason": "disk",
        "by": "alice@admin1",
        "since": "2026-11-27T07:10:00Z",
        "changed": "2026-11-27T07:10:00.000000Z",
        "weight": None,
        **more,
    }
    record = {"version": 1, "drains": [{**entry, "real_server": name} for name in names], "undrained": []}
    for service, table in zip(cluster["services"], cluster["table"]):
        for server, destination in zip(service["real_servers"], table["destinations"]):
            if server["host"] in names:
                server["weight"] = destination["weight"] = 0
    return {**cluster, "drained": record}, record


def with_weights(seen, *weights):
    for table in seen["before"].values():
        for destination, weight in zip(table["services"][0]["destinations"], weights):
            destination["weight"] = weight


def test_a_drained_real_server_is_no_fault_and_is_reported(cluster, seen):
    cluster, record = drained(cluster, "web2")
    seen["drained"] = {"lvs1": record, "lvs2": record}
    with_weights(seen, 3, 0)
    judged = judge(cluster, seen)
    assert (
        "web2 is drained in all its services by alice@admin1 since 2026-11-27T07:10:00Z because: disk"
        in judged["report"]
    )
    assert [fault for fault in judged["faults"] if "got" not in fault] == []


def test_a_director_that_does_not_know_a_drain_is_a_fault(cluster, seen):
    cluster, record = drained(cluster, "web2")
    seen["drained"] = {"lvs1": record, "lvs2": None}
    with_weights(seen, 3, 0)
    faults = judge(cluster, seen)["faults"]
    assert faults[0].startswith("lvs2: does not know that web2 is drained in all its services by alice@admin1")
    assert "Run site.yml" in faults[0]
    assert not [fault for fault in faults if "lvs1: does not know" in fault]


def test_a_director_that_does_not_know_the_end_of_a_drain_is_a_fault(cluster, seen):
    _cluster, record = drained(copy.deepcopy(cluster), "web2")
    seen["drained"] = {"lvs1": record, "lvs2": None}
    (fault,) = judge(cluster, seen)["faults"]
    assert fault.startswith("lvs1: does not know that this is over: web2 is drained")


def test_another_share_is_not_the_same_drain(cluster, seen):
    cluster, record = drained(cluster, "web2")
    half = {**record, "drains": [{**record["drains"][0], "weight": 50}]}
    seen["drained"] = {"lvs1": half, "lvs2": record}
    with_weights(seen, 3, 0)
    assert next(fault for fault in judge(cluster, seen)["faults"] if "know" in fault).startswith(
        "lvs1: does not know that"
    )


def test_a_drained_real_server_with_a_weight_is_a_fault(cluster, seen):
    cluster, record = drained(cluster, "web2")
    seen["drained"] = {"lvs1": record, "lvs2": record}
    faults = [fault for fault in judge(cluster, seen)["faults"] if fault.startswith("lvs2")]
    assert faults == [
        "lvs2: 10.0.0.100:80/tcp: real server 10.0.0.22:80: weight is 1, not 0. It is to get no new connections: ipvsadm -e -t"
        " 10.0.0.100:80 -r 10.0.0.22:80 -g -w 0"
    ]


def test_a_service_whose_real_servers_are_all_drained_is_not_asked(cluster, seen):
    assert len(probe_plan(cluster)) == 1
    cluster, record = drained(cluster, "web1", "web2")
    assert probe_plan(cluster) == []
    seen["drained"] = {"lvs1": record, "lvs2": record}
    seen["probes"] = []
    with_weights(seen, 0, 0)
    judged = judge(cluster, seen)
    assert judged["faults"] == []
    assert "web 10.0.0.100:80/tcp was not asked: all of its real servers are drained" in judged["report"]


def test_a_sorry_server_may_stand_in_for_drained_ones(cluster, seen):
    cluster, record = drained(cluster, "web1", "web2")
    cluster["services"][0]["sorry_server"] = {
        "host": None,
        "address": "10.0.0.99",
        "port": 80,
        "forward": "dr",
        "tunnel": None,
    }
    seen["drained"] = {"lvs1": record, "lvs2": record}
    seen["probes"] = []
    for table in seen["before"].values():
        servers = table["services"][0]["destinations"]
        servers[:] = [{**servers[0], "address": "10.0.0.99", "weight": 1}]
    assert judge(cluster, seen)["faults"] == []


def test_where_a_check_chooses_weights_a_drained_one_must_have_none(cluster, seen):
    cluster["services"][0]["health"][0]["dynamic_weight"] = True
    cluster, record = drained(cluster, "web2")
    seen["drained"] = {"lvs1": record, "lvs2": record}
    with_weights(seen, 17, 5)
    faults = [fault for fault in judge(cluster, seen)["faults"] if "weight is" in fault]
    assert [fault.partition(" weight is ")[2][:8] for fault in faults] == ["5, not 0"] * 2
