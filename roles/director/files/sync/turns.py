# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a director asks, and when it tells. Times are seconds of one clock."""

from __future__ import annotations

# A newcomer asks this often as long as it may be about to take the VIPs back. In the first seconds real servers may be missing in its
# table; a connection that is told again is bound to its real server.
ASK_INTERVAL = 2.0
NEW_FOR = 60.0
# Afterwards it asks only if nobody has answered yet.
PATIENT_INTERVAL = 10.0
# Without being asked the table is told again: a message may have been lost, or a newcomer's question. At most 5 % of the time is spent
# on that, so a table that takes 3 seconds is told every minute.
ROUND_INTERVAL = 10.0
ROUND_SHARE = 0.05
# Whoever asks gets an answer soon, but never more than 20 % of the time: nobody can keep a director busy by asking.
ANSWER_INTERVAL = 1.0
ANSWER_SHARE = 0.2


def may_ask(now: float, receiving_since: float, asked: float | None, answered: bool) -> bool:
    """Whether to ask now, `receiving_since` being when this kernel's sync daemon began to receive."""
    if asked is None or asked < receiving_since:
        return True
    if now - receiving_since <= NEW_FOR:
        return now - asked >= ASK_INTERVAL
    return not answered and now - asked >= PATIENT_INTERVAL


def may_tell(now: float, told: float | None, took: float, asked: bool) -> bool:
    """Whether to tell the table now; `told` is when that last ended, and it took `took` seconds."""
    if told is None:
        return True
    interval, share = (ANSWER_INTERVAL, ANSWER_SHARE) if asked else (ROUND_INTERVAL, ROUND_SHARE)
    return now - told >= max(interval, took / share - took)
