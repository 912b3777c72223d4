# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What forbids a run: changes of a running cluster, files of somebody else, answers of the segment."""

from __future__ import annotations

import copy
import re

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.deployed import HARESOURCES, KEEPALIVED, digest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.refusals import refusals
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.segment import (
    questions,
    rivals,
    strangers,
    unasked,
)

A, B = "192.0.2.100", "192.0.2.101"
NOTHING = {
    "stacks": [],
    "lvs_vip": False,
    "unread": False,
    "clusters": {},
    **dict.fromkeys(("gateways", "foreign", "vips", "resources", "instances", "virtual_servers"), ()),
    "options": {"ours": False, "running": None},
}


class Site:
    """Two directors, two services, and what a run of site.yml would meet there."""

    def __init__(self, **variables):
        services = [{"name": "a", "vip": A, "port": 80}, {"name": "b", "vip": B, "port": 80}]
        everywhere = {"lvs_services": services, **variables}
        self.groups = {"directors": ["lb1", "lb2"], "real_servers": ["www1"]}
        self.hostvars = {
            host: {**everywhere, "lvs_address": f"192.0.2.{number}", "ansible_facts": self.facts(number)}
            for host, number in (("lb1", 11), ("lb2", 12), ("www1", 21))
        }

    @staticmethod
    def facts(number):
        own = {"address": f"192.0.2.{number}", "netmask": "255.255.255.0", "prefix": "24"}
        return {
            "interfaces": ["lo", "eth-0"],
            "eth_0": {"device": "eth-0", "macaddress": f"52:54:00:00:00:{number}", "ipv4": own},
            "default_ipv4": {**own, "interface": "eth-0", "gateway": "192.0.2.1"},
            "all_ipv4_addresses": [own["address"]],
            "nodename": "node",
        }

    @property
    def cluster(self):
        return resolve(self.hostvars, self.groups)

    def runs(self, cluster, *directors):
        """Have directors run what a cluster says of them."""
        for host in directors or ("lb1", "lb2"):
            part = cluster["hosts"][host]
            groups = {name: group["name"] for group in part["sync_groups"] for name in group["instances"]}
            instances = [
                {
                    "name": one["name"],
                    "group": groups.get(one["name"]),
                    "interface": one["interface"],
                    "source": one["unicast_src"],
                    "virtual_router_id": one["virtual_router_id"],
                    "version": one["version"],
                    "advert_interval": float(one["advert_interval"]),
                    "password": digest(one["auth_pass"]) if one["auth_pass"] else None,
                    "unicast": bool(one["unicast_peers"]),
                    "vmac": one["vmac"],
                    "advertised": [one["advert_address"]],
                    "addresses": [address["address"] for address in one["addresses"]],
                }
                for one in part["instances"]
            ]
            vips = [vip for one in instances for vip in one["addresses"]]
            servers = [
                {
                    "at": one["at"],
                    "protocol": one["protocol"],
                    "addresses": one["group"]["addresses"] if one["group"] else [one["at"]],
                }
                for one in cluster["keepalived"]["virtual_servers"]
            ]
            self.finds(host, instances=instances, virtual_servers=servers, vips=vips, stacks=["keepalived.service"])
        return self

    def finds(self, host, **found):
        """Have a director be found so."""
        self.hostvars[host]["ansible_facts"]["deployed_lvs"] = {**copy.deepcopy(NOTHING), **found}
        return self

    def refused(self):
        return refusals(self.cluster, self.hostvars)

    def with_link(self):
        """A link between the directors besides."""
        for number, host in enumerate(("lb1", "lb2"), start=1):
            own = {"address": f"10.9.9.{number}", "netmask": "255.255.255.252", "prefix": "30"}
            facts = self.hostvars[host]["ansible_facts"]
            facts.update(interfaces=["lo", "eth-0", "eth1"], eth1={"device": "eth1", "ipv4": own})
        return self

    def speaks_there(self):
        """VRRP on that link."""
        for number, host in enumerate(("lb1", "lb2"), start=1):
            self.hostvars[host]["lvs_vrrp_address"] = f"10.9.9.{number}"
        return self


