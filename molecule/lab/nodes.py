# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes: made what the topology says, waited for, switched off and on. Wherever podman runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lab import podman, ssh
from lab.paths import Paths
from lab.podman import Host
from lab.progress import say
from lab.topology import Node, Topology

JOBS = 3  # containers at a time: podman waits about as long as it computes
ANSWER = 180.0  # s until a node's sshd must answer, on the slowest kind of machine
Sh = Callable[[str], str]


def converge(sh: Sh, topology: Topology, host: Host) -> tuple[Node, ...]:
    """Create, remove and start containers until they are the topology's; those that (re)started."""
    containers = podman.parse_containers(sh(podman.LIST_CONTAINERS))
    plan = podman.plan(topology, host, containers, podman.parse_networks(sh(podman.LIST_NETWORKS)))
    said = sh(podman.script(plan, topology, host, JOBS))
    for line in said.splitlines():
        say(f"  {line}")
    started = {name.removeprefix(podman.PREFIX) for name in plan.start} | {node.name for node in plan.create}
    return tuple(node for node in topology.nodes if node.name in started)


def wait(paths: Paths, nodes: Sequence[Node], give_up: Callable[[], str] | None = None) -> None:
    """Wait until sshd answers on the nodes and systemd has settled; say where it is degraded."""
    ssh.wait_for([node.port for node in nodes], ANSWER, give_up)
    with ThreadPoolExecutor(max_workers=4) as pool:
        verdicts = pool.map(lambda node: ssh.settled(paths, node), nodes)
    for node, verdict in zip(nodes, verdicts):
        if verdict != "running":
            say(f"  {node.name}: {verdict}")


def container(node: Node) -> str:
    return podman.PREFIX + node.name


def kill(sh: Sh, nodes: Sequence[Node]) -> None:
    """Power off hard."""
    sh(f"podman kill {' '.join(map(container, nodes))}")


def start(sh: Sh, nodes: Sequence[Node]) -> None:
    sh(f"podman start {' '.join(map(container, nodes))}")


def reboot(sh: Sh, nodes: Sequence[Node]) -> None:
    """Shut down in order, all at once, then start again."""
    names = " ".join(map(container, nodes))
    sh(f"printf '%s\\n' {names} | xargs -P {JOBS} -n 1 podman stop --time 60 && podman start {names}")


def remove(sh: Sh) -> None:
    """Remove every container and network of the lab."""
    sh(podman.REMOVE_COMMAND)
