# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the clusters that a host remembers is this one, and which are others that share the host.

A host keeps a record of each cluster that it serves, by the cluster's name. A cluster that finds itself under another name was
renamed: the default name is made of the directors, so a new director renames it, too.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, Iterable, Mapping, Sequence

from .hosts import Host
from .types import ClusterRecord, OwnPart
from .validators import LONGEST_CLUSTER_NAME

Record = Mapping[str, Any]


def default_name(directors: Sequence[str]) -> str:
    """The name of a cluster that has none: its directors' names, shortened if it is longer than LONGEST_CLUSTER_NAME characters."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", "-".join(directors)).lstrip("._-") or "lvs"
    if len(name) <= LONGEST_CLUSTER_NAME:
        return name
    mixed = f"-{zlib.crc32(name.encode()):08x}"
    return name[: LONGEST_CLUSTER_NAME - len(mixed)] + mixed


def records_of(facts: Mapping[str, Any]) -> Mapping[str, Record]:
    """The records of a host by cluster, from its facts."""
    return (facts.get("deployed_lvs") or {}).get("clusters") or {}


def record_of(
    host: Host,
    part: OwnPart,
    directors: Mapping[str, str | None],
    vips: Iterable[str],
    page_root: str | None,
    vips_at_boot: bool,
) -> ClusterRecord:
    """What a host remembers of this cluster; `part` is what it does, `page_root` the folder of its test page if it has one."""
    return {
        "role": host.role,
        "host": host.name,
        "directors": dict(directors),
        "vips": list(vips),
        "gateways": [route["gateway"] for route in part["return_routes"]],
        "listen": part["listen"] if page_root else [],
        "test_page_root": page_root,
        "vips_at_boot": vips_at_boot,
    }


def former_names(name: str, own: Record, records: Mapping[str, Record], take_over: bool) -> list[str]:
    """The other names under which a host remembers this cluster, `own` being its new record."""
    return [
        other
        for other, record in records.items()
        if other != name and common_vips(own, record) and (take_over or any(_alike(own, record)))
    ]


def is_same(own: Record, record: Record, take_over: bool) -> bool:
    """Whether a record under this cluster's name is of this cluster: they have a director in common.

    Two inventories may both have a director lvs1, so its address counts, too. A director of ours may have got another address
    or name since: then a VIP in common shows it.
    """
    same = any(pair in own["directors"].items() for pair in record["directors"].items())
    return take_over or same or (any(_alike(own, record)) and bool(common_vips(own, record)))


def _alike(own: Record, record: Record) -> Iterable[bool]:
    """For each director of a record, whether it has the name or the address of one of ours."""
    ours = own["directors"]
    return (name in ours or address in ours.values() for name, address in record["directors"].items())


def common_vips(own: Record, record: Record) -> list[str]:
    """The VIPs, and the gateways of NAT, that two records have in common."""
    theirs = {*record["vips"], *record["gateways"]}
    return [vip for vip in (*own["vips"], *own["gateways"]) if vip in theirs]