def instances(**first):
    return {
        "instances": [
            {"name": "A", "virtual_router_id": 60, "vips": [A], "directors": ["lb1", "lb2"], **first},
            {"name": "B", "virtual_router_id": 61, "vips": [B], "directors": ["lb2", "lb1"]},
        ]
    }


def test_bare_hosts_are_deployed():
    assert Site().finds("lb1").finds("lb2").refused() == []


def test_a_second_run_and_other_services_are_no_danger():
    running = Site().cluster
    assert Site().runs(running).refused() == []
    fewer = Site(lvs_services=[{"name": "a", "vip": A, "port": 80, "scheduler": "rr"}])
    assert fewer.runs(running).refused() == []


def test_a_cluster_keeps_the_id_that_it_runs_with():
    running = Site(lvs_vrrp={"virtual_router_id": 51}).cluster
    assert Site().runs(running).refused() == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            {"virtual_router_id": 51},
            {"virtual_router_id": 52},
            "virtual_router_id is 51 now and would be 52 (on lb1 and lb2)",
        ),
        ({}, {"auth_pass": "other"}, "auth_pass would change"),
        ({"auth_pass": "one"}, {"auth_pass": "other"}, "auth_pass would change"),
        ({}, {"version": 3}, "version is 2 now and would be 3"),
        ({}, {"advert_interval": 2}, "advert_interval is 1 now and would be 2"),
        ({}, {"unicast": True}, "unicast is false now and would be true"),
        ({"vmac": True}, {}, "vmac is true now and would be false"),
        ({}, instances(), f"{A} would move there from VI_1"),
        (instances(), {}, f"{A} would move there from A"),
        (instances(), instances(vips=[A, B]), f"{B} would move there from B"),
    ],
)
def test_a_change_by_which_directors_do_not_understand_each_other_is_refused(before, after, said):
    if after == instances(vips=[A, B]):
        after["instances"] = after["instances"][:1]
    refused = Site(lvs_vrrp=after).runs(Site(lvs_vrrp=before).cluster).refused()
    assert any(said in text for text in refused), refused
    assert all("lvs_accept_outage=true" in text for text in refused)
    assert Site(lvs_vrrp=after, lvs_accept_outage=True).runs(Site(lvs_vrrp=before).cluster).refused() == []


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("virtual_router_id", "virtual_router_id is unknown now and would be 100"),
        ("advert_interval", "advert_interval is unknown now and would be 1"),
    ],
)
def test_what_a_file_does_not_tell_may_be_another(key, said):
    site = Site().runs(Site().cluster)
    site.hostvars["lb1"]["ansible_facts"]["deployed_lvs"]["instances"][0][key] = None
    assert [text for text in site.refused() if said in text and "(on lb1)" in text]


def test_another_link_for_vrrp_is_refused_while_the_former_one_is_there():
    for vrrp, said in (
        ({}, "interface is eth-0 now and would be eth1 (on lb1 and lb2)"),
        ({"unicast": True}, "unicast_src_ip is 192.0.2.11 now and would be 10.9.9.1 (on lb1)"),
    ):
        running = Site(lvs_vrrp=vrrp).with_link().cluster
        refused = Site(lvs_vrrp=vrrp).with_link().speaks_there().runs(running).refused()
        assert any(said in text for text in refused), refused


@pytest.mark.parametrize(("before", "after"), [("in no group", "in group G"), ("in group G", "in no group")])
def test_a_change_of_a_group_is_refused(before, after):
    own = instances()
    own["instances"][1]["directors"] = ["lb1", "lb2"]
    grouped = {**own, "sync_groups": [{"name": "G", "instances": ["A", "B"]}]}
    vrrp = {"in no group": own, "in group G": grouped}
    refused = Site(lvs_vrrp=vrrp[after]).runs(Site(lvs_vrrp=vrrp[before]).cluster).refused()
    assert len(refused) == 2
    assert all(
        f"is {before} now and would be {after}." in text and "lvs_accept_outage=true" in text for text in refused
    )
    assert Site(lvs_vrrp=vrrp[after]).runs(Site(lvs_vrrp=vrrp[after]).cluster).refused() == []


