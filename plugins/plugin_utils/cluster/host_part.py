# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every host's part of the resolved cluster has, and what lvs-vip keeps on it."""

from __future__ import annotations

from typing import Any, Iterable

from .addresses import BITS
from .hosts import Host


def shared_part(host: Host, role: str) -> dict[str, Any]:
    """What the resolved cluster says of every host."""
    return {
        "role": role,
        "address": host.address,
        "address6": host.addresses.get("ipv6"),
        "interface": host.interface,
        "prefix": host.prefix,
        "filter": host.filter,
        "firewalld_zone": host.zone,
        # What lvs-vip keeps on the host
        **{kind: [] for kind in LVS_VIP_SECTIONS},
    }


LVS_VIP_SECTIONS = (
    "firewall_openings",
    "fwmark_rules",
    "arptables_rules",
    "redirects",
    "mss_clamps",
    "gue_ports",
    "vips",
    "return_routes",
    "return_rules",
    "default_rules",
)


def with_tools(part: dict[str, Any]) -> dict[str, Any]:
    """The same with the tools that what is kept on the host needs: arptables, nftables, iptables, firewalld."""
    tools = ["arptables"] if part["arptables_rules"] else []
    if any(part[kind] for kind in ("fwmark_rules", "redirects", "mss_clamps", "firewall_openings")):
        tools.append(part["filter"])
    return {**part, "tools": tools}


def firewall_openings(host: Host, protocols: Iterable[str], ports: Iterable[str]) -> list[dict[str, str]]:
    """What firewalld has to let in; elsewhere the packet filter is its owner's."""
    if host.filter != "firewalld":
        return []
    return [{"kind": "protocol", "what": name} for name in protocols] + [
        {"kind": "port", "what": port} for port in ports
    ]


def host_route(vip: str, family: str, carrier: str | None) -> dict[str, Any]:
    """A VIP as a host carries it on a device: an address of its own, never a way to its network."""
    return {"address": vip, "family": family, "prefix": BITS[family], "device": carrier}


def device(host: Host, address: str) -> str | None:
    """The interface that leads to an address on a network of the host (with facts)."""
    network = host.network_of(address)
    return network.interface if network else None


def around(host: Host, address: str) -> str | None:
    """The network of the host that holds an address, as in 172.28.0.0/24 (with facts)."""
    network = host.network_of(address)
    return network.cidr if network else None
