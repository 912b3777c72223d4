# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom directors let in, when not every director answers, and while one has the VIPs."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.guards import _link_local
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve

ALONE = {"all": {"lvs_peers_only": True, "lvs_sync": {"enabled": True}}}
DEPLOYED = {
    "let": ["172.28.0.12 vrrp", "172.28.0.112 vrrp", "fe80::12 vrrp", "172.28.0.113 8848/udp"],
    "only": ["ipv4 vrrp"],
}


@pytest.fixture
def heard(inventory):
    """A function that returns what lvs1 lets in, by what; `mend` changes the hostvars before."""

    def resolved(mend):
        hostvars, groups = inventory(ALONE)
        mend(hostvars)
        lets = resolve(hostvars, groups)["hosts"]["lvs1"]["peers_only"]["let"]
        return {what: [one.split()[0] for one in lets if one.endswith(what)] for what in ("vrrp", "8848/udp")}

    return resolved


def test_of_a_director_that_does_not_answer_what_is_let_in_stays(heard):
    def silent(hostvars):
        hostvars["lvs1"]["ansible_facts"]["deployed_lvs"] = {"peers_only": {"a": DEPLOYED}}
        del hostvars["lvs2"]["ansible_facts"]

    # Not the link-local address: the inventory has no IPv6 any more.
    assert heard(silent) == {"vrrp": ["172.28.0.12", "172.28.0.112"], "8848/udp": ["172.28.0.12", "172.28.0.113"]}


ADDRESSED = (("lvs1", 11), ("lvs2", 12), ("web1", 21), ("web2", 22))
SIX = {
    "all": {"lvs_peers_only": True, "lvs_services": [{"name": "web6", "vip": "2001:db8::100", "port": 80}]},
    "hosts": {"lvs2": {"lvs_address6": "2001:db8::12"}},
    "facts": {name: {"eth1": [f"172.28.0.{at}/24", f"2001:db8::{at}/64"]} for name, at in ADDRESSED},
}


@pytest.mark.parametrize(
    ("vrrp", "deployed", "only"),
    [
        ({}, {}, []),
        ({}, {"a": {"let": ["fe80::12 vrrp"], "only": ["ipv6 vrrp"]}}, ["ipv6 vrrp"]),
        ({"unicast": True}, {}, ["ipv6 vrrp"]),
    ],
)
def test_a_director_whose_link_local_address_nobody_knows_is_not_dropped(inventory, vrrp, deployed, only):
    """It would become a second owner of the VIPs when it is back."""
    hostvars, groups = inventory({**SIX, "all": {**SIX["all"], "lvs_vrrp": vrrp}})
    del hostvars["lvs2"]["ansible_facts"]
    hostvars["lvs1"]["ansible_facts"]["deployed_lvs"] = {"peers_only": deployed}
    own = resolve(hostvars, groups)["hosts"]["lvs1"]["peers_only"]
    assert own["only"] == only
    assert own["let"] == ["2001:db8::12 vrrp", *(["fe80::12 vrrp"] if deployed else [])]


def test_when_all_answer_only_their_addresses_count(heard):
    def told(hostvars):
        hostvars["lvs1"]["ansible_facts"]["deployed_lvs"] = {"peers_only": {"a": DEPLOYED}}

    assert heard(told) == {"vrrp": ["172.28.0.12"], "8848/udp": ["172.28.0.12"]}


def test_a_director_also_sends_from_the_first_address_of_its_interface(heard):
    def first(hostvars):
        fact = hostvars["lvs2"]["ansible_facts"]["eth1"]
        fact["ipv4_secondaries"] = [fact["ipv4"]]
        fact["ipv4"] = {**fact["ipv4"], "address": "172.28.0.112"}

    assert heard(first) == {"vrrp": ["172.28.0.12", "172.28.0.112"], "8848/udp": ["172.28.0.12", "172.28.0.112"]}


def test_a_lone_director_hears_nobody(inventory):
    hostvars, groups = inventory({**ALONE, "groups": {"directors": ["lvs1"]}})
    lone = resolve(hostvars, groups)["hosts"]["lvs1"]["peers_only"]
    assert lone == {"let": [], "only": ["ipv4 vrrp", "ipv4 8848/udp"]}


@pytest.mark.parametrize(
    ("line", "let"),
    [
        ("ucast eth2 10.9.0.12", ["10.9.0.11", "10.9.0.12"]),
        ("bcast eth2 eth3", ["10.8.0.11", "10.9.0.11", "10.9.0.12"]),
        ("mcast eth2 225.0.0.1 694 1 0", ["10.9.0.11", "10.9.0.12"]),
        # As adopt has found it on a director whose facts do not have the link.
        ("ucast eth9 10.7.0.12", ["10.7.0.12"]),
        ("ping 10.9.0.1", []),
    ],
)
def test_heartbeat_is_heard_on_the_links_that_raw_adds(inventory, line, let):
    heartbeat = {"key": "a-key-of-more-than-16-letters", "raw": [line]}
    hostvars, groups = inventory({"all": {**ALONE["all"], "lvs_stack": "ldirectord", "lvs_heartbeat": heartbeat}})
    for name, number, devices in (("lvs1", 11, ("eth2", "eth3")), ("lvs2", 12, ("eth2",))):
        facts = hostvars[name]["ansible_facts"]
        facts["interfaces"] += devices
        for device, network in zip(devices, ("10.9.0", "10.8.0")):
            facts[device] = {"device": device, "ipv4": {"address": f"{network}.{number}", "prefix": "24"}}
    own = resolve(hostvars, groups)["hosts"]["lvs1"]["peers_only"]
    assert own["let"] == ["172.28.0.12 8848/udp", *(f"{address} 694/udp" for address in [*let, "172.28.0.12"])]


def test_everybody_is_let_in_unless_the_inventory_wants_it_otherwise(inventory):
    hosts = resolve(*inventory())["hosts"]
    assert {name: host["peers_only"] for name, host in hosts.items()} == dict.fromkeys(hosts)


def test_a_link_local_address_is_made_of_an_ethernet_address():
    assert _link_local("52:54:00:0a:00:12") == "fe80::5054:ff:fe0a:12"
    assert _link_local("02:00:00:00:00:01") == "fe80::ff:fe00:1"
