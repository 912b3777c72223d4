# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes in the host's own podman, where its kernel offers IPVS."""

from __future__ import annotations

import subprocess

from lab import hostpackages, images, nodes, shell, ssh, state
from lab import paths as places
from lab.choice import PODMAN
from lab.paths import Paths
from lab.podman import Host
from lab.progress import Phases
from lab.state import State
from lab.topology import Topology


def sh(script: str) -> str:
    """Run a shell script where podman is: here, as root, since directors change the kernel's tables."""
    return shell.run(shell.as_root(["sh", "-s"]), stdin=script)


def host(paths: Paths) -> Host:
    return Host("127.0.0.1", images.reference(), str(paths.key.with_suffix(".pub")))


def modules() -> list[str]:
    """The kernel modules that scenarios may need: the list the machine loads at boot."""
    file = places.IMAGES / "machine/root/etc/modules-load.d/lvs-lab.conf"
    return [line for line in file.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")]


def up(paths: Paths, topology: Topology, phases: Phases, *, fresh: bool) -> None:
    """Bring up the topology in the local podman."""
    lacking = hostpackages.missing(hostpackages.PODMAN)
    if lacking:
        with phases.phase("install host packages"):
            hostpackages.install(lacking, paths)
    ssh.make_key(paths)
    with phases.phase("node image"):
        tar = images.node_image(paths)
        import_image(str(tar))
    # What this kernel lacks, only the scenarios that need it will miss.
    load = [*shell.as_root(["modprobe", "--all", "--quiet"]), *modules()]
    subprocess.run(load, capture_output=True, env=shell.environment(), check=False)
    if fresh:
        with phases.phase("remove the nodes"):
            nodes.remove(sh)
    # Before the first container, so that `down` finds what an interrupted start left.
    state.write(paths, State(PODMAN, images.reference(), topology))
    with phases.phase("create nodes"):
        started = nodes.converge(sh, topology, host(paths))
    with phases.phase("wait for the nodes"):
        nodes.wait(paths, started)
        ssh.wait_for([node.port for node in topology.nodes], nodes.ANSWER)


def import_image(tar: str) -> None:
    name = images.reference()
    sh(f"podman image exists {name} || podman import --quiet - {name} < '{tar}'")


def down() -> None:
    if shell.has("podman"):
        nodes.remove(sh)


def forget_images() -> None:
    """Remove the nodes' images from the local podman."""
    if shell.has("podman"):
        sh("podman images --quiet --filter reference=localhost/lvs-lab-node | sort -u | xargs -r podman rmi --force")