@pytest.mark.parametrize(
    "left",
    [
        {},
        {"ipv6": [{"address": "fe80::1", "prefix": "64", "scope": "link"}]},
        {
            "ipv4": {"address": "169.254.7.1", "netmask": "255.255.0.0", "prefix": "16"},
            "ipv4_secondaries": [{"address": A, "netmask": "255.255.255.255", "prefix": "32"}],
        },
    ],
    ids=["renamed", "in_a_bridge", "with_a_vip"],
)
def test_an_interface_without_an_address_of_its_own_is_the_same_link(left):
    site = Site().with_link().speaks_there()
    running = site.cluster
    for one in running["hosts"]["lb1"]["instances"]:
        one["interface"] = "enp3s0"
    site.runs(running)
    if left:
        facts = site.hostvars["lb1"]["ansible_facts"]
        facts.update(interfaces=[*facts["interfaces"], "enp3s0"], enp3s0={"device": "enp3s0", **left})
    assert site.refused() == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"preempt": False, "priority": 150, "garp_master_refresh": 60}),
        # The master's interval counts
        ({"version": 3}, {"version": 3, "advert_interval": 0.5}),
        (instances(), instances(name="RENAMED")),
    ],
)
def test_other_changes_of_vrrp_are_made(before, after):
    assert Site(lvs_vrrp=after).runs(Site(lvs_vrrp=before).cluster).refused() == []


def test_a_change_that_one_director_has_already_is_still_told():
    changed = Site(lvs_vrrp={"version": 3})
    changed.runs(changed.cluster, "lb2").runs(Site().cluster, "lb1")
    assert "version is 2 now and would be 3 (on lb1)" in changed.refused()[0]


def nat(gateway, **variables):
    services = [{"name": "a", "vip": A, "port": 80, "forward": "nat"}]
    return Site(lvs_services=services, **({"lvs_nat": {"gateway": gateway}} if gateway else {}), **variables)


def test_a_list_of_vips_that_changes_is_refused_and_another_service_is_not():
    def site(vips, **more):
        return Site(
            lvs_services=[{"name": "a", "vip": vips, "port": 80}, *more.get("others", ())], **more.get("variables", {})
        )

    runs = site([A, B]).cluster
    (refused,) = site([A]).runs(runs).refused()
    assert refused.startswith(
        f'lvs_services "a": its VIPs or ports change. keepalived removes {A} 80 and adds them again'
    )
    assert site([A]).runs(site([A]).cluster).refused() == []
    assert site([A], variables={"lvs_accept_outage": True}).runs(runs).refused() == []
    other = {"name": "b", "vip": "192.0.2.102", "port": 80}
    assert site([A, B], others=[other]).runs(runs).refused() == []
    # the same addresses with another protocol are another service
    datagrams = {"name": "b", "vip": [A, B], "port": [80, 81], "protocol": "udp", "health": {"type": "none"}}
    assert site([A, B], others=[datagrams]).runs(runs).refused() == []


@pytest.mark.parametrize(
    ("now", "refused"),
    [
        ([f"{A} tcp 80,8000-8010 7"], []),
        ([f"{A} tcp 80,8000-8010 6"], [f"fwmark of {A} is 6 now and would be 7."]),
        ([f"{A} tcp 8005 6"], [f"fwmark of {A} is 6 now and would be 7."]),
        ([], []),
        # Other packets
        ([f"{B} tcp 80 6", f"{A} udp 80 6", f"{A} tcp 81,8011 6"], []),
        # The service of mark 7 is there, and gets port 80 as well.
        ([f"{A} tcp 80 6", f"{A} tcp 8000-8010 7"], []),
        # Two marks that change places: each would get the connections of the other.
        ([f"{A} tcp 80 6", f"{B} tcp 53 7"], [f"fwmark of {A} is 6 now and would be 7.", f"fwmark of {B} is 7 now and would be 6."]),
    ],
)  # fmt: skip
def test_another_mark_for_the_same_packets_is_refused(now, refused):
    services = [
        {"name": "a", "vip": A, "fwmark": 7, "ports": [80, "8000-8010"]},
        {"name": "b", "vip": B, "fwmark": 6, "ports": [53]},
    ]
    site = Site(lvs_services=services).finds("lb1", marks=now).finds("lb2", marks=now)
    said = site.refused()
    assert [text.partition("lvs_services: ")[2].partition(" New")[0] for text in said] == refused
    accepted = Site(lvs_services=services, lvs_accept_outage=True).finds("lb1", marks=now)
    assert accepted.refused() == []


