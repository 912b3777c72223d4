# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers and fallback servers in ldirectord.cf.

Source: _ld_read_config_real_resolve, add_real_server and parse_fallback of ldirectord (resource-agents 4.12).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator

from ..cluster.addresses import known, parse
from ..cluster.types import Family, Forward
from .ldirectord_lines import REFUSED, Block, Configuration, Option
from .names import Names

FORWARDS: dict[str, Forward] = {"gate": "dr", "masq": "nat", "ipip": "tun"}
_HOST = r"\d+\.\d+\.\d+\.\d+|[A-Za-z0-9.-]+?|\[[0-9A-Fa-f:.]+\]"
_REAL = re.compile(rf"({_HOST})(?:->({_HOST}))?(?::([\w-]+))?(?:\s+(.*))?$")
_FALLBACK = re.compile(r"(\S+?)(?::([\w-]+))?(?:\s+(\S+))?\s*$")


@dataclass(frozen=True)
class Real:
    """A real server. `request` and `receive` are its own; a `receive` of None is that of the service."""

    line: int
    address: str
    port: int
    forward: Forward
    weight: int
    request: str | None = None
    receive: str | None = None
    lower: int = 0
    upper: int = 0


@dataclass(frozen=True)
class Fallback:
    """A fallback server. Without a port it has that of the service."""

    line: int
    address: str
    port: int | None
    forward: Forward
    text: str


def read_reals(configuration: Configuration, block: Block, names: Names) -> list[Real]:
    """The real servers of a service, each once."""
    found: dict[tuple[str, int], Real] = {}
    for option in block.all("real"):
        for real in _reals(configuration, option, "ipv6" if block.six else "ipv4", names):
            if (real.address, real.port) in found:
                configuration.note(
                    "explained", option.line, f"real server {real.address} is there twice: the first counts here"
                )
            else:
                found[real.address, real.port] = real
    return list(found.values())


def _reals(configuration: Configuration, option: Option, family: Family, names: Names) -> Iterator[Real]:
    match = _REAL.match(option.value)
    if match is None:
        configuration.note("not_expressed", option.line, f"this is no real server: {REFUSED}")
        return
    first, last, word, flags = match.groups()
    port = names.port(word) if word else 0
    if port is None:
        configuration.note("not_expressed", option.line, f"port {word} is not known: real server {first} is left out")
        return
    start = names.address(first, family)
    end = names.address(last, family) if last else start
    if start is None or end is None:
        configuration.note(
            "not_expressed",
            option.line,
            f"{first if start is None else last} is no address and not in the host's /etc/hosts: the real server is left out",
        )
        return
    server = _flags(configuration, option, port, (flags or "").rstrip())
    for address in _between(configuration, option, start, end):
        if special := known(address).special:
            configuration.note("not_expressed", option.line, f"real server {address} is {special}: left out")
        else:
            yield Real(**{**server.__dict__, "address": address})


def _between(configuration: Configuration, option: Option, start: str, end: str) -> Iterator[str]:
    """The addresses from one to another."""
    low, high = known(start).number, known(end).number
    if start == end:
        yield start
    elif ":" in start or high < low:
        wrong = "ldirectord has no ranges of IPv6" if ":" in start else "the last address is below the first"
        configuration.note("not_expressed", option.line, f"{start}->{end}: {wrong}, and {REFUSED}")
    else:
        for number in range(low, high + 1):
            yield ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def _flags(configuration: Configuration, option: Option, port: int, flags: str) -> Real:
    """What stands behind the address, taken apart as ldirectord does it."""
    word = re.match(r"\w+", flags)
    method = word[0].lower() if word else ""
    rest = flags[word.end() :] if word else flags
    if method not in FORWARDS:
        configuration.note(
            "explained", option.line, f"the forwarding method is missing (gate, masq or ipip): {REFUSED}. Read as gate"
        )
        method, rest = "gate", f" {flags}" if not word or word[0].isdigit() else rest
    elif word and word[0] not in FORWARDS:
        configuration.note("explained", option.line, f"{word[0]} is written {method}: {REFUSED}")
    weight, request, receive, lower, upper = 1, None, None, 0, 0
    if match := re.search(r"\s+(\d+)(.*)", rest):
        weight, rest = int(match[1]), match[2]
    if match := re.search(r"\s+\"(.*)\"[, ]\s*\"(.*)\"(.*)", rest):
        request, receive, rest = match[1], match[2], match[3]
        if request.startswith("/"):
            # Its test for the slash clears what the line had behind it
            receive, rest = None, ""
            configuration.note(
                "explained",
                option.line,
                "ldirectord forgets what stands behind a request that begins with a slash: the answer, and limits of connections",
            )
        else:
            request = f"/{request}"
    if match := re.search(r"\s+l:(\d+)(.*)", rest):
        lower, rest = int(match[1]), match[2]
    if match := re.search(r"\s+u:(\d+)(.*)", rest):
        upper, rest = int(match[1]), match[2]
    if rest.strip():
        configuration.note(
            "explained", option.line, f"the end of this line is not known to ldirectord: {REFUSED}. Left out"
        )
    if lower > upper:
        configuration.note(
            "not_expressed", option.line, f"the lower limit of connections is {lower}, without an upper one above it"
        )
        lower = 0
    return Real(option.line, "", port, FORWARDS[method], weight, request, receive, lower, upper)


def read_fallback(configuration: Configuration, block: Block, names: Names) -> Fallback | None:
    """The fallback server of a service: its own, or that of the whole file."""
    own = block.all("fallback")
    if own:
        return _fallback(configuration, own[-1], block, names)
    common = configuration.own("fallback6" if block.six else "fallback")
    if common is None:
        return None
    if block.virtual.isdigit():
        configuration.note(
            "explained", common.line, f"ldirectord has no fallback server of the whole file for mark {block.virtual}"
        )
        return None
    return _fallback(configuration, common, block, names)


def _fallback(configuration: Configuration, option: Option, block: Block, names: Names) -> Fallback | None:
    text = option.value
    match = _FALLBACK.match(text)
    family: Family = "ipv6" if block.six else "ipv4"
    if match is None:
        configuration.note("not_expressed", option.line, f"this is no fallback server: {REFUSED}")
        return None
    host, word, method = match.groups()
    if parse(text.split()[0]):  # An IPv6 address without brackets
        host, word = text.split()[0], None
    address, port = names.address(host, family), names.port(word) if word else None
    if address is None or (word and port is None):
        configuration.note(
            "not_expressed",
            option.line,
            f"{host if address is None else word} is not known: the fallback server is left out",
        )
        return None
    forward = FORWARDS.get((method or "gate").lower())
    if forward is None or (method and method not in FORWARDS):
        configuration.note(
            "explained",
            option.line,
            f"the forwarding method of the fallback server is not gate, masq or ipip: {REFUSED}",
        )
    return Fallback(option.line, address, port, forward or "dr", text)
