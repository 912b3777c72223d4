# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""heartbeat: two directors watch each other. One of them has the VIPs and runs ldirectord."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from ..resources import ADDRESSES, LDIRECTORD
from . import keys, schema
from .addresses import BITS, exploded, family_of, parse
from .hosts import Host, Hosts
from .mistakes import InventoryPath, Mistakes, listed
from .nat import Nat, is_own
from .raw import check_ha_cf
from .types import Heartbeat, HeartbeatNode, MovedAddress, Sync
from .vrrp import check_prefix, vip_prefix

MOST = 2
# heartbeat with only one node never takes its resources: it waits for the other node to say whether it has them.
NOBODY: HeartbeatNode = {"name": "nobody", "address": None}


def read_heartbeat(given: Any, vips: Sequence[str], hosts: Hosts, mistakes: Mistakes) -> dict[str, Any]:
    """`lvs_heartbeat`, checked against the VIPs and the directors."""
    path = InventoryPath("lvs_heartbeat", mistakes)
    own = keys.read({} if given is None else given, schema.HEARTBEAT, path)
    if len(hosts.directors) > MOST:
        InventoryPath("lvs_stack", mistakes).report(
            f"is ldirectord, which takes one or two directors, but the group directors has {listed(hosts.directors)}:"
            " keepalived takes any number"
        )
    if len(hosts.directors) > 1 and not (isinstance(given, dict) and "key" in given):
        path.report("key is missing: without it any host on the segment could take the VIPs")
    _check_times(own, path)
    check_ha_cf(own["raw"], path)
    check_prefix(own["vip_prefix"], vips, path)
    _check_addresses(own, vips, hosts, path)
    return own


def heartbeat_vips(own: Mapping[str, Any], vips: Iterable[str]) -> list[MovedAddress]:
    """The VIPs with their prefix lengths on a director."""
    return [{"address": vip, "prefix": vip_prefix(own["vip_prefix"], family_of(vip))} for vip in vips]


def heartbeat_part(own: Mapping[str, Any], vips: Sequence[str], nat: Nat, sync: Sync | None, hosts: Hosts) -> Heartbeat:
    """The contents of ha.cf, haresources and authkeys, the same on both directors."""
    lone = next(iter(hosts.directors.values())) if len(hosts.directors) == 1 else None
    gateways = list(nat.gateways.values())
    moved = {
        **{vip["address"]: vip["prefix"] for vip in heartbeat_vips(own, vips)},
        **{address: BITS[family_of(address)] for address in gateways if not (lone and is_own(lone, address))},
    }
    places = [_place(vip, prefix, vip in gateways, hosts) for vip, prefix in moved.items()]
    return {
        "key": own["key"],
        "auth_number": own["auth_number"],
        "auth_method": own["auth_method"],
        "keepalive": own["keepalive"],
        "warntime": own["warntime"],
        "deadtime": own["deadtime"],
        "initdead": own["initdead"],
        "port": own["port"],
        "transport": own["transport"],
        "multicast_group": own["multicast_group"],
        "auto_failback": own["auto_failback"],
        "vip_prefix": own["vip_prefix"],
        "raw": own["raw"],
        "nodes": [
            *(HeartbeatNode(name=host.node, address=host.address) for host in hosts.directors.values()),
            *([NOBODY] if lone else []),
        ],
        "vips": [{"address": vip, "prefix": prefix, "cidr": f"{vip}/{prefix}"} for vip, prefix in moved.items()],
        # Started from left to right, stopped in reverse.
        "resources": [
            f"{LDIRECTORD}::ldirectord.cf",
            *(["LVSSyncDaemonSwap::master"] if sync else []),
            # One for all VIPs: heartbeat starts dozens of processes for each resource, one after the other.
            *(["::".join([ADDRESSES, *places])] if places else []),
        ],
    }


def heartbeat_media(host: Host, heartbeat: Heartbeat) -> list[str]:
    """The lines of ha.cf for the communication with the other director."""
    if heartbeat["transport"] == "ucast":
        return [f"ucast {host.interface} {node['address']}" for node in heartbeat["nodes"] if node["address"]]
    if heartbeat["transport"] == "mcast":
        return [f"mcast {host.interface} {heartbeat['multicast_group']} {heartbeat['port']} 1 0"]
    return [f"bcast {host.interface}"]


def _check_times(own: Mapping[str, Any], path: InventoryPath) -> None:
    order = ("keepalive", "warntime", "deadtime", "initdead")
    for shorter, longer in zip(order, order[1:]):
        if own[shorter] >= own[longer]:
            path.report(f"{shorter} is {own[shorter]} seconds: it must be less than {longer}, which is {own[longer]}")


def _check_addresses(own: Mapping[str, Any], vips: Iterable[str], hosts: Hosts, path: InventoryPath) -> None:
    group = parse(own["multicast_group"])
    if group and group.special != "a multicast address":
        path.report(f"multicast_group is {own['multicast_group']}, which is not a multicast address")
    for host in hosts.directors.values():
        if host.address and ":" in host.address:
            path.report(f"heartbeat speaks IPv4 only, but lvs_address of {host.name} is {host.address}")
    six = [vip for vip in vips if family_of(vip) == "ipv6"]
    interfaces = {host.carrier_of(vip) for host in hosts.directors.values() for vip in six[:1]}
    if len(interfaces) > 1:
        path.report(
            "IPv6 VIPs need the same interface name on both directors, but theirs are"
            f" {listed(sorted(map(str, interfaces)))}: haresources is the same on both"
        )


def _place(vip: str, prefix: int, inside: bool, hosts: Hosts) -> str:
    """A VIP as LVSAddress takes it, the same on both nodes. If the names of their interfaces differ, each node finds its own."""
    devices = {host.device_of(vip) if inside else host.carrier_of(vip) for host in hosts.directors.values()}
    device = devices.pop() if len(devices) == 1 else None
    where = f"/{device}" if device is not None else ""
    return f"{exploded(vip) if family_of(vip) == 'ipv6' else vip}/{prefix}{where}"
