# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a director and a real server have for values."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.metrics import director as of_director
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.director import director_samples, node_labels, seconds
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.host import (
    heal_samples,
    real_server_samples,
    sysctl_samples,
)
from ansible_collections.lvs.cluster.plugins.module_utils.status import director as states
from ansible_collections.lvs.cluster.tests.unit.plugins.module_utils.status.conftest import (
    DRAIN,
    NOW,
    PROC,
    record,
    seen,
)

from .example import DNS, HEAL, SERVES, SYNC, TLS, VRRP, WEB, director, status

CLUSTER = "lvs1-lvs2-lvs3"
WEB2 = "  -> AC1C0016:0050      Route   1      3          12        \n"


def values(samples, name, *labels):
    """The values of a metric by those labels that follow the given ones."""
    return {
        one.labels[len(labels) :]: one.value
        for one in samples
        if one.name == name and tuple(one.labels[: len(labels)]) == labels
    }


def states_of(samples, name):
    """The state of each thing, by its labels without the state. Of all its series one is 1."""
    found = {}
    for sample in samples:
        if sample.name == name:
            found.setdefault(sample.labels[1:-1], []).extend([sample.labels[-1]] * int(sample.value))
    assert all(len(one) == 1 for one in found.values())
    return {key: one[0] for key, one in found.items()}


def test_a_healthy_master():
    found = director()
    assert values(found, "lvs_host_info") == {(CLUSTER, "lvs1", "director", "keepalived"): 1}
    assert values(found, "lvs_vrrp_directors", CLUSTER) == {("VI_1",): 3}
    assert values(found, "lvs_problems") == {(CLUSTER,): 0}
    assert values(found, "lvs_daemon_running", CLUSTER) == {("keepalived",): True, ("lvs-heal",): True}
    assert states_of(found, "lvs_vrrp_state") == {("VI_1",): "master"}
    assert values(found, "lvs_vrrp_state_since_timestamp_seconds", CLUSTER) == {("VI_1",): NOW - 7200}
    assert values(found, "lvs_vrrp_priority", CLUSTER) == {("VI_1",): 200}
    assert values(found, "lvs_vrrp_became_master_total", CLUSTER) == {("VI_1",): 2}
    assert values(found, "lvs_vrrp_released_master_total", CLUSTER) == {("VI_1",): 1}
    assert values(found, "lvs_vrrp_adverts_sent_total", CLUSTER) == {("VI_1",): 7200}
    assert values(found, "lvs_vrrp_adverts_received_total", CLUSTER) == {("VI_1",): 60}
    assert values(found, "lvs_vrrp_adverts_refused_total", CLUSTER, "VI_1") == {
        ("authentication_failures",): 3,
        ("authentication_type_mismatches",): 0,
        ("interval_mismatches",): 4,
        ("address_list_mismatches",): 0,
    }
    vips = ("172.28.0.100",), ("172.28.0.101",)
    assert values(found, "lvs_vip_held", CLUSTER, "VI_1") == dict.fromkeys(vips, True)
    assert values(found, "lvs_vip_held_since_timestamp_seconds", CLUSTER, "VI_1") == dict.fromkeys(vips, NOW - 3600)
    assert values(found, "lvs_vip_split_brain", CLUSTER) == dict.fromkeys(vips, False)
    services = [("web", WEB), ("web-tls", TLS), ("dns", DNS)]
    assert states_of(found, "lvs_service_state") == dict.fromkeys(services, "up")
    assert values(found, "lvs_service_active", CLUSTER) == dict.fromkeys(services, True)
    assert values(found, "lvs_service_connections_total", CLUSTER) == {("web", WEB): 1200}
    assert values(found, "lvs_service_incoming_bytes_total", CLUSTER) == {("web", WEB): 900000}
    assert values(found, "lvs_service_outgoing_packets_total", CLUSTER) == {("web", WEB): 1}
    assert {*states_of(found, "lvs_real_server_state").values()} == {"up"}
    web2 = (CLUSTER, "web", WEB, "web2", "172.28.0.22:80")
    assert values(found, "lvs_real_server_weight", *web2) == {(): 1}
    assert values(found, "lvs_real_server_wanted_weight", *web2) == {(): 1}
    assert values(found, "lvs_real_server_connections_total", *web2) == {(): 500}
    assert values(found, "lvs_real_server_incoming_packets_total", *web2) == {(): 3000}
    assert values(found, "lvs_real_server_info", *web2) == {
        ("dr", "172.28.0.100", "80", "TCP", "", "172.28.0.22", "80"): 1
    }
    assert not values(found, "lvs_real_server_drained_since_timestamp_seconds")


