# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running the tools of a host: one way for all of them, passed in to whatever runs one, and errors that tell all of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from typing import Any, Callable, Iterator, NamedTuple, Protocol, Sequence

from ansible.module_utils.common.process import get_bin_path


class Result(NamedTuple):
    """What a process left: exit status, standard output, standard error."""

    rc: int
    out: str
    err: str


class Runner(Protocol):
    """Finds tools and starts them: the host's own is `HOST`."""

    def find(self, tool: str) -> str | None:
        """Return the path of a tool, None where there is none."""

    def start(self, argv: Sequence[str], stdin: str = "") -> Callable[[], Result]:
        """Start a process and return the function that waits for what it leaves, so that several run side by side."""


class Failure(Exception):
    """What stands in the way, in a sentence for the user; `facts` are for the module's result. Anything else is a bug."""

    def __init__(self, text: str, **facts: Any):
        super().__init__(text)
        self.facts = facts


class ToolMissing(Failure):
    """A tool is not there, or cannot be started."""


class ToolFailed(Failure):
    """A tool has ended with another exit status than 0."""

    def __init__(self, text: str, argv: Sequence[str], result: Result):
        super().__init__(text, **process_facts(argv, result))


class NotUnderstood(Failure, ValueError):
    """A tool has printed what no version known here prints."""


class Host:
    """The host that the module runs on.

    Not by AnsibleModule.run_command: that one runs a single process at a time, writes all of the input before it reads
    any output, so that a table of which each line is refused would block both sides, and expands $ and ~ in arguments.
    """

    def find(self, tool: str) -> str | None:
        """Return the path of a tool, also from the directories of root's tools, None where there is none."""
        try:
            return str(get_bin_path(tool))
        except ValueError:
            return None

    def start(self, argv: Sequence[str], stdin: str = "") -> Callable[[], Result]:
        """Start a process in the C locale. Raises ToolMissing where the system can't."""
        # Into a file: it goes on while nobody waits for it.
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
            # Writes the input and reads the complaints at the same time.
            err = process.communicate(stdin.encode())[1]
            with out:
                out.seek(0)
                printed = out.read()
            return Result(process.returncode, printed.decode(errors="replace"), err.decode(errors="replace"))

        return finish


HOST = Host()


def run(runner: Runner, argv: Sequence[str], stdin: str = "") -> Result:
    """Run a process and return what it left, whatever its exit status."""
    return runner.start(argv, stdin)()


def command_of(argv: Sequence[str]) -> str:
    """Return a command as one types it."""
    return " ".join([os.path.basename(argv[0]), *argv[1:]])


def process_facts(argv: Sequence[str], result: Result) -> dict[str, Any]:
    """Return what a module's result tells of a process, by the names that Ansible's own modules use."""
    return {"cmd": command_of(argv), "rc": result.rc, "stdout": result.out, "stderr": result.err}


def fail(module: Any, failure: Failure, **result: Any) -> None:
    """End a module with a failure that is being handled: Ansible adds the traceback where ANSIBLE_DISPLAY_TRACEBACK asks."""
    module.fail_json(msg=str(failure), **result, **failure.facts)


@contextlib.contextmanager
def mistakes_told() -> Iterator[None]:
    """Make a Failure of the ValueError that tells of a mistake in the module's options.

    Only for the reading of options: elsewhere a ValueError is a bug, and goes to the user with its traceback.
    """
    try:
        yield
    except ValueError as mistake:
        raise Failure(str(mistake)) from mistake
