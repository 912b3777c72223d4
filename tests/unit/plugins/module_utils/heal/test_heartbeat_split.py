# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The director that VIPs do not belong to gives them up when it keeps them beside the other one."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal import service
from ansible_collections.lvs.cluster.plugins.module_utils.heal.heartbeat_split import (
    ANNOUNCED,
    PATIENCE_SECONDS,
    RESTARTED,
    HeartbeatSplit,
)
from ansible_collections.lvs.cluster.plugins.module_utils.heal.vips import Addresses

VIP = "192.0.2.100"
FIRST, SECOND = ("all", "local"), ("all", "foreign")
SINCE = 1000.0


@pytest.fixture
def split(tools):
    """A second director that has a VIP since SINCE beside the first one, and hears it; the function makes others."""
    tools.answers |= {
        "systemctl is-active heartbeat.service": "active\n",
        "cl_status listnodes -n": "lvs1\nlvs2\n",
        "cl_status nodestatus lvs1": "active\n",
        "cl_status nodestatus lvs2": "active\n",
        "cl_status rscstatus": "all\n",
    }

    def made(active=SECOND, vip=VIP, after=PATIENCE_SECONDS):
        present = {vip: {"macs": ["02:00:00:00:00:01"], "since": SINCE}}
        addresses = Addresses(tools)
        addresses.entries = [
            {"address": VIP, "prefix": 32, "interface": "eth0"},
            {"address": "192.0.2.11", "prefix": 24, "interface": "eth0"},
        ]
        return HeartbeatSplit((VIP,), active, present, addresses, tools, clock=lambda: SINCE + after)

    return made


def restarts(tools):
    return [command for command in tools.commands() if "restart" in command]


def test_heartbeat_is_restarted_where_the_resources_do_not_belong(split, tools):
    part = split()
    assert part.is_due(0, set())
    faults = part.find(0, sure=True)
    assert faults.texts == [RESTARTED]
    assert restarts(tools) == []
    faults.mend()
    assert restarts(tools) == ["systemctl restart --no-block heartbeat.service"]


def test_the_first_director_keeps_them_and_announces_them_when_it_is_over(split, tools):
    """Clients that have sent to the other one would go on to do so."""
    part = split(FIRST)
    assert not part.is_due(0, set())
    part.present.clear()
    assert part.is_due(0, set())
    faults = part.find(0, sure=True)
    assert faults.texts == [ANNOUNCED]
    faults.mend()
    assert tools.commands()[-1].endswith(f"LVSAddress {VIP}/32/eth0 start")
    part.forget()
    assert not part.is_due(0, set())


def test_a_short_one_is_not_announced(split):
    part = split(FIRST, after=PATIENCE_SECONDS - 1)
    assert not part.is_due(0, set())
    part.present.clear()
    assert not part.is_due(0, set())


def test_heartbeat_has_the_time_to_end_it_itself(split):
    assert not split(after=PATIENCE_SECONDS - 1).is_due(0, set())


def test_a_vip_of_another_cluster_is_not_its_business(split):
    assert not split(vip="192.0.2.200").is_due(0, set())


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        # It may be this one alone that clients reach.
        ("cl_status nodestatus lvs1", "dead\n"),
        ("cl_status listnodes -n", ""),
        ("cl_status rscstatus", "transition\n"),
        ("systemctl is-active heartbeat.service", "deactivating\n"),
    ],
)
def test_nothing_is_done_while_they_do_not_hear_each_other_or_something_moves(split, tools, command, answer):
    tools.answers[command] = answer
    assert split().find(0, sure=True) is None


def test_the_service_looks_at_what_it_has_found_itself(tools, monkeypatch):
    found = service.Service(tools, say=lambda *_words: None)
    monkeypatch.setattr(service.settings, "age", lambda: "new")
    cluster = service.settings.cluster_from(
        {"cluster": "web", "sysctls": [], "stack": "ldirectord", "vips": [VIP], "active": list(SECOND)}
    )
    monkeypatch.setattr(service.settings, "read", lambda: [cluster])
    found.read_settings()
    part = next(part for part in found.parts if isinstance(part, HeartbeatSplit))
    found.split_brain.present[VIP] = {"macs": ["02:00:00:00:00:01"], "since": SINCE}
    assert part.is_due(0, set())