def test_a_backup_has_no_vip_and_its_services_are_not_active():
    found = director(master=False)
    assert {*values(found, "lvs_vip_held").values()} == {False}
    assert not values(found, "lvs_vip_held_since_timestamp_seconds")
    assert {*values(found, "lvs_service_active").values()} == {False}


def test_every_state_has_a_series_so_that_one_that_ends_is_zero():
    found = director()
    known = {
        "lvs_vrrp_state": of_director.INSTANCE_STATES,
        "lvs_service_state": of_director.SERVICE_STATES,
        "lvs_real_server_state": of_director.SERVER_STATES,
    }
    for name, wanted in known.items():
        told = {one.labels[-1] for one in found if one.name == name}
        assert told == {*wanted}, name
    constants = {value for name, value in vars(states).items() if name.isupper() and isinstance(value, str)}
    assert constants <= {one for wanted in known.values() for one in wanted}


def test_a_drained_real_server():
    found = director(drains=[DRAIN], proc=PROC.replace(WEB2, WEB2.replace("Route   1", "Route   0")))
    assert states_of(found, "lvs_real_server_state")["web", WEB, "web2", "172.28.0.22:80"] == "drained"
    assert values(found, "lvs_real_server_drained_since_timestamp_seconds", CLUSTER) == {
        ("web", WEB, "web2", "172.28.0.22:80"): NOW - 9000
    }


def test_a_failed_real_server_has_no_weight_and_one_whose_weight_a_check_chooses_no_wanted_one():
    web2 = ("web", WEB, "web2", "172.28.0.22:80")
    found = director({"weighed": [TLS]}, proc=PROC.replace(WEB2, ""))
    assert states_of(found, "lvs_real_server_state")[web2] == "failed"
    assert states_of(found, "lvs_service_state")["web", WEB] == "degraded"
    assert web2 not in values(found, "lvs_real_server_weight", CLUSTER)
    wanted = values(found, "lvs_real_server_wanted_weight", CLUSTER)
    assert wanted[web2] == 1
    assert {service for service, *_more in wanted} == {"web", "dns"}


def test_without_lvs_heal_nobody_waits_for_it():
    found = director({"heal": False}, runs={"keepalived": True, "lvs-heal": False}, heal=None)
    assert values(found, "lvs_daemon_running", CLUSTER) == {("keepalived",): True}
    found = director(runs={"keepalived": False, "lvs-heal": False}, heal=None)
    assert values(found, "lvs_daemon_running", CLUSTER) == {("keepalived",): False, ("lvs-heal",): False}


def test_a_keepalived_that_says_nothing():
    found = director(vrrp=None)
    assert states_of(found, "lvs_vrrp_state") == {("VI_1",): "unknown"}
    assert {one.name for one in found if one.name.startswith("lvs_vrrp_")} == {"lvs_vrrp_directors", "lvs_vrrp_state"}


def test_a_state_that_nobody_knows_gets_a_series_too():
    found = director(vrrp={"VI_1": {**VRRP, "state": "odd"}})
    assert states_of(found, "lvs_vrrp_state") == {("VI_1",): "odd"}


def test_two_owners_are_seen_only_by_lvs_heal():
    both = {"172.28.0.100": {"macs": ["00:00:5e:00:53:01"], "since": NOW}}
    assert values(director(heal={"split_brain": both}), "lvs_vip_split_brain", CLUSTER) == {
        ("172.28.0.100",): True,
        ("172.28.0.101",): False,
    }
    assert not values(director(heal=None), "lvs_vip_split_brain")


