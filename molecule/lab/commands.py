# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands for a lab that runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from lab import choice, images, local, lock, machine, nodes, qemu, shell, ssh, state
from lab.nodes import Sh
from lab.paths import Paths
from lab.progress import heartbeat, say
from lab.state import State
from lab.topology import PORT_BASE, Node


def runner(paths: Paths, running: State) -> Sh:
    """How to run a script where podman runs."""
    return local.sh if running.kind == choice.PODMAN else ssh.remote(paths, PORT_BASE).sh


def named(running: State, names: Sequence[str]) -> list[Node]:
    return list(running.topology.nodes) if "all" in names else [running.topology.node(name) for name in names]


def down(paths: Paths, *, cache: bool) -> None:
    """Take the lab down and remove what it left; with `cache` also images, snapshots and the key."""
    with lock.exclusive(paths):
        running = state.read(paths)
        state.clear(paths)
        machine.stop(paths)
        if running and running.kind == choice.PODMAN:
            local.down()
        images.remove(paths.run)
        for leftover in (*paths.images.glob(".building-*"), *paths.snapshots.glob(".building-*")):
            images.remove(leftover)
        if cache:
            local.forget_images()
            for folder in (paths.images, paths.snapshots, paths.ssh, paths.logs):
                images.remove(folder)
            choice.probe_memory(paths).unlink(missing_ok=True)
    say("nothing of the lab is left" if cache else f"down; images stay in {paths.cache}")


def status(paths: Paths) -> None:
    """Print where the lab runs and which nodes answer."""
    running = state.need(paths)
    print(f"nodes run in: {running.kind}" + (f", process {qemu.pid(paths)}" if running.kind != choice.PODMAN else ""))
    for node in running.topology.nodes:
        verdict = "answers" if ssh.answers(node.port) else "does not answer"
        addresses = " ".join(f"{network}={','.join(given)}" for network, given in node.addresses)
        print(f"  {node.name:<12} 127.0.0.1:{node.port}  {verdict:<15}  {addresses}")


def inventory(paths: Paths) -> None:
    """Print the running nodes as an INI inventory."""
    for node in state.need(paths).topology.nodes:
        print(f"{node.name} ansible_host=127.0.0.1 ansible_port={node.port} ansible_user=root", end=" ")
        print(f"ansible_ssh_private_key_file={paths.key}")


def ssh_node(paths: Paths, name: str, command: Sequence[str]) -> None:
    """Become an SSH session on a node."""
    node = state.need(paths).topology.node(name)
    ssh.remote(paths, node.port).replace_process(*command)


def exec_machine(paths: Paths, command: Sequence[str]) -> None:
    """Become a session where podman runs."""
    if state.need(paths).kind == choice.PODMAN:
        argv = shell.as_root(command or ["bash"])
        os.execvpe(argv[0], argv, shell.environment())
    ssh.remote(paths, PORT_BASE).replace_process(*command)


def kill(paths: Paths, names: Sequence[str]) -> None:
    power(paths, names, nodes.kill, comes_back=False)


def start(paths: Paths, names: Sequence[str]) -> None:
    power(paths, names, nodes.start, comes_back=True)


def reboot(paths: Paths, names: Sequence[str]) -> None:
    power(paths, names, nodes.reboot, comes_back=True)


def power(
    paths: Paths, names: Sequence[str], change: Callable[[Sh, Sequence[Node]], None], *, comes_back: bool
) -> None:
    """Switch nodes; where they come back, wait until systemd on each has settled."""
    running = state.need(paths)
    chosen = named(running, names)
    with heartbeat(f"{change.__name__} {' '.join(node.name for node in chosen)}"):
        for node in chosen:
            ssh.remote(paths, node.port).close()
        change(runner(paths, running), chosen)
        if comes_back:
            nodes.wait(paths, chosen)
