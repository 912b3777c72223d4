# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VIPs that two directors with heartbeat keep, although these hear each other again.

heartbeat restarts itself when another director returns that it has taken for dead, and so gives up what both have. But one that is
still taking the resources over at that moment may forget to. Then both say "Both machines own our resources" in their logs, for good.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Collection, Mapping

from ..tools import HOST, Failure, Runner, run
from .part import Faults, is_active

UNIT = "heartbeat.service"
# heartbeat itself needs up to half a minute.
PATIENCE_SECONDS = 45
# What a director says that has the resources of another one, see heal_settings.py.
FOREIGN = "foreign"
TEXT = "VIPs that the other director has, too: heartbeat restarted here"


class HeartbeatSplit:
    """Ends the state on the director that the resources do not belong to. `present` is that of SplitBrain."""

    def __init__(
        self,
        vips: Collection[str],
        active: Collection[str],
        present: Mapping[str, Mapping[str, Any]],
        runner: Runner = HOST,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.vips, self.present, self.runner, self._clock = vips, present, runner, clock
        self.is_backup = FOREIGN in active

    def is_due(self, now: float, events: set[str]) -> bool:
        """Whether another host has answered for a VIP of this one for longer than heartbeat needs."""
        since = [split["since"] for vip, split in self.present.items() if vip in self.vips]
        return self.is_backup and bool(since) and self._clock() - min(since) >= PATIENCE_SECONDS

    def find(self, now: float, sure: bool) -> Faults | None:
        """The fault, if heartbeat hears all directors: if not, it may be this one alone that clients reach."""
        status = self.runner.find("cl_status")
        if not self.is_due(now, set()) or status is None or not is_active(UNIT, self.runner):
            return None

        def told(*words: str) -> str:
            return run(self.runner, [status, *words]).out.strip()

        nodes = told("listnodes", "-n").split()
        heard = bool(nodes) and all(told("nodestatus", node) == "active" for node in nodes)
        if not heard or told("rscstatus") == "transition":
            return None
        return Faults([TEXT], self._restart)

    def forget(self) -> None:
        """Nothing is kept in mind."""

    def _restart(self) -> None:
        """heartbeat gives up all resources, and returns as one that has none. lvs-heal does not wait for it."""
        systemctl = self.runner.find("systemctl") or "systemctl"
        result = run(self.runner, [systemctl, "restart", "--no-block", UNIT])
        if result.rc:
            raise Failure(f"heartbeat was not restarted: {result.err.strip()}")
