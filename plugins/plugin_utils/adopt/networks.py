# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address of a host is its own in the cluster."""

from __future__ import annotations

import ipaddress
from typing import Any, Container, Iterator, Mapping, Sequence

from ..cluster.addresses import BITS
from .types import HostFacts

# Devices on which a VIP of a real server may be: it answers no ARP there
SILENT = ("lo", "dummy", "tunl", "gre", "ip6tnl", "sit")


def own_addresses(host: HostFacts, vips: Container[str] = ()) -> list[Mapping[str, Any]]:
    """The addresses that belong to the host, and are no VIPs: those in networks first.

    One outside of any network, as clouds give them, counts if its interface has no other of the family.
    """
    own = [
        one
        for one in host["addresses"]
        if one["scope"] in ("global", "site")
        and one["address"] not in vips
        and not str(one["interface"]).startswith(SILENT)
    ]
    connected = [one for one in own if one["prefix"] < BITS[one["family"]]]
    known = {(one["interface"], one["family"]) for one in connected}
    return connected + [one for one in own if (one["interface"], one["family"]) not in known]


def network_of(one: Mapping[str, Any]) -> str:
    """The network of an address, such as 192.0.2.0/24."""
    return str(ipaddress.ip_network(f"{one['address']}/{one['prefix']}", strict=False))


def holds(one: Mapping[str, Any], address: str) -> bool:
    """Whether the network of an address of a host holds another address."""
    wanted = ipaddress.ip_address(address)
    network = ipaddress.ip_network(network_of(one))
    return wanted.version == network.version and wanted in network


def default_interfaces(host: HostFacts) -> list[str]:
    """The interfaces of the default routes in the main table."""
    return [
        str(route["dev"])
        for route in host["routes"]
        if route.get("dst") == "default" and route.get("dev") and int(route.get("table", 254)) == 254
    ]


def gateways(host: HostFacts) -> list[str]:
    """The routers of the default routes, of any table."""
    return [str(route["gateway"]) for route in host["routes"] if route.get("dst") == "default" and route.get("gateway")]


def main_address(
    host: HostFacts, vips: Sequence[str], family: str = "ipv4", interface: str | None = None
) -> Mapping[str, Any] | None:
    """The address in the network of the VIPs; else that of an interface, else that of the default route, else the first."""
    own = [one for one in own_addresses(host, vips) if one["family"] == family]
    return next(_preferred(own, host, vips, interface), None)


def _preferred(
    own: Sequence[Mapping[str, Any]], host: HostFacts, vips: Sequence[str], interface: str | None
) -> Iterator[Mapping[str, Any]]:
    usual = default_interfaces(host)
    yield from (one for one in own if one["interface"] == interface and any(holds(one, vip) for vip in vips))
    yield from (one for one in own if one["interface"] in usual and any(holds(one, vip) for vip in vips))
    yield from (one for vip in vips for one in own if holds(one, vip))
    yield from (one for one in own if interface and one["interface"] == interface)
    yield from (one for device in usual for one in own if one["interface"] == device)
    yield from own
