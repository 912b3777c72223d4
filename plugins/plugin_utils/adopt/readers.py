# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which reader understands what. A reader without anything to read has no variables."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

from . import heartbeat, ldirectord, static
from .keepalived import reader as keepalived
from .types import Adopted, HostFacts, Note

Reader = Callable[[HostFacts], Adopted]

# By stack, in the order in which they are asked: the table is what the daemons have made of their configuration
READERS: Mapping[str, Sequence[Reader]] = {
    "keepalived": (keepalived.read,),
    "ldirectord": (heartbeat.read, ldirectord.read),
    "static": (static.read,),
}


def read(host: HostFacts, stack: str) -> Adopted:
    """What all readers of a stack understand of a host, together."""
    variables: dict[str, Any] = {}
    hosts: dict[str, dict[str, Any]] = {}
    notes: list[Note] = []
    for reader in READERS[stack]:
        found = reader(host)
        for name, value in found["variables"].items():
            # Several readers may have something of lvs_vrrp, lvs_sync or lvs_nat
            both = isinstance(value, dict) and isinstance(variables.get(name), dict)
            variables[name] = {**variables[name], **value} if both else value
        for name, own in found["hosts"].items():
            hosts.setdefault(name, {}).update(own)
        notes += found["notes"]
    return {"variables": variables, "hosts": hosts, "notes": notes}


def is_served(found: Adopted) -> bool:
    """Whether a reader has found a cluster: services, or VIPs."""
    return bool(found["variables"].get("lvs_services") or found["variables"].get("lvs_vrrp", {}).get("instances"))
