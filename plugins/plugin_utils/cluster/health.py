# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a service's real servers are checked."""

from __future__ import annotations

from typing import Any, Mapping

from . import schema
from .mistakes import InventoryPath, listed, nearest
from .validators import choice

TYPE = schema.Key(choice(*schema.HEALTH), required=True)
# Which types connect to a port, and so need one where the real servers have none
CONNECTING = tuple(name for name, keys in schema.HEALTH.items() if "port" in keys)


def resolve_health(given: Any, service: Mapping[str, Any], portless: bool, path: InventoryPath) -> dict[str, Any]:
    """All options of the check's type; `port` is null where the real server's own is meant.

    `portless` services have no port that a check could connect to.
    Without `health`, TCP services are checked by a connection; nothing is known
    about what a UDP or SCTP service would answer, so those are not checked.
    """
    if given is None:
        given = {"type": "tcp" if service["protocol"] == "tcp" else "none"}
    if not isinstance(given, dict):
        schema.read(given, {}, path)
        return {"type": "none"}
    kind = schema.value(given.get("type"), "type", TYPE, path)
    if kind is None:
        return {"type": "none"}
    options = {name: option for name, option in given.items() if name != "type"}
    for name in [name for name in options if name not in schema.HEALTH[kind]]:
        path.report(_not_of_type(name, kind))
        del options[name]
    health = {"type": kind, **schema.read(options, schema.HEALTH[kind], path)}
    if kind in CONNECTING and health["port"] is None:
        if portless:
            path.report(f"port is missing: the service has none that a {kind} check could connect to")
        elif service["ports"]:
            health["port"] = int(str(service["ports"][0]).partition("-")[0])
    return health


def _not_of_type(name: str, kind: str) -> str:
    takes = f"type {kind} takes {listed(schema.HEALTH[kind]) if schema.HEALTH[kind] else 'no options'}"
    having = [other for other, keys in schema.HEALTH.items() if name in keys]
    if having:
        return f"{name} is an option of type {listed(having)}; {takes}"
    near = nearest(name, schema.HEALTH[kind])
    return f"unknown key {name}: the nearest known one is {near}" if near else f"unknown key {name}: {takes}"
