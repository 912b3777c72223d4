# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every part of lvs-heal has in common: it finds faults, and knows how to mend them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Protocol, Sequence, Tuple, runtime_checkable

from ..tools import HOST, Failure, Runner, run

# Faults that are mended together, and the function that does it
Group = Tuple[Sequence[str], Callable[[], object]]


@dataclass(frozen=True)
class Faults:
    """Faults, each in words that also fit behind "mended:", and the function that mends them all.

    It raises Failure or OSError: PartlyMended, which is a Failure, if it may have mended some of them.
    """

    texts: Sequence[str]
    mend: Callable[[], object]


class PartlyMended(Failure):
    """Why some faults were not mended; `mended` are those that were, in their words."""

    def __init__(self, reason: Failure, mended: Sequence[str]) -> None:
        super().__init__(str(reason))
        self.mended = mended


def mend_each(groups: Iterable[Group], failures: Iterable[Failure] = ()) -> None:
    """Mend groups of faults: one that fails does not keep the others from it. `failures` are those of what could not be looked at."""
    mended: list[str] = []
    failed: list[Failure] = []
    for texts, mend in groups:
        try:
            mend()
            mended += texts
        except Failure as failure:
            failed.append(failure)
    for reason in [*failed, *failures]:
        raise PartlyMended(reason, mended)


@runtime_checkable
class Part(Protocol):
    """A part of what was deployed on the host."""

    def is_due(self, now: float, events: set[str]) -> bool:
        """Whether something may be other than it was, which must not cost anything to find out."""

    def find(self, now: float, sure: bool) -> Faults | None:
        """What is wrong. With `sure`, only what is no passing state, such as a VIP that is on its way to another director."""

    def forget(self) -> None:
        """Look at everything again: somebody else may have changed it, who was allowed to."""


def is_active(unit: str, runner: Runner = HOST) -> bool:
    """Whether systemd runs a unit: what an administrator has stopped is not to be mended, and a unit that is stopping neither."""
    systemctl = runner.find("systemctl")
    return systemctl is not None and run(runner, [systemctl, "is-active", unit]).out.strip() == "active"
