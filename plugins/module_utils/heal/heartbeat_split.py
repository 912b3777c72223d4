# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VIPs that two directors with heartbeat keep, although these hear each other again.

heartbeat restarts itself when another director returns that it has taken for dead, and so gives up what both have. But one that is
still taking the resources over at that moment may forget to. Then both say "Both machines own our resources" in their logs, for good.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Collection, Mapping, Sequence

from ..tools import HOST, Failure, Runner, run
from .part import Faults, is_active
from .vips import Addresses

UNIT = "heartbeat.service"
# heartbeat itself needs up to half a minute.
PATIENCE_SECONDS = 45
# What a director says that has the resources of another one, see heal_settings.py.
FOREIGN = "foreign"
# "start" announces an address that is there already.
ADDRESS_SCRIPT = "/etc/ha.d/resource.d/LVSAddress"
RESTARTED = "VIPs that the other director has, too: heartbeat restarted here"
ANNOUNCED = "neighbours that may know the other director as the owner of the VIPs"


class HeartbeatSplit:
    """Ends the state on the director that the resources do not belong to, and then announces the VIPs on the other one.

    `present` is that of SplitBrain.
    """

    def __init__(
        self,
        vips: Collection[str],
        active: Collection[str],
        present: Mapping[str, Mapping[str, Any]],
        addresses: Addresses,
        runner: Runner = HOST,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.vips, self.present, self.addresses, self.runner, self._clock = vips, present, addresses, runner, clock
        self.is_backup = FOREIGN in active
        self._lasted = False

    def is_due(self, now: float, events: set[str]) -> bool:
        """Whether another host has answered for a VIP of this one for longer than heartbeat needs; on the first director, has done so."""
        since = [split["since"] for vip, split in self.present.items() if vip in self.vips]
        lasts = bool(since) and self._clock() - min(since) >= PATIENCE_SECONDS
        if self.is_backup:
            return lasts
        self._lasted = self._lasted or lasts
        return self._lasted and not since

    def find(self, now: float, sure: bool) -> Faults | None:
        """The fault, if heartbeat hears all directors: if not, it may be this one alone that clients reach."""
        if not self.is_due(now, set()) or not is_active(UNIT, self.runner):
            return None
        if not self.is_backup:
            return Faults([ANNOUNCED], self._announce)
        return Faults([RESTARTED], self._restart) if self._is_settled() else None

    def _is_settled(self) -> bool:
        status = self.runner.find("cl_status")
        if status is None:
            return False

        def told(*words: str) -> str:
            return run(self.runner, [status, *words]).out.strip()

        nodes = told("listnodes", "-n").split()
        heard = bool(nodes) and all(told("nodestatus", node) == "active" for node in nodes)
        return heard and told("rscstatus") != "transition"

    def forget(self) -> None:
        """What was, is no longer of interest."""
        self._lasted = False

    def _restart(self) -> None:
        """heartbeat gives up all resources, and returns as one that has none. lvs-heal does not wait for it."""
        self._run([self.runner.find("systemctl") or "systemctl", "restart", "--no-block", UNIT])

    def _announce(self) -> None:
        held = [
            f"{entry['address']}/{entry['prefix']}/{entry['interface']}"
            for entry in self.addresses.entries
            if entry["address"] in self.vips and entry["interface"] != "lo"
        ]
        if held:
            self._run([ADDRESS_SCRIPT, *held, "start"])

    def _run(self, command: Sequence[str]) -> None:
        result = run(self.runner, command)
        if result.rc:
            raise Failure(f"{' '.join(command)} ended with status {result.rc}: {result.err.strip()}")
