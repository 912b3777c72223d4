# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab machine: booted cold or restored from a snapshot, with the nodes of a topology in it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lab import nodes, qemu, qmp, snapshots, ssh
from lab.errors import LabError
from lab.images import building, reference
from lab.paths import Paths
from lab.podman import Host
from lab.progress import Phases, say
from lab.snapshots import Snapshot
from lab.topology import PORT_BASE, Topology

BOOT = {"kvm": 60.0, "tcg": 240.0}  # s until the machine's sshd must answer
RESTORED = 20.0  # s until a restored machine and its nodes must answer
WITHOUT_SNAPSHOTS = "LVS_LAB_SNAPSHOTS"  # set to `no`: always boot


@dataclass(frozen=True)
class Ground:
    """What every step of a start needs: places, the kind of machine, its image, and the clock of phases."""

    paths: Paths
    kind: str
    image: Path
    phases: Phases

    def definition(self, topology: Topology) -> qemu.Definition:
        ports = tuple(node.port for node in topology.nodes)
        return qemu.Definition(self.kind, self.image, self.paths.run / "disk.qcow2", ports)

    def snapshot(self, topology: Topology) -> Snapshot:
        return snapshots.find(self.paths, self.kind, self.image, topology)

    @property
    def remote(self) -> ssh.Remote:
        return ssh.remote(self.paths, PORT_BASE)

    def ended(self) -> str:
        return qemu.ended(self.paths)


def host() -> Host:
    """podman inside the machine."""
    return Host(publish="", image=reference(), authorized_keys="/root/.ssh/authorized_keys")


def stop(paths: Paths) -> None:
    """End the machine and every connection to it."""
    for control in paths.run.glob("ssh-*"):
        ssh.remote(paths, int(control.name.removeprefix("ssh-"))).close()
    qemu.stop(paths)


def populate(ground: Ground, topology: Topology) -> None:
    """Make the running machine's nodes those of the topology and wait for those that started."""
    with ground.phases.phase("create nodes"):
        started = nodes.converge(ground.remote.sh, topology, host())
    with ground.phases.phase("wait for the nodes"):
        nodes.wait(ground.paths, started, ground.ended)


def boot(ground: Ground, machine: qemu.Definition) -> None:
    """Start the machine from its image and wait until systemd in it has settled."""
    with ground.phases.phase("boot the machine"):
        qemu.start(machine, ground.paths)
        ssh.wait_for([PORT_BASE], BOOT[ground.kind], ground.ended)
        ground.remote.sh("systemctl is-system-running --wait || true")


def thaw(ground: Ground, machine: qemu.Definition, snapshot: Snapshot) -> None:
    """Start the machine where a snapshot left it. Its clock stood still meanwhile and is set."""
    qemu.start(replace(machine, incoming=True), ground.paths)
    with qmp.connect(ground.paths.run / "qmp") as monitor:
        monitor.load(snapshot.devices)
    ssh.wait_for([PORT_BASE], RESTORED, ground.ended)
    ground.remote.sh(f"date --set=@{time.time():.3f} >/dev/null")


def restore(ground: Ground, topology: Topology, snapshot: Snapshot) -> None:
    """Start the machine from a snapshot on a disk of its own; all nodes must answer."""
    with ground.phases.phase("restore the snapshot"):
        machine = replace(ground.definition(topology), memory=snapshot.memory)
        qemu.overlay(machine.disk, snapshot.disk, "qcow2")
        thaw(ground, machine, snapshot)
        ssh.wait_for(machine.ports, RESTORED, ground.ended)
        os.utime(snapshot.folder)


def record(ground: Ground, topology: Topology) -> None:
    """Bring a topology up once and freeze it. The machine is off afterwards."""
    bare = Topology()
    parent = ground.snapshot(bare) if topology != bare else None
    if parent and not parent.exists:
        record(ground, bare)
    with building(ground.snapshot(topology).folder) as folder:
        fresh = Snapshot(folder)
        machine = replace(ground.definition(topology), disk=fresh.disk, memory=fresh.memory, keep_memory=True)
        snapshots.copy_memory(parent.memory if parent else None, fresh.memory)
        if parent:
            # A copy, not another overlay: no snapshot needs another one to be there.
            shutil.copyfile(parent.disk, fresh.disk)
            with ground.phases.phase("restore the empty machine"):
                thaw(ground, machine, parent)
            populate(ground, topology)
        else:
            qemu.overlay(fresh.disk, ground.image / "disk.raw", "raw")
            boot(ground, machine)
        with ground.phases.phase("freeze the machine" if parent else "freeze the empty machine"):
            freeze(ground, fresh)


def freeze(ground: Ground, snapshot: Snapshot) -> None:
    """Write out a quiet machine and end it."""
    ground.remote.sh("sync; ip neigh flush all")
    ground.remote.close()
    with qmp.connect(ground.paths.run / "qmp") as monitor:
        monitor.save(snapshot.devices)
    qemu.quit_(ground.paths)


def start(ground: Ground, topology: Topology) -> None:
    """A machine with bare nodes of the topology: from its snapshot, made now if need be, or else booted."""
    snapshot = ground.snapshot(topology)
    if os.environ.get(WITHOUT_SNAPSHOTS) != "no" and attempt(ground, topology, snapshot):
        snapshots.prune(ground.paths, (snapshot, ground.snapshot(Topology())))
        return
    stop(ground.paths)
    machine = ground.definition(topology)
    ground.paths.run.mkdir(parents=True, exist_ok=True)
    qemu.overlay(machine.disk, ground.image / "disk.raw", "raw")
    boot(ground, machine)
    populate(ground, topology)


def attempt(ground: Ground, topology: Topology, snapshot: Snapshot) -> bool:
    """Whether the machine came up from a snapshot; one that fails is removed, and why is said."""
    steps: tuple[Callable[[], None], ...] = (
        lambda: None if snapshot.exists else record(ground, topology),
        lambda: restore(ground, topology, snapshot),
    )
    try:
        ground.paths.run.mkdir(parents=True, exist_ok=True)
        for step in steps:
            step()
    except LabError as error:
        say(f"  no start from a snapshot ({error}); booting instead")
        stop(ground.paths)
        for broken in (snapshot, ground.snapshot(Topology())):
            snapshots.forget(broken)
        return False
    return True
