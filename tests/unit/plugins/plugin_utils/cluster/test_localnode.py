# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that direct and serve: by which Ethernet addresses they know each other."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve

BOTH = {"groups": {"real_servers": ["lvs1", "lvs2"]}}
MACS = {"lvs1": "52:54:ac:1c:00:0b", "lvs2": "52:54:ac:1c:00:0c"}
SLAVE, PERMANENT = "52:54:00:00:00:02", "52:54:00:00:00:03"


def macs(given: Any) -> list[list[str]]:
    """The addresses of the other director, as each of the two knows it."""
    hosts = resolve(*given)["hosts"]
    return [hosts[name]["localnode"]["macs"] for name in ("lvs1", "lvs2")]


def test_each_knows_the_interface_on_the_segment_of_the_other(inventory: Callable) -> None:
    assert macs(inventory(BOTH)) == [[MACS["lvs2"]], [MACS["lvs1"]]]


def test_they_need_a_packet_filter_to_know_what_the_other_has_forwarded(inventory: Callable) -> None:
    hosts = resolve(*inventory(BOTH))["hosts"]
    assert [hosts[name]["tools"] for name in ("lvs1", "lvs2")] == [["nftables"], ["nftables"]]


def test_each_knows_the_interface_of_each_family(inventory: Callable) -> None:
    facts = {
        name: {"eth0": [f"10.99.0.1{n}/24"], "eth1": [f"172.28.0.1{n}/24"], "eth2": [f"2001:db8:2::1{n}/64"]}
        for n, name in enumerate(MACS, 1)
    }
    hosts = {name: {"lvs_address6": f"2001:db8:2::1{n}"} for n, name in enumerate(MACS, 1)}
    hostvars, groups = inventory({**BOTH, "facts": facts, "hosts": hosts})
    six = {name: hostvars[name]["ansible_facts"]["eth2"]["macaddress"] for name in MACS}
    assert macs((hostvars, groups)) == [[MACS["lvs2"], six["lvs2"]], [MACS["lvs1"], six["lvs1"]]]
    hostvars["lvs2"]["ansible_facts"]["eth2"]["macaddress"] = None
    with pytest.raises(InventoryMistakes, match="but eth2 of director lvs2 has none"):
        resolve(hostvars, groups)


def test_the_links_of_a_bond_may_send_as_themselves(inventory: Callable) -> None:
    hostvars, groups = inventory(BOTH)
    facts = hostvars["lvs2"]["ansible_facts"]
    facts["eth1"]["slaves"] = ["eth-2", "eth3"]
    facts["eth_2"] = {"macaddress": SLAVE.upper()}
    facts["eth3"] = {"macaddress": MACS["lvs2"], "perm_macaddress": PERMANENT}
    assert macs((hostvars, groups))[0] == [MACS["lvs2"], SLAVE, PERMANENT]


def test_a_director_that_does_not_answer_is_known_by_what_is_deployed(inventory: Callable) -> None:
    hostvars, groups = inventory({**BOTH, "facts": {"without": ["lvs2"]}})
    with pytest.raises(InventoryMistakes, match="director lvs2 did not answer"):
        resolve(hostvars, groups)
    hostvars["lvs1"]["ansible_facts"]["deployed_lvs"] = {"peer_macs": [MACS["lvs2"]]}
    assert macs((hostvars, groups)) == [[MACS["lvs2"]], [MACS["lvs1"]]]


def test_a_replaced_machine_is_known_by_its_new_address_alone(inventory: Callable) -> None:
    hostvars, groups = inventory(BOTH)
    hostvars["lvs1"]["ansible_facts"]["deployed_lvs"] = {"peer_macs": [SLAVE]}
    assert macs((hostvars, groups))[0] == [MACS["lvs2"]]


def test_an_interface_that_is_not_ethernet_is_refused(inventory: Callable) -> None:
    hostvars, groups = inventory(BOTH)
    hostvars["lvs2"]["ansible_facts"]["eth1"]["macaddress"] = "80:00:02:08:fe:80:00:00:00:00:00:00"
    with pytest.raises(InventoryMistakes, match="but eth1 of director lvs2 has none"):
        resolve(hostvars, groups)


def test_without_facts_no_address_is_asked_for(inventory: Callable) -> None:
    assert macs(inventory({**BOTH, "without": ["facts"]})) == [[], []]
