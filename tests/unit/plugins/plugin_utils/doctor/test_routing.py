# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a packet by a host's rules and routes."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor.routing import Packet, Way, way

MAIN, LOCAL = "254", "255"


def route(dst, dev="eth0", table=MAIN, **more):
    return {"family": "ipv4", "type": "unicast", "dst": dst, "dev": dev, "table": table, **more}


def rule(priority, table, **more):
    return {"family": "ipv4", "priority": priority, "src": "all", "table": table, **more}


ROUTES = [
    route("default", gateway="10.0.0.254"),
    route("10.0.0.0/24"),
    route("10.0.0.21", "lo", LOCAL, type="local"),
    route("default", table="112", gateway="10.0.0.1"),
    route("192.0.2.0/24", "eth1", metric=100),
    route("192.0.2.0/24", "eth2", metric=50),
    route("198.51.100.0/24", type="unreachable"),
    route("203.0.113.0/24", "eth3", flags=["linkdown"]),
]
RULES = [
    rule(0, LOCAL),
    rule(32766, MAIN),
    rule(100, "112", src="10.0.0.21", ipproto="tcp", sport=80),
    rule(101, "112", src="10.0.0.0", srclen=28, ipproto="ipproto-6", sport_start=8000, sport_end=8010),
    rule(102, MAIN, suppress_prefixlen=0),
    rule(103, "112", fwmark="0x7"),
]


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (Packet("8.8.8.8"), Way("eth0", "10.0.0.254")),
        (Packet("10.0.0.9"), Way("eth0", None)),
        (Packet("10.0.0.21"), Way("lo", None, True)),
        (Packet("8.8.8.8", "10.0.0.21", "tcp", 80), Way("eth0", "10.0.0.1")),
        (Packet("10.0.0.9", "10.0.0.21", "tcp", 80), Way("eth0", "10.0.0.1")),
        (Packet("8.8.8.8", "10.0.0.21", "udp", 80), Way("eth0", "10.0.0.254")),
        (Packet("8.8.8.8", "10.0.0.21", "tcp", 81), Way("eth0", "10.0.0.254")),
        (Packet("8.8.8.8", "10.0.0.3", "tcp", 8010), Way("eth0", "10.0.0.1")),
        (Packet("8.8.8.8", "10.0.0.21", "tcp", 8010), Way("eth0", "10.0.0.254")),
        (Packet("192.0.2.7"), Way("eth2", None)),
        (Packet("198.51.100.7"), None),
        (Packet("203.0.113.7"), Way("eth0", "10.0.0.254")),
        (Packet("2001:db8::1"), None),
    ],
)
def test_way(packet, expected):
    assert way({"routes": ROUTES, "rules": RULES}, packet) == expected
