# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user sees: one line per step, a sign of life on long ones, and the time of each phase at the end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HEARTBEAT = 10.0  # s between signs of life


def say(message: str) -> None:
    print(f"lab: {message}", flush=True)


def complain(message: str) -> None:
    print(f"lab: {message}", file=sys.stderr, flush=True)


@contextmanager
def heartbeat(what: str, detail: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Say every ten seconds that `what` still goes on, with `detail()` behind it."""
    done = threading.Event()
    start = time.monotonic()

    def beat() -> None:
        while not done.wait(HEARTBEAT):
            say(f"  ... {what}, {time.monotonic() - start:.0f} s {detail()}".rstrip())

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@dataclass
class Phases:
    """The phases of one command and the seconds each took."""

    taken: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def phase(self, name: str, detail: Callable[[], str] = lambda: "") -> Iterator[None]:
        """Time a phase, and say every ten seconds that it goes on, with `detail()` behind it."""
        say(f"{name} ...")
        start = time.monotonic()
        try:
            with heartbeat(name, detail):
                yield
        finally:
            self.taken.append((name, time.monotonic() - start))

    def table(self) -> str:
        """The phases as lines of text, the sum last."""
        rows = [*self.taken, ("total", sum(seconds for _phase, seconds in self.taken))]
        width = max(len(name) for name, _seconds in rows)
        return "\n".join(f"  {name:<{width}}  {seconds:6.1f} s" for name, seconds in rows)
