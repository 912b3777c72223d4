# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the answers of real servers with NAT come back to the directors: `lvs_nat`."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from ..doctor.rules import chains_of, masquerades
from .networks import gateways
from .notes import Notes
from .types import HostFacts

WHERE = "ip route"


def read(
    services: Sequence[Mapping[str, Any]],
    directors: Mapping[str, HostFacts],
    real_servers: Mapping[str, HostFacts],
    moved: Sequence[str],
    notes: Notes,
) -> dict[str, Any]:
    """lvs_nat, empty without services with NAT. `moved` are the addresses that the directors move and no service has as VIP."""
    translated = [service for service in services if "nat" in _forwards(service)]
    if not translated:
        return {}
    found: dict[str, Any] = {}
    asked = [host for name, host in real_servers.items() if name not in directors and _serves(host, translated)]
    own = {str(one["address"]) for host in directors.values() for one in host["addresses"]}
    for family, key in (("ipv4", "gateway"), ("ipv6", "gateway6")):
        ways = [way for host in asked for way in gateways(host) if (":" in way) == (family == "ipv6")]
        shared = next((way for way in ways if way in moved), None)
        alone = next((way for way in ways if way in own), None) if len(directors) == 1 else None
        if way := shared or alone:
            found[key] = way
        elif any(way in own for way in ways):
            lost = next(way for way in ways if way in own)
            notes.lost(
                WHERE,
                f"real servers send their answers to {lost}, which only one director has: at a failover they would be lost. Choose"
                f" an address for {key} of lvs_nat that no host has",
            )
    if found:
        default = any(_is_default(host, set(found.values())) for host in asked)
        return {**found, **({"route": "default"} if default else {})}
    if any(masquerades(chains_of(host["filters"])) for host in directors.values()):
        notes.explained(
            "nat",
            "a rule of the directors masquerades, so the real servers answer them: masquerade is true. The rule that is there stays:"
            " remove it afterwards",
        )
        return {"masquerade": True}
    notes.lost(
        WHERE,
        "services have forward nat, and it is not known how the real servers' answers come back: set gateway or masquerade of lvs_nat",
    )
    return {}


def _forwards(service: Mapping[str, Any]) -> set[str]:
    return {service.get("forward", "dr"), *(server.get("forward", "dr") for server in service.get("real_servers", ()))}


def _serves(host: HostFacts, services: Iterable[Mapping[str, Any]]) -> bool:
    addresses = {one["address"] for one in host["addresses"]}
    return any(server.get("address") in addresses for service in services for server in service.get("real_servers", ()))


def _is_default(host: HostFacts, ways: set[str]) -> bool:
    """Whether all packets of a host go that way, not only its answers."""
    return any(
        route.get("dst") == "default" and route.get("gateway") in ways and int(route.get("table", 254)) == 254
        for route in host["routes"]
    )
