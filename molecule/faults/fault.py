# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault and the list of all of them. The modules beside this one add theirs with `@fault`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from faults.scene import Scene

STACKS = ("keepalived", "ldirectord")
Steps = Callable[[Scene], Iterator[None]]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    name, words: what it is called, and what happens, for the table. steps: causes it, yields once, and ends it; the time
    between is `hold` seconds. itself: nothing is done to end it. splits: two directors hold the VIPs until it ends. soak:
    whether it may be one of many in a row. stacks: where it can happen. around: what else has to be so during it. limit:
    seconds after which it counts as not healed. named: it takes so long that it is measured only by its name.
    """

    name: str
    words: str
    steps: Steps
    hold: float
    itself: bool
    splits: bool
    soak: bool
    stacks: tuple[str, ...]
    around: Callable[[Scene], AbstractContextManager[None]]
    limit: float
    named: bool


FAULTS: dict[str, Fault] = {}


def fault(
    name: str,
    words: str,
    *,
    hold: float = 10,
    itself: bool = False,
    splits: bool = False,
    soak: bool = True,
    stacks: tuple[str, ...] = STACKS,
    around: Callable[[Scene], AbstractContextManager[None]] = lambda _scene: nullcontext(),
    limit: float = 180,
    named: bool = False,
) -> Callable[[Steps], Steps]:
    """Add the decorated function, its steps, to the faults."""

    def add(steps: Steps) -> Steps:
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, words, steps, hold, itself, splits, soak, stacks, around, limit, named)
        return steps

    return add


def chosen(names: str, stack: str) -> list[Fault]:
    """The faults of a comma-separated list, or all that a stack can have and that need not be named. ValueError naming those there are."""
    possible = {name: one for name, one in FAULTS.items() if stack in one.stacks}
    wanted = [name for name in names.replace(",", " ").split() if name]
    unknown = [name for name in wanted if name not in possible]
    if unknown:
        raise ValueError(f"no fault {', '.join(unknown)} of {stack}; there are: {', '.join(possible)}")
    return [possible[name] for name in wanted] or [one for one in possible.values() if not one.named]
