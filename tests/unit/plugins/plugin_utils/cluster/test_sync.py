# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A director that returns waits until it knows the connections, unless the inventory says how long."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.sync import delay_return


@pytest.mark.parametrize(
    ("given", "delays"),
    [
        ({}, [60, 5]),
        ({"preempt_delay": 3}, [5, 5]),
        ({"instances": [{"name": "A"}, {"name": "B", "preempt_delay": 3}]}, [60, 5]),
        ({"instances": [{"name": "A", "preempt_delay": 0}, {"name": "B"}]}, [5, 5]),
    ],
)
def test_the_synchronised_instance_waits_unless_the_inventory_says_how_long(given, delays):
    vrrp = {"instances": [{"name": name, "preempt": True, "preempt_delay": 5} for name in "AB"]}
    delay_return({"id": 51, "instance": "A"}, vrrp, given)
    assert [instance["preempt_delay"] for instance in vrrp["instances"]] == delays


def test_vips_that_stay_where_they_are_wait_for_nothing():
    vrrp = {"instances": [{"name": "A", "preempt": False, "preempt_delay": 0}]}
    delay_return({"id": 51, "instance": "A"}, vrrp, {})
    assert vrrp["instances"][0]["preempt_delay"] == 0
