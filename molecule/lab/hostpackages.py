# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host itself needs: found by the commands, installed on Debian by root, else named."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from lab import shell
from lab.errors import LabError
from lab.paths import Paths
from lab.progress import say

IMAGE = {"mmdebstrap": "mmdebstrap", "apt-ftparchive": "apt-utils", "ssh": "openssh-client"}
MACHINE = {
    **IMAGE,
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mkfs.ext4": "e2fsprogs",
}
PODMAN = {**IMAGE, "podman": "podman", "crun": "crun"}


def missing(needed: dict[str, str], has: Callable[[str], bool] = shell.has) -> list[str]:
    """The packages of those commands that are not there."""
    return sorted({package for command, package in needed.items() if not has(command)})


def install(packages: Sequence[str], paths: Paths) -> None:
    """Install packages. LabError naming the command to run where this user or system cannot."""
    if not packages:
        return
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or not shell.has("apt-get"):
        raise LabError(f"the lab needs packages that are missing; as root on Debian: {command}")
    say(f"installing {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    log = paths.logs / "host-packages.log"
    shell.run_logged(["apt-get", "update"], log, env=quiet)
    shell.run_logged(["apt-get", "install", "--yes", "--no-install-recommends", *packages], log, env=quiet)
