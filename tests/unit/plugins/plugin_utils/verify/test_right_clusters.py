# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of cluster: what a healthy one shows of itself is no fault, and what is asked of it is what it serves."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import service_key
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.traffic import asked as of_service
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.traffic import probe_plan, share_findings
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.verdict import judge
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.generated import accepted

GROUPS = {"directors": ["lvs1", "lvs2"], "real_servers": ["web1", "web2"], "clients": ["client1"]}
NUMBERS = {"lvs1": 11, "lvs2": 12, "web1": 21, "web2": 22, "client1": 31}
WEB = {"name": "web", "vip": "10.0.0.100", "port": 80}
MARKED = {
    "name": "marked",
    "vip": "10.0.0.100",
    "fwmark": 7,
    "ports": [80, 443, "8000-8010"],
    "health": {"type": "http"},
}
LISTS = {"name": "lists", "vip": ["10.0.0.100", "10.0.0.101", "2001:db8::100"], "port": [80, 443]}
MARKED_LISTS = {**MARKED, "vip": LISTS["vip"], "protocol": ["tcp", "udp"]}
EVERY_PORT = {"name": "all", "vip": "10.0.0.100", "port": 0, "persistence": 60, "health": {"type": "tcp", "port": 80}}
CLUSTERS: dict[str, dict[str, Any]] = {
    "http": {"lvs_services": [{**WEB, "health": {"type": "http"}}]},
    "ipv6": {"lvs_services": [{**WEB, "vip": "2001:db8::100"}], "lvs_vrrp": {"version": 3}},
    "mark": {"lvs_services": [MARKED]},
    "static": {"lvs_stack": "static", "lvs_services": [{**WEB, "health": {"type": "none"}}], "directors": ["lvs1"]},
    "static_mark": {
        "lvs_stack": "static",
        "lvs_services": [{**MARKED, "health": {"type": "none"}}],
        "directors": ["lvs1"],
    },
    "mark_set_elsewhere": {"lvs_services": [{**WEB, "port": None, "fwmark": 7, "health": {"type": "none"}}]},
    "every_port": {"lvs_services": [EVERY_PORT]},
    "udp": {"lvs_services": [{**WEB, "port": 53, "protocol": "udp"}]},
    "by_client": {"lvs_services": [{**WEB, "scheduler": "sh"}]},
    "turns": {"lvs_services": [{**WEB, "scheduler": "rr", "real_servers": [{"host": "web1", "weight": 7}, "web2"]}]},
    "sync": {"lvs_services": [WEB], "lvs_sync": {"enabled": True}},
    "localnode": {"lvs_services": [WEB], "real_servers": ["lvs1", "lvs2", "web1"]},
    "not_healed": {"lvs_services": [WEB], "lvs_heal": False},
    "metrics": {"lvs_services": [WEB], "lvs_metrics": {"enabled": True}},
    "not_at_boot": {"lvs_services": [WEB], "lvs_start_at_boot": False},
    "ldirectord": {"lvs_services": [WEB], "lvs_stack": "ldirectord", "lvs_heartbeat": {"key": "a-key-of-an-example"}},
    "lists": {"lvs_services": [LISTS, {**LISTS, "name": "translated", "port": [81, 82], "forward": "nat"}]},
    "lists_static": {"lvs_stack": "static", "lvs_services": [LISTS], "directors": ["lvs1"]},
    "lists_ldirectord": {
        "lvs_services": [LISTS],
        "lvs_stack": "ldirectord",
        "lvs_heartbeat": {"key": "a-key-of-an-example"},
    },
    "lists_by_mark": {"lvs_services": [MARKED_LISTS]},
    "weights": {
        "lvs_services": [
            {**WEB, "scheduler": "wrr", "real_servers": [{"host": "web1", "weight": 7}, {"host": "web2", "weight": 6}]}
        ]
    },
}
STACK_UNIT = {"keepalived": "keepalived.service", "ldirectord": "heartbeat.service", "static": "lvs-vip.service"}


@pytest.fixture(params=CLUSTERS)
def cluster(request) -> dict[str, Any]:
    variables = dict(CLUSTERS[request.param])
    groups = {group: variables.pop(group, members) for group, members in GROUPS.items()}
    hosts = {
        host: {
            "lvs_test_page": True,
            **variables,
            "lvs_address": f"10.0.0.{number}",
            "lvs_address6": f"2001:db8::{number}",
        }
        for host, number in NUMBERS.items()
        if any(host in members for members in groups.values())
    }
    return resolve(hosts, groups)


