# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a packet takes by a host's own rules and routes, as doctor_info has read them: ip-rule(8), ip-route(8)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Mapping

_NUMBERS = {"tcp": 6, "udp": 17, "sctp": 132}
_NOWHERE = ("blackhole", "unreachable", "prohibit")


@dataclass(frozen=True)
class Way:
    """The interface by which a packet leaves, and the router, null for a neighbour. `local` is a packet for the host itself."""

    device: str | None
    via: str | None
    local: bool = False


@dataclass(frozen=True)
class Packet:
    """A packet of the host itself: where to, and what rules may ask for. Null is not said."""

    to: str
    source: str | None = None
    protocol: str | None = None
    sport: int | None = None


def way(seen: Mapping[str, Any], packet: Packet) -> Way | None:
    """Return the way of a packet, None if the host has none for it."""
    family = "ipv6" if ":" in packet.to else "ipv4"
    rules = sorted((rule for rule in seen["rules"] if rule["family"] == family), key=lambda rule: int(rule["priority"]))
    for rule in rules:
        if "table" not in rule or not _applies(rule, packet):
            continue
        route = _best(seen["routes"], family, str(rule["table"]), packet.to, int(rule.get("suppress_prefixlen", -1)))
        if route is None or route["type"] == "throw":
            continue
        return None if route["type"] in _NOWHERE else _way(route)
    return None


def _way(route: Mapping[str, Any]) -> Way:
    hop = (route.get("nexthops") or [route])[0]
    via = hop.get("gateway") or (hop.get("via") or {}).get("host")
    return Way(hop.get("dev"), via, route["type"] == "local")


def _applies(rule: Mapping[str, Any], packet: Packet) -> bool:
    matches = (
        _within(packet.source, rule, "src"),
        _within(packet.to, rule, "dst"),
        _protocol_fits(packet.protocol, rule),
        _port_fits(packet.sport, rule),
        # A packet that the host makes itself comes from lo, and without a mark.
        rule.get("iif", "lo") == "lo",
        int(str(rule.get("fwmark", "0")), 0) == 0,
        not any(selector in rule for selector in ("oif", "uid_start", "l3mdev", "dport", "dport_start", "tos")),
    )
    return all(matches) != ("not" in rule)


def _within(address: str | None, rule: Mapping[str, Any], end: str) -> bool:
    given = rule.get(end, "all")
    if given == "all":
        return True
    if address is None:
        return False
    length = rule.get(end + "len")
    return _holds(f"{given}/{length}" if length is not None else given, address)


def _protocol_fits(protocol: str | None, rule: Mapping[str, Any]) -> bool:
    # With its option for numbers, ip-rule(8) writes `ipproto-6` for TCP.
    number = str(rule.get("ipproto", "")).rpartition("-")[2]
    return not number or number in (protocol, str(_NUMBERS.get(protocol or "")))


def _port_fits(sport: int | None, rule: Mapping[str, Any]) -> bool:
    if "sport" in rule:
        return sport == int(rule["sport"])
    if "sport_start" in rule:
        return sport is not None and int(rule["sport_start"]) <= sport <= int(rule["sport_end"])
    return True


def _holds(network: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _best(routes: list[dict[str, Any]], family: str, table: str, to: str, suppressed: int) -> dict[str, Any] | None:
    """The route with the longest prefix, and of these with the lowest metric."""
    fitting = [
        (_length(route["dst"], family), -int(route.get("metric") or 0), route)
        for route in routes
        if route["family"] == family
        and str(route.get("table", 254)) == table
        and (route["dst"] == "default" or _holds(route["dst"], to))
        and not {"dead", "linkdown"} & set(route.get("flags") or ())
    ]
    fitting = [entry for entry in fitting if entry[0] > suppressed]
    return max(fitting, key=lambda entry: entry[:2])[2] if fitting else None


def _length(destination: str, family: str) -> int:
    if destination == "default":
        return 0
    return int(destination.partition("/")[2] or (128 if family == "ipv6" else 32))
