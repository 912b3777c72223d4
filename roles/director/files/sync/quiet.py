# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No resets in the first seconds with a VIP.

A director that has just taken a VIP gets packets of connections that it is still being told of. The kernel would answer them with a
reset, and the client would give up. Without an answer the client sends the packet again, and by then the director knows the connection.

Elements of the set leave it by themselves, so a director that has a VIP longer than that resets as any host does, even if lvs-sync has
ended. As long as the director does not have the VIP, it would send nothing from there anyway.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Mapping

TABLE = "inet lvs-sync"
FAMILIES = ((4, "ip"), (6, "ip6"))
INTERVAL = 3.0
SECONDS = 6  # for which no resets are sent after the director has got a VIP, or 3 fewer


def left(elsewhere: Mapping[bytes, float], now: float) -> dict[bytes, int]:
    """For how many seconds no resets are sent from VIPs, by when this director was last without them."""
    found = {vip: round(SECONDS - (now - at)) for vip, at in elsewhere.items()}
    return {vip: seconds for vip, seconds in found.items() if seconds > 0}


def rules() -> str:
    """What nft has to read once. The table and its sets are there afterwards in any case."""
    lines = [
        f"add table {TABLE}",
        f"add chain {TABLE} output {{ type filter hook output priority 0; }}",
        f"flush chain {TABLE} output",
    ]
    for version, family in FAMILIES:
        lines += [
            f"add set {TABLE} new{version} {{ type ipv{version}_addr; flags timeout; }}",
            f"add rule {TABLE} output tcp flags & rst == rst {family} saddr @new{version} drop",
        ]
    return "\n".join(lines) + "\n"


def elements(vips: Mapping[bytes, int]) -> str:
    """What nft has to read again and again, for VIPs and their seconds. It deletes no rule, which would make lvs-heal look at all rules."""
    lines = []
    addresses = [ip_address(vip) for vip in sorted(vips)]
    for version, _family in FAMILIES:
        name = f"{TABLE} new{version}"
        lines.append(f"flush set {name}")
        found = [f"{address} timeout {vips[address.packed]}s" for address in addresses if address.version == version]
        if found:
            lines.append(f"add element {name} {{ {', '.join(found)} }}")
    return "\n".join(lines) + "\n"