def entry(address: str, interface: str) -> dict[str, Any]:
    return {"address": address, "prefix": 24, "interface": interface, "family": "ipv6" if ":" in address else "ipv4"}


def healthy(cluster: dict[str, Any]) -> dict[str, Any]:
    """What a cluster shows that is as described: its first director has the VIPs, every service answered each request of
    one client.
    """
    nodes: dict[str, Any] = {}
    holder = cluster["directors"][0]
    for number, (name, host) in enumerate(cluster["hosts"].items()):
        own = host["interface"] or "eth0"
        director = host["role"] == "director"
        runs = {STACK_UNIT[cluster["stack"]]} if director else {"lvs-vip.service"}
        runs |= {"lvs-test-page.service"} if name in cluster["real_servers"] and cluster["test_page"] else set()
        runs |= {"lvs-sync.service"} if host["sync"] else set()
        # A director that marks packets keeps the rules for it by the same unit.
        runs |= {"lvs-vip.service"} if director and (host["tools"] or name in cluster["real_servers"]) else set()
        runs |= {"lvs-heal.service"} if cluster["heal"] else set()
        runs |= {"lvs-metrics.service"} if cluster["metrics"] else set()
        starts = runs | ({"ipvsadm.service"} if director and cluster["stack"] == "static" else set())
        if director and not cluster["start_at_boot"]:
            starts -= {STACK_UNIT[cluster["stack"]], "ipvsadm.service"}
        nodes[name] = {
            "sysctls": dict(host["sysctls"]),
            "sysctls_boot": dict(host["sysctls"]),
            "modules": {module: {"loaded": True, "boot": True} for module in host["modules"]},
            "units": {unit: {"active": unit in runs, "enabled": unit in starts} for unit in runs | starts},
            "addresses": [
                entry(host["address"], own),
                *(entry(vip["address"], vip["device"]) for vip in host["vips"]),
                *(entry(vip["address"], own) for vip in cluster["vips"] if name == holder),
            ],
            "links": {own: {"mac": f"02:00:00:00:00:{number:02x}", "up": True}},
            "files": {"/etc/own.conf": {"checksum": "same", "mtime": 5.0}},
            "folders": dict.fromkeys((cluster["keepalived"] or {"track_folders": []})["track_folders"], True),
            "routes": [route for one in host["instances"] for route in one["routes"] if name == holder],
            "rules": [rule for one in host["instances"] for rule in one["rules"] if name == holder],
        }
    asked = [
        {**plan, "result": {"requests": plan["count"], "answered": plan["count"], "errors": {}}}
        for plan in probe_plan(cluster)
    ]
    return {
        "left_out": [],
        "nodes": nodes,
        "lvs_vip": {name: {"rc": 0, "stdout": ""} for name in nodes},
        "peer_macs": {name: host["localnode"]["macs"] for name, host in cluster["hosts"].items() if host["localnode"]},
        "peers_only": {
            name: {cluster["name"]: host["peers_only"]} if host["peers_only"] else {}
            for name, host in cluster["hosts"].items()
            if host["role"] == "director"
        },
        "ldirectord": {
            name: {"rc": 0 if name == holder else 3}
            for name in cluster["directors"]
            if cluster["stack"] == "ldirectord"
        },
        "drained": {},
        "split_brain": {},
        "expected": {
            name: [{"path": "/etc/own.conf", "checksum": "same", "pid_file": None}] for name in cluster["directors"]
        },
        "instances": {
            name: {"running": True, "instances": {one["name"]: {"state": "backup"} for one in host["instances"]}}
            for name, host in cluster["hosts"].items()
            if cluster["stack"] == "keepalived" and host["role"] == "director"
        },
        "vrrp": {},
        "preferred": [],
        "before": {name: table(cluster, name, asked=[]) for name in cluster["directors"]},
        "after": {name: table(cluster, name, asked if name == holder else []) for name in cluster["directors"]},
        "arp": {
            "client1": {
                vip["address"]: {next(iter(nodes[holder]["links"].values()))["mac"]: 3} for vip in cluster["vips"]
            }
        },
        "probes": asked,
        "unasked": {},
    }


