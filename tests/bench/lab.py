# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab that some benchmarks need."""

from __future__ import annotations

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
