# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn the user's options into a table; refuse options that ipvsadm would change, reset, or fail on half-way.

The rules are those of ipvsadm.c (process_options, tunnel_opt_check, parse_sched_flags) and of the kernel's
ip_vs_ctl.c (ip_vs_add_service, ip_vs_add_dest). Every function raises ValueError with a sentence for the user.
An option that is null counts as left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Mapping, Sequence

from .address import canonical, canonical_netmask, is_unicast
from .types import (
    CHECKSUMS,
    ENGINES,
    FAMILIES,
    FORWARDS,
    MAX_FWMARK,
    MAX_PORT,
    MAX_THRESHOLD,
    MAX_TIMEOUT,
    MAX_WEIGHT,
    PROTOCOLS,
    SCHEDULERS,
    TUNNELS,
    Destination,
    Destinations,
    Service,
    ServiceKey,
    Table,
    Tunnel,
    flags_of,
)

Data = Mapping[str, Any]

KEY_OPTIONS = ("address", "port", "protocol", "fwmark", "family")
SERVICE_OPTIONS = frozenset(
    (
        *KEY_OPTIONS,
        "scheduler",
        "scheduler_flags",
        "persistence",
        "persistence_netmask",
        "persistence_engine",
        "one_packet",
        "destinations",
    )
)
DESTINATION_OPTIONS = frozenset(
    ("address", "port", "forward", "weight", "upper_threshold", "lower_threshold", "tunnel")
)
TUNNEL_OPTIONS = frozenset(("type", "port", "checksum"))
TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def read_table(services: Sequence[Data]) -> Table:
    """Return the table for a list of services. The ValueError has a line for every wrong entry."""
    found: dict[ServiceKey, Service] = {}
    mistakes: list[str] = []
    for number, data in enumerate(services):
        where = f"services[{number}]"
        try:
            service = read_service(data)
        except ValueError as mistake:
            mistakes.append(f"{where}: {mistake}")
            continue
        if service.key in found:
            mistakes.append(f"{where}: {service.key} is there twice")
        destinations = _read_destinations(data, service.key, f"{where} {service.key}", mistakes)
        found[service.key] = replace(service, destinations=destinations)
    if mistakes:
        raise ValueError("\n".join(mistakes))
    return Table(found)


def _read_destinations(data: Data, key: ServiceKey, where: str, mistakes: list[str]) -> Destinations:
    """Return the destinations of a service, and collect what is wrong with them."""
    listed = data.get("destinations") or []
    if not isinstance(listed, (list, tuple)):
        mistakes.append(f"{where}: destinations must be a list")
        return {}
    destinations: dict[tuple[str, int], Destination] = {}
    for number, item in enumerate(listed):
        try:
            destination = read_destination(item, key)
            if destination.key in destinations:
                raise ValueError(f"{destination} is there twice")
            destinations[destination.key] = destination
        except ValueError as mistake:
            mistakes.append(f"{where}: destinations[{number}]: {mistake}")
    return destinations


def read_key(data: Data) -> ServiceKey:
    """Return the key of a service from `KEY_OPTIONS`."""
    fwmark = _integer_or_none(data, "fwmark", 1, MAX_FWMARK)
    family = _choice_or_none(data, "family", FAMILIES)
    if fwmark is not None:
        given = [name for name in ("address", "port", "protocol") if data.get(name) is not None]
        if given:
            raise ValueError(f"a service by fwmark has no {' and no '.join(given)}")
        return ServiceKey(None, None, None, fwmark, family or "ipv4")
    if data.get("address") is None:
        raise ValueError("a service needs address and port, or fwmark")
    address, actual = canonical(data["address"])
    port = _integer_or_none(data, "port", 0, MAX_PORT)
    if port is None:
        raise ValueError(f"port is missing beside address {address}")
    if family not in (None, actual):
        raise ValueError(f"address {address} is not of family {family}")
    return ServiceKey(_choice(data, "protocol", PROTOCOLS, "tcp"), address, port, None, actual)


def read_service(data: Data) -> Service:
    """Return a service without its destinations."""
    _known(data, SERVICE_OPTIONS)
    key = read_key(data)
    scheduler = _choice(data, "scheduler", SCHEDULERS, "wlc")
    flags = _flags(data.get("scheduler_flags") or (), scheduler)
    persistence = _integer_or_none(data, "persistence", 1, MAX_TIMEOUT)
    netmask = data.get("persistence_netmask")
    engine = _choice_or_none(data, "persistence_engine", ENGINES)
    one_packet = _boolean(data, "one_packet")
    if persistence is None:
        if netmask is not None or engine is not None:
            raise ValueError("persistence_netmask and persistence_engine need persistence")
        if key.port == 0:
            raise ValueError("port 0 (every port) needs persistence")
    if one_packet and key.protocol not in ("udp", None):
        raise ValueError("one_packet is for udp and fwmark services only")
    if netmask is not None:
        netmask = canonical_netmask(netmask, key.family)
    return Service(key, scheduler, flags, persistence, netmask, engine, one_packet, {})