def table(cluster: dict[str, Any], director: str, asked: list[dict[str, Any]]) -> dict[str, Any]:
    """A director's table, whose real servers got the requests of `asked` by their weights."""
    idle = director != cluster["directors"][0] and cluster["stack"] == "ldirectord"
    localnode = cluster["hosts"][director]["localnode"]
    services = [] if idle else copy.deepcopy(cluster["table"] + (localnode["table"] if localnode else []))
    stats = copy.deepcopy(services)
    # The ways by which checks go through a VIP have no service in the inventory.
    for service in stats[len(cluster["services"]) :]:
        for destination in service["destinations"]:
            destination["connections"] = destination["packets_in"] = 0
    for service, described in zip(stats, cluster["services"]):
        total = sum(plan["count"] for plan in asked if of_service(described, plan))
        turns = described["scheduler"] == "rr"
        weights = [min(one["weight"], 1) if turns else one["weight"] for one in service["destinations"]]
        for number, destination in enumerate(service["destinations"]):
            # Whole connections, as the scheduler would hand them out one after the other.
            before, here = sum(weights[:number]), weights[number]
            shares = [total * share // (sum(weights) or 1) for share in (before, before + here)]
            destination["connections"] = shares[1] - shares[0]
            destination["packets_in"] = 6 * destination["connections"]
    sync, role = cluster["hosts"][director]["sync"], "master" if director == cluster["directors"][0] else "backup"
    roles = [] if sync is None else ["master", "backup"] if sync["both"] else [role]
    daemons = [{"role": one, "syncid": sync["id"], "group": sync["group"]} for one in roles]
    return {"services": services, "stats": stats, "daemons": daemons, "timeouts": dict(cluster["timeouts"])}


def test_a_healthy_cluster_has_no_fault(cluster):
    assert judge(cluster, healthy(cluster))["faults"] == []


def test_a_lost_folder_of_a_file_that_keepalived_watches_is_a_fault():
    services = [{**WEB, "health": [{"type": "tcp"}, {"type": "file", "file": "/var/lib/lab/web"}]}]
    hosts = {host: {"lvs_address": f"10.0.0.{number}", "lvs_services": services} for host, number in NUMBERS.items()}
    cluster = resolve(hosts, GROUPS)
    seen = healthy(cluster)
    seen["nodes"]["lvs2"]["folders"]["/var/lib/lab"] = False
    assert judge(cluster, seen)["faults"] == [
        "lvs2: the folder /var/lib/lab is not there, so keepalived does not see the files in it. Run site.yml"
    ]


def test_every_cluster_that_resolves_can_be_healthy():
    unhealthy = {}
    for seed in range(300):
        _given, cluster = accepted(seed) or (None, None)
        if cluster and (faults := judge(cluster, healthy(cluster))["faults"]):
            unhealthy[seed] = faults
    assert unhealthy == {}


VIP6, VIP = "2001:db8::100", "10.0.0.100"


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ({"port": 53, "protocol": "udp"}, f"-e -u {VIP}:53 -r 10.0.0.21:53 -g -w 5"),
        ({"port": 36412, "protocol": "sctp"}, f"-e --sctp-service {VIP}:36412 -r 10.0.0.21:36412 -g -w 5"),
        ({"port": None, "fwmark": 7, "ports": [80], "health": {"type": "tcp"}}, "-e -f 7 -r 10.0.0.21:0 -g -w 5"),
        ({"forward": "nat"}, f"-e -t {VIP}:80 -r 10.0.0.21:80 -m -w 5"),
        ({"forward": "tun"}, f"-e -t {VIP}:80 -r 10.0.0.21:80 -i -w 5"),
        ({"vip": VIP6}, f"-e -t [{VIP6}]:80 -r [2001:db8::21]:80 -g -w 5"),
    ],
    ids=["udp", "sctp", "fwmark", "nat", "tun", "ipv6"],
)
def test_a_weight_of_0_that_was_left_behind_is_put_back_by_the_command_in_the_message(service, command):
    variables = {"lvs_services": [{**WEB, "real_servers": [{"host": "web1", "weight": 5}], **service}]}
    hosts = {
        host: {**variables, "lvs_address": f"10.0.0.{number}", "lvs_address6": f"2001:db8::{number}"}
        for host, number in NUMBERS.items()
    }
    cluster = resolve(hosts, GROUPS)
    seen = healthy(cluster)
    seen["before"]["lvs1"]["services"][0]["destinations"][0]["weight"] = 0
    (fault,) = judge(cluster, seen)["faults"]
    assert "weight is 0, not 5" in fault
    assert fault.endswith(f"drained by hand or by an interrupted run: ipvsadm {command}")


