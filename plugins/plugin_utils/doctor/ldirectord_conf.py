# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ldirectord.cf and haresources say: ldirectord(8), heartbeat's haresources."""

from __future__ import annotations

import re
from typing import Iterable, Iterator

from .services import Check, Destination, Key, Service, normal

FORWARDS = {"gate": "dr", "masq": "nat", "ipip": "tun"}
_VIRTUAL = re.compile(r"^virtual6?\s*=\s*(\S+)")
_OPTION = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$")
_ADDRESS = re.compile(r"^(\[[^]]+\]|[^:\s]+):(\d+)$")


def parse(text: str) -> list[Service]:
    """Return the services of an ldirectord.cf. What names a host or a port by its name in a database is left out."""
    services = []
    general: dict[str, list[str]] = {}
    current: tuple[str, dict[str, list[str]]] | None = None
    blocks = []
    for raw in text.splitlines():
        line = raw.partition("#")[0].rstrip() if raw.lstrip().startswith("#") else raw.rstrip()
        virtual = _VIRTUAL.match(line)
        option = _OPTION.match(line)
        if virtual:
            current = (virtual[1], {})
            blocks.append(current)
        elif option:
            inside = line[:1].isspace() and current is not None
            options = current[1] if inside and current else general
            options.setdefault(option[1], []).append(option[2])
    for name, options in blocks:
        service = _service(name, options, general)
        if service:
            services.append(service)
    return services


def autoreload(text: str) -> bool:
    """Whether ldirectord reads its configuration again by itself when it changes."""
    return bool(re.search(r"(?mi)^autoreload\s*=\s*yes", text))


def _service(name: str, options: dict[str, list[str]], general: dict[str, list[str]]) -> Service | None:
    def value(key: str) -> str | None:
        given = options.get(key) or general.get(key)
        return given[-1] if given else None

    key = _key(name, (value("protocol") or "tcp").lower(), six="real6" in options)
    if key is None:
        return None
    servers = [one for text in options.get("real", []) + options.get("real6", []) for one in _reals(text)]
    fallback = value("fallback") or value("fallback6")
    sorry = _end(fallback.split()[0]) if fallback else None
    port = value("checkport")
    checked = Check(
        value("checktype") or "negotiate", None, int(port) if port and port.isdigit() else None, value("request")
    )
    persistent = value("persistent")
    return Service(
        key=key,
        scheduler=value("scheduler") or "wrr",
        persistence=int(persistent) if persistent and persistent.isdigit() else None,
        destinations={(one.address, one.port): one for one in servers},
        sorry=sorry,
        checks=(checked,),
        weights_vary=(value("quiescent") or "no").lower() == "yes" or checked.kind == "external-perl",
    )


def _key(name: str, protocol: str, six: bool) -> Key | None:
    if name.isdigit():
        return Key(None, None, None, int(name), "ipv6" if six else "ipv4")
    end = _end(name)
    return Key(protocol, end[0], end[1], None, "ipv6" if ":" in end[0] else "ipv4") if end else None


def _end(text: str) -> tuple[str, int] | None:
    match = _ADDRESS.match(text)
    address = normal(match[1]) if match else normal(text)
    if address is None:
        return None
    return address, int(match[2]) if match else 0


def _reals(text: str) -> Iterator[Destination]:
    """The real servers of `192.0.2.21[->192.0.2.29]:80 gate [weight] ...`."""
    words = text.split()
    if len(words) < 2:
        return
    place, _colon, port = words[0].rpartition(":")
    first, _arrow, last = place.partition("->")
    weight = int(words[2]) if len(words) > 2 and words[2].isdigit() else 1
    forward = FORWARDS.get(words[1])
    if not _colon or not port.isdigit():
        first, port = words[0], "0"
    for address in _between(first, last):
        yield Destination(address, int(port), forward, weight)


def _between(first: str, last: str) -> Iterable[str]:
    start, end = normal(first), normal(last) if last else None
    if start is None:
        return []
    if end is None or ":" in start:
        return [start]
    head, _dot, low = start.rpartition(".")
    return [f"{head}.{number}" for number in range(int(low), int(end.rpartition(".")[2]) + 1)]


def vips_of_haresources(text: str) -> list[str]:
    """The addresses that heartbeat moves: words that are one, and those of IPaddr, IPaddr2 and IPv6addr."""
    found = []
    for line in text.splitlines():
        for word in line.partition("#")[0].split()[1:]:
            kind, _colons, given = word.partition("::")
            text_of = given if kind in ("IPaddr", "IPaddr2", "IPv6addr", "OCF") else word
            address = normal(text_of.partition("/")[0])
            if address:
                found.append(address)
    return found
