# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the tools of a host, all in the same way. The runner is passed in, and errors have the whole result."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from typing import Any, Callable, Iterator, NamedTuple, Protocol, Sequence

# Where root's tools are: the PATH of Ansible or of systemd may be without them.
ROOTS_FOLDERS = ("/sbin", "/usr/sbin", "/usr/local/sbin")
# How long a tool may take, such as cl_status beside a heartbeat that hangs.
TOOL_SECONDS = 120


class Result(NamedTuple):
    """The result of a process: exit status, standard output, standard error."""

    rc: int
    out: str
    err: str


class Runner(Protocol):
    """Finds and starts tools. `HOST` is the runner for the host itself."""

    def find(self, tool: str) -> str | None:
        """Return the path of a tool, None if there is none."""

    def start(self, argv: Sequence[str], stdin: str = "") -> Callable[[], Result]:
        """Start a process, and return the function that waits for its result, so that several can run in parallel."""


class Failure(Exception):
    """An error in a sentence for the user; `facts` are for the module's result. Any other exception is a bug."""

    def __init__(self, text: str, **facts: Any):
        super().__init__(text)
        self.facts = facts


class ToolMissing(Failure):
    """A tool is not installed, or cannot be started."""


class ToolFailed(Failure):
    """A tool has ended with an exit status other than 0."""

    def __init__(self, text: str, argv: Sequence[str], result: Result):
        super().__init__(text, **process_facts(argv, result))


class NotUnderstood(Failure, ValueError):
    """A tool has printed something that no known version prints."""


class Host:
    """The host that the module runs on.

    AnsibleModule.run_command is not used. It runs a single process at a time, and it expands $ and ~ in arguments. It also
    writes all of the input before it reads any output, so a table whose lines are all refused would block both sides.
    """

    def find(self, tool: str) -> str | None:
        """Return the path of a tool, None if there is none. Searches the directories of root's tools, too."""
        return shutil.which(tool, path=os.pathsep.join([os.environ.get("PATH", ""), *ROOTS_FOLDERS]))

    def start(self, argv: Sequence[str], stdin: str = "") -> Callable[[], Result]:
        """Start a process in the C locale. Raises ToolMissing if the system cannot, and the result a Failure if it does not end."""
        # Output goes to a file, so that the process continues while nobody reads it.
        out = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish()
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.PIPE,
                env=dict(os.environ, LC_ALL="C"),
            )
        except OSError as error:
            out.close()
            raise ToolMissing(f"{argv[0]} can't be started: {error.strerror}.") from error

        def finish() -> Result:
            # Writes the input and reads the error output at the same time.
            with out:
                try:
                    err = process.communicate(stdin.encode(), timeout=TOOL_SECONDS)[1]
                except subprocess.TimeoutExpired:
                    _end(process)
                    raise Failure(f"{command_of(argv)} did not end within {TOOL_SECONDS} seconds.") from None
                out.seek(0)
                printed = out.read()
            return Result(process.returncode, printed.decode(errors="replace"), err.decode(errors="replace"))

        return finish


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process. One that waits for the kernel does not end by that, and nobody waits for it."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)


HOST = Host()


def run(runner: Runner, argv: Sequence[str], stdin: str = "") -> Result:
    """Run a process and return its result, whatever its exit status."""
    return runner.start(argv, stdin)()


def command_of(argv: Sequence[str]) -> str:
    """Return a command as it is typed in a shell."""
    return " ".join([os.path.basename(argv[0]), *argv[1:]])


def process_facts(argv: Sequence[str], result: Result) -> dict[str, Any]:
    """Return the part of a module's result about a process, with the names that Ansible's own modules use."""
    return {"cmd": command_of(argv), "rc": result.rc, "stdout": result.out, "stderr": result.err}


def fail(module: Any, failure: Failure, **result: Any) -> None:
    """End a module with the failure that is being handled. Ansible adds the traceback if ANSIBLE_DISPLAY_TRACEBACK is set."""
    module.fail_json(msg=str(failure), **result, **failure.facts)


@contextlib.contextmanager
def mistakes_told() -> Iterator[None]:
    """Turn a ValueError about a mistake in the module's options into a Failure.

    Only for reading options. Elsewhere a ValueError is a bug, and the user sees its traceback.
    """
    try:
        yield
    except ValueError as mistake:
        raise Failure(str(mistake)) from mistake