def test_another_gateway_of_nat_is_refused_and_a_first_one_is_not():
    refused = nat("192.0.2.3").runs(nat("192.0.2.2").cluster).refused()
    assert len(refused) == 1
    assert "gateway 192.0.2.3 would replace 192.0.2.2" in refused[0]
    assert nat("192.0.2.2").runs(nat(None).cluster).refused() == []


HEARTBEAT = {"lvs_stack": "ldirectord", "lvs_heartbeat": {"key": "0123456789abcdef"}}


@pytest.mark.parametrize(
    ("directors", "variables"),
    [
        (["lb1", "lb2"], {}),
        (["lb1"], {}),
        (["lb1", "lb2"], HEARTBEAT),
        (["lb1"], {"lvs_stack": "static"}),
    ],
    ids=["keepalived", "one_director", "heartbeat", "static"],
)
@pytest.mark.parametrize("asked", [True, False], ids=["real_server_asked", "limited_to_directors"])
def test_another_gateway_of_nat_is_refused_with_every_stack(directors, variables, asked):
    def site(gateway, **more):
        changed = nat(gateway, **variables, **more)
        changed.groups["directors"] = directors
        for director in directors:
            changed.finds(director, vips=[A, "192.0.2.2"])
        return changed.finds("www1", gateways=["192.0.2.2"]) if asked else changed

    (refused,) = site("192.0.2.3").refused()
    assert refused.startswith("lvs_nat: gateway 192.0.2.3 would replace 192.0.2.2.")
    assert site("192.0.2.2").refused() == []
    assert site("192.0.2.3", lvs_accept_outage=True).refused() == []


def test_a_gateway_of_nat_that_is_a_lone_director_s_own_address_can_be_used_at_once():
    site = nat("192.0.2.11").finds("lb1", vips=[A, "192.0.2.2"]).finds("www1", gateways=["192.0.2.2"])
    site.groups["directors"] = ["lb1"]
    assert site.refused() == []


def test_a_real_server_that_missed_a_change_of_the_gateway_gets_it():
    site = nat("192.0.2.3").finds("www1", gateways=["192.0.2.2"])
    assert site.refused() == []
    assert site.runs(site.cluster).refused() == []


def test_a_vip_that_leaves_is_no_gateway_that_leaves():
    site = nat("192.0.2.2").runs(Site().cluster).finds("www1")
    assert site.refused() == []


def test_a_configuration_of_somebody_else_is_refused_with_what_it_moves():
    by_hand = {"foreign": [KEEPALIVED], "vips": [A, "192.0.2.77"]}
    (refused,) = Site().finds("lb1", **by_hand).finds("lb2").refused()
    assert refused.startswith(f"lb1: somebody else has written {KEEPALIVED}")
    assert "The inventory has no service for 192.0.2.77" in refused
    assert "lvs_take_over=true" in refused
    assert Site(lvs_take_over=True).finds("lb1", **by_hand).refused() == []


def test_a_heartbeat_of_somebody_else_is_refused_with_what_becomes_of_its_vips():
    site = Site(lvs_stack="ldirectord", lvs_heartbeat={"key": "0123456789abcdef"})
    (refused,) = site.finds("lb1", foreign=["/etc/ha.d/haresources"]).refused()
    assert "A VIP stays if it has the prefix length and the interface of the inventory" in refused


def test_a_service_of_somebody_else_is_never_taken_over():
    heartbeat = {"lvs_stack": "ldirectord", "lvs_heartbeat": {"key": "0123456789abcdef"}, "lvs_take_over": True}
    found = {
        "foreign": [HARESOURCES],
        "resources": [f"IPaddr::{A}", f"{B}/24/eth0", "ldirectord", "drbddisk::r0", "mysql"],
    }
    (refused,) = Site(**heartbeat).finds("lb1", **found).refused()
    assert "also moves drbddisk::r0 and mysql" in refused
    assert re.search("Remove it from .*haresources", refused)


