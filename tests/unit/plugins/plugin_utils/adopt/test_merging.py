# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several directors say as one inventory."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt import vrrp_merge
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.merging import in_order, merge
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.notes import Notes
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.vault import taken_out
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.adopt.conftest import host_facts


@pytest.fixture
def notes():
    return Notes()


def texts(notes):
    return [f"{note['where']} {note['text']}" for note in notes.all()]


def test_the_same_is_said_once(notes):
    same = {"lvs_stack": "keepalived", "lvs_services": [{"name": "http", "vip": "192.0.2.1", "port": 80}]}
    assert merge({"lb1": same, "lb2": same}, notes) == same
    assert notes.all() == []


def test_of_different_values_both_are_named_and_the_first_counts(notes):
    found = merge({"lb1": {"lvs_mail": {"from": "a@b", "to": "x@y"}}, "lb2": {"lvs_mail": {"from": "c@d"}}}, notes)
    assert found == {"lvs_mail": {"from": "a@b", "to": "x@y"}}
    assert texts(notes) == [
        "lvs_mail from is a@b on lb1 and c@d on lb2: the inventory has that of lb1",
        "lvs_mail to is x@y on lb1, and not set on lb2: the inventory has that of lb1",
    ]


def test_what_the_first_has_not_is_not_there(notes):
    assert merge({"lb1": {}, "lb2": {"lvs_timeouts": {"tcp": 7}}}, notes) == {}
    assert texts(notes) == ['lvs_timeouts is {"tcp": 7} on lb2, and not set on lb1: the inventory has none, as on lb1']


def test_a_password_is_in_no_note(notes):
    merge({"lb1": {"lvs_vrrp": {"auth_pass": "one"}}, "lb2": {"lvs_vrrp": {"auth_pass": "two"}}}, notes)
    assert texts(notes) == [
        "lvs_vrrp auth_pass is one secret on lb1 and one secret on lb2: the inventory has that of lb1"
    ]


def test_a_password_within_a_value_is_in_no_note(notes):
    check = {"type": "mysql", "login": "lvs", "passwd": "one"}
    merge(
        {
            "lb1": {"lvs_heartbeat": {"key": "one"}, "lvs_health": check, "lvs_services": [{"health": [check]}]},
            "lb2": {"lvs_services": [{"health": {"type": "tcp"}}]},
        },
        notes,
    )
    assert len(texts(notes)) == 3
    assert [text for text in texts(notes) if '"one"' in text] == []
    assert 'lvs_heartbeat is {"key": "one secret"} on lb1' in texts(notes)[0]


def test_services_are_the_same_by_their_address_whatever_their_names(notes):
    one = {"name": "http", "vip": "192.0.2.1", "port": 80, "real_servers": [{"address": "192.0.2.21"}]}
    other = {**one, "name": "http-2", "scheduler": "rr", "real_servers": [{"address": "192.0.2.21", "weight": 3}]}
    extra = {"name": "dns", "vip": "192.0.2.1", "port": 53}
    found = merge({"lb1": {"lvs_services": [one]}, "lb2": {"lvs_services": [other, extra]}}, notes)
    assert found == {"lvs_services": [one, extra]}
    assert texts(notes) == [
        "lvs_services http real_servers 192.0.2.21 weight is 3 on lb2, and not set on lb1: the inventory has none, as on lb1",
        "lvs_services http scheduler is rr on lb2, and not set on lb1: the inventory has none, as on lb1",
        "lvs_services dns is there on lb2, and not on lb1: the inventory has it for all",
    ]


def test_an_instance_of_some_directors_is_no_difference(notes):
    lb1 = {"lvs_vrrp": {"instances": [{"name": "A"}, {"name": "C"}]}}
    lb2 = {"lvs_vrrp": {"instances": [{"name": "B"}, {"name": "C"}]}}
    found = merge({"lb1": lb1, "lb2": lb2}, notes)
    assert [one["name"] for one in found["lvs_vrrp"]["instances"]] == ["B", "A", "C"]
    assert notes.all() == []


def test_lists_keep_their_order():
    assert in_order([["a", "c"], ["a", "b"], ["x", "a"]]) == ["x", "a", "b", "c"]


def own(**priorities):
    """What directors have in the instance VI_1."""
    return {
        host: {
            "VI_1": {
                "name": "VI_1",
                "where": "k:1",
                "priority": priority,
                "interface": "eth0",
                "source": None,
                "peers": [],
            }
        }
        for host, priority in priorities.items()
    }


def test_directors_stand_in_the_order_of_their_priorities():
    assert vrrp_merge.preferred(["lb1", "lb2", "lb3"], own(lb1=50, lb2=100)) == ["lb2", "lb1", "lb3"]


def test_priorities_that_are_the_same_everywhere_are_the_hosts(notes):
    vrrp = {"instances": [{"name": "VI_1"}]}
    found = vrrp_merge.merge(vrrp, ["lb1", "lb2"], own(lb1=101, lb2=100), [], notes)
    assert found == {"lb1": {"lvs_priority": 101}, "lb2": {"lvs_priority": 100}}
    assert vrrp == {"instances": [{"name": "VI_1"}]}
    assert notes.all() == []


@pytest.mark.parametrize(("holders", "first"), [((), "lb1"), (("lb2",), "lb2")])
def test_of_equal_priorities_the_holder_of_the_vips_keeps_its_own(notes, holders, first):
    found = vrrp_merge.merge({"instances": [{"name": "VI_1"}]}, ["lb1", "lb2"], own(lb1=100, lb2=100), holders, notes)
    other = "lb1" if first == "lb2" else "lb2"
    assert found == {first: {"lvs_priority": 100}, other: {"lvs_priority": 99}}
    assert "so chance decides" in texts(notes)[0]


