# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random faults in a row, by a seed, and what must hold all along: soak."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from faults.bars import together
from faults.catalogue import FAULTS, Fault
from faults.figures import Run
from faults.leaks import grown, resources
from faults.load import Size
from faults.measure import measure
from faults.scene import Scene

# Lighter than what is measured: this is about what is left behind.
SIZE = Size(rate=20, busy=10, idle=10)
SHORTEST, LONGEST = 2, 20  # s between the cause and its end


@dataclass(frozen=True)
class Step:
    """A fault of the row, and how long its cause stays."""

    fault: str
    hold: float


def steps(seed: int, names: Sequence[str]) -> Iterator[Step]:
    """Faults without an end, the same for the same seed and the same names, whatever their order."""
    chance = random.Random(seed)  # noqa: S311
    ordered = sorted(names)
    while True:
        yield Step(chance.choice(ordered), round(chance.uniform(SHORTEST, LONGEST), 1))


def able(stack: str, faults: Mapping[str, Fault]) -> list[str]:
    """The names of those faults that a soak of a stack may have."""
    return [name for name, fault in faults.items() if fault.soak and stack in fault.stacks]


def wrong(stack: str, fault: Fault, run: Run) -> list[str]:
    """Which of the invariants a run has broken, in words."""
    most = together(stack, splits=fault.splits)
    found = []
    if run.together > most:
        found.append(f"two directors held the VIP together for {run.together} s, at most {most} s are allowed")
    if run.healed is None:
        found.append(f"VIPs and tables were not as before within {fault.limit:g} s")
    return found


def hold_of(fault: Fault, step: Step) -> float:
    """How long a cause stays; one that ends by itself takes its own time."""
    return fault.hold if fault.itself else step.hold


def soak(scene: Scene, seed: int, minutes: float, most: int | None = None) -> list[str]:
    """Cause faults until the minutes are over, or as many as given; what went wrong, nothing where all is well."""
    end = time.monotonic() + minutes * 60
    scene.go_home()
    before = resources(scene)
    for number, step in enumerate(islice(steps(seed, able(scene.stack, FAULTS)), most), start=1):
        if time.monotonic() > end:
            break
        fault = FAULTS[step.fault]
        hold = hold_of(fault, step)
        print(f"{number:3} {fault.name}, {hold:g} s", flush=True)
        run = measure(scene, fault, size=SIZE, hold=hold)
        print(f"    {run.failed} of {run.requests} failed, healed after {run.healed} s", flush=True)
        if problems := wrong(scene.stack, fault, run):
            return [f"fault {number}, {fault.name} for {hold:g} s: {problem}" for problem in problems]
    scene.go_home()
    return grown(before, resources(scene))
