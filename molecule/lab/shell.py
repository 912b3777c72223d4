# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running host commands: quietly with their output at hand when they fail, as root where that is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.errors import LabError

# Version managers put shims before the system's tools; the lab wants the system's.
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
TAIL = 15  # lines of a failed command's output to show


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8", **(extra or {})}


def as_root(argv: Sequence[str]) -> list[str]:
    """The command, by sudo when the user is not root. LabError where there is neither."""
    if os.geteuid() == 0:
        return list(argv)
    if not has("sudo"):
        raise LabError("the lab needs root for networks and nodes: run it as root, or install sudo")
    return ["sudo", "-E", *argv]


def ends_with_us(argv: Sequence[str]) -> list[str]:
    """The command in a process namespace that ends, whatever runs in it, when this process does."""
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *argv),
    ]


def has(command: str) -> bool:
    return shutil.which(command, path=PATH) is not None


def run(argv: Sequence[str], *, stdin: str | None = None, env: Mapping[str, str] | None = None) -> str:
    """Standard output of a command. LabError with the end of what it said when it fails."""
    done = subprocess.run(
        list(argv),
        input=stdin or "",
        capture_output=True,
        text=True,
        errors="replace",
        env=environment(env),
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-TAIL:]
        raise LabError(f"{argv[0]} failed with {done.returncode}:\n  " + "\n  ".join(said))
    return done.stdout


def try_(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command that may fail; its output and exit code."""
    return subprocess.run(
        list(argv), stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment(), check=False
    )


def run_logged(
    what: str, argv: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> None:
    """Run a command with its output in a file. LabError naming what it was to do, and the file with its end, when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(env),
            cwd=cwd,
            check=False,
        )
    if done.returncode:
        raise LabError(
            f"{what} failed: mend what the end of {log} tells, then run the same command again:\n"
            f"  {last_lines(log, TAIL)}"
        )


def last_lines(log: Path, count: int) -> str:
    """The last lines of a text file, indented to stand under a message."""
    try:
        return "\n  ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
    except OSError:
        return ""
