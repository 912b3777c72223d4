# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two owners of a VIP are told once when that begins and once when it ends."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal.split_brain import SplitBrain, asked, others

VIP, MAC, OTHER = "172.28.0.100", "52:54:00:00:00:01", "52:54:00:00:00:02"
VIRTUAL = "00:00:5e:00:01:64"


class Addresses:
    """The addresses of a director."""

    def __init__(self, *vips: str) -> None:
        own = [("172.28.0.11", 24, "eth0"), ("172.28.0.12", 24, "eth1"), *((vip, 32, "eth0") for vip in vips)]
        self.entries = [
            {"address": address, "prefix": prefix, "interface": name, "family": "ipv4", "scope": "global"}
            for address, prefix, name in own
        ]
        self.links = {"eth0": {"mac": MAC, "up": True}, "eth1": {"mac": OTHER, "up": True}}

    def devices_of(self, address):
        return [entry["interface"] for entry in self.entries if entry["address"] == address]


def test_only_vips_that_this_director_has_are_asked_for_from_their_interface():
    found = asked({VIP: None, "172.28.0.101": None}, Addresses(VIP))
    assert [(one.target, one.source, one.interface, one.mac) for one in found] == [(VIP, "172.28.0.11", "eth0", MAC)]
    assert [one.interface for one in asked({VIP: "eth1"}, Addresses(VIP))] == ["eth1"]


def test_an_interface_from_which_nothing_can_be_asked_is_left_out():
    addresses = Addresses(VIP)
    addresses.links["eth0"]["up"] = False
    assert asked({VIP: None}, addresses) == []


@pytest.mark.parametrize(
    ("answer", "found"), [(MAC, {}), ("52:54:00:00:00:09", {VIP: ["52:54:00:00:00:09"]}), (VIRTUAL, {VIP: [VIRTUAL]})]
)
def test_any_answer_but_ours_is_another_owner(answer, found):
    assert others({VIP: {answer: 1}, "172.28.0.101": {}}, [MAC, VIRTUAL]) == found


def test_what_begins_and_what_ends_is_told_once():
    split = SplitBrain()
    told = [
        list(split.learn({VIP: ["52:54:00:00:00:09"]} if there else {}, clock))
        for clock, there in enumerate([0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0])
    ]
    assert [len(one) for one in told] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    assert told[4][0].startswith(
        f"two owners of VIP {VIP}: this director has it, and 52:54:00:00:00:09 answers for it, too"
    )
    assert told[9] == [f"no longer two owners of VIP {VIP}, after 5 s"]


def test_the_present_state_says_who_and_since_when():
    split = SplitBrain()
    for clock in (5.0, 8.0):
        list(split.learn({VIP: ["52:54:00:00:00:09"]}, clock))
    assert split.present == {VIP: {"macs": ["52:54:00:00:00:09"], "since": 8.0}}


def test_it_asks_from_time_to_time_and_only_for_what_it_has():
    questions = []

    def ask(asking, count, _timeout):
        questions.append(([one.target for one in asking], count))
        return {VIP: {"52:54:00:00:00:09": 1}}

    split = SplitBrain(ask)
    for now in (0.0, 1.0, 2.9, 3.0):
        told = split.look({VIP: None}, Addresses(VIP), now)
    assert questions == [([VIP], 1)] * 2
    assert len(told) == 1
    # It has given up the VIP.
    assert [len(split.look({VIP: None}, Addresses(), now)) for now in (6.0, 9.0)] == [0, 1]
    assert questions == [([VIP], 1)] * 2


def test_an_interface_that_has_gone_is_no_answer():
    def ask(*_question):
        raise OSError

    assert SplitBrain(ask).look({VIP: None}, Addresses(VIP), 0.0) == []
