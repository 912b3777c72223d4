# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual services as the doctor compares them, of the kernel's table and of a configuration."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, Mapping, NamedTuple

from ...module_utils.ipvs.types import binds


class Key(NamedTuple):
    """What identifies a service: protocol, address and port, or a firewall mark with its family."""

    protocol: str | None
    address: str | None
    port: int | None
    fwmark: int | None
    family: str = "ipv4"

    def __str__(self) -> str:
        if self.address is None:
            return f"fwmark {self.fwmark}"
        return f"{endpoint(self.address, self.port or 0)}/{self.protocol}"


@dataclass(frozen=True)
class Destination:
    """A real server of a service. `forward` is null where a configuration does not say it."""

    address: str
    port: int
    forward: str | None
    weight: int = 1
    # The type of a tunnel: ipip, gue or gre; null where it is not known
    tunnel: str | None = None


@dataclass(frozen=True)
class Check:
    """A health check: its kind in the daemon's word, and where it asks, null for the real server's own."""

    kind: str
    address: str | None = None
    port: int | None = None
    path: str | None = None


@dataclass(frozen=True)
class Service:
    """A service with its real servers by address and port. What is not known is null."""

    key: Key
    scheduler: str | None
    persistence: int | None
    destinations: Mapping[tuple[str, int], Destination]
    sorry: tuple[str, int] | None = None
    checks: tuple[Check, ...] = field(default=())
    # Whether the weights are the daemon's own affair: by scripts, or 0 for a real server that fails
    weights_vary: bool = False
    # Whether the scheduler refuses the clients of a real server without weight; only known of a table
    binds: bool = False


def endpoint(address: str, port: int) -> str:
    """An address with its port."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def normal(address: str) -> str | None:
    """An address as inet_ntop prints it; None if it is none, such as a name."""
    try:
        return str(ipaddress.ip_address(address.strip("[]").partition("%")[0]))
    except ValueError:
        return None


def live(services: Iterable[Mapping[str, Any]]) -> Iterator[Service]:
    """The services of a table, as ipvs_info returns it."""
    for one in services:
        key = Key(one["protocol"], one["address"], one["port"], one["fwmark"], one["family"])
        destinations = {
            (server["address"], server["port"]): Destination(
                server["address"],
                server["port"],
                server["forward"],
                server["weight"],
                (server.get("tunnel") or {}).get("type"),
            )
            for server in one["destinations"]
        }
        bound = binds(one["scheduler"], one["scheduler_flags"])
        yield Service(key, one["scheduler"], one["persistence"], destinations, binds=bound)
