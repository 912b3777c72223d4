# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets of a real server with NAT go back through the directors."""

from __future__ import annotations

from typing import Callable

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve

NAT = {
    "facts": {
        "lvs1": {"eth0": ["172.28.0.11/24", "fd00:28::11/64"], "eth1": ["10.2.0.11/24", "fd00:2::11/64"]},
        "lvs2": {"eth0": ["172.28.0.12/24", "fd00:28::12/64"], "eth1": ["10.2.0.12/24", "fd00:2::12/64"]},
        # Known by its address of management, and asked at another one.
        "web1": {"eth0": ["10.99.0.21/24", "fd00:99::21/64"], "eth1": ["10.2.0.21/24", "fd00:2::21/64"]},
        "web2": {"eth0": ["10.99.0.22/24", "fd00:99::22/64"], "eth1": ["10.2.0.8/24", "10.2.0.22/24", "fd00:2::22/64"]},
    },
    "hosts": {
        "web1": {"lvs_address": "10.99.0.21", "lvs_address6": "fd00:99::21"},
        "web2": {"lvs_address": "10.2.0.22", "lvs_address6": "fd00:2::22"},
    },
    "all": {
        "lvs_nat": {"gateway": "10.2.0.1", "gateway6": "fd00:2::1", "route": "default"},
        "lvs_services": [
            {
                "name": name,
                "vip": vip,
                "port": 80,
                "forward": "nat",
                "real_servers": [{"host": "web1", "address": address}, "web2"],
            }
            for name, vip, address in (
                ("web", "172.28.0.100", "10.2.0.21"),
                ("web6", "fd00:28::100", "fd00:2::21"),
            )
        ],
    },
}


def test_the_default_route_is_for_the_address_on_the_gateways_network(inventory: Callable) -> None:
    cluster = resolve(*inventory(NAT))
    sources = {
        name: [rule["source"] for rule in cluster["hosts"][name]["default_rules"]] for name in cluster["real_servers"]
    }
    assert sources == {"web1": ["10.2.0.21", "fd00:2::21"], "web2": ["10.2.0.22", "fd00:2::22"]}
