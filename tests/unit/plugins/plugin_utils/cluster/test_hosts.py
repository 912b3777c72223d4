# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible's network facts tell of a host's addresses, and what they leave out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.hosts import (
    Host,
    own_interfaces,
    read_interfaces,
    resolve_host,
)
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.inventory import HostVars
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryPath, Mistakes
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import network_facts

FACTS = network_facts(
    {"eth0": ["10.0.1.1/24"], "eth1": ["10.0.2.1/24", "2001:db8:2::1/64"], "eth2": ["2001:db8:3::1/64"]}
)


def test_an_address_without_its_network_tells_nothing() -> None:
    facts = {
        "interfaces": ["eth0", "eth1", "br-lan", "gone"],
        "eth0": {"ipv4": {"address": "10.0.0.1"}},
        "eth1": {
            "ipv4": {"address": "10.0.1.1", "netmask": "255.255.255.0"},
            "ipv6": [{"address": "x", "prefix": "64"}],
        },
        "br_lan": {"ipv4_secondaries": [{"address": "10.0.2.1", "prefix": "24"}]},
    }
    found = [(one.name, one.address.text, one.prefix, one.primary) for one in read_interfaces(facts)]
    assert found == [("eth1", "10.0.1.1", 24, True), ("br-lan", "10.0.2.1", 24, False)]


@pytest.mark.parametrize("mac", ["00:00:5e:00:01:64", "00:00:5E:00:02:0A"])
def test_what_is_on_a_virtual_router_is_not_the_hosts_own(mac: str) -> None:
    facts = network_facts({"eth1": ["10.0.2.1/24"], "wan-vip": ["10.0.2.100/24", "10.0.3.100/24"]})
    facts["wan_vip"]["macaddress"] = mac
    assert [one.address.text for one in own_interfaces(facts)] == ["127.0.0.1", "10.0.2.1"]
    assert {network.interface for network in host(facts).networks} == {"eth1"}


def host(facts: dict[str, Any]) -> Host:
    """A host with lvs_address on eth1."""
    return resolve_host(
        "lvs1", "director", HostVars({"lvs_address": "10.0.2.1"}, facts), [], InventoryPath("host", Mistakes())
    )


@pytest.mark.parametrize(
    ("asked", "address", "interface"),
    [
        ("10.0.1.0/24", "10.0.1.1", "eth0"),
        ("10.0.0.0/16", "10.0.2.1", "eth1"),
        ("10.0.1.1", "10.0.1.1", "eth0"),
        ("2001:db8::/32", "2001:db8:2::1", "eth1"),
        ("2001:db8:3::/48", "2001:db8:3::1", "eth2"),
    ],
)
def test_a_host_knows_where_it_has_an_address_in_a_network(asked: str, address: str, interface: str) -> None:
    own = host(FACTS).own_in(asked)
    assert own is not None
    assert (own.address, own.interface) == (address, interface)


@pytest.mark.parametrize("asked", ["10.0.3.0/24", "10.0.1.2", "2001:db8:4::/64"])
def test_a_host_has_no_address_in_another_network(asked: str) -> None:
    assert host(FACTS).own_in(asked) is None


def test_without_facts_a_host_knows_the_addresses_of_the_inventory_and_no_interface() -> None:
    own = host({}).own_in("10.0.0.0/8")
    assert own is not None
    assert (own.address, own.interface) == ("10.0.2.1", "")
    assert host({}).own_in("10.0.1.0/24") is None


@pytest.mark.parametrize(
    ("to", "address"),
    [("10.0.1.9", "10.0.1.1"), ("192.0.2.1", "10.0.2.1"), ("2001:db8:3::9", "2001:db8:3::1")],
)
def test_packets_leave_from_the_address_on_the_same_network_or_the_main_one(to: str, address: str) -> None:
    assert host(FACTS).address_towards(to) == address
