# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The times of health checks by profile.

With `fast`, a real server that is dead or hangs gets no new connection after 2 seconds at most. The worst case is that it fails
just after a check has passed. keepalived then takes

    interval + (retries + 1) * timeout + retries * retry_delay = 0.4 + 3 * 0.4 + 2 * 0.1 = 1.8 s

and 0.4 + 1 = 1.4 s for a script, whose timeout is whole seconds. The rest of the 2 s is for a director that is busy. Three tries of
0.4 s rather than one of 1.2 s: TCP repeats a lost SYN only after a second, so a single lost packet would be a failure.

ldirectord has whole seconds, and repeats a failed check only in its next round (`failurecount`):

    (retries + 1) * (interval + timeout) = 2 * (1 + 1) = 4 s

It checks one real server after the other, so every other real server that hangs at the same time adds a timeout to each round: 2 s.
Without a second try it would be 2 s, but then one lost packet ends all connections of a real server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from . import keys, schema
from .mistakes import InventoryPath, Mistakes
from .types import Stack

FAST: Mapping[str, object] = {"interval": 0.4, "timeout": 0.4, "retries": 2, "retry_delay": 0.1}
FAST_SCRIPT: Mapping[str, object] = {"interval": 0.4, "timeout": 1, "retries": 0, "retry_delay": 0.1}
FAST_LDIRECTORD: Mapping[str, object] = {"interval": 1, "timeout": 1, "retries": 1}


@dataclass(frozen=True)
class CheckTimes:
    """The times of checks that do not say them: `own` are those of lvs_health, the others are its profile's."""

    stack: Stack = "keepalived"
    profile: str = "standard"
    own: Mapping[str, object] = field(default_factory=dict)

    def of(self, kind: str, profile: str | None) -> Mapping[str, object]:
        """The times of a type of check. A check that names a profile has that one's, and none of lvs_health."""
        if profile is not None:
            return self._of_profile(kind, profile)
        return {**self._of_profile(kind, self.profile), **self.own}

    def _of_profile(self, kind: str, profile: str) -> Mapping[str, object]:
        if profile == "standard":
            return {}
        if self.stack == "ldirectord":
            return FAST_LDIRECTORD
        return FAST_SCRIPT if kind == "script" else FAST


def read_check_times(given: Any, stack: Stack, mistakes: Mistakes) -> CheckTimes:
    """The times that lvs_health gives to all checks."""
    read = keys.read({} if given is None else given, schema.COMMON_HEALTH, InventoryPath("lvs_health", mistakes))
    profile = read.pop("profile")
    return CheckTimes(stack, profile, {name: one for name, one in read.items() if one is not None})
