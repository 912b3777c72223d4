# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each VIP has one owner."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.owners import ip_addresses, wrong_owners

CLUSTER = {"directors": ["lb1", "lb2"], "vips": [{"address": "10.0.0.1"}]}
NONE = "eth0 UP 10.0.0.2/24 10.0.0.10/32 10.0.0.100/32"
HAS = "eth0 UP 10.0.0.3/24 10.0.0.1/32"


def looks(*printed):
    return [
        {"item": f"lb{number}", **({"stdout": text} if text else {"unreachable": True})}
        for number, text in enumerate(printed, 1)
    ]


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ((HAS, NONE), None),
        ((NONE, HAS), None),
        ((HAS, HAS), "10.0.0.1 is held by lb1 and lb2 at once"),
        ((NONE, NONE), "10.0.0.1 is held by no director"),
        # The other may have it
        ((NONE, None), None),
        ((HAS, None), None),
    ],
)
def test_a_vip_has_one_owner(printed, said):
    found = wrong_owners(CLUSTER, looks(*printed))
    assert [text.startswith(said or "") for text in found] == ([True] if said else [])


@pytest.mark.parametrize(
    "printed",
    [
        "eth0@if2         UP             10.0.0.1/24 2001:db8::1/64 \n",
        # A director may have VIPs on lo, as a real server.
        "lo               UNKNOWN        127.0.0.1/8 10.0.0.9/32 ::1/128 \nlo0 UP 10.0.0.1/24 2001:db8::1/64 \n",
        "1: lo    inet 10.0.0.9/32 scope global lo\\       valid_lft forever preferred_lft forever\n"
        "2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever\n"
        "2: eth0    inet6 2001:db8::1/64 scope global \\       valid_lft forever preferred_lft forever\n",
    ],
)
def test_addresses_are_read_as_ip_prints_them_brief_or_on_one_line(printed):
    assert ip_addresses(printed) == ["10.0.0.1", "2001:db8::1"]
