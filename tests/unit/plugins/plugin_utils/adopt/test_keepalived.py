# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a keepalived.conf, word by word."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.keepalived.blocks import alternatives, matches
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.keepalived.reader import read
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.keepalived.words import (
    CHECKS,
    distance,
    known,
    mistyped,
)
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.adopt.conftest import KEEPALIVED, host_facts

ROOT = Path(__file__).parents[5]
CASES = yaml.safe_load((Path(__file__).parent / "keepalived.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_becomes_of_a_part(case, keepalived_notes):
    variables, notes = keepalived_notes(case["text"])
    assert variables.pop("lvs_stack") == "keepalived"
    assert variables == case["variables"]
    wanted = [(level, str(line), part) for level, line, part in case.get("notes", [])]
    found = [(level, line.rpartition("/")[2], text) for level, line, text in notes]
    assert [one[:2] for one in found] == [one[:2] for one in wanted], found
    assert [text for (*_place, text), (*_its, part) in zip(found, wanted) if part not in text] == []


def test_the_priority_and_the_device_of_the_vips_are_the_directors_own():
    text = (
        "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 7\nunicast_src_ip 192.0.2.11\nunicast_peer {\n192.0.2.12\n}\n"
        "virtual_ipaddress {\n192.0.2.16 dev eth1\n192.0.2.17\n169.254.1.7 dev lo\n}\n}\n"
    )
    (own,) = read(host_facts("lb1", {"keepalived": text}))["hosts"][""]["_vrrp"]
    assert own == {
        "name": "VI_1",
        "where": f"{KEEPALIVED}:1",
        "priority": 100,
        "interface": "eth0",
        "source": "192.0.2.11",
        "peers": ["192.0.2.12"],
        "devices": {"192.0.2.16": "eth1", "192.0.2.17": None},
    }


def test_a_vip_on_the_interface_of_vmac_is_on_that_of_the_instance():
    text = "vrrp_instance VI_1 {\ninterface eth0\nvirtual_ipaddress {\n192.0.2.16 dev vm0\n192.0.2.17 dev eth1\n}\nuse_vmac vm0\n}\n"
    (own,) = read(host_facts("lb1", {"keepalived": text}))["hosts"][""]["_vrrp"]
    assert own["devices"] == {"192.0.2.16": None, "192.0.2.17": "eth1"}


NETWORKS = {"eth0": ["192.0.2.11/24", "192.0.2.100/24"], "eth1": ["10.0.0.11/24", "203.0.113.100/24"]}


@pytest.mark.parametrize(
    ("route", "entry", "said"),
    [
        ("10.2.0.0/16 via 192.0.2.1 dev eth0", {"to": "10.2.0.0/16", "via": "192.0.2.1"}, None),
        ("10.2.0.0/16 via 192.0.2.1", {"to": "10.2.0.0/16", "via": "192.0.2.1"}, None),
        ("10.2.0.0/16 via 192.0.2.1 dev vm0 metric 7", {"to": "10.2.0.0/16", "via": "192.0.2.1", "metric": 7}, None),
        (
            "10.2.0.0/16 via 192.0.2.1 dev eth1",
            None,
            "the route to 10.2.0.0/16 leaves by eth1, and one of the inventory by",
        ),
        # Only while the VIP is there
        ("default via 203.0.113.1 dev eth1", None, "the route to default leaves by eth1, and one of the inventory by"),
        ("default via 203.0.113.1", None, "the route to default leaves by the network of a VIP"),
        ("10.3.0.0/16 dev eth1", None, "what virtual_routes has without a key"),
    ],
)
def test_a_route_by_a_device_that_the_roles_would_not_choose_is_kept_as_it_is(keepalived_notes, route, entry, said):
    text = (
        "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nuse_vmac vm0\npreempt_delay 1\n"
        f"virtual_ipaddress {{\n192.0.2.100/24\n203.0.113.100/24 dev eth1\n}}\nvirtual_routes {{\n{route}\n}}\n}}\n"
    )
    variables, notes = keepalived_notes(text, addresses=NETWORKS)
    (instance,) = variables["lvs_vrrp"]["instances"]
    assert instance.get("routes") == ([entry] if entry else None)
    assert instance.get("raw") == (None if entry else ["virtual_routes {", route, "}"])
    told = [(level, line) for level, line, text in notes if said and said in text]
    assert told == ([("raw", "11")] if said else [])


def test_a_rule_for_packets_of_a_device_is_kept_as_it_is(keepalived_notes):
    rule = "from 10.2.0.0/16 dev eth1 table 100 priority 1000"
    variables, _notes = keepalived_notes(f"vrrp_instance VI_1 {{\nvirtual_rules {{\n{rule}\n}}\n}}\n")
    (instance,) = variables["lvs_vrrp"]["instances"]
    assert (instance.get("rules"), instance["raw"]) == (None, ["virtual_rules {", rule, "}"])


def test_included_files_are_read_in_their_place_and_say_where_they_are(keepalived_notes):
    files = {
        KEEPALIVED: "include conf.d/*.conf\ninclude /etc/{one,two}.conf\ninclude missing.conf\n",
        "/etc/keepalived/conf.d/b.conf": "vrrp_instance VI_1 {\nvirtual_router_id 7\nfrobnicate\npreempt_delay 1\n}\n",
        "/etc/keepalived/conf.d/deeper/c.conf": "vrrp_instance VI_3 {\n}\n",
        "/etc/two.conf": "static_routes {\n10.0.0.0/8 dev eth0\n}\n",
    }
    text = files.pop(KEEPALIVED)
    variables, notes = keepalived_notes(text, files=files)
    assert [one["name"] for one in variables["lvs_vrrp"]["instances"]] == ["VI_1"]
    assert variables["lvs_keepalived"] == {"include": ["/etc/two.conf"]}
    assert [(level, line) for level, line, _text in notes] == [
        ("not_expressed", "3"),
        ("not_expressed", "3"),
        ("raw", "1"),
    ]


def test_another_file_of_the_running_daemon_is_the_one_that_counts(keepalived_notes):
    other = {"/etc/other.conf": "vrrp_instance VI_9 {\npreempt_delay 1\n}\n"}
    variables, notes = keepalived_notes(
        "vrrp_instance VI_1 {\n}\n", files=other, processes=["/usr/sbin/keepalived --use-file=/etc/other.conf"]
    )
    assert [one["name"] for one in variables["lvs_vrrp"]["instances"]] == ["VI_9"]
    assert "keepalived reads /etc/other.conf" in notes[0][2]


def test_timeouts_that_were_typed_are_kept(keepalived_notes):
    variables, notes = keepalived_notes("global_defs {\n}\n", table=[], timeouts={"tcp": 3600})
    assert variables["lvs_timeouts"] == {"tcp": 3600}
    assert "set by hand" in notes[0][2]
    assert "lvs_timeouts" not in keepalived_notes("global_defs {\n}\n", table=[])[0]


def test_every_word_of_the_manual_is_known():
    lines = (ROOT / "tests/tools/keepalived_keywords.txt").read_text(encoding="utf-8").splitlines()
    words = [tuple(line.split()) for line in lines if line and not line.startswith("#")]
    free = {"static_ipaddress", "unicast_peer", "virtual_ipaddress", "virtual_ipaddress_excluded"}
    assert [(block, word) for block, word in words if block not in free and word not in known(block)] == []
    assert known("TCP_CHECK") >= {"connect_port", "retry"}
    assert known("SSL_GET") >= {"enable_sni", "url", "retry"}
    assert set(CHECKS) <= known("real_server")


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("virtusl_server", "virtual_server"),
        ("virtual_servers", "virtual_server"),
        ("vrrp_instnace", "vrrp_instance"),
        ("VIRTUAL_SERVER", "virtual_server"),
        ("virtual_router", None),
        ("servers", None),
        ("nets", None),
    ],
)
def test_a_mistyped_word(wrong, meant):
    assert mistyped(wrong, known("file")) == meant


def test_no_word_is_a_mistyping_of_two():
    assert mistyped("smtp_alert_x", ["smtp_alert_a", "smtp_alert_b"]) is None


@pytest.mark.parametrize(
    ("one", "two", "far"),
    [
        ("abcd", "abcd", 0),
        ("abcd", "abdc", 1),
        ("abcd", "abc", 1),
        ("abcd", "xbcd", 1),
        ("abcd", "xbcy", 2),
        ("a", "wxyz", 3),
    ],
)
def test_the_distance_of_words(one, two, far):
    assert distance(one, two, 2) == distance(two, one, 2) == far


def test_patterns_of_files():
    assert alternatives("/a/{b,c{d,e}}") == ["/a/b", "/a/cd", "/a/ce"]
    assert matches("/a/b.conf", "/a/*.conf")
    assert not matches("/a/x/b.conf", "/a/*.conf")
