# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What identifies the virtual routers of a segment: each cluster has its own id, and its own address in the adverts.

Both are made from the first VIP, which no other cluster on the segment has. A running cluster keeps them: directors whose
ids are changed one after the other do not understand each other meanwhile.
"""

from __future__ import annotations

import zlib
from typing import Any, Iterable, Mapping, Sequence

from .addresses import known
from .types import Family

LAST_ID = 255
# RFC 3927, 2.1: the first and the last 256 addresses of 169.254.0.0/16 are reserved
LAST_PART = 254

Deployed = Mapping[str, Any]


def deployed_instances(facts: Iterable[Mapping[str, Any]]) -> list[Deployed]:
    """The VRRP instances that directors run, from the files that the roles have written; `facts` are the directors'."""
    return [
        instance
        for own in facts
        if not (own.get("deployed_lvs") or {}).get("foreign")
        for instance in (own.get("deployed_lvs") or {}).get("instances") or ()
    ]


def router_id(name: str, vips: Sequence[str], running: Sequence[Deployed]) -> int:
    """The default id of an instance: the one that it already runs with, else one made from its first VIP.

    In a /24 network it is the last number of the VIP, so each cluster there has its own.
    """
    for instance in running:
        if instance["name"] == name and instance["virtual_router_id"] in range(1, LAST_ID + 1):
            return int(instance["virtual_router_id"])
    number = known(vips[0]).number
    return number & 0xFF or LAST_ID if ":" not in vips[0] else number % LAST_ID + 1


def advert_address(family: Family, router: int, vips: Sequence[str], running: Sequence[Deployed]) -> str:
    """The only address in an instance's adverts: link-local, and the same whatever VIPs it holds.

    With the VIPs in the adverts, a backup that is configured with a new VIP before its master would refuse the master's
    adverts, and become a second master. With the same address for every cluster, two clusters with one id by mistake would
    be one virtual router, and the VIPs of one of them would have no owner. This way each cluster keeps its VIPs.
    """
    prefix = "169.254." if family == "ipv4" else "fe80::"
    for instance in running:
        advertised = instance["advertised"]
        if instance["virtual_router_id"] == router and len(advertised) == 1 and advertised[0].startswith(prefix):
            return str(advertised[0])
    mixed = zlib.crc32((vips[0] if vips else "").encode())
    if family == "ipv4":
        return f"169.254.{mixed % LAST_PART + 1}.{router}"
    return f"fe80::112:{mixed & 0xFFFF:x}:{router:x}"
