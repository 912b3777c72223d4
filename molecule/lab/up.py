# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`up`: choose where the nodes run, build what is missing, start what does not run. Safe to repeat at any point."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lab import choice, hostpackages, images, inventory, local, lock, machine, nodes, qemu, ssh, state
from lab.choice import Choice
from lab.machine import Ground
from lab.paths import Paths
from lab.progress import Phases, say
from lab.state import State
from lab.topology import PORT_BASE, Topology


def up(paths: Paths, inventories: Sequence[str], *, fresh: bool) -> None:
    """Bring up the inventories' lab. `fresh`: every node bare, whatever ran before."""
    phases = Phases()
    # Mitogen binds what it starts to one core, and the machine would inherit that.
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with lock.exclusive(paths):
        with phases.phase("read the inventory"):
            topology = inventory.load(inventories)
        wanted = choice.override()
        ipvs = choice.Verdict(False, "") if wanted else choice.probe_ipvs()
        chosen = choice.choose_podman(wanted, ipvs)
        if chosen:
            announce(chosen)
            local.up(paths, topology, phases, fresh=fresh)
        else:
            up_in_machine(paths, topology, phases, wanted, ipvs, fresh=fresh)
    say(f"{len(topology.nodes)} nodes answer")
    print(phases.table(), flush=True)


def announce(chosen: Choice) -> None:
    words = {choice.PODMAN: "the local podman", choice.KVM: "a machine on KVM", choice.TCG: "an emulated machine"}
    say(f"nodes run in {words[chosen.kind]} ({chosen.why}); {choice.VARIABLE}=podman|kvm|tcg overrides")


def up_in_machine(
    paths: Paths, topology: Topology, phases: Phases, wanted: str, ipvs: choice.Verdict, *, fresh: bool
) -> None:
    lacking = hostpackages.missing(hostpackages.MACHINE)
    if lacking:
        with phases.phase("install host packages"):
            hostpackages.install(lacking, paths)
    public_key = ssh.make_key(paths)
    with phases.phase("node image"):
        images.node_image(paths)
    with phases.phase("machine image"):
        image = images.machine_image(paths, public_key)
    kvm = choice.Verdict(False, "")
    if not wanted:
        with phases.phase("probe KVM"):
            kvm = choice.probe_kvm(paths, image)
    chosen = choice.choose_machine(wanted, ipvs, kvm)
    announce(chosen)
    ground = Ground(paths, chosen.kind, image, phases)
    running = state.read(paths)
    if not fresh and running and keeps(ground, running):
        say("the machine runs already")
        qemu.forward_ports(paths, ports(running.topology), ports(topology))
        machine.populate(ground, topology)
        ssh.wait_for(ports(topology), nodes.ANSWER, ground.ended)
    else:
        state.clear(paths)
        machine.stop(paths)
        try:
            machine.start(ground, topology)
        except BaseException:
            # A half-made lab helps nobody: the next start begins where the caches end.
            machine.stop(paths)
            raise
    state.write(paths, State(chosen.kind, image.name, topology))


def ports(topology: Topology) -> list[int]:
    return [node.port for node in topology.nodes]


def keeps(ground: Ground, running: State) -> bool:
    """Whether the machine that runs is the one wanted, and well."""
    same = (running.kind, running.image) == (ground.kind, ground.image.name)
    return same and qemu.pid(ground.paths) is not None and ssh.answers(PORT_BASE)
