# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab remembers between two commands: how its nodes run, and which there are."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from lab.errors import LabError
from lab.paths import Paths
from lab.topology import Network, Node, Topology


@dataclass(frozen=True)
class State:
    """A lab that runs, or was about to. `kind`: podman or uml."""

    kind: str
    topology: Topology


def write(paths: Paths, state: State) -> None:
    paths.run.mkdir(parents=True, exist_ok=True)
    fresh = paths.run / "state.new"
    fresh.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
    fresh.rename(paths.run / "state.json")


def read(paths: Paths) -> State | None:
    """What the last start was about, None when there is no lab or nothing that this version understands."""
    try:
        stored = json.loads((paths.run / "state.json").read_text(encoding="utf-8"))
        topology = stored["topology"]
        networks = (Network(item["name"], tuple(item["subnets"])) for item in topology["networks"])
        return State(stored["kind"], Topology(tuple(networks), tuple(as_node(item) for item in topology["nodes"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def as_node(stored: dict[str, Any]) -> Node:
    stored["addresses"] = tuple((name, tuple(given)) for name, given in stored["addresses"])
    return Node(**{field.name: stored[field.name] for field in fields(Node)})


def need(paths: Paths) -> State:
    """The running lab. LabError when there is none."""
    found = read(paths)
    if not found:
        raise LabError("no lab is running; start it: python3 molecule/lab up")
    return found
