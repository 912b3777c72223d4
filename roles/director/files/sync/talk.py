# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions and answers between the directors' lvs-sync: one datagram each, in JSON.

{"lvs-sync": "ask", "id": 51, "first": true}         tell me your table; `first` since my sync daemon began to receive
{"lvs-sync": "told", "id": 51, "connections": 200}   that was it
"""

from __future__ import annotations

import json
from typing import Any

ASK = "ask"
TOLD = "told"
LONGEST = 512


def question(syncid: int, first: bool) -> bytes:
    return json.dumps({"lvs-sync": ASK, "id": syncid, "first": first}).encode()


def answer(syncid: int, connections: int) -> bytes:
    return json.dumps({"lvs-sync": TOLD, "id": syncid, "connections": connections}).encode()


def read(datagram: bytes, syncid: int) -> dict[str, Any] | None:
    """What a datagram says; None if it is none of ours, or another cluster's."""
    if len(datagram) > LONGEST:
        return None
    try:
        said = json.loads(datagram)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("id") != syncid:
        return None
    if said.get("lvs-sync") == ASK:
        return {"kind": ASK, "first": said.get("first") is True}
    connections = said.get("connections")
    # In Python True is an int.
    if said.get("lvs-sync") == TOLD and isinstance(connections, int) and not isinstance(connections, bool):
        return {"kind": TOLD, "connections": connections}
    return None
