# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directors that somebody has configured by hand are taken over, and understand each other meanwhile, or the run is refused."""

from __future__ import annotations

import re

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.deployed import KEEPALIVED, vrrp_instances
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.announced import announced
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.foreign import answering_addresses
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.preflight.test_preflight import NOTHING, A, B, Site

VRRP = {"virtual_router_id": 51, "auth_pass": "1111"}
BY_HAND = """
vrrp_instance %(name)s {
    state MASTER
    interface eth-0
    virtual_router_id 51
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        192.0.2.100
        192.0.2.101/24 dev eth-0
    }
}
"""


def site(text=BY_HAND, vrrp=None, by_hand=("lb1", "lb2"), **variables):
    """Two directors, those named with a file by hand, and the others as the roles have configured them."""
    found = Site(lvs_take_over=True, lvs_vrrp=VRRP if vrrp is None else vrrp, **variables)
    found.runs(found.cluster)
    files = {KEEPALIVED: text % {"name": "VI_1"}}
    for host in by_hand:
        found.hostvars[host]["ansible_facts"]["deployed_lvs"] = {
            **NOTHING,
            "foreign": [KEEPALIVED],
            "vips": [A, B],
            "instances": vrrp_instances(files),
        }
    return found


def test_directors_that_are_taken_over_announce_as_the_others_do():
    one = site()
    assert one.refused() == []
    assert announced(one.cluster, one.hostvars) == {"VI_1": [A, B]}


@pytest.mark.parametrize("by_hand", [("lb1",), ("lb2",)])
def test_they_go_on_until_the_last_one_announces_as_the_roles_do(by_hand):
    one = site(by_hand=by_hand)
    assert announced(one.cluster, one.hostvars) == {"VI_1": [A, B]}


def test_later_nothing_is_announced_but_the_clusters_address():
    one = site(by_hand=())
    assert announced(one.cluster, one.hostvars) == {}


def half_way(*before, holder=None, unread=()):
    """All directors are taken over, those named announce as before, and the others as the roles do."""
    one = site(by_hand=before)
    for host in ("lb1", "lb2"):
        facts = one.hostvars[host]["ansible_facts"]
        facts["deployed_lvs"].update(foreign=[], unread=host in unread)
        if host == holder:
            facts["eth_0"]["ipv4_secondaries"] = [{"address": A, "netmask": "255.255.255.255", "prefix": "32"}]
    return one


@pytest.mark.parametrize(
    ("before", "holder", "unread", "goes_on"),
    [
        # The master announces as the roles do already: so does what is reloaded now
        (["lb2"], "lb1", (), False),
        (["lb1"], "lb2", (), False),
        # Another director has become the master since
        (["lb2"], "lb2", (), True),
        # Written, but not reloaded: the master announces as before
        (["lb2"], "lb1", ["lb1"], True),
        (["lb2"], None, (), False),
        (["lb2"], None, ["lb1"], True),
        # Nobody has begun
        (["lb1", "lb2"], "lb1", (), True),
    ],
)
def test_a_run_that_ended_half_way_is_ended_as_the_master_announces(before, holder, unread, goes_on):
    one = half_way(*before, holder=holder, unread=unread)
    assert one.refused() == []
    assert announced(one.cluster, one.hostvars) == ({"VI_1": [A, B]} if goes_on else {})


def test_a_vip_on_lo_makes_no_master():
    one = half_way("lb2", holder="lb2")
    facts = one.hostvars["lb1"]["ansible_facts"]
    facts["interfaces"] = ["lo", "eth-0"]
    facts["lo"] = {"device": "lo", "ipv4_secondaries": [{"address": A, "netmask": "255.255.255.255", "prefix": "32"}]}
    assert announced(one.cluster, one.hostvars) == {"VI_1": [A, B]}


def test_the_adverts_are_those_of_the_peers(render):
    one = site()
    adverts = announced(one.cluster, one.hostvars)
    text = render(one.cluster, "lb1", director_announced=adverts)
    inside = re.search(r"virtual_ipaddress \{(.*?)\}\s+virtual_ipaddress_excluded \{(.*?)\}", text, re.DOTALL)
    assert [part.split() for part in inside.groups()] == [
        [f"{A}/32", "dev", "eth-0", f"{B}/32", "dev", "eth-0"],
        [],
    ]
    assert "vrrp_skip_check_adv_addr" in render(
        site(vrrp={**VRRP, "skip_check_adv_addr": False}).cluster, "lb1", director_announced=adverts
    )
    later = render(one.cluster, "lb1", director_announced={})
    assert later == render(one.cluster, "lb1")
    assert re.search(r"virtual_ipaddress \{\s+169\.254\.\S+/32 dev lo scope host\s+\}", later)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"virtual_router_id": 52}, "virtual_router_id is 51 now and would be 52"),
        ({"auth_pass": "2222"}, "auth_pass would change"),
        ({"advert_interval": 2}, "advert_interval is 1 now and would be 2"),
        ({"version": 3, "auth_pass": None}, "version is 2 now and would be 3"),
        ({"unicast": True}, "unicast is false now and would be true"),
    ],
)
def test_what_the_directors_would_not_understand_is_refused(change, said):
    vrrp = {**VRRP, **change}
    refused = site(vrrp=vrrp).refused()
    assert [one for one in refused if said in one], refused
    assert site(vrrp=vrrp, lvs_accept_outage=True).refused() == []


def test_a_name_of_the_interface_of_vmac_is_no_other_vmac():
    text = BY_HAND.replace("advert_int 1", "use_vmac vrrp0")
    vmac = {**VRRP, "vmac": True}
    assert site(text, vrrp=vmac).refused() == []
    assert "vmac is true now and would be false" in site(text).refused()[0]


