# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU's control channel (QMP, docs/interop/qmp-spec), as much of it as the lab needs."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from lab.errors import LabError

TIMEOUT = 60.0  # s for an answer or a migration


class Monitor:
    """A connected QMP session."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._read()
        self.execute("qmp_capabilities")

    def _read(self) -> dict[str, Any]:
        while line := self._stream.readline():
            message = json.loads(line)
            if "event" not in message:
                return message
        raise LabError("QEMU closed its control channel")

    def execute(self, command: str, **arguments: Any) -> Any:
        """The answer to a command. LabError with QEMU's own words when it refuses."""
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        answer = self._read()
        if "error" in answer:
            raise LabError(f"QEMU refuses {command}: {answer['error']['desc']}")
        return answer["return"]

    def human(self, line: str) -> str:
        """The answer of QEMU's human monitor, for what QMP has no command for. LabError when it complains."""
        said = str(self.execute("human-monitor-command", **{"command-line": line})).strip()
        if said:
            raise LabError(f"QEMU on {line}: {said}")
        return said

    def _ignore_shared(self) -> None:
        # Memory shared with a file is in that file already: only the devices' state moves.
        state = {"capability": "x-ignore-shared", "state": True}
        self.execute("migrate-set-capabilities", capabilities=[state])

    def save(self, state: Path) -> None:
        """Stop the guest and write its devices' state to a file; its memory must be a shared file."""
        self._ignore_shared()
        self.execute("stop")
        self.execute("migrate", uri=f"exec:cat > '{state}'")
        deadline = time.monotonic() + TIMEOUT
        while (status := self.execute("query-migrate").get("status")) != "completed":
            if status in ("failed", "cancelled") or time.monotonic() > deadline:
                raise LabError(f"QEMU could not save the machine: {status}")
            time.sleep(0.02)

    def load(self, state: Path) -> None:
        """Continue a guest that was started with `-incoming defer` from its devices' state."""
        self._ignore_shared()
        self.execute("migrate-incoming", uri=f"exec:cat '{state}'")
        deadline = time.monotonic() + TIMEOUT
        while self.execute("query-status")["status"] == "inmigrate":
            if time.monotonic() > deadline:
                raise LabError("QEMU could not restore the machine in time")
            time.sleep(0.02)
        self.execute("cont")


@contextmanager
def connect(path: Path, limit: float = 10.0) -> Iterator[Monitor]:
    """A session on a QMP socket, which may not be there yet. LabError when it is not within `limit` seconds."""
    deadline = time.monotonic() + limit
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT)
        while True:
            try:
                connection.connect(str(path))
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise LabError(f"QEMU does not answer on {path}: {error}") from error
                time.sleep(0.05)
        # QEMU serves one client at a time, and a socket stays open as long as a stream of it does.
        try:
            with connection.makefile("rw", encoding="utf-8") as stream:
                yield Monitor(stream)
        except (OSError, ValueError) as error:
            raise LabError(f"QEMU's control channel broke: {error}") from error
