# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ipvsadm, and explain a failure in one sentence."""

from __future__ import annotations

import os
from typing import Any, Callable, Sequence

from ..tools import Failure, Result, Runner, ToolFailed, ToolMissing, command_of, run

# Exists in a network namespace if the kernel has ip_vs (net/netfilter/ipvs/ip_vs_ctl.c).
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
    """IPVS cannot be changed as wanted, or is not as wanted after a change."""


class Ipvsadm:
    """The ipvsadm of a host, which the given runner runs."""

    def __init__(self, runner: Runner, path: str):
        self.runner, self.path = runner, path

    def run(self, *arguments: str, stdin: str = "") -> Result:
        """Return the result of ipvsadm, whatever its exit status."""
        return run(self.runner, [self.path, *arguments], stdin)

    def start(self, *arguments: str) -> Callable[[], str]:
        """Start ipvsadm, and return the function that waits for its output, as output() does."""
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
        """Return the error of a process that failed: the reason in a sentence, and its whole result."""
        argv = [self.path, *arguments]
        return ToolFailed(explain(result, argv), argv, result)


def explain(result: Result, argv: Sequence[str]) -> str:
    """Say why a command failed, and what to do if that is known."""
    if "Permission denied" in result.err or "Operation not permitted" in result.err:
        return NOT_ROOT
    if "Can't initialize ipvs" in result.err:
        return NO_KERNEL_MODULE
    return f"{command_of(argv)} failed with exit code {result.rc}: {result.err.strip() or 'it said nothing'}"


def find_ipvsadm(module: Any, runner: Runner) -> Ipvsadm | None:
    """Return ipvsadm. On a host without IPVS, return None in check mode, else raise ToolMissing.

    In check mode ipvsadm is not started while the kernel has no ip_vs, because it would load the module.
    """
    path = runner.find("ipvsadm")
    if module.check_mode and not (path and os.path.exists(PROC_TABLE)):
        return None
    if path is None:
        raise ToolMissing(NOT_INSTALLED)
    return Ipvsadm(runner, path)
