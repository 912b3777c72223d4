# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""haresources: the node that is preferred, and the resources that heartbeat starts there, from left to right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, Mapping

from ...module_utils.deployed import HA_CF, HARESOURCES
from ..cluster.addresses import parse

# Resources that are addresses, by the name of the script. A bare address is short for IPaddr
ADDRESSES = ("IPaddr", "IPaddr2", "IPv6addr", "LVSAddress")
LDIRECTORD = ("ldirectord", "LVSLdirectord")
SYNC = "LVSSyncDaemonSwap"
# The wrapper that starts any agent of OCF
OCF = "OCF"


@dataclass(frozen=True)
class Resource:
    """A word of haresources, with the node that its line prefers."""

    line: int
    node: str
    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class MovedAddress:
    """An address that heartbeat moves; None for what is not said."""

    line: int
    script: str
    address: str
    prefix: int | None
    interface: str | None
    label: str | None
    broadcast: str | None


def read_resources(files: Mapping[str, str]) -> list[Resource]:
    """The resources of all nodes, in the order of the file."""
    return [resource for number, line in _lines(files.get(HARESOURCES, "")) for resource in _resources(number, line)]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with the lines that it is continued by."""
    begun: tuple[int, str] | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.partition("#")[0].rstrip()
        first, before = begun or (number, "")
        if line.endswith("\\"):
            begun = (first, f"{before}{line[:-1]} ")
        else:
            begun = None
            yield first, before + line
    if begun:
        yield begun


def _resources(number: int, line: str) -> Iterator[Resource]:
    node, *words = line.split() or [""]
    for word in words:
        name, *arguments = word.split("::")
        if _is_address(name):
            yield Resource(number, node, "IPaddr", (name,))
        else:
            yield Resource(number, node, name, tuple(argument for argument in arguments if argument))


def _is_address(word: str) -> bool:
    return parse(word.partition("/")[0]) is not None


def moved(resource: Resource) -> list[MovedAddress]:
    """The addresses of a resource: ADDRESS[/PREFIX][/INTERFACE[:LABEL]][/BROADCAST]."""
    given = resource.arguments if resource.name == "LVSAddress" else resource.arguments[:1]
    return [found for text in given if (found := _moved(resource, text))]


def _moved(resource: Resource, text: str) -> MovedAddress | None:
    first, *rest = text.split("/")
    address = parse(first)
    if address is None:
        return None
    prefix: int | None = None
    interface: str | None = None
    broadcast: str | None = None
    for index, part in enumerate(rest):
        if index == 0 and (known := _prefix(part)) is not None:
            prefix = known
        elif parse(part):
            broadcast = part
        elif part:
            interface = part
    device, _colon, label = (interface or "").partition(":")
    return MovedAddress(resource.line, resource.name, address.text, prefix, device or None, label or None, broadcast)


def _prefix(text: str) -> int | None:
    """A prefix length, or the one of a netmask."""
    if text.isdigit():
        return int(text)
    mask = parse(text)
    if mask is None or mask.family != "ipv4":
        return None
    bits = f"{mask.number:032b}"
    return bits.index("0") if re.fullmatch("1+0+", bits) else 32 if "0" not in bits else None


def named_nodes(files: Mapping[str, str]) -> list[str]:
    """The nodes of ha.cf."""
    words = [line.partition("#")[0].split() for line in files.get(HA_CF, "").splitlines()]
    return [name for found in words if found[:1] == ["node"] for name in found[1:]]
