# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which resources of heartbeat are stopped: those that are listed on the director and no longer wanted."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.resources import stops

WANTED = [
    "LVSLdirectord::ldirectord.cf",
    "LVSSyncDaemonSwap::master",
    "LVSAddress::192.0.2.1/32/eth0::192.0.2.2/32/eth0",
]


@pytest.mark.parametrize(
    ("listed", "commands"),
    [
        ("", []),
        ("lb1 " + " ".join(WANTED), []),
        # A VIP leaves, and the others stay.
        (
            "lb1 ldirectord::ldirectord.cf LVSAddress::192.0.2.1/32/eth0::192.0.2.3/32/eth0::192.0.2.4/32/eth0",
            [["LVSAddress", "192.0.2.3/32/eth0", "192.0.2.4/32/eth0", "stop"]],
        ),
        # A VIP moves to another device: it is stopped where it was.
        ("lb1 LVSAddress::192.0.2.1/32/eth1", [["LVSAddress", "192.0.2.1/32/eth1", "stop"]]),
        # Each VIP as a resource of its own: none that is wanted is stopped.
        ("lb1 LVSAddress::192.0.2.1/32/eth0 LVSAddress::192.0.2.2/32/eth0", []),
        # By somebody else: stopped in reverse, with arguments as they are.
        (
            "lb1 10.0.0.1 drbddisk::r0 IPaddr2::192.0.2.1/24/eth0 IPaddr::192.0.2.9 IPv6addr::2001:db8:0:0:0:0:0:1/64"
            " ldirectord::other.cf MailTo::root ldirectord",
            [
                ["ldirectord", "other.cf", "stop"],
                ["IPv6addr", "2001:db8:0:0:0:0:0:1/64", "stop"],
                ["IPaddr", "192.0.2.9", "stop"],
                ["IPaddr2", "192.0.2.1/24/eth0", "stop"],
            ],
        ),
    ],
)
def test_stops(listed, commands):
    assert stops(listed + "\n", WANTED) == commands


def test_without_the_sync_daemon_it_is_stopped_after_the_vips():
    listed = "lb1 ldirectord::ldirectord.cf LVSSyncDaemonSwap::master LVSAddress::192.0.2.1/32/eth0\n"
    assert stops(listed, ["LVSLdirectord::ldirectord.cf"]) == [
        ["LVSAddress", "192.0.2.1/32/eth0", "stop"],
        ["LVSSyncDaemonSwap", "master", "stop"],
    ]


@pytest.mark.parametrize(
    ("listed", "addresses", "stopped"),
    [
        # Just as the role would add it: it stays, and no request is lost.
        ("IPaddr2::192.0.2.1/32/eth0/192.0.2.255", ["192.0.2.1/32"], False),
        ("IPaddr2::192.0.2.1", ["192.0.2.1/32", "192.0.2.9/24"], False),
        ("IPaddr::192.0.2.1/255.255.255.255/eth0:0", ["192.0.2.1/32"], False),
        ("IPv6addr::2001:db8:0:0:0:0:0:1/128/eth0", ["2001:db8::1/128"], False),
        # Of another size, of both sizes, elsewhere, nowhere, or not wanted
        ("IPaddr2::192.0.2.1/24/eth0", ["192.0.2.1/24"], True),
        ("IPaddr2::192.0.2.1", ["192.0.2.1/24", "192.0.2.1/32"], True),
        ("IPaddr2::192.0.2.1/32/eth1", ["192.0.2.1/32"], True),
        ("IPaddr2::192.0.2.1/32/eth0", [], True),
        ("IPaddr2::192.0.2.7/32/eth0", ["192.0.2.7/32"], True),
        # The role's own are compared by their words.
        ("LVSAddress::192.0.2.1/32/eth1", ["192.0.2.1/32"], True),
    ],
)
def test_a_vip_of_somebody_else_stays(listed, addresses, stopped):
    wanted = [*WANTED[:2], f"{WANTED[2]}::2001:db8:0:0:0:0:0:1/128/eth0"]
    assert bool(stops(f"lb1 {listed}\n", wanted, addresses)) is stopped
