# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two clusters with the defaults are two virtual routers, and a running one stays the one that it is."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve


def running(**own):
    """What a director is found to run."""
    instance = {
        "name": "VI_1",
        "virtual_router_id": 51,
        "advertised": ["169.254.112.51"],
        "addresses": ["172.28.0.100"],
        **own,
    }
    return {"foreign": [], "instances": [instance], "vips": [], "stacks": []}


@pytest.fixture
def identity(inventory):
    """Return a function that resolves the base with a change: (id, address of the adverts) of each instance.

    `deployed` is what lvs2 is found to run.
    """

    def resolved(change=None, deployed=None):
        hostvars, groups = inventory(change)
        if deployed:
            hostvars["lvs2"].setdefault("ansible_facts", {})["deployed_lvs"] = deployed
        cluster = resolve(hostvars, groups)
        return [(one["virtual_router_id"], one["advert_address"]) for one in cluster["vrrp"]["instances"]]

    return resolved


def test_clusters_with_the_defaults_differ(identity):
    numbers = {identity({"service": {"vip": f"172.28.0.{last}"}})[0] for last in range(100, 200)}
    assert len({number for number, _address in numbers}) == 100
    assert identity({"service": {"vip": "172.28.0.100"}})[0][0] == 100


@pytest.mark.parametrize(("vip", "number"), [("172.28.1.0", 255), ("172.28.1.1", 1)])
def test_every_vip_gives_an_id(identity, vip, number):
    assert identity({"service": {"vip": vip}})[0][0] == number


def test_one_id_by_mistake_still_leaves_each_its_own_adverts(identity):
    same = {"all": {"lvs_vrrp": {"virtual_router_id": 7}}}
    (one,) = identity({**same, "service": {"vip": "172.28.0.100"}})
    (other,) = identity({**same, "service": {"vip": "172.28.0.150"}})
    assert one[0] == other[0] == 7
    assert one[1] != other[1]
    assert one[1].startswith("169.254.")


def test_what_a_cluster_runs_with_stays_whatever_its_first_vip_is(identity):
    assert identity({"service": {"vip": "172.28.0.150"}}, running()) == [(51, "169.254.112.51")]


@pytest.mark.parametrize("number", [None, 0, 256])
def test_what_is_no_id_is_not_kept(identity, number):
    assert identity(deployed=running(virtual_router_id=number))[0][0] == 100


def test_the_id_in_the_inventory_counts_more(identity):
    ((number, address),) = identity({"all": {"lvs_vrrp": {"virtual_router_id": 9}}}, running())
    assert number == 9
    assert address.endswith(".9")


def test_what_somebody_else_has_written_is_not_what_the_cluster_runs_with(identity):
    by_hand = {**running(), "foreign": ["/etc/keepalived/keepalived.conf"]}
    assert identity(deployed=by_hand)[0][0] == 100
