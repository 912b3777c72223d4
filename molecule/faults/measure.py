# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of one fault, from the first request to the figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from cluster import until

from faults.fault import Fault
from faults.figures import Run, Seen, figures
from faults.load import Load, Size, Watch
from faults.scene import Scene

WARM_UP = 4.0  # s of requests before the cause; the kernel tells other directors of a connection after two
AFTER = 2.5  # s of requests after the end: longer than a request may take
PAUSE = 1.0  # s between two looks at whether all is as it was


def measure(
    scene: Scene, fault: Fault, *, size: Size | None = None, hold: float | None = None, home: bool = True
) -> Run:
    """Cause a fault under load, end it, wait until it is healed, and return the figures.

    Healed is when VIPs and tables are as they were before. Without `home`, and with a stack whose VIPs need not return, it does not
    matter which director holds them.
    """
    with fault.around(scene):
        scene.begin()
        before = scene.cluster.state()
        as_before = scene.is_home if home and scene.returns else scene.is_ready
        with ExitStack() as running:
            watch = Watch(scene.cluster, scene.directors, scene.vips)
            running.callback(watch.stop)
            load = Load(scene.cluster, size or Size())
            running.callback(load.stop)
            scene.watch = watch
            time.sleep(WARM_UP)
            steps = fault.steps(scene)
            # However this ends, the cause does as well.
            running.callback(next, steps, None)
            began = time.time()
            next(steps)
            time.sleep(fault.hold if hold is None else hold)
            healing = time.time()
            next(steps, None)
            healed = within(fault.limit, lambda: as_before(before), scene.steady)
            time.sleep(AFTER)
            running.pop_all()
            requests, connections = load.stop()
            scene.watch = None
            changes = watch.stop()
    seen = Seen(began, healing, time.time(), requests, connections, changes)
    return figures(seen, scene.vip, itself=fault.itself, splits=fault.splits, healed=healed, names=scene.directors)


def within(seconds: float, condition: Callable[[], Any], steady: float = 0) -> bool:
    """Whether a condition holds before some seconds are over, and goes on to hold for `steady` seconds."""
    since: float | None = None

    def holds() -> bool:
        nonlocal since
        if not condition():
            since = None
            return False
        since = time.monotonic() if since is None else since
        return time.monotonic() - since >= steady

    try:
        until(holds, "all is as it was", seconds + steady, PAUSE)
    except AssertionError:
        return False
    return True
