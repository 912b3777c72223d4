# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services with lists: one value is as a list of one, and a keepalived group has another name with other addresses."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.inventory import named_vips
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve

VIPS = ["172.28.0.100", "172.28.0.101"]


def group(inventory: Callable[..., Any], **service: Any) -> str:
    """The name of the keepalived group of a service with these keys."""
    given = {"vip": VIPS, "port": [80, 443], "health": {"type": "none"}, **service}
    (server,) = resolve(*inventory({"service": given}))["keepalived"]["virtual_servers"]
    assert server["at"] == f"group {server['group']['name']}"
    return server["group"]["name"]


def test_a_list_of_one_is_as_the_value_alone(inventory: Callable[..., Any]) -> None:
    listed = {"vip": VIPS[:1], "port": [80], "protocol": ["tcp"]}
    assert resolve(*inventory({"service": listed})) == resolve(*inventory())


@pytest.mark.parametrize("same", [{"vip": VIPS[::-1]}, {"port": [443, 80]}, {"scheduler": "rr"}], ids=str)
def test_a_group_stays_while_its_addresses_are_the_same(inventory: Callable[..., Any], same: dict[str, Any]) -> None:
    assert group(inventory, **same) == group(inventory)


@pytest.mark.parametrize("other", [{"vip": VIPS[0]}, {"port": [80, 81]}, {"port": 80}, {"protocol": "udp"}], ids=str)
def test_a_group_with_other_addresses_is_another_group(inventory: Callable[..., Any], other: dict[str, Any]) -> None:
    assert group(inventory, **other) != group(inventory)


def test_the_vips_of_lists_are_known_before_the_inventory_is_validated() -> None:
    services = [{"vip": VIPS}, {"vip": "2001:db8::100"}, {"vip": [7, None, "no address"]}, {"vip": {}}, {}]
    assert named_vips({"lvs_services": services, "lvs_vrrp": None}) == (*VIPS, "2001:db8::100")