def test_a_director_without_the_vips_may_have_counted_others(cluster):
    seen = healthy(cluster)
    for director in cluster["directors"][1:]:
        for service in seen["after"][director]["stats"]:
            service["destinations"][0]["connections"] = 50
    assert judge(cluster, seen)["faults"] == []


def test_every_missing_duty_is_a_fault(cluster):
    for name in cluster["hosts"]:
        for unit, state in healthy(cluster)["nodes"][name]["units"].items():
            seen = healthy(cluster)
            # What a director does not start at boot is started by hand, and stopping it is a fault all the same.
            seen["nodes"][name]["units"][unit] = {"active": False, "enabled": False}
            if state != {"active": False, "enabled": False}:
                assert any(fault.startswith(f"{name}: {unit} ") for fault in judge(cluster, seen)["faults"]), (
                    name,
                    unit,
                )


@pytest.mark.parametrize("cluster", ["mark"], indirect=True)
def test_of_a_mark_every_port_is_asked_and_of_a_range_the_first(cluster):
    assert [(plan["port"], plan["scheme"]) for plan in probe_plan(cluster)] == [
        (80, "http"),
        (443, "https"),
        (8000, "http"),
    ]


@pytest.mark.parametrize(
    ("weights", "count"),
    [((1, 1), 12), ((3, 1), 12), ((7, 6), 26), ((70, 60), 26), ((99, 1), 120), ((999, 1), 1000), ((5, 0), 12)],
)
def test_as_many_requests_as_whole_rounds_take(weights, count):
    servers = [{"host": name, "weight": weight} for name, weight in zip(("web1", "web2"), weights)]
    services = [{**WEB, "scheduler": "wrr", "real_servers": servers}]
    hosts = {host: {"lvs_address": f"10.0.0.{number}", "lvs_services": services} for host, number in NUMBERS.items()}
    (plan,) = probe_plan(resolve(hosts, GROUPS))
    assert plan["count"] == count


@pytest.mark.parametrize("cluster", ["ldirectord"], indirect=True)
@pytest.mark.parametrize("emptied", [True, False])
def test_without_cleanstop_a_director_without_the_vips_may_keep_its_table(cluster, emptied):
    cluster["ldirectord"] = {**cluster["ldirectord"], "cleanstop": emptied}
    seen = healthy(cluster)
    seen["before"]["lvs2"] = seen["before"]["lvs1"]
    faults = judge(cluster, seen)["faults"]
    assert bool(faults) is emptied
    assert all("lvs2: 10.0.0.100:80/tcp: in the table" in fault for fault in faults)


def test_every_real_server_is_asked_however_many_there_are():
    names = [f"web{number}" for number in range(300)]
    hosts = {name: {"lvs_address": f"10.1.{number // 200}.{number % 200 + 1}"} for number, name in enumerate(names)}
    hosts["lvs1"] = {"lvs_address": "10.0.0.11"}
    for variables in hosts.values():
        variables["lvs_services"] = [{**WEB, "scheduler": "rr"}]
    cluster = resolve(hosts, {"directors": ["lvs1"], "real_servers": names})
    (plan,) = probe_plan(cluster)
    assert plan["count"] == 300
    served = {service_key(cluster["table"][0]): {(f"10.1.{n // 200}.{n % 200 + 1}", 80): 1 for n in range(300)}}
    assert list(share_findings(cluster, served)) == []
    counts = served[service_key(cluster["table"][0])]
    counts["10.1.0.1", 80], counts["10.1.0.2", 80] = 0, 2
    assert [finding.host for finding in share_findings(cluster, served)] == ["web0"]


