# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every part of lvs-heal has in common: it finds faults, and knows how to mend them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Protocol, Sequence, runtime_checkable

from ..tools import HOST, Runner, run


@dataclass(frozen=True)
class Faults:
    """Faults, each in words that also fit behind "mended:", and the function that mends them all. It raises Failure or OSError."""

    texts: Sequence[str]
    mend: Callable[[], object]


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
