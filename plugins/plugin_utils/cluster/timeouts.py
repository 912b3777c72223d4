# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long IPVS remembers idle connections."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...module_utils.ipvs.types import DEFAULT_TIMEOUTS
from . import keys, schema
from .mistakes import InventoryPath, Mistakes
from .types import Stack, Timeouts


def resolve_timeouts(given: Any, mistakes: Mistakes) -> Timeouts:
    """All three timeouts. What the inventory leaves out is the kernel's default."""
    own = keys.read({} if given is None else given, schema.TIMEOUTS, InventoryPath("lvs_timeouts", mistakes))
    return {"tcp": own["tcp"], "tcpfin": own["tcpfin"], "udp": own["udp"]}


def timeouts_of_host(timeouts: Timeouts, stack: Stack) -> Timeouts | None:
    """The timeouts that lvs-vip sets on a director. None if keepalived does it, or the kernel has them by itself."""
    return None if stack == "keepalived" or timeouts == asdict(DEFAULT_TIMEOUTS) else timeouts
