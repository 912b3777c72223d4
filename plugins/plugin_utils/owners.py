# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which director has each VIP, by the addresses of the directors."""

from __future__ import annotations

import re
from typing import Any, Collection, Iterable, Mapping

from .cluster.mistakes import listed
from .cluster.types import ResolvedCluster


def ip_addresses(printed: str) -> list[str]:
    """The addresses that `ip -brief address` or `ip -oneline address` prints, each with its prefix length.

    Without those of lo, which has the VIPs of a real server: a director may be one as well.
    """
    lines = (line for line in printed.splitlines() if not re.match(r"(\d+: )?lo\s", line))
    parts = (word.partition("/") for line in lines for word in line.split())
    return [address for address, slash, _prefix in parts if slash]


def holders(cluster: ResolvedCluster, addresses: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Which directors have each VIP: {VIP: [director, ...]}, by the `addresses` of each host that answered."""
    return {
        vip["address"]: [name for name in cluster["directors"] if vip["address"] in addresses.get(name, ())]
        for vip in cluster["vips"]
    }


def wrong_owners(cluster: ResolvedCluster, looks: Iterable[Mapping[str, Any]]) -> list[str]:
    """The VIPs that no director has, or more than one, each with what to look at.

    `looks` are the results of a loop of `ip -brief address` over the directors. A director that did not answer may have the
    VIPs that no other director has.
    """
    addresses = {str(look["item"]): ip_addresses(look["stdout"]) for look in looks if "stdout" in look}
    found = []
    for vip, owners in holders(cluster, addresses).items():
        if len(owners) > 1:
            found.append(
                f"{vip} is held by {listed(owners)} at once: they do not hear each other. Let VRRP through between them, in"
                " their packet filters and in the network (IP protocol 112, to 224.0.0.18 and ff02::12 unless unicast is true)."
            )
        elif not owners and set(addresses) >= set(cluster["directors"]):
            found.append(
                f"{vip} is held by no director. Look at: journalctl -u keepalived on {cluster['directors'][0]}"
            )
    return found