@pytest.mark.parametrize("accepted", [False, True])
def test_a_mac_address_of_ones_own_is_refused_whatever_outage_is_accepted(accepted):
    """keepalived loses the VIPs, and does not add them again."""
    text = BY_HAND.replace("advert_int 1", "use_vmac vrrp0 02:00:00:00:00:51")
    (said,) = site(text, vrrp={**VRRP, "vmac": True}, lvs_accept_outage=accepted).refused()
    assert said.startswith("lvs_vrrp vmac: instance VI_1 has the MAC address 02:00:00:00:00:51 (on lb1 and lb2)")


def test_an_address_that_the_inventory_has_not_is_refused():
    text = BY_HAND.replace("192.0.2.100", "192.0.2.99")
    one = site(text)
    assert "its adverts have 192.0.2.99, and would not" in one.refused()[0]
    assert announced(one.cluster, one.hostvars) == {}


def test_a_link_local_address_in_adverts_by_hand_is_not_that_of_the_roles():
    """Directors that were taken over would announce another one, and all of them would be masters."""
    text = BY_HAND.replace("192.0.2.101/24 dev eth-0", "}\nvirtual_ipaddress_excluded {\n192.0.2.101")
    one = site(text.replace("192.0.2.100", "169.254.7.7"))
    assert "its adverts have 169.254.7.7, and would not" in one.refused()[0]
    # One that the inventory has would go on
    again = site(text, by_hand=("lb1",))
    assert again.refused() == []
    assert announced(again.cluster, again.hostvars) == {"VI_1": [A]}


def test_another_interface_is_refused_if_the_director_has_it():
    assert site(BY_HAND.replace("eth-0", "eth7")).refused() == []
    one = site(BY_HAND.replace("interface eth-0", "interface eth9"))
    for host in ("lb1", "lb2"):
        facts = one.hostvars[host]["ansible_facts"]
        facts["interfaces"] = [*facts["interfaces"], "eth9"]
        address = {"address": f"10.9.9.{host[-1]}", "netmask": "255.255.255.0", "prefix": "24"}
        facts["eth9"] = {"device": "eth9", "ipv4": address}
    assert "interface is eth9 now and would be eth-0" in one.refused()[0]


@pytest.mark.parametrize("option", [["-f", "/etc/own.conf"], ["--use-file=/etc/own.conf"]])
def test_another_file_of_a_running_keepalived_is_refused(option):
    """It would go on with that file until it is restarted, and then the other director would not understand it."""
    one = site(by_hand=())
    deployed = one.hostvars["lb1"]["ansible_facts"]["deployed_lvs"]
    deployed["options"] = {"ours": False, "running": ["-D", *option]}
    (said,) = one.refused()
    assert said.startswith("lb1: keepalived was started with -f and reads /etc/own.conf")
    deployed["options"] = {"ours": False, "running": ["-D", "-f", KEEPALIVED]}
    assert one.refused() == []


def test_a_password_is_read_as_keepalived_reads_it():
    def password(text):
        return vrrp_instances({KEEPALIVED: text % {"name": "VI_1"}})[0]["password"]

    assert password(BY_HAND.replace("1111", "123456789")) == password(BY_HAND.replace("1111", "12345678"))
    assert password(BY_HAND.replace("PASS", "AH")) != password(BY_HAND)


def test_a_version_may_be_that_of_all_instances_and_with_ipv6_is_always_3():
    def version(text):
        return vrrp_instances({KEEPALIVED: text % {"name": "VI_1"}})[0]["version"]

    assert version("vrrp_version 3\n" + BY_HAND) == 3
    assert version("vrrp_version 3\n" + BY_HAND.replace("advert_int 1", "version 2")) == 2
    assert version(BY_HAND.replace("192.0.2.100", "2001:db8::1")) == 3


def test_a_vip_on_an_interface_of_a_real_server_moves_when_it_is_taken_over():
    def real_server(take_over, **deployed):
        one = Site(lvs_take_over=take_over)
        facts = one.hostvars["www1"]["ansible_facts"]
        facts["eth_0"]["ipv4_secondaries"] = [{"address": A, "netmask": "255.255.255.255", "prefix": "32"}]
        facts["deployed_lvs"] = {**NOTHING, **deployed}
        return one

    assert f"ip address del {A}/32 dev eth-0" in real_server(False).refused()[0]
    one = real_server(True)
    assert one.refused() == []
    assert answering_addresses(one.cluster, one.hostvars, "www1") == [(f"{A}/32", "eth-0")]
    assert answering_addresses(one.cluster, one.hostvars, "lb1") == []
    # A daemon of the host would add it again
    assert f"VIP {A} is on eth-0" in real_server(True, vips=[A]).refused()[0]


@pytest.mark.parametrize("is_secondary", [True, False])
def test_a_label_is_no_device(is_secondary):
    one = Site(lvs_take_over=True)
    facts = one.hostvars["www1"]["ansible_facts"]
    vip = {"address": A, "netmask": "255.255.255.0", "prefix": "24"}
    facts["interfaces"] = [*facts["interfaces"], "eth-0_1", "lo_1"]
    facts["lo"] = {"device": "lo"}
    facts["lo_1"] = {"ipv4": {"address": B, "netmask": "255.255.255.255", "prefix": "32"}}
    facts["eth_0_1"] = {"ipv4_secondaries": [vip]} if is_secondary else {"ipv4": vip}
    facts["eth_0"]["ipv4_secondaries"] = [vip] if is_secondary else []
    assert answering_addresses(one.cluster, one.hostvars, "www1") == [(f"{A}/24", "eth-0")]
