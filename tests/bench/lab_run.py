# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab that some benchmarks need."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from figure import Unavailable

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ["-i", "inventories/lab"]


def require() -> None:
    """Raise Unavailable where no lab answers."""
    ping = ["ansible", *INVENTORY, "all", "--one-line", "-m", "ansible.builtin.raw", "-a", "true"]
    if subprocess.run(ping, cwd=ROOT, capture_output=True, check=False).returncode:
        raise Unavailable("no lab is running: make lab")


def play(playbook: str, callback: str, *arguments: str, **environment: str) -> str:
    """Run a playbook on the lab with a callback of this folder; what it printed. RuntimeError when it fails."""
    run = subprocess.run(
        ["ansible-playbook", *INVENTORY, playbook, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_CALLBACKS_ENABLED": callback,
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/bench/callback"),
            "ANSIBLE_NOCOLOR": "true",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(f"{playbook} failed:\n{run.stdout[-4000:]}{run.stderr[-2000:]}")
    return run.stdout
