# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What teardown.yml takes down on a host that serves several clusters, and what it refuses."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.leaving import leaving, names_in
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.teardown import teardown_refusals

VIP = "192.0.2.100"
SERVICES = [{"name": "web", "vip": [VIP], "port": 80}]
OURS = {"lvs1": "192.0.2.11", "lvs2": "192.0.2.12"}
THEIRS = {"lvs1": "198.51.100.11", "lvs2": "198.51.100.12"}
NAME = "lvs1-lvs2"


def record(directors, vip=VIP, role="real_server"):
    return {"role": role, "directors": directors, "vips": [vip], "gateways": []}


def facts(address):
    own = {"address": address, "netmask": "255.255.255.0", "prefix": "24"}
    return {
        "interfaces": ["eth0"],
        "eth0": {"device": "eth0", "ipv4": own},
        "default_ipv4": {**own, "interface": "eth0"},
    }


def cluster(addresses=None, real=True, **variables):
    """The cluster of an inventory that has only a few variables.

    The addresses of the directors, OURS if none are given, are in the inventory, or with real=False in their facts; without a
    value in neither.
    """
    addresses = OURS if addresses is None else addresses
    hostvars = {"web1": {**variables}}
    for name, address in addresses.items():
        known = {"lvs_address": address} if real and address else {}
        hostvars[name] = {**variables, **known, "ansible_facts": facts(address) if address else {}}
    return leaving(hostvars, {"directors": list(addresses), "real_servers": ["web1"]})


def refused(cluster, records, host="web1"):
    return teardown_refusals(cluster, records, host, {"directors": ["lvs1", "lvs2"], "real_servers": ["web1"]})


SHOP = {"lvs_cluster_name": "shop"}
WITH_VIP = {"lvs_services": SERVICES}
CONSENT = {"lvs_take_over": "true"}


@pytest.mark.parametrize(
    ("given", "records", "names"),
    [
        ({}, {}, [NAME]),
        ({}, {NAME: record(OURS), "other": record(THEIRS)}, [NAME]),
        (SHOP, {"shop": record(OURS), NAME: record(OURS)}, ["shop"]),
        # Another cluster may have one of our directors, too.
        (SHOP, {NAME: record(OURS)}, ["shop"]),
        (SHOP | WITH_VIP, {NAME: record(OURS, "192.0.2.99")}, ["shop"]),
        (SHOP | WITH_VIP, {NAME: record(OURS), "other": record(THEIRS, "192.0.2.99")}, ["shop", NAME]),
        (SHOP | WITH_VIP, {"shop": record(OURS), NAME: record(OURS)}, ["shop", NAME]),
        (WITH_VIP, {"before": record(OURS, "192.0.2.99")}, [NAME]),
        ({}, {"before": record({"lvs1": OURS["lvs1"]}), "other": record(THEIRS)}, [NAME, "before"]),
        ({}, {NAME: record(OURS), "before": record(OURS)}, [NAME]),
        (WITH_VIP, {"gone": record({"gw1": "192.0.2.13"})}, [NAME]),
        (WITH_VIP | CONSENT, {"gone": record({"gw1": "192.0.2.13"})}, [NAME, "gone"]),
        ({"lvs_services": "{{ gone }}", "real": False}, {"before": record(OURS)}, [NAME, "before"]),
    ],
    ids=[
        "bare",
        "default",
        "named",
        "a_director_in_common",
        "another_vip",
        "renamed",
        "rename_interrupted",
        "default_another_vip",
        "default_renamed",
        "default_and_another",
        "replaced",
        "replaced_with_consent",
        "by_facts",
    ],
)
def test_the_teardown_takes_what_is_this_cluster_s(given, records, names):
    assert names_in(cluster(**given), records) == names
    assert refused(cluster(**given), records) == []


@pytest.mark.parametrize("host", ["web1", "lvs1"])
@pytest.mark.parametrize("real", [True, False], ids=["by_the_inventory", "by_facts"])
def test_another_cluster_of_the_same_name_is_not_taken_down(host, real):
    records = {NAME: record(THEIRS, "192.0.2.99", "director")}
    (message,) = refused(cluster(real=real, **WITH_VIP), records, host)
    assert message.startswith(
        f"{host}: it serves another cluster of the same name, the cluster {NAME} of lvs1 (198.51.100.11) and lvs2 (198.51.100.12)."
    )
    consent = cluster(real=real, **CONSENT)
    assert refused(consent, records, host) == []
    assert names_in(consent, records) == [NAME]


@pytest.mark.parametrize(
    ("addresses", "given"),
    [
        ({"lvs1": "192.0.2.11", "lvs3": "192.0.2.13"}, {}),
        ({"lvs1": "192.0.2.19"}, WITH_VIP),
        ({"lvs1": None}, WITH_VIP),
        ({}, {}),
    ],
    ids=["one_left", "another_address", "no_facts", "no_directors"],
)
def test_this_cluster_is_not_another_one(addresses, given):
    records = {"shop": record(OURS)}
    assert refused(cluster(addresses, **SHOP, **given), records) == []


def test_a_director_of_another_cluster_is_not_taken_down():
    records = {"a": record(OURS, "192.0.2.99", "director"), "shop": record(OURS)}
    (message,) = refused(cluster(**SHOP), records, "lvs1")
    assert message.startswith(
        "lvs1: it is a director of the cluster a of lvs1 (192.0.2.11) and lvs2 (192.0.2.12), not of the cluster shop."
    )
    assert "-e lvs_cluster_name=a" in message
    assert refused(cluster(lvs_cluster_name="a"), records, "lvs1") == []
    # It may be a real server here, and a director here may be a real server there.
    assert refused(cluster(**SHOP), records) == []
    assert refused(cluster(**SHOP), {"a": record(OURS)}, "lvs1") == []
