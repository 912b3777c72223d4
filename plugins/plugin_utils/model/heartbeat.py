# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeat: two directors that watch each other, of which one has the VIPs and runs ldirectord."""

from __future__ import annotations

from typing import Any, Mapping

from . import schema
from .addresses import BITS, exploded, parse
from .hosts import Cluster
from .kept import device
from .nat import is_own
from .problems import Mistakes, Place, listed
from .vrrp import check_prefix, vip_prefix

MOST = 2
# Heartbeat with one node alone never takes its resources: it waits to hear whether the other one has them.
NOBODY = {"name": "nobody", "address": None}


def resolve_heartbeat(
    given: Any,
    vips: Mapping[str, str],
    gateways: Mapping[str, str],
    sync: Mapping[str, Any] | None,
    cluster: Cluster,
    mistakes: Mistakes,
) -> dict[str, Any]:
    """What ha.cf, haresources and authkeys say; `vips` and `gateways` are {address: family}."""
    place = Place("lvs_heartbeat", mistakes)
    own = schema.read({} if given is None else given, schema.HEARTBEAT, place)
    if len(cluster.directors) > MOST:
        Place("lvs_stack", mistakes).say(
            f"is ldirectord, whose heartbeat has two nodes, one of them active, and the group directors has"
            f" {listed(cluster.directors)}: keepalived takes any number"
        )
    if len(cluster.directors) > 1 and not (isinstance(given, dict) and "key" in given):
        place.say("key is missing: without it every host of the segment could take the VIPs")
    _check_times(own, place)
    check_prefix(own["vip_prefix"], vips, place)
    _check_addresses(own, vips, cluster, place)
    lone = next(iter(cluster.directors.values())) if len(cluster.directors) == 1 else None
    moved = {
        **{vip: vip_prefix(own["vip_prefix"], family) for vip, family in vips.items()},
        **{address: BITS[family] for address, family in gateways.items() if not (lone and is_own(lone, address))},
    }
    return {
        **own,
        "nodes": [
            *({"name": host.node, "address": host.address} for host in cluster.directors.values()),
            *([NOBODY] if lone else []),
        ],
        "vips": [{"address": vip, "prefix": prefix, "cidr": f"{vip}/{prefix}"} for vip, prefix in moved.items()],
        # Started from left to right, stopped in reverse.
        "resources": [
            "ldirectord::ldirectord.cf",
            *(["LVSSyncDaemonSwap::master"] if sync else []),
            *(_address(vip, prefix, vip in gateways, cluster) for vip, prefix in moved.items()),
        ],
    }


def _check_times(own: Mapping[str, Any], place: Place) -> None:
    order = ("keepalive", "warntime", "deadtime", "initdead")
    for shorter, longer in zip(order, order[1:]):
        if own[shorter] >= own[longer]:
            place.say(f"{shorter} is {own[shorter]} seconds, not less than {longer}, which is {own[longer]}")


def _check_addresses(own: Mapping[str, Any], vips: Mapping[str, str], cluster: Cluster, place: Place) -> None:
    group = parse(own["multicast_group"])
    if group and group.special != "a multicast address":
        place.say(f"multicast_group is {own['multicast_group']}, which is not the address of a group")
    for host in cluster.directors.values():
        if host.address and ":" in host.address:
            place.say(f"directors speak over IPv4, and lvs_address of {host.name} is {host.address}")
    interfaces = {host.interface for host in cluster.directors.values()}
    if len(interfaces) > 1 and "ipv6" in vips.values():
        place.say(
            f"the VIPs of IPv6 need one interface for both directors, and theirs are {listed(sorted(map(str, interfaces)))}:"
            " haresources is the same on both"
        )


def _address(vip: str, prefix: int, inside: bool, cluster: Cluster) -> str:
    """A VIP as a resource, the same on both nodes: where their interfaces differ in name, each finds its own."""
    devices = {device(host, vip) if inside else host.interface for host in cluster.directors.values()}
    where = f"/{devices.pop()}" if len(devices) == 1 and None not in devices else ""
    # The file has `::` between the arguments of a resource.
    return f"LVSAddress::{exploded(vip) if ':' in vip else vip}/{prefix}{where}"