def test_synchronisation():
    found = director()
    assert values(found, "lvs_sync_daemons_wanted") == {(CLUSTER,): 0}
    assert not values(found, "lvs_sync_daemon_running")
    wanted = {"sync": {"id": 51, "interface": "eth1", "both": True}}
    found = director(wanted, sends=True, sync_told=SYNC)
    assert values(found, "lvs_sync_daemons_wanted") == {(CLUSTER,): 2}
    alone = {"sync": {"id": 51, "interface": "eth1", "both": False}}
    assert values(director(alone), "lvs_sync_daemons_wanted") == {(CLUSTER,): 1}
    assert values(found, "lvs_sync_daemon_running", CLUSTER) == {("sends",): True, ("receives",): False}
    assert values(found, "lvs_sync_peers_heard") == {(CLUSTER,): 1}
    assert values(found, "lvs_sync_heard_timestamp_seconds", CLUSTER) == {("172.28.0.12",): NOW - 90}
    assert values(found, "lvs_sync_heard_connections", CLUSTER) == {("172.28.0.12",): 70}
    # Without lvs-sync nobody knows who has told what.
    assert not values(director(wanted, sends=True), "lvs_sync_peers_heard")


@pytest.mark.parametrize(
    "proc", [PROC, PROC.replace(WEB2, WEB2 + "  -> AC1C0017:0050      Route   1      8          9\n")]
)
def test_a_sorry_server(proc):
    found = director({"sorry_servers": {WEB: "172.28.0.23:80"}}, proc=proc)
    assert values(found, "lvs_service_sorry_server_in_use", CLUSTER) == {("web", WEB): proc != PROC}


@pytest.mark.parametrize(
    ("key", "labels"),
    [
        (WEB, ("172.28.0.100", "80", "TCP", "")),
        ("[2001:db8::1]:53/udp", ("2001:db8::1", "53", "UDP", "")),
        ("fwmark 7", ("", "0", "FWM", "00000007")),
        ("fwmark 268439552 ipv6", ("", "0", "FWM", "10001000")),
    ],
)
def test_labels_are_those_of_node_exporter(key, labels):
    assert node_labels(key) == labels


@pytest.mark.parametrize(
    ("text", "expected"), [("2027-01-15T08:00:00Z", NOW), (None, None), ("yesterday", None), ("2027-01-15", None)]
)
def test_times(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("case", ["ldirectord", "static", "fwmark", "localnode", "dual_stack"])
def test_every_kind_of_cluster_has_values(case):
    wanted = record(case=case)
    found = seen(wanted, runs={"heartbeat": True}, vrrp=None)
    samples = list(director_samples(wanted, found, status(wanted, found)))
    assert values(samples, "lvs_host_info")
    assert {service for service, _key in states_of(samples, "lvs_service_state")} >= {
        *wanted.names("services").values()
    }
    labels = [(one.name, *one.labels) for one in samples]
    assert len(labels) == len({*labels})


def test_a_real_server_tells_which_vips_it_has():
    both = {
        **SERVES,
        "stack": "keepalived",
        "metrics": {"serves": {"host": "web1", "vips": [{"address": one, "device": "lo"} for one in ("a", "b")]}},
    }
    found = list(real_server_samples(both, [("a", "lo"), ("b", "eth1")]))
    assert values(found, "lvs_host_info") == {(CLUSTER, "web1", "real_server", "keepalived"): 1}
    assert values(found, "lvs_served_vip_present", CLUSTER) == {("a", "lo"): True, ("b", "lo"): False}
    assert [one.labels[-1] for one in real_server_samples(SERVES, [])] == ["", "lo"]
    for none in ({}, {"metrics": None}, {"metrics": {"serves": None}}):
        assert list(real_server_samples({"cluster": CLUSTER, **none}, [])) == []


def test_sysctls_and_what_was_put_back():
    found = list(sysctl_samples(SERVES, {"net/ipv4/conf/eth0.7/arp_ignore": True, "net/ipv4/ip_forward": False}))
    assert values(found, "lvs_sysctl_differs", CLUSTER) == {
        ("net.ipv4.conf.eth0/7.arp_ignore",): True,
        ("net.ipv4.ip_forward",): False,
    }
    assert [one.value for one in heal_samples(HEAL)] == [NOW - 50]
    assert [*heal_samples(None), *heal_samples({}), *heal_samples({"mended": []})] == []


def test_an_instance_that_not_all_directors_have():
    found = director({"metrics": {"directors": {"VI_1": 2}}})
    assert values(found, "lvs_vrrp_directors", CLUSTER) == {("VI_1",): 2}
