# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running ipvsadm, and saying in one sentence why it could not."""

from __future__ import annotations

import os
from typing import Any, Callable, Sequence

from ..tools import Failure, Result, Runner, ToolFailed, ToolMissing, command_of, run

# Exists in a network namespace once the kernel has ip_vs (net/netfilter/ipvs/ip_vs_ctl.c).
PROC_TABLE = "/proc/net/ip_vs"

NOT_INSTALLED = (
    "ipvsadm is not installed on this host: install the package ipvsadm, or run the role lvs.cluster.director."
)
NOT_ROOT = "ipvsadm may not read or change the IPVS table: run the task as root (become: true)."
NO_KERNEL_MODULE = (
    "The kernel of this host has no IPVS: load the module with modprobe ip_vs (a container gets it from the machine "
    "that runs it), or run the role lvs.cluster.director."
)


class IpvsError(Failure):
    """IPVS can't be what it should be, or is not after a change."""


class Ipvsadm:
    """The ipvsadm of a host, run by the runner that is passed in."""

    def __init__(self, runner: Runner, path: str):
        self.runner, self.path = runner, path

    def run(self, *arguments: str, stdin: str = "") -> Result:
        """Return what ipvsadm leaves, whatever its exit status."""
        return run(self.runner, [self.path, *arguments], stdin)

    def start(self, *arguments: str) -> Callable[[], str]:
        """Start ipvsadm and return the function that waits for what it prints, as output() does."""
        finish = self.runner.start([self.path, *arguments])

        def output() -> str:
            result = finish()
            if result.rc:
                raise self.failure(result, *arguments)
            return result.out

        return output

    def output(self, *arguments: str) -> str:
        """Return what ipvsadm prints. Raises ToolFailed."""
        return self.start(*arguments)()

    def failure(self, result: Result, *arguments: str) -> ToolFailed:
        """Return the error of a process that failed: why, in a sentence, and the whole of what it left."""
        argv = [self.path, *arguments]
        return ToolFailed(explain(result, argv), argv, result)


def explain(result: Result, argv: Sequence[str]) -> str:
    """Say why a command failed, and what to do where it is known."""
    if "Permission denied" in result.err or "Operation not permitted" in result.err:
        return NOT_ROOT
    if "Can't initialize ipvs" in result.err:
        return NO_KERNEL_MODULE
    return f"{command_of(argv)} failed with exit code {result.rc}: {result.err.strip() or 'it said nothing'}"


def find_ipvsadm(module: Any, runner: Runner) -> Ipvsadm | None:
    """Return ipvsadm. On a host that has no IPVS yet: None in check mode, else ToolMissing.

    In check mode ipvsadm is not even started before the kernel has ip_vs, for it would load the module.
    """
    path = runner.find("ipvsadm")
    if module.check_mode and not (path and os.path.exists(PROC_TABLE)):
        return None
    if path is None:
        raise ToolMissing(NOT_INSTALLED)
    return Ipvsadm(runner, path)
