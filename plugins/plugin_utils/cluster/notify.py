# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that events of VRRP start: an instance or a group has another state."""

from __future__ import annotations

from typing import Any, Iterable, Sequence

from . import keys
from .mistakes import InventoryPath, shape
from .scripts import ScriptFiles, read_script
from .types import Event, Notify

# keepalived.conf(5): the keyword of each event, and the word that keepalived passes to a script of any event.
KEYWORDS = {
    "master": ("notify_master", "MASTER"),
    "backup": ("notify_backup", "BACKUP"),
    "fault": ("notify_fault", "FAULT"),
    "stop": ("notify_stop", "STOP"),
    "lower_priority": ("notify_master_rx_lower_pri", "MASTER_RX_LOWER_PRI"),
}


def read_notify(
    given: Any, events: Sequence[str], default: Iterable[Event], path: InventoryPath, files: ScriptFiles
) -> list[Event]:
    """The events of one mapping `notify`, and those of `default` that it has not."""
    found: dict[str, Event] = {one["event"]: one for one in default if one["event"] in events}
    if given is not None and not isinstance(given, dict):
        path.report(f"notify is {shape(given)}, not a mapping of events to scripts")
        given = None
    for event, script in (given or {}).items():
        at = path.at("notify")
        if event not in events:
            at.report(keys.unknown(event, events))
        elif script is not None and (command := read_script(script, at.at(event), files)):
            found[event] = {"event": event, **command}
    return [found[event] for event in events if event in found]


def told(events: Iterable[Event], kind: str, name: str, priority: int) -> list[Notify]:
    """The events as keepalived has them. Each script gets the same arguments as one that keepalived runs for any event."""
    result: list[Notify] = []
    for one in events:
        keyword, state = KEYWORDS[one["event"]]
        command = f"{one['command']} {kind} {name} {state} {priority}"
        result.append({"keyword": keyword, "command": command, "as_root": one["as_root"]})
    return result
