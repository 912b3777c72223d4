# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: brought up, taken down, and in between the events that its nodes are to survive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab import choice, images, inventory, lock, ssh, state
from lab.errors import LabError
from lab.machine import Machine
from lab.paths import Paths
from lab.progress import Phases, say
from lab.state import State
from lab.topology import Node, Topology


def up(paths: Paths, inventories: Sequence[str], *, fresh: bool) -> None:
    """Bring up the inventories' lab. `fresh`: every node bare, whatever ran before. Safe to repeat at any point."""
    phases = Phases()
    with lock.exclusive(paths):
        with phases.phase("read the inventory"):
            topology = inventory.load(inventories)
        chosen = choice.choose()
        say(str(chosen))
        machine = choice.machine(chosen.kind, paths)
        machine.prepare(topology, phases)
        former = state.read(paths)
        with phases.phase("start the nodes"):
            if former and (fresh or former.kind != chosen.kind):
                ssh.close(paths)
                choice.machine(former.kind, paths).remove()
                images.remove(saved(paths))
            # Before the first node, so that `down` finds what an interrupted start left.
            state.write(paths, State(chosen.kind, topology))
            started = machine.create(topology)
            wait(machine, started)
    say(f"{len(topology.nodes)} nodes answer")
    print(phases.table(), flush=True)


def build(paths: Paths, inventories: Sequence[str]) -> None:
    """Build all that the nodes of some inventories, each a lab of its own, are made of and the cache lacks."""
    phases = Phases()
    with lock.exclusive(paths):
        chosen = choice.choose()
        for name in inventories or [""]:
            choice.machine(chosen.kind, paths).prepare(inventory.load([name] if name else []), phases)
    print(phases.table(), flush=True)


def down(paths: Paths, *, cache: bool) -> None:
    """Take the lab down and remove what it left; with `cache` also images, logs and the key."""
    with lock.exclusive(paths):
        former = state.read(paths)
        ssh.close(paths)
        if former:
            choice.machine(former.kind, paths).remove()
        images.remove(paths.run)
        # Labs beside others (tests/tools/beside) have a link to common images, and somebody may be building there.
        if not paths.images.is_symlink():
            for leftover in paths.images.glob(f"{images.BUILDING}*"):
                images.remove(leftover)
        if cache:
            for folder in (paths.images, paths.ssh, paths.logs):
                images.remove(folder)
    say("nothing of the lab is left" if cache else f"down; images stay in {paths.cache}")


def wait(machine: Machine, nodes: Sequence[Node]) -> None:
    """Wait until nodes answer and systemd on them has settled; say where it is degraded."""
    for node, verdict in ssh.wait(machine.paths, nodes, machine.why_ended):
        say(f"  {node.name}: {verdict}")


def saved(paths: Paths) -> Path:
    """Where disks are kept by `save`."""
    return paths.run / "saved"


class Lab:
    """A lab that runs. Nodes are told by their names, "all" is every node; an unknown one is a LabError."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        running = state.need(paths)
        self.topology: Topology = running.topology
        self.machine = choice.machine(running.kind, paths)
        # What was caused here and has not ended: (what, node) or (what, node, network, ...).
        self.failures: set[tuple[str, ...]] = set()
        self.preferred: set[str] = set()

    def nodes(self, *names: str) -> list[Node]:
        return list(self.topology.nodes) if "all" in names else [self.topology.node(name) for name in names]

    def prefer(self, *names: str) -> None:
        """Let nodes go before other work of this host, such as another lab, from now on, also when they are started again."""
        self.preferred |= {node.name for node in self.nodes(*names)}
        self._prefer()

    def _prefer(self) -> None:
        self.machine.prefer([node for node in self.topology.nodes if node.name in self.preferred])

    def power_off(self, *names: str) -> None:
        """Take the power from nodes."""
        self.failures |= {("power", node.name) for node in self.nodes(*names)}
        self.machine.power_off(self.nodes(*names))
        ssh.close(self.paths, self.nodes(*names))

    def power_on(self, *names: str) -> None:
        """Start nodes that are off, and wait until they answer and systemd has settled."""
        self.machine.power_on(self.topology, self.nodes(*names))
        self._prefer()
        wait(self.machine, self.nodes(*names))
        self.failures -= {("power", node.name) for node in self.nodes(*names)}

    def reboot(self, *names: str) -> None:
        """Shut nodes down in order, all at once, and start them again."""
        self.machine.shut_down(self.nodes(*names))
        ssh.close(self.paths, self.nodes(*names))
        self.power_on(*names)

    def pause(self, *names: str) -> None:
        """Stop nodes in the middle of what they do; their clocks stand still for them."""
        self.failures |= {("clock", node.name) for node in self.nodes(*names)}
        self.machine.pause(self.nodes(*names))

    def resume(self, *names: str) -> None:
        """Let paused nodes go on; they see that time has passed."""
        self.machine.resume(self.nodes(*names))
        self.failures -= {("clock", node.name) for node in self.nodes(*names)}

    def unplug(self, name: str, network: str, *, seen: bool = False) -> None:
        """Cut a node's link; with `seen` the node knows, else a switch further away has failed."""
        node = self.topology.node(name)
        self.failures.add(("link", name, network, str(seen)))
        if seen:
            self.machine.set_carrier(node, network, up=False)
        else:
            self.machine.unplug(node, network)

    def plug(self, name: str, network: str, *, seen: bool = False) -> None:
        """Mend a link that was cut in the same way."""
        node = self.topology.node(name)
        if seen:
            self.machine.set_carrier(node, network, up=True)
        else:
            self.machine.plug(node, network)
        self.failures.discard(("link", name, network, str(seen)))

    def impair(self, name: str, network: str, effect: str) -> None:
        """Spoil what a node sends into a network: `loss 2%`, `delay 20ms` (tc-netem(8)); "" ends it."""
        (self.failures.add if effect else self.failures.discard)(("packets", name, network))
        self.machine.impair(self.topology.node(name), network, effect)

    @contextmanager
    def partition(self, some: Sequence[str], others: Sequence[str]) -> Iterator[None]:
        """During the block nothing passes between two groups of nodes, but for management."""
        with self.machine.partition(self.nodes(*some), self.nodes(*others)):
            yield

    def save(self, name: str) -> None:
        """Keep what is on the disks of all nodes, under a name, until the lab is brought up afresh."""
        self.machine.save(self.topology, saved(self.paths) / name)

    def is_saved(self, name: str) -> bool:
        return (saved(self.paths) / name).exists()

    def restore(self, name: str) -> None:
        """Boot all nodes from the disks kept under a name, and mend all links. LabError where nothing was."""
        if not self.is_saved(name):
            raise LabError(f"nothing was saved as {name}")
        self.machine.restore(self.topology, saved(self.paths) / name)
        self._prefer()
        self.failures.clear()
        ssh.close(self.paths)
        wait(self.machine, self.topology.nodes)
