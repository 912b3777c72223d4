# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a director that returns waits, so that its checks have passed before it takes the VIPs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.sync import LEARNING
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.vrrp import SHORTEST_DELAY

SPECS = Path(__file__).parents[5] / "roles/cluster/meta/argument_specs.yml"
SLOW = {"type": "tcp", "interval": 20, "timeout": 2.5}


@pytest.mark.parametrize(
    ("vrrp", "health", "delay"),
    [
        ({}, SLOW, 23),
        ({}, {"type": "none"}, 0),
        ({}, {**SLOW, "interval": 3600}, 1000),
        ({"preempt_delay": 0}, SLOW, 0),
        ({"preempt_delay": 5}, SLOW, 5),
        ({"preempt": False}, SLOW, 0),
    ],
    ids=["slow_check", "no_check", "longest_delay", "none_wanted", "given", "no_preempt"],
)
def test_waits_for_the_slowest_check(vrrp: dict[str, Any], health: Any, delay: int, inventory: Callable) -> None:
    cluster = resolve(*inventory({"all": {"lvs_vrrp": vrrp}, "service": {"health": health}}))
    assert [instance["preempt_delay"] for instance in cluster["vrrp"]["instances"]] == [delay]


@pytest.mark.parametrize(
    ("vrrp", "settle_time", "listen_time"),
    [
        ({"preempt_delay": 5}, 15, 2),
        ({"preempt_delay": 2.5}, 13, 2),
        ({"preempt_delay": 2.5, "startup_delay": 3.2}, 16, 2),
        ({"preempt_delay": 0, "advert_interval": 4}, 10, 5),
    ],
)
def test_a_verification_waits_as_long_as_that(vrrp, settle_time, listen_time, inventory: Callable) -> None:
    cluster = resolve(*inventory({"all": {"lvs_vrrp": vrrp}}))
    first, second = (cluster["hosts"][name]["vrrp"] for name in cluster["directors"][:2])
    assert first["settle_time"] == settle_time
    assert first["preferred_vips"] == [vip["address"] for vip in cluster["vips"]]
    assert second["preferred_vips"] == []
    assert first["listen_time"] == second["listen_time"] == listen_time


def test_owners_are_looked_at_again_after_the_start(inventory: Callable) -> None:
    assert resolve(*inventory({"all": {"lvs_vrrp": {"startup_delay": 3.2}}}))["vrrp"]["settle_time"] == 14


def test_the_reference_says_how_long_it_is_at_least() -> None:
    options = yaml.safe_load(SPECS.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    said = " ".join(options["lvs_vrrp"]["options"]["preempt_delay"]["description"])
    assert f"With O(lvs_sync.enabled) it is at least {LEARNING}," in said
    assert f"with O(lvs_vrrp.profile=fast) at least {SHORTEST_DELAY['fast']}." in said
