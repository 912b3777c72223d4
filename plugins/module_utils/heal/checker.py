# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask keepalived's process for health checks what it believes, by SIGUSR1."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Callable

from ..tools import Failure
from ..vrrp_state import PAUSE, alone, dump_file, running

PID_FILE = Path("/run/checkers.pid")
PROC = Path("/proc")
NAME = "keepalived_check.data"
TIMEOUT = 3.0


def ask(
    pid_file: Path = PID_FILE,
    proc: Path = PROC,
    timeout: float = TIMEOUT,
    kill: Callable[[int, int], None] = os.kill,
) -> str | None:
    """Return what keepalived writes, None if it does not run or cannot be asked yet. Raises Failure if it does not answer."""
    pid = running(pid_file, proc)
    if pid is None or not takes_signal((proc / str(pid) / "status").read_text(encoding="ascii")):
        return None
    file = dump_file(pid, proc).with_name(NAME)
    with alone():
        file.unlink(missing_ok=True)
        kill(pid, signal.SIGUSR1)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if file.exists() and not is_open(pid, proc):
                text = file.read_text(encoding="utf-8", errors="replace")
                file.unlink()
                return text
            time.sleep(PAUSE)
    raise Failure(f"keepalived has not said within {timeout:g} seconds what it believes to be in the table")


def takes_signal(status: str) -> bool:
    """Whether a process catches SIGUSR1, or blocks it to read it from a signalfd, by /proc/PID/status: else the signal would end it."""
    masks = [line.split()[1] for line in status.splitlines() if line.startswith(("SigBlk:", "SigCgt:"))]
    return any(int(mask, 16) >> (signal.SIGUSR1 - 1) & 1 for mask in masks)


def is_open(pid: int, proc: Path) -> bool:
    """Whether keepalived still writes the file, which has its name from the first byte on."""
    for descriptor in (proc / str(pid) / "fd").iterdir():
        try:
            if os.readlink(descriptor).endswith(f"/{NAME}"):
                return True
        except OSError:
            continue  # Closed in between.
    return False
