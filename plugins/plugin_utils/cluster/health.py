# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health check of a service."""

from __future__ import annotations

from typing import Any

from . import keys, schema
from .mistakes import InventoryPath, listed, nearest
from .types import Health, Ports
from .validators import choice

TYPE = keys.Key(choice(*schema.HEALTH), required=True)
# Types that connect to a port, and need one if the real servers have none
CONNECTING = tuple(name for name, options in schema.HEALTH.items() if "port" in options)


def resolve_health(given: Any, protocol: str, ports: list[Ports] | None, portless: bool, path: InventoryPath) -> Health:
    """The health check of a service for its protocol; a `port` of null means the real server's own.

    `ports` are those of a firewall mark. `portless` services have no port that a check could connect to. Without `health`,
    a TCP service is checked by a connection. A UDP or SCTP service is not checked, because its answers are not known.
    """
    if given is None:
        given = {"type": "tcp" if protocol == "tcp" else "none"}
    if not isinstance(given, dict):
        keys.read(given, {}, path)
        return no_check()
    kind = keys.value(given.get("type"), "type", TYPE, path)
    if kind is None:
        return no_check()
    options = {name: option for name, option in given.items() if name != "type"}
    for name in [name for name in options if name not in schema.HEALTH[kind]]:
        path.report(_not_of_type(name, kind))
        del options[name]
    health = no_check()
    health["type"] = kind
    health.update(keys.read(options, schema.HEALTH[kind], path))  # type: ignore[typeddict-item]
    if kind == "udp" and protocol != "udp" and health["port"] is None:
        path.report(f"type is udp, but protocol is {protocol}: set port to a UDP port on which the real servers answer")
    if kind in CONNECTING and health["port"] is None:
        if portless:
            path.report(f"port is missing: the service has none that a {kind} check could connect to")
        elif ports:
            health["port"] = int(str(ports[0]).partition("-")[0])
    return health


def no_check() -> Health:
    """The health of a service that is not checked: the options of every other type are null."""
    return {
        "type": "none",
        "interval": None,
        "timeout": None,
        "retries": None,
        "retry_delay": None,
        "port": None,
        "path": None,
        "virtualhost": None,
        "status": None,
        "expect": None,
        "sni": None,
        "name": None,
        "record": None,
        "command": None,
    }


def _not_of_type(name: str, kind: str) -> str:
    takes = f"type {kind} takes {listed(schema.HEALTH[kind]) if schema.HEALTH[kind] else 'no options'}"
    having = [other for other, options in schema.HEALTH.items() if name in options]
    if having:
        return f"{name} is an option of type {listed(having)}; {takes}"
    near = nearest(name, schema.HEALTH[kind])
    return f"unknown key {name}: the nearest known one is {near}" if near else f"unknown key {name}: {takes}"
