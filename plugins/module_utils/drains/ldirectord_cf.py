# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The weights in ldirectord.cf, as its template writes them: put others in their place.

When ldirectord reads its file again, it takes a real server with weight 0 in the table for one that has failed, until the first check
has passed (ld_start). With quiescent=no it removes it for that time, and its open connections end. So a service has quiescent=yes as
long as one of its real servers is drained.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Callable

# The weight of a real server and that in the inventory: of the name of a service, its address, and its port if there is one. None for one
# that is not known.
Weights = Callable[[str, str, "int | None"], "tuple[int, int] | None"]
_BEGINS = re.compile(r"virtual6?=.*")
_NAME = re.compile(r"\tservicename=(.*)")
_QUIESCENT = re.compile(r"\tquiescent=(yes|no)")
_REAL = re.compile(r"(\treal6?=(\[[^]]+\]|[^:\s]+)(?::(\d+))? \w+ )(\d+)(.*)")


@dataclass
class _Block:
    """A virtual service: its name, the line about failed real servers, and those about real servers."""

    name: str = ""
    quiescent: int = 0
    reals: list[tuple[int, re.Match[str]]] = field(default_factory=list)


def edited(text: str, weights: Weights, quiesces: Callable[[str], bool]) -> str:
    """Return ldirectord.cf with other weights; `quiesces` tells by its name whether a service keeps failed real servers in the table."""
    lines = text.splitlines()
    for block in _blocks(lines):
        drained = False
        for number, match in block.reals:
            before, address, port, _weight, after = match.groups()
            found = weights(block.name, address.strip("[]"), int(port) if port else None)
            if found is not None:
                weight, whole = found
                lines[number] = f"{before}{weight}{after}"
                drained = drained or weight == 0 < whole
        if block.quiescent and block.name:
            lines[block.quiescent] = f"\tquiescent={'yes' if drained or quiesces(block.name) else 'no'}"
    return "\n".join(lines) + "\n"


def kept(text: str) -> dict[str, set[tuple[str, int]]]:
    """Return which services keep failed real servers in the table, by name, each with those that have weight 0 in ldirectord.cf itself."""
    lines = text.splitlines()
    found: dict[str, set[tuple[str, int]]] = {}
    for block in _blocks(lines):
        if lines[block.quiescent] == "\tquiescent=yes":
            own = [match.groups() for _number, match in block.reals]
            found.setdefault(block.name, set()).update(
                (address.strip("[]"), int(port or 0)) for _before, address, port, weight, _after in own if weight == "0"
            )
    return found


def without_weights(text: str) -> str:
    """Return ldirectord.cf with one weight for all real servers, and one way to treat those that fail: for comparisons."""
    return edited(text, lambda _name, _address, _port: (1, 1), lambda _name: True)


def _blocks(lines: list[str]) -> list[_Block]:
    found: list[_Block] = []
    for number, line in enumerate(lines):
        if _BEGINS.fullmatch(line):
            found.append(_Block())
        elif not found:
            continue
        elif match := _NAME.fullmatch(line):
            found[-1].name = match[1]
        elif _QUIESCENT.fullmatch(line):
            found[-1].quiescent = number
        elif match := _REAL.fullmatch(line):
            found[-1].reals.append((number, match))
    return found
