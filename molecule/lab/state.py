# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab remembers between two commands: which kind runs, and which nodes it has."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from lab.errors import LabError
from lab.paths import Paths
from lab.topology import Network, Node, Topology


@dataclass(frozen=True)
class State:
    """A running lab. `image`: the machine image's key, or the nodes' in the local podman."""

    kind: str
    image: str
    topology: Topology


def write(paths: Paths, state: State) -> None:
    paths.run.mkdir(parents=True, exist_ok=True)
    fresh = paths.run / "state.new"
    fresh.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
    fresh.rename(paths.run / "state.json")


def clear(paths: Paths) -> None:
    (paths.run / "state.json").unlink(missing_ok=True)


def read(paths: Paths) -> State | None:
    """The lab that the last complete start left, None when there is none."""
    try:
        stored = json.loads((paths.run / "state.json").read_text(encoding="utf-8"))
        return State(stored["kind"], stored["image"], as_topology(stored["topology"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def need(paths: Paths) -> State:
    """The running lab. LabError when there is none."""
    found = read(paths)
    if not found:
        raise LabError("no lab is running; start it: python3 molecule/lab up")
    return found


def as_topology(stored: dict[str, Any]) -> Topology:
    networks = (Network(item["name"], tuple(item["subnets"]), item["internal"]) for item in stored["networks"])
    nodes = (
        Node(item["name"], item["port"], tuple((name, tuple(given)) for name, given in item["addresses"]))
        for item in stored["nodes"]
    )
    return Topology(tuple(networks), tuple(nodes))