def test_only_new_vips_and_routers_are_asked_for():
    site = Site(lvs_vrrp=instances())
    site.finds("lb1").finds("lb2")
    assert questions(site.cluster, site.hostvars) == {"vips": [A, B], "routers": [60, 61]}
    site.runs(site.cluster, "lb2")
    assert questions(site.cluster, site.hostvars) == {"vips": [], "routers": []}


def test_a_vip_that_a_host_of_the_cluster_has_is_not_asked_for():
    site = Site()
    site.hostvars["www1"]["ansible_facts"]["all_ipv4_addresses"].append(A)
    assert questions(site.cluster, site.hostvars)["vips"] == [B]


def test_a_vip_that_somebody_has_is_refused_with_the_mac():
    site = Site().finds("lb1").finds("lb2")
    answers = {A: {"02:00:00:00:00:01": 3}, B: {"52:54:00:00:00:21": 1}}
    (refused,) = strangers(site.cluster, site.hostvars, answers)
    assert refused.startswith(f'lvs_services "a": VIP {A} is in use: 02:00:00:00:00:01 answers for it')


def test_a_vip_that_a_director_out_of_reach_may_have_is_not_refused():
    site = Site().finds("lb1")
    assert strangers(site.cluster, site.hostvars, {A: {"02:00:00:00:00:01": 3}}) == []


def heard(**advert):
    return {"interface": "eth0", "family": "ipv4", "source": "192.0.2.200", "virtual_router_id": 100, **advert}


def test_a_virtual_router_that_another_cluster_has_is_refused():
    site = Site().finds("lb1").finds("lb2")
    (refused,) = rivals(site.cluster, site.hostvars, [heard(), heard()])
    assert refused.startswith("lvs_vrrp instance VI_1: virtual_router_id 100 is in use on the segment, by 192.0.2.200")
    for other in ({"source": "192.0.2.12"}, {"virtual_router_id": 7}, {"family": "ipv6", "source": "fe80::1"}):
        assert rivals(site.cluster, site.hostvars, [heard(**other)]) == []
    site.runs(site.cluster)
    assert rivals(site.cluster, site.hostvars, [heard()]) == []


def test_what_could_not_be_asked_is_said_with_the_reason():
    site = Site().finds("lb1").finds("lb2")
    asked, told = {"answers": {}}, {"adverts": []}
    assert list(unasked(site.cluster, site.hostvars, asked, told)) == []
    assert list(unasked(site.cluster, site.hostvars, {"msg": "Why."}, {"msg": "Why not."})) == [
        f"It could not be checked whether another host already has {A} and {B}: Why.",
        "It could not be checked whether another cluster already uses virtual_router_id 100: Why not.",
    ]
    site.runs(site.cluster)
    assert list(unasked(site.cluster, site.hostvars, {"msg": "Why."}, {"skipped": True})) == []


NAME = "lb1-lb2"


PAGE = "/var/www/lvs-test-page"


def remembered(
    name=NAME, role="real_server", host="www1", vips=(), gateways=(), listen=(), page=None, at_boot=True, **directors
):
    """What a host remembers of one cluster."""
    record = {"role": role, "host": host, "directors": directors, "vips": vips, "gateways": gateways, "listen": listen}
    return {"clusters": {name: {**record, "test_page_root": page, "vips_at_boot": at_boot}}}


@pytest.mark.parametrize(
    "found",
    [
        {"lb1": "192.0.2.11", "lb2": "192.0.2.12"},
        {"lb2": "192.0.2.12", "lb3": "192.0.2.13"},
        {"lb1": "198.51.100.11", "vips": [B]},
        {"former": "192.0.2.11", "vips": [B]},
    ],
    ids=["ours", "one_left", "another_address", "another_name"],
)
def test_a_real_server_of_this_cluster_is_no_other_one_s(found):
    site = Site().finds("www1", **remembered(**found))
    assert site.refused() == []
    part = site.cluster["hosts"]["www1"]
    assert (part["former_names"], part["other_clusters"]) == ([], [])


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ({"gw1": "192.0.2.13", "gw2": "192.0.2.14"}, "gw1 (192.0.2.13) and gw2 (192.0.2.14)"),
        ({"gw1": "198.51.100.11", "vips": [A]}, "gw1 (198.51.100.11)"),
        ({"lb1": "198.51.100.11", "vips": ["198.51.100.100"]}, "lb1 (198.51.100.11)"),
        ({"lb1": "198.51.100.11", "gateways": ["10.2.0.1"]}, "lb1 (198.51.100.11)"),
    ],
    ids=["other_names", "same_vip", "same_name", "same_name_with_nat"],
)
def test_another_cluster_of_the_same_name_is_refused_without_consent(found, named):
    (refused,) = Site().finds("www1", **remembered(**found)).refused()
    assert refused.startswith(f"www1: it serves another cluster of the same name, the cluster {NAME} of {named}.")
    assert "Set lvs_cluster_name to another name than lb1-lb2" in refused
    assert Site(lvs_take_over=True).finds("www1", **remembered(**found)).refused() == []


