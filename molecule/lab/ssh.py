# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching the nodes: SSH with the lab's own key and nothing of the user's settings."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import shell
from lab.errors import LabError
from lab.paths import Paths
from lab.topology import Node

ANSWER = 180.0  # s until a node's sshd must answer, on the slowest of machines
OPTIONS = (
    *("-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30"),
    *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
)


def argv(paths: Paths, node: Node, *command: str) -> list[str]:
    sharing = [
        "-o",
        "ControlMaster=auto",
        "-o",
        f"ControlPath={paths.control(node.address)}",
        "-o",
        "ControlPersist=10m",
    ]
    return ["ssh", *OPTIONS, *sharing, "-i", str(paths.key), f"root@{node.address}", *command]


def close(paths: Paths, nodes: Sequence[Node] | None = None) -> None:
    """End the shared connections to nodes (None: to all): what goes on over one to a node without power waits for minutes.

    The others go on: a stream of requests, for example, that the client makes during the event.
    """
    ours = [paths.control(node.address) for node in nodes] if nodes is not None else paths.run.glob("ssh-*")
    for control in filter(Path.exists, ours):
        shell.try_(["ssh", "-F", "/dev/null", "-o", f"ControlPath={control}", "-O", "exit", "node"])
        control.unlink(missing_ok=True)


def sh(paths: Paths, node: Node, script: str) -> str:
    """Standard output of a shell script run on a node. LabError when it fails."""
    return shell.run(argv(paths, node, "sh", "-s"), stdin=script)


def replace_process(paths: Paths, node: Node, command: Sequence[str]) -> None:
    """Become the ssh client: a person's session."""
    words = argv(paths, node, *command)
    terminal = ["-t"] if not command and os.isatty(0) else []
    os.execvpe(words[0], [words[0], *terminal, *words[1:]], shell.environment())


def make_key(paths: Paths) -> str:
    """The public half of the lab's key, made on the spot when there is none: the base64 text alone."""
    if not paths.key.exists():
        paths.ssh.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = paths.ssh / ".new"
        for leftover in (fresh, fresh.with_suffix(".pub")):
            leftover.unlink(missing_ok=True)
        shell.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lvs-lab", "-f", str(fresh)])
        fresh.with_suffix(".pub").rename(paths.key.with_suffix(".pub"))
        fresh.rename(paths.key)
    return paths.key.with_suffix(".pub").read_text(encoding="utf-8").split()[1]


def answers(address: str, timeout: float = 2.0) -> bool:
    """Whether an sshd says hello."""
    with contextlib.suppress(OSError), socket.create_connection((address, 22), timeout) as connection:
        connection.settimeout(timeout)
        return connection.recv(4) == b"SSH-"
    return False


def wait(paths: Paths, nodes: Sequence[Node], give_up: Callable[[list[Node]], str]) -> Iterable[tuple[Node, str]]:
    """Wait until sshd answers on the nodes and systemd on them has settled; those that are degraded, each with why.

    LabError after ANSWER seconds, or when `give_up` gives a reason for those that do not answer yet.
    """
    missing = set(nodes)
    deadline = time.monotonic() + ANSWER
    with ThreadPoolExecutor(max_workers=max(len(missing), 1)) as pool:
        while missing:
            missing = {
                node for node, there in zip(missing, pool.map(lambda n: answers(n.address), missing)) if not there
            }
            reason = give_up(sorted(missing, key=lambda node: node.name)) if missing else ""
            if reason or (missing and time.monotonic() > deadline):
                names = ", ".join(sorted(node.name for node in missing))
                raise LabError(f"no SSH on {names}: {reason or f'after {ANSWER:.0f} s'}")
            time.sleep(0.1 if missing else 0)
        verdicts = list(pool.map(lambda node: settled(paths, node), nodes))
    return [(node, verdict) for node, verdict in zip(nodes, verdicts) if verdict != "running"]


def settled(paths: Paths, node: Node) -> str:
    """Wait until systemd on a node has finished starting; its verdict: running, or degraded with what failed."""
    check = "systemctl is-system-running --wait || systemctl --failed --plain --no-legend | cut -d' ' -f1; true"
    return " ".join(sh(paths, node, check).split())
