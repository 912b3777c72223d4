# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells the virtual routers of a segment apart: another id and another address in the adverts for each cluster.

Both are made of the first VIP, which no other cluster on the segment has. What a running cluster has stays: directors
that are told of another id one after the other do not understand each other meanwhile.
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
    """The VRRP instances that directors run by what the roles have written there; `facts` are the directors' own."""
    return [
        instance
        for own in facts
        if not (own.get("deployed_lvs") or {}).get("foreign")
        for instance in (own.get("deployed_lvs") or {}).get("instances") or ()
    ]


def router_id(name: str, vips: Sequence[str], running: Sequence[Deployed]) -> int:
    """The id of an instance that is given none: the one that it runs with, else one made of its first VIP.

    Of a VIP in a network of 24 bits it is the last number, and so another one for each cluster there.
    """
    for instance in running:
        if instance["name"] == name and 1 <= instance["virtual_router_id"] <= LAST_ID:
            return int(instance["virtual_router_id"])
    number = known(vips[0]).number
    return number & 0xFF or LAST_ID if ":" not in vips[0] else number % LAST_ID + 1


def advert_address(family: Family, router: int, vips: Sequence[str], running: Sequence[Deployed]) -> str:
    """All that an instance's adverts carry: link-local, and the same whatever VIPs it holds.

    With the VIPs in them, a backup that has been told of another VIP before its master would refuse the master's
    adverts, and become a second one. With the same address for every cluster, two of them with one id by mistake would
    be one virtual router, and the VIPs of one of them nobody's. As it is, each keeps its own.
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