def test_a_real_server_may_serve_another_cluster_too():
    site = Site().finds("www1", **remembered("other", gw1="192.0.2.13", vips=["192.0.2.110"]))
    assert site.refused() == []
    part = site.cluster["hosts"]["www1"]
    assert (part["former_names"], part["other_clusters"]) == ([], ["other"])
    assert part["record"]["directors"] == {"lb1": "192.0.2.11", "lb2": "192.0.2.12"}
    assert part["record"]["vips"] == [A, B]
    # Other inventories may call their directors the same.
    same_names = remembered("other", lb1="198.51.100.11", vips=["192.0.2.110"])
    assert Site().finds("www1", **same_names).cluster["hosts"]["www1"]["other_clusters"] == ["other"]


def test_a_renamed_cluster_finds_itself():
    former = remembered("before", lb1="192.0.2.11", vips=[B])
    site = Site(lvs_cluster_name="after").finds("www1", **former).finds("lb1", **former)
    assert site.cluster["name"] == "after"
    for host in ("www1", "lb1"):
        assert site.cluster["hosts"][host]["former_names"] == ["before"]
        assert site.cluster["hosts"][host]["other_clusters"] == []
    assert site.refused() == []
    # With other directors only if somebody says so
    replaced = remembered("before", gw1="192.0.2.13", vips=[B])
    (refused,) = Site().finds("www1", **replaced).refused()
    assert refused.startswith(f"www1: {B} also belongs to the cluster before of gw1 (192.0.2.13).")
    assert Site(lvs_take_over=True).finds("www1", **replaced).cluster["hosts"]["www1"]["former_names"] == ["before"]


def test_a_director_belongs_to_one_cluster():
    theirs = {"lb1": "192.0.2.11", "vips": ["192.0.2.110"]}
    (refused,) = Site(lvs_cluster_name="b").finds("lb1", **remembered("a", "director", "lb1", **theirs)).refused()
    assert refused.startswith(
        "lb1: it is a director of the cluster a of lb1 (192.0.2.11), and a director belongs to one cluster."
    )
    # A real server of another cluster may be a director here.
    assert Site().finds("lb1", **remembered("a", host="lb1", gw1="192.0.2.13", vips=["192.0.2.110"])).refused() == []


