# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to ask on the wire, by what the hosts have told: which VIPs, which interfaces to listen on, which services and real servers."""

from __future__ import annotations

from typing import Any

from .keepalived_conf import Instance
from .services import Check, Service
from .sight import Host, Sight

MOST_REQUESTS = 12  # services that a client asks
MOST_DOORS = 12  # real servers that a director asks
LEAST, MOST = 3.5, 20.0  # s to listen for adverts
SCHEMES = {"HTTP_GET": "http", "SSL_GET": "https"}
WELL_KNOWN = {80: "http", 443: "https"}


def questions(sight: Sight) -> dict[str, Any]:
    """Return `vips`, `interfaces` {director: those to listen on}, `listen` (seconds), `requests`, and `doors` {director: [...]}."""
    instances = [instance for host in sight.directors for instance in host.instances]
    return {
        "vips": sight.vips,
        "interfaces": {host.name: _interfaces(host) for host in sight.directors},
        "listen": _seconds(instances),
        "requests": _requests(sight),
        "doors": {host.name: _doors(host) for host in sight.masters()},
    }


def _interfaces(host: Host) -> list[str]:
    named = [host.trunk(instance.interface) for instance in host.instances if instance.interface]
    return [name for name in dict.fromkeys(named) if host.link(name).get("up")]


def _seconds(instances: list[Instance]) -> float:
    longest = max((instance.advert_interval for instance in instances), default=1.0)
    return min(max(LEAST, 2 * longest + 1), MOST)


def _requests(sight: Sight) -> list[dict[str, Any]]:
    """One request for each TCP service of a table, by HTTP where its check or its port says so."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    checks = {service.key: service.checks for host in sight.directors for service in host.wanted}
    services = [service for host in sight.masters() for service in (*host.table, *host.wanted)]
    for service in services:
        key = service.key
        if key.protocol != "tcp" or not key.port or key.address not in sight.vips:
            continue
        scheme, path = _scheme(service, checks.get(key, ()))
        found.setdefault(
            (key.address, key.port),
            {
                "vip": key.address,
                "port": key.port,
                "scheme": scheme,
                "path": path,
                "count": min(2 * max(len(service.destinations), 1) + 2, 12),
            },
        )
    return list(found.values())[:MOST_REQUESTS]


def _scheme(service: Service, checks: tuple[Check, ...]) -> tuple[str, str]:
    for check in checks:
        if check.kind in SCHEMES and check.port is None and check.address is None:
            return SCHEMES[check.kind], check.path or "/"
    return WELL_KNOWN.get(service.key.port or 0, "tcp"), "/"


def _doors(host: Host) -> list[dict[str, Any]]:
    """The TCP real servers that are configured, and not in use: does the server answer all the same?"""
    table = {service.key: service for service in host.table}
    found: dict[tuple[str, int], None] = {}
    for service in host.wanted:
        live = (
            {one.address for one in table[service.key].destinations.values() if one.weight}
            if service.key in table
            else set()
        )
        for server in service.destinations.values():
            if service.key.protocol == "tcp" and server.port and server.weight and server.address not in live:
                found[server.address, server.port] = None
    return [{"address": address, "port": port} for address, port in found][:MOST_DOORS]
