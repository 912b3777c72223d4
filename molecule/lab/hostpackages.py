# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host itself needs: found by the commands, installed on Debian by root, else named."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from lab import shell
from lab.errors import LabError
from lab.paths import Paths
from lab.progress import Phases, say

# Command: Debian's package.
COMMON = {
    "mmdebstrap": "mmdebstrap",
    "apt-ftparchive": "apt-utils",
    "ssh": "openssh-client",
    "nft": "nftables",
    "ip": "iproute2",
}
PODMAN = {**COMMON, "podman": "podman", "crun": "crun"}
UML = {
    **COMMON,
    "mkfs.ext4": "e2fsprogs",
    # to build the kernel
    "gcc": "gcc",
    "ld": "binutils",
    "make": "make",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "xz": "xz-utils",
    "depmod": "kmod",
    "perl": "perl",
    "strip": "binutils",
}
# Of packages that have no command.
FILES = {"/usr/include/x86_64-linux-gnu/bits/types.h": "libc6-dev"}


def missing(needed: Mapping[str, str], has: Callable[[str], bool]) -> list[str]:
    """The packages of those commands that are not there."""
    return sorted({package for command, package in needed.items() if not has(command)})


def need(commands: Mapping[str, str], paths: Paths, phases: Phases) -> None:
    """Install what is missing. LabError naming the command to run where this user or system cannot."""
    packages = missing(commands, shell.has)
    if "gcc" in commands:
        packages += missing(FILES, os.path.exists)
    if not packages:
        return
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or not shell.has("apt-get"):
        raise LabError(f"the lab needs packages that are missing; as root on Debian: {command}")
    with phases.phase("install host packages"):
        say(f"installing {' '.join(packages)}")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        log = paths.logs / "host-packages.log"
        shell.run_logged("apt-get update", ["apt-get", "update"], log, env=quiet)
        install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        shell.run_logged("installing packages", install, log, env=quiet)