def test_two_clusters_cannot_both_send_a_host_s_answers_to_their_gateway():
    nat = {
        "lvs_nat": {"gateway": "192.0.2.9"},
        "lvs_services": [{"name": "a", "vip": A, "port": 80, "forward": "nat"}],
    }
    other = {"gw1": "192.0.2.13", "vips": ["192.0.2.110"]}
    refused = Site(**nat).finds("www1", **remembered("other", gateways=["192.0.2.8"], **other)).refused()
    (way,) = [message for message in refused if "A host has one way back" in message]
    assert way.startswith("www1: it sends its answers of NAT to 192.0.2.8, the gateway of the cluster other of gw1")
    six = Site(**nat).finds("www1", **remembered("other", gateways=["fd00::9"], **other)).refused()
    assert not [message for message in six if "A host has one way back" in message]


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({"lvs_stack": "static", "lvs_start_at_boot": False}, True),
        ({"lvs_stack": "static"}, False),
        ({"lvs_start_at_boot": False}, False),
    ],
    ids=["static_not_at_boot", "static", "keepalived_not_at_boot"],
)
def test_a_host_adds_the_vips_of_both_clusters_at_boot_or_of_none(variables, refused):
    theirs = {"gw1": "192.0.2.13", "vips": ["192.0.2.110"]}
    site = Site(**variables)
    site.groups["directors"] = ["lb1"]
    site.finds("lb1", **remembered("other", host="lb1", **theirs))
    assert [message.startswith("lb1: lvs_start_at_boot is false, but") for message in site.refused()] == [
        True
    ] * refused
    assert site.cluster["hosts"]["www1"]["record"]["vips_at_boot"] is True
    # The real server of one is such a director of the other.
    (named,) = Site().finds("www1", **remembered("other", "director", at_boot=False, **theirs)).refused()
    assert named.startswith(
        "www1: it is a director of the cluster other of gw1 (192.0.2.13), whose inventory has lvs_start_at_boot"
    )


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"listen": [{"port": 80, "tls": False}]}, None),
        ({"listen": [{"port": 8080, "tls": True}]}, None),
        ({"host": "web1"}, None),
        ({"page": PAGE}, None),
        (
            {"page": "/srv/page"},
            f"real_server_test_page_root is {PAGE}, and /srv/page in the inventory of the cluster other",
        ),
        ({"listen": [{"port": 80, "tls": True}]}, "its test page has port 80 with TLS for the cluster other"),
        ({"listen": [{"port": 81, "tls": True}], "host": "web1"}, "its test page names it web1"),
    ],
)
def test_one_test_page_serves_both_clusters(found, reason):
    record = remembered("other", gw1="192.0.2.13", vips=["192.0.2.110"], **found)
    refused = Site(lvs_test_page=True).finds("www1", **record).refused()
    assert [message.startswith(f"www1: {reason}") for message in refused] == [True] * bool(reason)
    assert Site().finds("www1", **record).refused() == []


def test_the_folder_of_the_test_page_may_be_the_same_in_both_inventories():
    site = Site(lvs_test_page=True, real_server_test_page_root="/srv/page")
    site.finds("www1", **remembered("other", gw1="192.0.2.13", vips=["192.0.2.110"], page="/srv/page"))
    assert site.refused() == []
    roots = {host: part["record"]["test_page_root"] for host, part in site.cluster["hosts"].items()}
    assert roots == {"lb1": None, "lb2": None, "www1": "/srv/page"}


def test_a_real_server_that_has_a_vip_where_it_answers_arp_is_refused():
    site = Site().finds("lb1").finds("lb2").finds("www1")
    facts = site.hostvars["www1"]["ansible_facts"]
    single = {"address": A, "netmask": "255.255.255.255", "prefix": "32"}
    facts["interfaces"] += ["tunl0", "dummy0"]
    facts.update(lo={"ipv4_secondaries": [single]}, tunl0={"ipv4": single}, dummy0={"ipv4": single})
    assert site.refused() == []
    facts["eth_0"]["ipv4_secondaries"] = [{**single, "netmask": "255.255.255.0", "prefix": "24"}]
    (refused,) = site.refused()
    assert refused.startswith(f"www1: VIP {A} is on eth-0 of this real server, which answers ARP for it there")
    assert f"ip address del {A}/24 dev eth-0" in refused


def test_a_director_that_also_serves_may_have_the_vips():
    site = Site().finds("lb1").finds("lb2").finds("www1")
    site.cluster["real_servers"].append("lb1")
    site.hostvars["lb1"]["ansible_facts"]["eth_0"]["ipv4_secondaries"] = [{"address": A, "prefix": "24"}]
    assert site.refused() == []


def test_a_director_may_have_the_vips():
    site = Site().finds("lb1").finds("lb2")
    site.hostvars["lb1"]["ansible_facts"]["eth_0"]["ipv4_secondaries"] = [{"address": A, "prefix": "24"}]
    assert site.refused() == []


