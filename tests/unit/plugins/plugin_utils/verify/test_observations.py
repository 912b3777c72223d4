# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.observations import collect

CLUSTER = {
    "hosts": {"lvs1": {}, "lvs2": {}, "web1": {}},
    "directors": ["lvs1", "lvs2"],
    "clients": ["client1", "client2"],
}
PLAY_HOSTS = ["lvs1", "web1", "client1", "other"]


def test_what_was_registered_is_gathered_by_what_it_tells():
    table = {"services": [], "stats": []}
    asked = [{"item": {"service": "web", "port": 80}, "requests": 12}]
    hostvars = {
        "lvs1": {
            "lvs_node": {"links": {}},
            "lvs_before": table,
            "lvs_after": table,
            "lvs_ldirectord_status": {"rc": 0},
            "lvs_heal_state": {"stdout": '{"split_brain": {"10.0.0.100": {"macs": ["m"]}}}'},
            "lvs_vrrp_state": {"running": True, "instances": {}},
            "lvs_vrrp_heard": {"adverts": []},
            "lvs_preferred": {"stdout": "253\nfailover.yml"},
            "director_expected_files": [{"path": "/etc/ha.d/ldirectord.cf"}, {"path": "/etc/ha.d/ha.cf"}],
            "ansible_facts": {
                "deployed_lvs": {
                    "peer_macs": ["52:54:00:00:00:12"],
                    "peers_only": {"a": {"let": [], "only": ["ipv4 vrrp"]}},
                    "drained": {"drains": []},
                }
            },
        },
        "web1": {"lvs_node": {"links": {}}, "lvs_vip_check": {"rc": 0}, "lvs_before": table},
        "client1": {"lvs_arp_answers": {"answers": {"10.0.0.100": {}}}, "lvs_probes": {"results": asked}},
        "other": {"lvs_node": {"links": {}}},
    }
    assert collect(hostvars, CLUSTER, PLAY_HOSTS) == {
        "left_out": ["lvs2"],
        "nodes": {"lvs1": {"links": {}}, "web1": {"links": {}}},
        "lvs_vip": {"web1": {"rc": 0}},
        "peer_macs": {"lvs1": ["52:54:00:00:00:12"]},
        "peers_only": {"lvs1": {"a": {"let": [], "only": ["ipv4 vrrp"]}}},
        "ldirectord": {"lvs1": {"rc": 0}},
        "drained": {"lvs1": {"drains": []}},
        "split_brain": {"lvs1": {"10.0.0.100": {"macs": ["m"]}}},
        "expected": {"lvs1": [{"path": "/etc/ha.d/ldirectord.cf"}, {"path": "/etc/ha.d/ha.cf"}], "web1": []},
        "instances": {"lvs1": {"running": True, "instances": {}}},
        "vrrp": {"lvs1": {"adverts": []}},
        "preferred": ["lvs1"],
        "before": {"lvs1": table},
        "after": {"lvs1": table},
        "arp": {"client1": {"10.0.0.100": {}}},
        "probes": [{"service": "web", "port": 80, "result": asked[0]}],
        "unasked": {},
    }


@pytest.mark.parametrize("text", ["", "{", "{}", '{"split_brain": null}'])
def test_without_a_state_of_lvs_heal_there_is_no_split_brain(text):
    assert collect({"lvs1": {"lvs_heal_state": {"stdout": text, "rc": 1}}}, CLUSTER, PLAY_HOSTS)["split_brain"] == {
        "lvs1": {}
    }


@pytest.mark.parametrize("word", ["skipped", "failed", "unreachable"])
def test_a_result_that_tells_nothing_is_left_out(word):
    seen = collect(
        {"lvs1": {"lvs_node": {word: True}}, "lvs2": {"lvs_node": {word: False, "links": {}}}}, CLUSTER, PLAY_HOSTS
    )
    assert list(seen["nodes"]) == ["lvs2"]


def test_the_services_are_asked_once_and_registered_for_every_client():
    probes = {"results": [{"item": {"service": "web"}, "requests": 12}]}
    hostvars = {"client1": {"lvs_probes": probes}, "client2": {"lvs_probes": probes}}
    assert len(collect(hostvars, CLUSTER, PLAY_HOSTS)["probes"]) == 1


def test_what_a_client_could_not_ask_is_kept_with_the_reason():
    denied = {"failed": False, "msg": "arp_probe needs root."}
    asked = [
        {"item": {"service": "web"}, "failed": False, "msg": "No route."},
        {"item": {"service": "b"}, "requests": 1},
    ]
    hostvars = {"client1": {"lvs_arp_answers": denied, "lvs_probes": {"results": asked}}, "client2": {}}
    seen = collect(hostvars, CLUSTER, PLAY_HOSTS)
    assert seen["unasked"] == {"client1": {"who has the VIPs (ARP)": "arp_probe needs root", "service web": "No route"}}
    assert seen["arp"] == {}
    assert [probe["service"] for probe in seen["probes"]] == ["b"]


def test_counters_that_could_not_be_read_again_are_left_out():
    failed = {"failed": False, "msg": "ipvsadm was not found."}
    assert collect({"lvs1": {"lvs_after": failed}, "lvs2": {"lvs_after": {"stats": []}}}, CLUSTER, PLAY_HOSTS)[
        "after"
    ] == {"lvs2": {"stats": []}}
