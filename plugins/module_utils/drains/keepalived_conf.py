# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The weights in keepalived.conf, as its template writes them: read them, and put others in their place.

A reload compares the old and the new configuration, and changes a weight in the table without touching connections (ipwrapper.c,
init_service_rs and update_svr_wgt). A real server that has failed gets the new weight when its checks pass again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Callable, Sequence

from .places import Place, Service, held, weights
from .record import Record

_NAME = re.compile(r"# (.*)")
_BEGINS = re.compile(r"virtual_server .* \{")
_SERVER = re.compile(r"    real_server (\S+)(?: (\d+))? \{")
_WEIGHT = re.compile(r"        weight (\d+)")
_NEEDED = re.compile(r"    (quorum|hysteresis) (\d+)")
# A check that chooses the weight: of a script, or of a file whose number counts.
_CHOSEN = re.compile(r"            (misc_dynamic|weight -?[1-9]\d*)")
# What stands behind the weight of a real server that has to keep it there. -65535 is the lowest that is no failure (ip_vs.h,
# IPVS_WEIGHT_FAULT), and what is below 0 counts as 0 in the table.
HELD = (
    "        # Drained: the file takes the weight away. A weight of 0 would be chosen again by a check, or be too little for the quorum.",
    "        FILE_CHECK {",
    "            track_file lvs-no-weight",
    "            weight -65535",
    "        }",
)


@dataclass
class _Server:
    """A real server: where its weight is in the lines, and whether something there takes the weight away."""

    address: str
    port: int | None
    line: int
    held: bool
    chosen: bool = False


@dataclass
class _Block:
    """A virtual server."""

    name: str
    needed: dict[str, int] = field(default_factory=dict)
    servers: list[_Server] = field(default_factory=list)


# The name and the weight in the inventory of a real server: of the name of a service, an address and, if it is known, a port.
Known = Callable[[str, str, "int | None"], "tuple[str, int] | None"]


def edited(text: str, record: Record, known: Known) -> str:
    """Return keepalived.conf with the weights of the inventory, but for those that a record takes away."""
    lines = text.splitlines()
    # From the end, so that the numbers of the lines before stay right.
    for block in reversed(_blocks(lines)):
        for server, weight, keeps in reversed(_wanted(block, record, known)):
            lines[server.line : server.line + 1 + server.held * len(HELD)] = [
                f"        weight {weight}",
                *(HELD if keeps else ()),
            ]
    return "\n".join(lines) + "\n"


def without_weights(text: str) -> str:
    """Return keepalived.conf without its weights of real servers, and without what takes them away: for comparisons."""
    lines = text.splitlines()
    for block in reversed(_blocks(lines)):
        for server in reversed(block.servers):
            lines[server.line : _end(server) + 1] = []
    return "\n".join(lines) + "\n"


def without(text: str) -> set[tuple[str, str]]:
    """Return the real servers with weight 0, each by the name of its service and its address."""
    lines = text.splitlines()
    return {
        (block.name, server.address)
        for block in _blocks(lines)
        for server in block.servers
        if lines[server.line].split() == ["weight", "0"]
    }


def chosen(text: str) -> dict[str, frozenset[str]]:
    """Return the addresses of real servers whose weight a check chooses, by the name of the service."""
    found: dict[str, frozenset[str]] = {}
    for block in _blocks(text.splitlines()):
        addresses = frozenset(server.address for server in block.servers if server.chosen)
        found[block.name] = found.get(block.name, frozenset()) | addresses
    return found


def needed(text: str) -> dict[str, tuple[int, int]]:
    """Return quorum and hysteresis by the name of the service."""
    return {
        block.name: (block.needed.get("quorum", 1), block.needed.get("hysteresis", 0))
        for block in _blocks(text.splitlines())
    }


def _wanted(block: _Block, record: Record, known: Known) -> Sequence[tuple[_Server, int, bool]]:
    """The real servers of a block, each with the weight there, and whether something else takes it away."""
    servers, places = [], []
    for server in block.servers:
        found = known(block.name, server.address, server.port)
        if found is not None:
            servers.append(server)
            places.append(Place(found[0], server.address, server.port or 0, found[1], server.chosen))
    service = Service(block.name, tuple(places), block.needed.get("quorum", 1), block.needed.get("hysteresis", 0))
    effective = weights(service, record)
    return [
        (server, place.weight if keeps else weight, keeps)
        for server, place, weight, keeps in zip(servers, places, effective, held(service, effective))
    ]


def _blocks(lines: Sequence[str]) -> list[_Block]:
    found: list[_Block] = []
    name, inside = "", False
    for number, line in enumerate(lines):
        if match := _NAME.fullmatch(line):
            name = match[1]
        elif _BEGINS.fullmatch(line):
            found.append(_Block(name))
            inside = True
        elif line == "}":
            inside = False
        elif not inside:
            continue
        elif match := _NEEDED.fullmatch(line):
            found[-1].needed[match[1]] = int(match[2])
        elif (match := _SERVER.fullmatch(line)) and _WEIGHT.fullmatch("".join(lines[number + 1 : number + 2])):
            there = tuple(lines[number + 2 : number + 2 + len(HELD)]) == HELD
            found[-1].servers.append(_Server(match[1], int(match[2]) if match[2] else None, number + 1, there))
        elif found[-1].servers and _CHOSEN.fullmatch(line) and number > _end(found[-1].servers[-1]):
            found[-1].servers[-1].chosen = True
    return found


def _end(server: _Server) -> int:
    """The last line about the weight of a real server."""
    return server.line + server.held * len(HELD)