@pytest.mark.parametrize(
    ("options", "found", "refused"),
    [
        (["--snmp"], {"ours": False, "running": ["-D"]}, True),
        (["--snmp"], {"ours": True, "running": ["--snmp"]}, False),
        (["--snmp"], {"ours": False, "running": None}, False),
        (None, {"ours": True, "running": ["--snmp"]}, True),
        (None, {"ours": False, "running": ["-D"]}, False),
    ],
)
def test_other_options_restart_keepalived_so_they_need_consent(options, found, refused):
    site = Site(lvs_keepalived={"options": options})
    site.finds("lb1", stacks=["keepalived.service"], options=found)
    assert [message.startswith("lvs_keepalived: options would be") for message in site.refused()] == [True] * refused
    assert not Site(lvs_keepalived={"options": options}, lvs_accept_outage=True).finds("lb1", options=found).refused()


@pytest.mark.parametrize("consent", [True, False])
def test_another_stack_would_leave_a_macvlan_of_keepalived_so_it_is_refused_also_with_consent(consent):
    running = Site(lvs_vrrp={"vmac": True}).cluster
    key = {"key": "0123456789abcdef"}
    site = Site(lvs_stack="ldirectord", lvs_heartbeat=key, lvs_accept_outage=consent).runs(running)
    (said,) = site.refused()
    assert said.startswith("lvs_stack would be ldirectord, but vmac is true for keepalived (on lb1 and lb2).")
    assert "run site.yml with vmac: false" in said
    # The change has ended there
    for host in ("lb1", "lb2"):
        site.hostvars[host]["ansible_facts"]["deployed_lvs"]["stacks"] = ["heartbeat.service"]
    assert site.refused() == []
    without = Site(lvs_stack="ldirectord", lvs_heartbeat=key).runs(Site().cluster)
    assert without.refused() == []


def test_a_director_that_others_do_not_hear_yet_needs_them_in_the_run():
    site = Site(lvs_peers_only=True)
    site.runs(site.cluster, "lb1", "lb2")
    site.groups["directors"].append("lb3")
    site.hostvars["lb3"] = {**site.hostvars["lb2"], "lvs_address": "192.0.2.13", "ansible_facts": site.facts(13)}
    site.hostvars["lb3"]["ansible_facts"]["deployed_lvs"] = NOTHING
    for name, other in (("lb1", 12), ("lb2", 11)):
        heard = {"let": [f"192.0.2.{other} vrrp"], "only": ["ipv4 vrrp"]}
        site.hostvars[name]["ansible_facts"]["deployed_lvs"]["peers_only"] = {"lb1-lb2": heard}
    assert refusals(site.cluster, site.hostvars) == []
    assert refusals(site.cluster, site.hostvars, ["lb1", "lb2", "lb3"]) == []
    (said,) = refusals(site.cluster, site.hostvars, ["lb2", "lb3"])
    assert said.startswith(
        "lvs_peers_only: lb1 is not in this run, and does not let in 192.0.2.13 vrrp of another director yet."
    )
    # Without the rules, whoever sends is heard.
    site.hostvars["lb1"]["ansible_facts"]["deployed_lvs"]["peers_only"] = {}
    assert refusals(site.cluster, site.hostvars, ["lb2", "lb3"]) == []


def test_a_new_director_does_not_come_while_the_others_stop_dropping():
    site = Site(lvs_peers_only=False)
    site.runs(site.cluster, "lb1", "lb2")
    heard = {"let": ["192.0.2.11 vrrp"], "only": ["ipv4 vrrp"]}
    site.hostvars["lb2"]["ansible_facts"]["deployed_lvs"]["peers_only"] = {"lb1-lb2": heard}
    assert refusals(site.cluster, site.hostvars) == []
    site.groups["directors"].append("lb3")
    site.hostvars["lb3"] = {**site.hostvars["lb1"], "lvs_address": "192.0.2.13", "ansible_facts": site.facts(13)}
    site.hostvars["lb3"]["ansible_facts"]["deployed_lvs"] = NOTHING
    (said,) = refusals(site.cluster, site.hostvars)
    assert said.startswith(
        "lvs_peers_only would be false, and lb3 would be a new director. Until lb2 is changed, nothing of it is heard there,"
    )
    assert refusals({**site.cluster, "accept_outage": True}, site.hostvars) == []
    # Where everybody is heard there is nothing to wait for.
    site.hostvars["lb2"]["ansible_facts"]["deployed_lvs"]["peers_only"] = {}
    assert refusals(site.cluster, site.hostvars) == []
