# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every host's part of the resolved cluster has, and what lvs-vip manages on the host."""

from __future__ import annotations

from typing import Iterable

from .addresses import BITS
from .hosts import Host
from .types import Family, FirewallOpening, HostVip, OwnPart


def empty_part(host: Host) -> OwnPart:
    """The part of a host that has nothing to do yet."""
    return {
        "address": host.address,
        "address6": host.addresses.get("ipv6"),
        "interface": host.interface,
        "prefix": host.prefix,
        "filter": host.filter,
        "firewalld_zone": host.zone,
        # What lvs-vip manages on the host.
        "firewall_openings": [],
        "peers_only": None,
        "fwmark_rules": [],
        "arptables_rules": [],
        "redirects": [],
        "mss_clamps": [],
        "masquerades": [],
        "blackholes": [],
        "gue_ports": [],
        "timeouts": None,
        "localnode": None,
        "vips": [],
        "return_routes": [],
        "return_rules": [],
        "default_rules": [],
        "sysctls": {},
        "modules": [],
        "tools": [],
        "router_id": None,
        "instances": [],
        "sync_groups": [],
        "trackers": {"scripts": [], "processes": [], "files": [], "bfd": []},
        "scripts": {"installed": [], "users": [], "programs": []},
        "check_sources": [],
        "vrrp": {
            "preferred_vips": [],
            "settle_time": 0,
            "interfaces": [],
            "listen_time": 0,
            "handover_time": 0,
            "move_time": 0,
        },
        "sync": None,
        "heartbeat_media": [],
        "listen": [],
    }


def tools_of(part: OwnPart) -> list[str]:
    """The tools that lvs-vip and lvs-sync need on a host: arptables, nftables, iptables, firewalld, ipvsadm, iproute2."""
    filters = (
        part["fwmark_rules"],
        part["localnode"],
        part["redirects"],
        part["mss_clamps"],
        part["masquerades"],
        part["firewall_openings"],
        part["peers_only"],
    )
    return [
        *(["arptables"] if part["arptables_rules"] else []),
        *(dict.fromkeys([*([part["filter"]] if any(filters) else []), *(["nftables"] if part["sync"] else [])])),
        *(["ipvsadm"] if part["timeouts"] else []),
        *(["iproute2"] if part["blackholes"] else []),
    ]


def firewall_openings(host: Host, protocols: Iterable[str], ports: Iterable[str]) -> list[FirewallOpening]:
    """What firewalld must let in. The roles open no ports in other packet filters."""
    if host.filter != "firewalld":
        return []
    return [FirewallOpening(kind="protocol", what=name) for name in protocols] + [
        FirewallOpening(kind="port", what=port) for port in ports
    ]


def host_route(vip: str, family: Family, device: str | None) -> HostVip:
    """A VIP on a device of a host, as a single address without a route to its network."""
    return {"address": vip, "family": family, "prefix": BITS[family], "device": device}
