# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is promised of faults: the most that the figures of its runs may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from faults.figures import Run
from faults.results import spread

# s that two directors may hold a VIP together: until one has heard the other, or a keepalived that was killed runs again.
TOGETHER = 2.0
# The same after the end of what has kept them apart.
TOGETHER_AFTER_A_SPLIT = 3.0
# heartbeat needs a while to give up what both have, and where it misses that, lvs-heal waits for 45 seconds.
TOGETHER_WITH_HEARTBEAT = 90.0


@dataclass(frozen=True)
class Bar:
    """None where nothing is promised. failed, lost and moves are of each run; sending: until no request begins that fails; together: how long two
    directors hold the VIP.

    gap_median holds for three runs and more: one or two have no median that tells anything.
    """

    failed: int | None = None
    gap_median: float | None = None
    gap_worst: float | None = None
    lost: int | None = None
    sending: float | None = None
    moves: int | None = None
    together: float | None = None


# Nobody can save an answer of NAT that is on its way through the master at that moment: no other director was told of its connection.
# The moment is as long as it takes to end the node.
ON_THEIR_WAY, MOMENT = 2, 0.1
LOST_MASTER = Bar(failed=ON_THEIR_WAY, sending=MOMENT, gap_median=0.3, gap_worst=0.5, lost=0)
PLANNED = Bar(failed=0, lost=0)
DEAD_SERVER = Bar(sending=2.0)
# Of the stack keepalived with the profiles `fast`, which the scenario has.
BARS = {
    "power-lost": LOST_MASTER,
    "keepalived-stopped": PLANNED,
    "clock-stopped": Bar(lost=0),
    "keepalived-killed": Bar(lost=0),
    "busy-and-lossy": Bar(moves=0),
    "server-power-lost": DEAD_SERVER,
    "httpd-hung": DEAD_SERVER,
    "httpd-slow": DEAD_SERVER,
    "httpd-500": DEAD_SERVER,
}


def bar_of(stack: str, name: str, *, splits: bool) -> Bar:
    """What is promised of a fault. Of each, whatever the stack, that no two directors hold a VIP for longer than it takes to hear each other."""
    promised = BARS.get(name, Bar()) if stack == "keepalived" else Bar()
    return replace(promised, together=together(stack, splits=splits))


def together(stack: str, *, splits: bool) -> float:
    """For how many seconds two directors may hold a VIP."""
    if stack == "ldirectord":
        return TOGETHER_WITH_HEARTBEAT
    return TOGETHER_AFTER_A_SPLIT if splits else TOGETHER


def missed(promised: Bar, runs: Sequence[Run]) -> list[str]:
    """Which of the promises some runs break, in words. That it heals without a person is promised of every fault."""
    gaps = spread([run.gap for run in runs])
    figures = (
        ("requests failed", max(run.failed for run in runs), promised.failed),
        ("seconds of the longest gap, median", gaps.median, promised.gap_median if len(runs) > 2 else None),
        ("seconds of the longest gap, worst", gaps.worst, promised.gap_worst),
        ("open connections lost", max(run.lost for run in runs), promised.lost),
        ("moves of the VIP", max(run.moves for run in runs), promised.moves),
        ("seconds until no request began that failed", max(run.sending or 0.0 for run in runs), promised.sending),
        ("seconds that two directors held the VIP together", max(run.together for run in runs), promised.together),
    )
    broken = [
        f"{value:g} {what}, at most {most:g} promised"
        for what, value, most in figures
        if most is not None and value is not None and value > most
    ]
    if any(run.healed is None for run in runs):
        broken.append("not healed without a person")
    return broken
