# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One start at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from lab.paths import Paths
from lab.progress import say


@contextmanager
def exclusive(paths: Paths) -> Iterator[None]:
    """Hold the lab's lock; wait for whoever has it. The kernel frees it when a process dies."""
    paths.cache.mkdir(parents=True, exist_ok=True)
    with paths.lock.open("a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another lab command is at work: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
