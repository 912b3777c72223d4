# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from lab.errors import LabError
from lab.topology import from_inventory, host_address

CASES = yaml.safe_load((Path(__file__).parent / "wrong_inventories.yml").read_text())


def listing(hosts):
    return {"_meta": {"hostvars": hosts}, "all": {"hosts": list(hosts)}}


def test_a_node_has_its_segment_and_the_management_network(topology):
    node = topology.node("lvs1")
    assert node.links == (("mgmt", ("10.99.0.11",)), ("lan", ("172.28.0.11",)))
    assert host_address(topology.network("mgmt")) == "10.99.0.1/24"


def test_a_node_is_bare_debian_12_unless_the_inventory_says_otherwise(topology):
    assert (topology.node("lvs1").release, topology.node("lvs1").image) == ("bookworm", "bare")
    host = {
        "ansible_host": "10.99.0.11",
        "lvs_address": "172.28.0.11",
        "lab_release": "trixie",
        "lab_image": "installed",
    }
    node = from_inventory(listing({"lvs1": host})).node("lvs1")
    assert (node.release, node.image) == ("trixie", "installed")


def test_several_networks_and_both_families():
    networks = {"front": {"subnet": ["172.28.0.0/24", "2001:db8::/64"]}, "back": {"subnet": "172.29.0.0/24"}}
    addresses = {"front": ["172.28.0.11", "2001:db8::11"], "back": "172.29.0.11"}
    hosts = {"lvs1": {"ansible_host": "10.99.0.11", "lab_networks": networks, "lab_addresses": addresses}}
    node = from_inventory(listing(hosts)).node("lvs1")
    assert dict(node.addresses)["front"] == ("172.28.0.11", "2001:db8::11")
    assert dict(node.addresses)["back"] == ("172.29.0.11",)


def test_the_order_of_hosts_makes_no_difference(topology):
    hosts = {
        "web1": {"ansible_host": "10.99.0.21", "lvs_address": "172.28.0.21"},
        "lvs1": {"ansible_host": "10.99.0.11", "lvs_address": "172.28.0.11"},
    }
    assert from_inventory(listing(hosts)) == topology


def test_another_address_is_another_topology(topology):
    hosts = {
        "lvs1": {"ansible_host": "10.99.0.11", "lvs_address": "172.28.0.12"},
        "web1": {"ansible_host": "10.99.0.21", "lvs_address": "172.28.0.21"},
    }
    assert from_inventory(listing(hosts)) != topology


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_wrong_inventory_is_refused_with_the_reason(case):
    with pytest.raises(LabError) as error:
        from_inventory(listing(case["hosts"]))
    assert str(error.value) == case["message"]


def test_an_unknown_node_is_answered_with_the_known_ones(topology):
    with pytest.raises(LabError, match="no node lvs9 in the lab; there are: lvs1, web1"):
        topology.node("lvs9")
