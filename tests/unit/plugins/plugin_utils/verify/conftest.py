# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cluster, and what a healthy one shows of itself."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve

UNITS = {
    "director": ["keepalived.service", "lvs-heal.service"],
    "real_server": ["lvs-vip.service", "lvs-test-page.service", "lvs-heal.service"],
}
GROUPS = {"directors": ["lvs1", "lvs2"], "real_servers": ["web1", "web2"], "clients": ["client1"]}
ADDRESSES = {"lvs1": "10.0.0.11", "lvs2": "10.0.0.12", "web1": "10.0.0.21", "web2": "10.0.0.22", "client1": "10.0.0.31"}
SERVICES = [
    {
        "name": "web",
        "vip": "10.0.0.100",
        "port": 80,
        "scheduler": "wrr",
        "health": {"type": "http"},
        "real_servers": [{"host": "web1", "weight": 3}, {"host": "web2", "weight": 1}],
    }
]
CONFIGURATION = {"path": "/etc/k.conf", "checksum": "same", "pid_file": "/run/k.pid"}
MACS = {host: f"02:00:00:00:00:{address.rpartition('.')[2]}" for host, address in ADDRESSES.items()}


@pytest.fixture
def cluster() -> dict[str, Any]:
    hostvars = {
        host: {"lvs_address": address, "lvs_services": SERVICES, "lvs_test_page": True}
        for host, address in ADDRESSES.items()
    }
    return resolve(hostvars, GROUPS)


@pytest.fixture
def seen(cluster) -> dict[str, Any]:
    """Everything as it should be: lvs1 holds the VIP, and 12 requests were spread 9 to 3."""
    nodes = {}
    for name, host in cluster["hosts"].items():
        addresses = [{"address": host["address"], "prefix": 24, "interface": "eth0", "family": "ipv4"}]
        if host["role"] == "real_server":
            addresses.append({"address": "10.0.0.100", "prefix": 32, "interface": "lo", "family": "ipv4"})
        nodes[name] = {
            "sysctls": dict(host["sysctls"]),
            "sysctls_boot": dict(host["sysctls"]),
            "modules": {module: {"loaded": True, "boot": True} for module in host["modules"]},
            "units": {unit: {"active": True, "enabled": True} for unit in UNITS[host["role"]]},
            "addresses": addresses,
            "files": {
                "/etc/k.conf": {"checksum": "same", "mtime": 5.0},
                "/run/k.pid": {"checksum": "pid", "mtime": 6.0},
            },
            "folders": {},
            "links": {"lo": {"mac": "00:00:00:00:00:00", "up": True}, "eth0": {"mac": MACS[name], "up": True}},
        }
    nodes["lvs1"]["addresses"].append({"address": "10.0.0.100", "prefix": 32, "interface": "eth0", "family": "ipv4"})
    table = {"services": copy.deepcopy(cluster["table"]), "stats": counters(cluster, 0, 0), "daemons": []}
    table["timeouts"] = dict(cluster["timeouts"])
    return {
        "left_out": [],
        "nodes": nodes,
        "ldirectord": {},
        "drained": {"lvs1": None, "lvs2": None},
        "split_brain": {},
        "expected": {name: [CONFIGURATION] for name in ("lvs1", "lvs2")},
        "instances": {
            "lvs1": {"running": True, "instances": {"VI_1": {"state": "master"}}},
            "lvs2": {"running": True, "instances": {"VI_1": {"state": "backup"}}},
        },
        "vrrp": {},
        "preferred": [],
        "before": {"lvs1": copy.deepcopy(table), "lvs2": copy.deepcopy(table)},
        "after": {"lvs1": {**table, "stats": counters(cluster, 9, 3)}, "lvs2": copy.deepcopy(table)},
        "peer_macs": {},
        "peers_only": {},
        "lvs_vip": {name: {"rc": 0, "stdout": ""} for name in ("lvs1", "lvs2", "web1", "web2")},
        "arp": {"client1": {"10.0.0.100": {MACS["lvs1"]: 3}}},
        "unasked": {},
        "probes": [
            {
                "service": "web",
                "address": "10.0.0.100",
                "port": 80,
                "result": {"requests": 12, "answered": 12, "answers": {"web1": 9, "web2": 3}, "errors": {}},
            }
        ],
    }


def counters(cluster: dict[str, Any], *connections: int) -> list[dict[str, Any]]:
    """What lvs.cluster.ipvs_info's stats say when the real servers got so many connections."""
    service = cluster["table"][0]
    return [
        {
            **{key: service[key] for key in ("address", "port", "protocol", "fwmark", "family")},
            "destinations": [
                {
                    "address": destination["address"],
                    "port": destination["port"],
                    "connections": count,
                    "packets_in": 6 * count,
                }
                for destination, count in zip(service["destinations"], connections)
            ],
        }
    ]
