# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on during a fault: requests and open connections of all clients, and who looks at the directors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster import Background, Cluster

from faults.figures import OFF, TABLE, Change, Connection, Request

# Of the inventory's services: how each is asked. All get as many requests.
HOW = {"www": "http", "shop": "http", "talk": "line"}
TALK = "talk"


@dataclass(frozen=True)
class Size:
    """For each client: requests a second, connections that are used all the time, and idle ones."""

    rate: float = 50
    busy: int = 50
    idle: int = 50


class Load:
    """Requests to every service and open connections, from every client, until it is stopped."""

    def __init__(self, cluster: Cluster, size: Size) -> None:
        services = {service["name"]: service for service in cluster.variable("lvs_services")}
        talk = services[TALK]
        clients = cluster.group("clients")
        self.talking = [
            Background(
                cluster,
                *(client, "open_connections.py", talk["vip"], str(talk["port"]), str(size.busy), str(size.idle)),
            )
            for client in clients
        ]
        self.asking = [
            Background(
                cluster, client, "steady_requests.py", json.dumps(targets(services, size.rate, number, len(clients)))
            )
            for number, client in enumerate(clients)
        ]
        for program in (*self.talking, *self.asking):
            assert program.process.stdout
            first = program.process.stdout.readline().strip()
            assert first in ("open", "asking"), f"{program.node}: {first}"

    def stop(self) -> tuple[list[Request], list[Connection]]:
        """What became of all requests, by their start, and of all connections."""
        requests = [Request(*json.loads(line)) for program in self.asking for line in program.stop()]
        connections = [Connection(**json.loads(line)) for program in self.talking for line in program.stop()]
        unopened = [one for one in connections if one.error and one.error.startswith("not opened")]
        assert not unopened, f"{len(unopened)} connections could not be opened: {unopened[0].error}"
        return sorted(requests, key=lambda one: one.start), connections


def targets(services: Mapping[str, Mapping[str, Any]], rate: float, number: int, clients: int) -> list[list[Any]]:
    """What steady_requests.py of a client asks, with `rate` requests a second to all services together.

    The clients, and of each client the services, take turns: a gap is seen as sharply as so many requests can show it.
    """
    return [
        [
            name,
            services[name]["vip"],
            services[name]["port"],
            how,
            rate / len(HOW),
            (number + place / len(HOW)) / clients,
        ]
        for place, (name, how) in enumerate(HOW.items())
    ]


class Watch:
    """What each director has, looked at all the time."""

    def __init__(self, cluster: Cluster, directors: Sequence[str], vips: Sequence[str]) -> None:
        self.cluster, self.vips = cluster, vips
        self.changes: list[Change] = []
        self.watchers: dict[str, Background] = {}
        for director in directors:
            self.again(director)

    def again(self, director: str) -> None:
        """Look at a director, from now on or again."""
        self.watchers[director] = Background(self.cluster, director, "watch_director.py", *self.vips)

    def lost(self, director: str, moment: float) -> None:
        """A director has lost its power: what was seen until then."""
        if director in self.watchers:
            self.changes += [*read(director, self.watchers.pop(director).cut()), Change(moment, director, OFF, True)]

    def stop(self) -> list[Change]:
        """All that was seen."""
        for director in list(self.watchers):
            self.changes += read(director, self.watchers.pop(director).stop())
        return sorted(self.changes, key=lambda change: change.at)


def read(director: str, lines: Sequence[str]) -> list[Change]:
    """What watch_director.py has printed. A line that was cut by a loss of power is none."""
    found = []
    for line in lines:
        try:
            told: Mapping[str, object] = json.loads(line)
        except ValueError:
            continue
        at = float(str(told["at"]))
        if "vip" in told:
            found.append(Change(at, director, str(told["vip"]), bool(told["held"])))
        elif TABLE in told:
            found.append(Change(at, director, TABLE, told[TABLE]))
        elif OFF in told:
            found.append(Change(at, director, OFF, True))
    return found