@pytest.mark.parametrize(
    ("port", "health", "expected"),
    [
        (3306, {"type": "http", "port": 9200, "path": "/check"}, ("tcp", "/", [200])),
        (443, {"type": "http", "port": 8080, "status": [204]}, ("tcp", "/", [200])),
        (443, {"type": "https", "path": "/up"}, ("https", "/up", [200])),
        (8080, {"type": "http", "port": 8080, "status": [204]}, ("http", "/", [204])),
        (80, {"type": "tcp"}, ("tcp", "/", [200])),
        (80, [{"type": "tcp"}, {"type": "http", "status": ["200-203", 304]}], ("http", "/", [200, 201, 202, 203, 304])),
        (80, {"type": "http", "urls": [{"path": "/a"}, {"path": "/b"}]}, ("http", "/a", [200])),
    ],
)
def test_a_check_of_another_port_says_nothing_of_this_one(port, health, expected):
    services = [{**WEB, "port": port, "health": health}]
    hosts = {host: {"lvs_address": f"10.0.0.{number}", "lvs_services": services} for host, number in NUMBERS.items()}
    (plan,) = probe_plan(resolve(hosts, GROUPS))
    assert (plan["scheme"], plan["path"], plan["status"]) == expected


@pytest.mark.parametrize(
    ("health", "judged"),
    [
        ({"type": "tcp"}, True),
        ({"type": "script", "command": "/bin/check"}, True),
        ({"type": "script", "command": "/bin/check", "dynamic_weight": True}, False),
        ([{"type": "tcp"}, {"type": "file", "file": "/run/weight", "weight": 1}], False),
    ],
)
def test_a_weight_that_a_check_chooses_is_not_compared(health, judged):
    services = [{**WEB, "scheduler": "wrr", "health": health}]
    hosts = {host: {"lvs_address": f"10.0.0.{number}", "lvs_services": services} for host, number in NUMBERS.items()}
    cluster = resolve(hosts, GROUPS)
    seen = healthy(cluster)
    destinations = seen["before"]["lvs1"]["services"][0]["destinations"]
    destinations[0]["weight"] = 9
    assert any("weight is 9, not 1" in fault for fault in judge(cluster, seen)["faults"]) is judged
    del destinations[0]
    assert any("not in the table" in fault for fault in judge(cluster, seen)["faults"])


@pytest.mark.parametrize("port", [80, [80, 81]])
@pytest.mark.parametrize("sorry", [None, {"address": "10.0.0.29"}])
def test_a_service_whose_checks_leave_no_weight_serves_nobody(port, sorry):
    services = [
        {
            **WEB,
            "port": port,
            "protocol": "udp",
            "health": {"type": "script", "command": "/bin/check", "dynamic_weight": True},
            **({"sorry_server": sorry} if sorry else {}),
        }
    ]
    hosts = {host: {"lvs_address": f"10.0.0.{number}", "lvs_services": services} for host, number in NUMBERS.items()}
    cluster = resolve(hosts, GROUPS)
    seen = healthy(cluster)
    first, second = seen["before"]["lvs2"]["services"][-1]["destinations"]
    first["weight"] = 0
    assert judge(cluster, seen)["faults"] == []
    second["weight"] = 0
    number = port if isinstance(port, int) else port[-1]
    said = [
        f"lvs2: {VIP}:{number}/udp: none of its real servers has a weight, so it serves nobody. Look at what its health checks"
        " say: the exit codes of their scripts, the numbers in their files"
    ]
    assert judge(cluster, seen)["faults"] == ([] if sorry else said)


@pytest.mark.parametrize("cluster", ["mark_set_elsewhere", "every_port"], indirect=True)
def test_a_service_without_a_port_is_not_asked_and_the_report_says_so(cluster):
    assert probe_plan(cluster) == []
    assert judge(cluster, healthy(cluster))["report"][-1].endswith("was not asked: the service has no port of its own")


@pytest.mark.parametrize("cluster", ["by_client"], indirect=True)
def test_one_client_of_a_hash_proves_one_real_server_and_the_report_says_so(cluster):
    assert judge(cluster, healthy(cluster))["report"][-1].endswith(
        "(by sh, which keeps one client on one real server: the others were not asked)"
    )


def test_what_is_asked_has_to_come_through_ipvs(cluster):
    seen = healthy(cluster)
    seen["after"]["lvs1"]["stats"] = seen["before"]["lvs1"]["stats"]
    carried = [fault for fault in judge(cluster, seen)["faults"] if "IPVS carried only 0 packets" in fault]
    asked = [one for one in cluster["services"] if any(of_service(one, probe) for probe in seen["probes"])]
    assert len(carried) == len(asked)


