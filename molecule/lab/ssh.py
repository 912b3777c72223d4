# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching the machine and the nodes: SSH on 127.0.0.1 with the lab's own key and nothing of the user's settings."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab import shell
from lab.errors import LabError
from lab.paths import Paths
from lab.topology import Node


@dataclass(frozen=True)
class Remote:
    """An sshd on 127.0.0.1. `control`: a socket to share connections by, or None for a connection of its own."""

    port: int
    key: Path
    control: Path | None = None

    def argv(self, *command: str) -> list[str]:
        sharing = ["-o", "ControlMaster=no"]
        if self.control:
            sharing = ["-o", "ControlMaster=auto", "-o", f"ControlPath={self.control}", "-o", "ControlPersist=10m"]
        options = [
            *("-F", "/dev/null", "-i", str(self.key), "-p", str(self.port)),
            *("-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
        ]
        return ["ssh", *options, *sharing, "root@127.0.0.1", *command]

    def sh(self, script: str) -> str:
        """Standard output of a shell script run there. LabError when it fails."""
        return shell.run(self.argv("sh", "-s"), stdin=script)

    def close(self) -> None:
        """End the shared connection, if there is one."""
        if self.control and self.control.exists():
            subprocess.run(self.argv("-O", "exit"), capture_output=True, env=shell.environment(), check=False)
            self.control.unlink(missing_ok=True)

    def replace_process(self, *command: str) -> None:
        """Become the ssh client: a person's session."""
        terminal = ["-t"] if not command and os.isatty(0) else []
        argv = self.argv(*command)
        os.execvpe(argv[0], [argv[0], *terminal, *argv[1:]], shell.environment())


def remote(paths: Paths, port: int, *, shared: bool = True) -> Remote:
    return Remote(port, paths.key, paths.run / f"ssh-{port}" if shared else None)


def make_key(paths: Paths) -> str:
    """The public half of the lab's key, made on the spot when there is none."""
    if not paths.key.exists():
        paths.ssh.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = paths.ssh / ".new"
        for leftover in (fresh, fresh.with_suffix(".pub")):
            leftover.unlink(missing_ok=True)
        shell.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lvs-lab", "-f", str(fresh)])
        fresh.with_suffix(".pub").rename(paths.key.with_suffix(".pub"))
        fresh.rename(paths.key)
    return paths.key.with_suffix(".pub").read_text(encoding="utf-8").strip()


def answers(port: int, timeout: float = 5.0) -> bool:
    """Whether an sshd says hello on 127.0.0.1. QEMU accepts for the guest, so an open port proves nothing."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.settimeout(timeout)
        return connection.recv(4) == b"SSH-"
    return False


def wait_for(ports: Iterable[int], limit: float, give_up: Callable[[], str] | None = None) -> None:
    """Return when all ports answer. LabError after `limit` seconds, or when `give_up()` gives a reason."""
    missing = set(ports)
    deadline = time.monotonic() + limit
    while missing:
        with ThreadPoolExecutor(max_workers=len(missing)) as pool:
            missing = {port for port, there in zip(missing, pool.map(answers, missing)) if not there}
        if not missing:
            return
        reason = give_up() if give_up else ""
        if reason or time.monotonic() > deadline:
            waited = reason or f"after {limit:.0f} s"
            raise LabError(f"no SSH on 127.0.0.1 port {', '.join(map(str, sorted(missing)))}: {waited}")
        time.sleep(0.2)


def settled(paths: Paths, node: Node) -> str:
    """Wait until systemd on a node has finished starting; its verdict: running, or degraded with what failed."""
    check = "systemctl is-system-running --wait || systemctl --failed --plain --no-legend | cut -d' ' -f1; true"
    return " ".join(remote(paths, node.port, shared=False).sh(check).split())
