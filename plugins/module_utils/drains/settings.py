# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a director knows of its cluster without Ansible: /etc/lvs-heal-CLUSTER.json, which site.yml writes.

Its table has the weights of the inventory, whatever is drained.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Mapping

from ..ipvs.parse import parse_table
from ..ipvs.types import Destination, ServiceKey, Table, binds
from ..ipvs.types import Service as TableService
from ..tools import Failure
from .places import Place, Service

FOLDER = Path("/etc")
PATTERN = "lvs-heal-*.json"


@dataclass(frozen=True)
class Known:
    """The cluster that a host directs: its stack, its table, and the names of services by their keys and of real servers by address.

    `quiesced` are the services whose failed real servers stay in the table, `others` the other directors. `rules` is the file that
    restores a static table.
    """

    stack: str
    table: Table
    services: Mapping[str, str]
    real_servers: Mapping[str, str]
    quiesced: frozenset[str]
    rules: str | None
    others: tuple[str, ...]

    def name_of(self, key: ServiceKey) -> str | None:
        """The name of a service in the inventory, None for what is there for other reasons, such as checks."""
        return self.services.get(str(key))

    def named(self) -> list[tuple[str, TableService]]:
        """The services of the inventory, each with its name. One with several addresses is here for each."""
        return [
            (name, service) for key, service in self.table.services.items() if (name := self.name_of(key)) is not None
        ]

    def quiesces(self, name: str) -> bool:
        """Whether failed real servers of a service stay in the table."""
        return any(self.services.get(key) == name for key in self.quiesced)

    @cached_property
    def _places(self) -> dict[tuple[str, str], list[Destination]]:
        """The real servers by the name of the service and their address."""
        found: dict[tuple[str, str], list[Destination]] = {}
        for name, service in self.named():
            for destination in service.destinations.values():
                found.setdefault((name, destination.address), []).append(destination)
        return found

    def find(self, name: str, address: str, port: int | None) -> tuple[str, int] | None:
        """The name and the weight of a real server of a service, None if the inventory does not have it.

        With several ports keepalived has one service for them all, and names no port.
        """
        found = self._places.get((name, address), [])
        best = next(iter([one for one in found if one.port == port] or found), None)
        return None if best is None else (self.real_servers.get(address, address), best.weight)


def known_from(data: Mapping[str, Any]) -> Known:
    """Return what a file says. Raises Failure for one from before there were drains."""
    if "names" not in data or "table" not in data:
        raise Failure("what this director knows of its cluster is from an older release: run site.yml")
    directors = [name for name in data.get("directors") or () if name != data.get("director")]
    return Known(
        stack=data["stack"],
        table=parse_table("\n".join(data["table"])),
        services=data["names"]["services"],
        real_servers=data["names"]["real_servers"],
        quiesced=frozenset(data.get("quiesced", ())),
        rules=data.get("rules"),
        others=tuple(directors),
    )


def read(folder: Path = FOLDER) -> Known:
    """Return what this host knows of the cluster that it directs. Raises Failure if it directs none."""
    for path in sorted(folder.glob(PATTERN)):
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.get("stack"):
            return known_from(data)
    raise Failure("this host is no director: site.yml has not been run for it")


def service_at(
    name: str,
    service: TableService,
    known: Known,
    chosen: Mapping[str, frozenset[str]],
    needed: Mapping[str, tuple[int, int]],
) -> Service:
    """Return a service of the table with the places of its real servers.

    `chosen` are the addresses whose weight a check chooses, by the name of the service, and `needed` are quorum and hysteresis.
    """
    quorum, hysteresis = needed.get(name, (1, 0))
    return Service(
        name,
        tuple(
            Place(
                known.real_servers.get(one.address, one.address),
                one.address,
                one.port,
                one.weight,
                one.address in chosen.get(name, ()),
            )
            for one in service.destinations.values()
        ),
        quorum,
        hysteresis,
        service.scheduler if binds(service.scheduler, service.scheduler_flags) else None,
    )
