# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that keepalived runs when a real server or a service changes its state."""

from __future__ import annotations

from typing import Any, Mapping

from . import keys, schema
from .commands import of_no_real_server
from .keys import Key
from .mistakes import InventoryPath, listed
from .scripts import ScriptFiles, read_script
from .types import Command, RealServerNotify, ServiceNotify


def resolve_service_notify(given: Any, path: InventoryPath, files: ScriptFiles) -> ServiceNotify | None:
    """The scripts of a service; None if it has none."""
    if given is None:
        return None
    at = path.at("notify")
    own = _read(given, schema.SERVICE_NOTIFY, at, files)
    for name, script in own.items():
        if script and (words := of_no_real_server(script["command"])):
            at.report(f"{name} has {listed(words)}, but it is about the service, not about one of its real servers")
    return {"quorum_up": own["quorum_up"], "quorum_down": own["quorum_down"]} if any(own.values()) else None


def resolve_real_server_notify(given: Any, path: InventoryPath, files: ScriptFiles) -> RealServerNotify | None:
    """The scripts of a real server; None if it has none."""
    if given is None:
        return None
    own = _read(given, schema.REAL_SERVER_NOTIFY, path.at("notify"), files)
    return {"up": own["up"], "down": own["down"]} if any(own.values()) else None


def _read(given: Any, events: Mapping[str, Key], path: InventoryPath, files: ScriptFiles) -> dict[str, Command | None]:
    return {
        event: None if script is None else read_script(script, path.at(event), files, schema.WORDED_SCRIPT)
        for event, script in keys.read(given, events, path).items()
    }