def test_the_owner_of_the_addresses_has_no_priority_of_its_own_here(notes):
    found = vrrp_merge.merge({"instances": [{"name": "VI_1"}]}, ["lb1", "lb2"], own(lb1=255, lb2=254), [], notes)
    assert [one["lvs_priority"] for one in found.values()] == [254, 253]


def test_an_instance_with_an_order_of_its_own_has_directors_and_steps(notes):
    each = own(lb1=150, lb2=100)
    each["lb1"]["VI_2"] = {**each["lb1"]["VI_1"], "name": "VI_2", "priority": 80}
    each["lb2"]["VI_2"] = {**each["lb2"]["VI_1"], "name": "VI_2", "priority": 120}
    vrrp = {"instances": [{"name": "VI_1"}, {"name": "VI_2"}]}
    assert vrrp_merge.merge(vrrp, ["lb1", "lb2"], each, [], notes) == {"lb1": {}, "lb2": {}}
    assert vrrp["instances"] == [
        {"name": "VI_1", "priority": 150, "priority_step": 50},
        {"name": "VI_2", "directors": ["lb2", "lb1"], "priority": 120, "priority_step": 40},
    ]


def test_steps_that_are_not_equal_are_told(notes):
    each = own(lb1=150, lb2=100, lb3=90)
    each["lb1"]["VI_2"] = each["lb1"]["VI_1"]
    vrrp = {"instances": [{"name": "VI_1"}, {"name": "VI_2"}]}
    vrrp_merge.merge(vrrp, ["lb1", "lb2", "lb3"], each, [], notes)
    assert vrrp["instances"][0] == {"name": "VI_1", "priority": 150, "priority_step": 10}
    assert "150 100 90 have no equal steps: they would be 150 140 130" in texts(notes)[0]


def test_peers_are_directors(notes):
    each = own(lb1=100, lb2=90)
    each["lb1"]["VI_1"]["peers"] = ["192.0.2.12", "192.0.2.13"]
    vrrp_merge.check_peers(each, {"lb1": ["192.0.2.11"], "lb2": ["192.0.2.12"]}, notes)
    assert texts(notes) == [
        "lb1:k:1 unicast_peer has 192.0.2.13, which is no host of the group directors: add it there, or it hears nothing any more"
    ]


def test_vrrp_on_another_interface_has_an_address_of_its_own(notes):
    host = host_facts("lb1", {"addresses": {"eth0": ["192.0.2.11/24"], "eth1": ["10.9.9.1/30", "10.9.9.100/32"]}})
    main = host["addresses"][1]
    mine = own(lb1=100)["lb1"]

    def address(interface):
        return vrrp_merge.addresses("lb1", host, {"VI_1": {**mine["VI_1"], "interface": interface}}, main, [], notes)

    assert (address("eth0"), address("eth1")) == (None, "10.9.9.1")
    assert notes.all() == []
    assert address("eth7") is None
    assert "eth7, which has no address of its own" in texts(notes)[0]


def test_one_instance_with_the_vips_of_the_services_needs_no_name():
    instance = {"name": "VI_1", "vips": ["192.0.2.1"], "virtual_router_id": 7, "raw": ["x"]}
    vrrp = {"vip_prefix": 24, "instances": [instance]}
    plain = {"virtual_router_id": 7, "raw": ["x"], "vip_prefix": 24}
    assert vrrp_merge.simplified(vrrp, ["192.0.2.1"]) == plain
    for vips, change in (([], {}), (["192.0.2.1"], {"name": "other"}), (["192.0.2.1"], {"routes": []})):
        other = {"vip_prefix": 24, "instances": [{**instance, **change}]}
        assert vrrp_merge.simplified(other, vips) == other


def test_what_all_instances_have_stands_above_them():
    one, two = {"name": "A", "auth_pass": "x", "version": 3}, {"name": "B", "auth_pass": "x"}
    found = vrrp_merge.shared({"vip_prefix": 24, "instances": [dict(one), dict(two)]})
    assert found == {"vip_prefix": 24, "auth_pass": "x", "instances": [{"name": "A", "version": 3}, {"name": "B"}]}


def test_secrets_get_names():
    variables = {
        "lvs_vrrp": {
            "auth_pass": "one",
            "instances": [{"name": "VI_1", "auth_pass": "two"}, {"name": "VI_2", "auth_pass": "one"}],
        },
        "lvs_services": [{"name": "db", "health": {"type": "mysql", "passwd": "three", "login": "me"}}],
    }
    found, secrets = taken_out(variables)
    assert secrets == {
        "vault_lvs_vrrp_auth_pass": "one",
        "vault_lvs_vrrp_vi_1_auth_pass": "two",
        "vault_lvs_services_db_passwd": "three",
    }
    assert found["lvs_vrrp"] == {
        "auth_pass": "{{ vault_lvs_vrrp_auth_pass }}",
        "instances": [
            {"name": "VI_1", "auth_pass": "{{ vault_lvs_vrrp_vi_1_auth_pass }}"},
            {"name": "VI_2", "auth_pass": "{{ vault_lvs_vrrp_auth_pass }}"},
        ],
    }
    assert found["lvs_services"][0]["health"] == {
        "type": "mysql",
        "passwd": "{{ vault_lvs_services_db_passwd }}",
        "login": "me",
    }
