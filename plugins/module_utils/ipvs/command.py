# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running ipvsadm, and saying in one sentence why it could not."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import Any, Callable, NamedTuple, Sequence

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


class IpvsError(Exception):
    """ipvsadm could not do what it was asked; the text is for the user, `facts` are for the module's result."""

    def __init__(self, text: str, **facts: Any):
        super().__init__(text)
        self.facts = facts


class Result(NamedTuple):
    """What an ipvsadm process left: exit code, standard output, standard error."""

    rc: int
    out: str
    err: str


def run(path: str, *arguments: str, stdin: str = "") -> Result:
    """Run ipvsadm once. Feeds stdin and drains stdout and stderr concurrently, so large tables cannot deadlock."""
    done = subprocess.run(
        [path, *arguments],
        input=stdin.encode(),
        capture_output=True,
        env=dict(os.environ, LC_ALL="C"),
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def checked_output(path: str, *arguments: str) -> str:
    """Return what ipvsadm prints. Raises IpvsError when it fails."""
    return _checked(run(path, *arguments), arguments)


def start(path: str, *arguments: str) -> Callable[[], str]:
    """Start ipvsadm and return the function that waits for what it prints, as checked_output() does.

    Its output goes to a file, so that several of them run side by side.
    """
    out = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish()
    process = subprocess.Popen([path, *arguments], stdout=out, stderr=subprocess.PIPE, env=dict(os.environ, LC_ALL="C"))

    def finish() -> str:
        err = process.communicate()[1].decode(errors="replace")
        with out:
            out.seek(0)
            printed = out.read().decode(errors="replace")
        return _checked(Result(process.returncode, printed, err), arguments)

    return finish


def _checked(result: Result, arguments: Sequence[str]) -> str:
    if result.rc:
        raise failure(result, arguments)
    return result.out


def failure(result: Result, arguments: Sequence[str]) -> IpvsError:
    """Return the error of a process that failed: why, in a sentence, and the whole of what it left."""
    command = "ipvsadm " + " ".join(arguments)
    return IpvsError(explain(result, command), cmd=command, rc=result.rc, stdout=result.out, stderr=result.err)


def fail(module: Any, error: Exception, **result: Any) -> None:
    """End a module with an error, and with what is known of it besides its sentence."""
    module.fail_json(msg=str(error), **result, **getattr(error, "facts", {}))


def explain(result: Result, command: str) -> str:
    """Say why `command` failed, and what to do where it is known."""
    if "Permission denied" in result.err or "Operation not permitted" in result.err:
        return NOT_ROOT
    if "Can't initialize ipvs" in result.err:
        return NO_KERNEL_MODULE
    return f"{command} failed with exit code {result.rc}: {result.err.strip() or 'it said nothing'}"


def find_ipvsadm(module: Any) -> str | None:
    """Return the path of ipvsadm. On a host that has no IPVS yet: None in check mode, else IpvsError.

    In check mode ipvsadm is not even started before the kernel has ip_vs, for it would load the module.
    """
    path: str | None = module.get_bin_path("ipvsadm")
    if module.check_mode and not (path and os.path.exists(PROC_TABLE)):
        return None
    if path is None:
        raise IpvsError(NOT_INSTALLED)
    return path
