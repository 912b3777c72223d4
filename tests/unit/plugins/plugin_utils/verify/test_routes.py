# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes and rules of a master, as ip(8) prints those that keepalived 2.2 has added."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.node import parse_routes, parse_rules
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.routes import routing_findings

WANTED = {
    "instances": [
        {
            "name": "WEB",
            "addresses": [{"address": "10.0.0.100", "prefix": 32, "device": "eth0"}],
            "routes": [
                {"to": "default", "via": "10.0.0.2", "source": None, "table": 100, "metric": 5},
                {"to": "10.9.0.0/16", "via": "10.0.0.2", "source": "10.0.0.100", "table": None, "metric": None},
                {"to": "10.8.0.1/32", "via": "10.0.0.2", "source": None, "table": 200, "metric": None},
                {"to": "fd01::/64", "via": "fd00::2", "source": None, "table": None, "metric": None},
            ],
            "rules": [
                {"from": "10.1.0.0/16", "to": "10.2.0.1", "table": 100, "priority": 50},
                {"from": "10.1.0.7", "to": None, "table": 254, "priority": 51},
            ],
        }
    ]
}
ROUTES = [
    {
        "dst": "default",
        "gateway": "10.0.0.2",
        "dev": "eth0",
        "table": "100",
        "protocol": "18",
        "metric": 5,
        "flags": [],
    },
    {
        "dst": "10.9.0.0/16",
        "gateway": "10.0.0.2",
        "dev": "eth0",
        "protocol": "18",
        "prefsrc": "10.0.0.100",
        "flags": [],
    },
    {"dst": "10.8.0.1", "gateway": "10.0.0.2", "dev": "eth0", "table": "200", "protocol": "18", "flags": []},
    {"dst": "fd01::/64", "gateway": "fd00::2", "dev": "eth0", "metric": 1024, "flags": [], "pref": "medium"},
    {"dst": "10.0.0.0/24", "dev": "eth0", "protocol": "2", "scope": "253", "prefsrc": "10.0.0.1", "flags": []},
]
RULES = [
    {"priority": 50, "src": "10.1.0.0", "srclen": 16, "dst": "10.2.0.1", "table": "100", "protocol": "18"},
    {"priority": 51, "src": "10.1.0.7", "table": "254", "protocol": "18"},
    {"priority": 32766, "src": "all", "table": "254"},
    {"priority": 60, "src": "all", "goto": 32766},
]
NAMES = [
    "route default via 10.0.0.2",
    "route 10.9.0.0/16 via 10.0.0.2",
    "route 10.8.0.1/32 via 10.0.0.2",
    "route fd01::/64 via fd00::2",
    "rule from 10.1.0.0/16 to 10.2.0.1 table 100 priority 50",
    "rule from 10.1.0.7 table 254 priority 51",
]


def lacking(routes, rules, held=("lvs1",)):
    """What verify says that lvs1 lacks."""
    node = {"routes": parse_routes(routes), "rules": parse_rules(rules)}
    found = routing_findings("lvs1", WANTED, node, {"10.0.0.100": list(held)})
    return [finding.fault.partition("but not its ")[2] for finding in found]


def test_a_master_that_has_all_of_them_has_no_fault():
    assert lacking(ROUTES, RULES) == []


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_each_that_is_gone_is_named(number):
    routes = [route for index, route in enumerate(ROUTES) if index != number]
    rules = [rule for index, rule in enumerate(RULES, start=4) if index != number]
    assert lacking(routes, rules) == [NAMES[number]]


@pytest.mark.parametrize("change", [{"table": "101"}, {"metric": 6}, {"gateway": "10.0.0.3"}, {"dst": "10.7.0.0/16"}])
def test_another_route_is_not_the_same(change):
    assert lacking([{**ROUTES[0], **change}, *ROUTES[1:]], RULES) == NAMES[:1]


@pytest.mark.parametrize("change", [{"table": "101"}, {"priority": 52}, {"srclen": 24}, {"dst": "10.2.0.2"}])
def test_another_rule_is_not_the_same(change):
    assert lacking(ROUTES, [{**RULES[0], **change}, *RULES[1:]]) == NAMES[4:5]


@pytest.mark.parametrize("held", [(), ("lvs2",)])
def test_who_has_no_vip_of_the_instance_needs_none(held):
    assert lacking([], [], held) == []


def test_what_was_not_read_is_lacking():
    found = list(routing_findings("lvs1", WANTED, {}, {"10.0.0.100": ["lvs1"]}))
    assert str(found[0]) == (
        "lvs1: has the VIPs of VRRP instance WEB, but not its route default via 10.0.0.2. keepalived has not added it, or has not"
        " noticed that somebody has deleted it. Look at: journalctl -u keepalived"
    )
    assert len(found) == len(NAMES)


def test_routes_and_rules_have_the_form_of_the_inventory():
    assert parse_routes(ROUTES[:1]) == [
        {"to": "default", "via": "10.0.0.2", "source": None, "table": 100, "metric": 5, "device": "eth0"}
    ]
    assert parse_rules(RULES[:1]) == [{"from": "10.1.0.0/16", "to": "10.2.0.1", "table": 100, "priority": 50}]
