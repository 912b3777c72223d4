# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way the nodes run: the local podman where this kernel has IPVS, else a kernel for each node."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from lab import shell
from lab.errors import LabError
from lab.machine import Machine
from lab.paths import Paths
from lab.podman import Podman
from lab.uml import Uml

MACHINES: dict[str, type[Machine]] = {"podman": Podman, "uml": Uml}
WORDS = {"podman": "the local podman", "uml": "User Mode Linux"}
VARIABLE = "LVS_LAB_MACHINE"


@dataclass(frozen=True)
class Choice:
    """What was chosen (podman or uml), and why."""

    kind: str
    why: str

    def __str__(self) -> str:
        return f"nodes run in {WORDS[self.kind]}: {self.why}; {VARIABLE}={'|'.join(MACHINES)} overrides"


def choose() -> Choice:
    """The user's own choice, or by what this kernel can. LabError when the user's is none of the two."""
    given = os.environ.get(VARIABLE, "")
    if given:
        if given not in MACHINES:
            raise LabError(f"{VARIABLE} must be {' or '.join(MACHINES)}, not {given}")
        return Choice(given, f"{VARIABLE} says so")
    lacking = what_containers_lack()
    kernel = f"the kernel {platform.release()}"
    return Choice("uml", f"{kernel} {lacking}") if lacking else Choice("podman", f"{kernel} offers IPVS")


def what_containers_lack() -> str:
    """Why containers of this kernel cannot be directors with systemd, or "" where they can."""
    table = Path("/proc/net/ip_vs")
    if not table.exists() and shell.has("modprobe"):
        shell.try_(shell.as_root(["modprobe", "ip_vs"]))
    if not table.exists():
        return "offers no IPVS"
    if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return "has IPVS, but not cgroups v2 alone, which podman needs"
    return ""


def machine(kind: str, paths: Paths) -> Machine:
    return MACHINES[kind](paths)