@pytest.mark.parametrize(
    ("health", "names"),
    [
        ({"type": "http"}, ["web1", "web2"]),
        ({"type": "tcp"}, ["web1", "web2"]),
        ({"type": "http", "path": "/check.txt"}, None),
        ({"type": "http", "port": 8080, "path": "/check.txt"}, ["web1", "web2"]),
    ],
)
def test_the_test_page_names_its_host_and_no_other_page_does(health, names):
    services = [{**WEB, "health": health}]
    hosts = {
        host: {"lvs_address": f"10.0.0.{number}", "lvs_services": services, "lvs_test_page": True}
        for host, number in NUMBERS.items()
    }
    (plan,) = probe_plan(resolve(hosts, GROUPS))
    assert plan["names"] == names


@pytest.mark.parametrize("service", [{"scheduler": "sh"}, {"scheduler": "wlc"}, {"persistence": 60}])
def test_shares_that_cannot_be_foretold_are_neither_asked_for_nor_judged(service):
    servers = [{"host": "web1", "weight": 99}, {"host": "web2", "weight": 1}]
    services = [{**WEB, "scheduler": "wrr", **service, "real_servers": servers}]
    hosts = {host: {"lvs_address": f"10.0.0.{number}", "lvs_services": services} for host, number in NUMBERS.items()}
    cluster = resolve(hosts, GROUPS)
    assert [plan["count"] for plan in probe_plan(cluster)] == [12]
    counts = {service_key(cluster["table"][0]): {("10.0.0.21", 80): 0, ("10.0.0.22", 80): 200}}
    assert list(share_findings(cluster, counts)) == []


def test_a_stranger_in_a_virtual_router_is_a_fault(cluster):
    seen = healthy(cluster)
    if not cluster["vrrp"]:
        return
    instance = cluster["vrrp"]["instances"][0]
    number, family = instance["virtual_router_id"], instance["family"]
    own = instance["directors"][0]["address"]
    stranger = "192.0.2.77" if family == "ipv4" else "fe80::77"
    heard = [{"virtual_router_id": number, "family": family, "source": source} for source in (own, stranger, stranger)]
    other = [{"virtual_router_id": number % 255 + 1, "family": family, "source": stranger}]
    seen["vrrp"] = {cluster["directors"][0]: {"adverts": other}, "lvs2": {"msg": "could not listen"}}
    assert judge(cluster, seen)["faults"] == []
    seen["vrrp"] = {cluster["directors"][0]: {"adverts": heard}}
    (fault,) = judge(cluster, seen)["faults"]
    assert f"hears adverts of {stranger} for virtual router {number} of instance {instance['name']}" in fault


@pytest.mark.parametrize("cluster", ["lists", "lists_static", "lists_ldirectord"], indirect=True)
def test_every_address_of_a_service_is_asked(cluster):
    plans = [(plan["address"], plan["port"]) for plan in probe_plan(cluster) if plan["service"] == "lists"]
    assert plans == [(vip, port) for vip in LISTS["vip"] for port in (80, 443)]


@pytest.mark.parametrize("cluster", ["lists"], indirect=True)
def test_an_address_that_ipvs_does_not_carry_is_noticed_beside_others_of_its_service(cluster):
    seen = healthy(cluster)
    (silent,) = (one for one in seen["after"]["lvs1"]["stats"] if (one["address"], one["port"]) == ("10.0.0.101", 443))
    for destination in silent["destinations"]:
        destination["connections"] = destination["packets_in"] = 0
    faults = judge(cluster, seen)["faults"]
    assert any(
        "12 requests were answered, but IPVS carried only 0 packets to 10.0.0.101:443/tcp" in fault for fault in faults
    )


@pytest.mark.parametrize("cluster", ["lists_by_mark"], indirect=True)
def test_a_mark_counts_at_every_director_that_holds_one_of_its_vips(cluster):
    seen = healthy(cluster)
    report = judge(cluster, seen)["report"]
    first, second = (seen["nodes"][name]["addresses"] for name in ("lvs1", "lvs2"))
    second += [address for address in first if address["address"] == "10.0.0.101"]
    first[:] = [address for address in first if address["address"] != "10.0.0.101"]
    for mine, other in zip(
        seen["after"]["lvs1"]["stats"][0]["destinations"], seen["after"]["lvs2"]["stats"][0]["destinations"]
    ):
        other["connections"] = mine["connections"] // 2
        mine["connections"] -= other["connections"]
    assert judge(cluster, seen)["report"][-2:] == report[-2:]
