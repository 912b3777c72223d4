# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both ways to run nodes have in common: what is asked of them, and the events of networks, which are the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from lab import shell, ssh
from lab.errors import LabError
from lab.paths import Paths
from lab.progress import Phases
from lab.topology import MANAGEMENT, Node, Topology

FILTER = "lvs_lab"  # the table of nft that keeps nodes apart


class Machine(ABC):
    """A way to run nodes. Nodes and networks are a topology's; what is asked of one that does not run is a LabError."""

    kind: str

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    @abstractmethod
    def prepare(self, topology: Topology, phases: Phases) -> None:
        """Install what the host lacks and build what the cache lacks."""

    @abstractmethod
    def create(self, topology: Topology) -> list[Node]:
        """Make nodes and networks the topology's; those nodes that were started."""

    @abstractmethod
    def remove(self) -> None:
        """Take away all nodes and networks, whatever state they are in."""

    @abstractmethod
    def power_off(self, nodes: Sequence[Node]) -> None:
        """Take the power from nodes: nothing is shut down or written."""

    @abstractmethod
    def shut_down(self, nodes: Sequence[Node]) -> None:
        """Let nodes end all they run, and wait until they are off."""

    @abstractmethod
    def power_on(self, topology: Topology, nodes: Sequence[Node]) -> None:
        """Start nodes that are off, with the disks they have."""

    @abstractmethod
    def pause(self, nodes: Sequence[Node]) -> None:
        """Stop nodes in the middle of what they do, as a host does that has no time for a guest."""

    @abstractmethod
    def resume(self, nodes: Sequence[Node]) -> None:
        """Let paused nodes go on."""

    def prefer(self, nodes: Sequence[Node]) -> None:  # noqa: B027 # nothing, where one lab at a time runs
        """Let nodes that run go before other work of this host, so that what is measured on them does not wait for that."""

    @abstractmethod
    def save(self, topology: Topology, folder: Path) -> None:
        """Keep what is on the disks of all nodes in a folder. LabError where this way cannot."""

    @abstractmethod
    def restore(self, topology: Topology, folder: Path) -> None:
        """Mend all links and start all nodes with the disks of a folder."""

    @abstractmethod
    def why_ended(self, nodes: Sequence[Node]) -> str:
        """Why one of these nodes, which should run, has ended; "" where none has."""

    @abstractmethod
    def switch(self, script: str) -> str:
        """Run a shell script where the bridges are."""

    @abstractmethod
    def port(self, node: Node, network: str) -> str:
        """The device by which a node is plugged into a network's bridge."""

    @abstractmethod
    def bridge(self, network: str) -> str:
        """The device that is a network."""

    @abstractmethod
    def set_carrier(self, node: Node, network: str, *, up: bool) -> None:
        """Let a node see its link go, or come back."""

    def unplug(self, node: Node, network: str) -> None:
        """Cut a link without the node seeing it: a switch further away has failed."""
        self.switch(f"ip link set {self.port(node, network)} nomaster")

    def plug(self, node: Node, network: str) -> None:
        """Mend a link that was cut."""
        self.switch(f"ip link set {self.port(node, network)} master {self.bridge(network)}")

    def impair(self, node: Node, network: str, effect: str) -> None:
        """Spoil what a node sends into a network: `loss 2%`, `delay 20ms 5ms`, or both (tc-netem(8)); "" ends it."""
        change = f"replace dev {network}0 root netem {effect}" if effect else f"delete dev {network}0 root"
        ssh.sh(self.paths, node, f"tc qdisc {change}")

    @contextmanager
    def partition(self, some: Sequence[Node], others: Sequence[Node]) -> Iterator[None]:
        """Let nothing pass between two groups of nodes, but on the management network."""
        rules = []
        for one, other in product(some, others):
            for network in {name for name, _addresses in one.addresses} & {
                name for name, _addresses in other.addresses
            }:
                if network != MANAGEMENT:
                    a, b = self.port(one, network), self.port(other, network)
                    rules += [f"iifname {a} oifname {b} drop", f"iifname {b} oifname {a} drop"]
        if not rules:
            raise LabError("these nodes have no network in common")
        chain = "type filter hook forward priority 0\n" + "\n".join(rules)
        self.switch(f"nft -f - <<'RULES'\ntable bridge {FILTER} {{\nchain forward {{\n{chain}\n}}\n}}\nRULES")
        try:
            yield
        finally:
            self.switch(f"nft delete table bridge {FILTER}")


def as_root(script: str) -> str:
    """Run a shell script on this host, as root."""
    return shell.run(shell.as_root(["sh", "-s"]), stdin=script)
