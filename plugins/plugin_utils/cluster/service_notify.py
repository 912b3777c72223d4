# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that keepalived runs when a real server or a service changes its state."""

from __future__ import annotations

from typing import Any

from . import keys, schema
from .commands import of_no_real_server
from .mistakes import InventoryPath, listed
from .types import RealServerNotify, ServiceNotify


def resolve_service_notify(given: Any, path: InventoryPath) -> ServiceNotify | None:
    """The commands of a service; None if it has none."""
    if given is None:
        return None
    at = path.at("notify")
    own = keys.read(given, schema.SERVICE_NOTIFY, at)
    for name, command in own.items():
        if command and (words := of_no_real_server(command)):
            at.report(f"{name} has {listed(words)}, but it is about the service, not about one of its real servers")
    return {"quorum_up": own["quorum_up"], "quorum_down": own["quorum_down"]} if any(own.values()) else None


def resolve_real_server_notify(given: Any, path: InventoryPath) -> RealServerNotify | None:
    """The commands of a real server; None if it has none."""
    if given is None:
        return None
    own = keys.read(given, schema.REAL_SERVER_NOTIFY, path.at("notify"))
    return {"up": own["up"], "down": own["down"]} if any(own.values()) else None
