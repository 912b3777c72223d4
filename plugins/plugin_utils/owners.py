# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each VIP has one owner, by the addresses of the directors."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from .cluster.mistakes import listed
from .cluster.types import ResolvedCluster


def wrong_owners(cluster: ResolvedCluster, looks: Iterable[Mapping[str, Any]]) -> list[str]:
    """The VIPs that no director has, or more than one, each with what to look at.

    `looks` are the results of a loop of `ip -brief address` over the directors. A director that did not answer may have the
    VIPs that no other director has.
    """
    printed = {str(look["item"]): str(look["stdout"]).split() for look in looks if "stdout" in look}
    found = []
    for vip in cluster["vips"]:
        # In the format of ip, so that 10.0.0.1 does not match 10.0.0.10.
        owners = [
            name
            for name in cluster["directors"]
            if any(word.startswith(f"{vip['address']}/") for word in printed.get(name, ()))
        ]
        if len(owners) > 1:
            found.append(
                f"{vip['address']} is held by {listed(owners)} at once: they do not hear each other. Let VRRP through between them, in"
                " their packet filters and in the network (IP protocol 112, to 224.0.0.18 and ff02::12 unless unicast is true)."
            )
        elif not owners and set(printed) >= set(cluster["directors"]):
            found.append(
                f"{vip['address']} is held by no director. Look at: journalctl -u keepalived on {cluster['directors'][0]}"
            )
    return found