def read_destination(data: Data, service: ServiceKey) -> Destination:
    """Return a destination of a service. Its default port is the service's."""
    _known(data, DESTINATION_OPTIONS)
    address, family, port = _destination_endpoint(data, service)
    forward = _choice(data, "forward", FORWARDS, "dr")
    upper = _integer(data, "upper_threshold", 0, MAX_THRESHOLD, 0)
    lower = _integer(data, "lower_threshold", 0, MAX_THRESHOLD, 0)
    if lower > upper:
        raise ValueError(f"lower_threshold {lower} is above upper_threshold {upper}")
    tunnel = data.get("tunnel")
    if forward == "tun":
        tunnel = read_tunnel(tunnel or {})
    elif tunnel:
        raise ValueError(f"tunnel needs forward tun, not {forward}")
    elif family != service.family:
        raise ValueError(f"forward is {forward}, which cannot reach {address} from {service}: only tun changes family")
    if forward != "nat" and service.fwmark is None and port != service.port:
        raise ValueError(
            f"forward is {forward}, which cannot translate ports: "
            f"{address} has port {port}, the service has {service.port}"
        )
    weight = _integer(data, "weight", 0, MAX_WEIGHT, 1)
    return Destination(address, port, forward, weight, upper, lower, tunnel or None)


def read_destination_key(data: Data, service: ServiceKey) -> Destination:
    """Return a destination with only address and port, to find it in a table."""
    address, _family, port = _destination_endpoint(data, service)
    return Destination(address, port)


def _destination_endpoint(data: Data, service: ServiceKey) -> tuple[str, str, int]:
    text = data.get("address")
    if text is None:
        raise ValueError("address is missing")
    address, family = canonical(text)
    if not is_unicast(address, family):
        raise ValueError(f"address {address} cannot be a real server's")
    return address, family, _integer(data, "port", 0, MAX_PORT, service.port or 0)


def read_tunnel(data: Data) -> Tunnel:
    """Return the tunnel of a destination."""
    _known(data, TUNNEL_OPTIONS)
    kind = _choice(data, "type", TUNNELS, "ipip")
    port = _integer_or_none(data, "port", 1, MAX_PORT)
    checksum = _choice_or_none(data, "checksum", CHECKSUMS)
    if (port is None) == (kind == "gue"):
        raise ValueError("a gue tunnel needs port" if kind == "gue" else f"a tunnel of type {kind} has no port")
    if kind == "ipip":
        if checksum is not None:
            raise ValueError("a tunnel of type ipip has no checksum")
    elif kind == "gre" and checksum == "remcsum":
        raise ValueError("checksum remcsum is for gue tunnels only")
    else:
        checksum = checksum or "none"
    return Tunnel(kind, port, checksum)


def _flags(given: Any, scheduler: str) -> tuple[str, ...]:
    given = given.split(",") if isinstance(given, str) else list(given)
    possible = flags_of(scheduler)
    for flag in given:
        if flag not in possible:
            raise ValueError(f"scheduler {scheduler} takes {', '.join(possible)}, not {flag}")
    return tuple(flag for flag in possible if flag in given)


def _known(data: Any, options: frozenset[str]) -> None:
    if not isinstance(data, dict):
        raise ValueError(f"must be a mapping of options, not {data!r}")
    if not options.issuperset(data):
        unknown = ", ".join(sorted(map(str, set(data) - options)))
        raise ValueError(f"unknown option {unknown}; there are {', '.join(sorted(options))}")


def _integer_or_none(data: Data, name: str, low: int, high: int) -> int | None:
    return None if data.get(name) is None else _integer(data, name, low, high, low)


def _integer(data: Data, name: str, low: int, high: int, default: int) -> int:
    value = data.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        # A template can turn a number into a string. A bool is a mistake.
        text = "" if isinstance(value, bool) else str(value).strip()
        if not re.fullmatch(r"-?[0-9]+", text):
            raise ValueError(f"{name} must be a whole number, not {value!r}")
        value = int(text)
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value}")
    return int(value)


def _choice_or_none(data: Data, name: str, choices: Sequence[str]) -> str | None:
    return None if data.get(name) is None else _choice(data, name, choices, choices[0])


def _choice(data: Data, name: str, choices: Sequence[str], default: str) -> str:
    value = data.get(name)
    if value is None:
        return default
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value}")
    return str(value)


def _boolean(data: Data, name: str) -> bool:
    value = data.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    try:
        return TRUTHS[str(value).lower()]
    except KeyError:
        raise ValueError(f"{name} must be true or false, not {value}") from None
