# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VRRP: which directors can hold which VIPs, and who is preferred."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Dict, Iterable, List, Mapping, Tuple

from . import schema
from .addresses import BITS, FAMILY_NAMES, parse
from .hosts import Hosts
from .instances import default_instances, given_instances
from .mistakes import InventoryPath, Mistakes, listed

GLOBAL = ("skip_check_adv_addr", "garp_interval", "gna_interval")
GARP = ("garp_master_delay", "garp_master_repeat", "garp_master_refresh")
INHERITED = tuple(name for name in schema.INSTANCE if name in schema.VRRP and name != "virtual_router_id")
# RFC 5798 has dropped it
NO_AUTHENTICATION = "auth_pass is set, but VRRP version 3 has no authentication"

LONGEST_DELAY = 1000  # keepalived.conf(5), preempt_delay

LocatedInstances = List[Tuple[Dict[str, Any], InventoryPath]]


def resolve_vrrp(
    given: Any,
    vip_paths: dict[str, InventoryPath],
    services: Iterable[Mapping[str, Any]],
    hosts: Hosts,
    mistakes: Mistakes,
) -> dict[str, Any]:
    """The VRRP part of the resolved cluster, its instances filled in with what lvs_vrrp says for all of them.

    `vip_paths` has the VIPs of the services, in order, with their paths; VIPs that
    only an instance has are added to it.
    """
    path = InventoryPath("lvs_vrrp", mistakes)
    common = schema.read({} if given is None else given, schema.VRRP, path)
    if common["version"] == 3 and common["auth_pass"] is not None:
        path.report(NO_AUTHENTICATION)
    if common["instances"] is None:
        drafts = default_instances(common, vip_paths, hosts, path)
    else:
        drafts = given_instances(common["instances"], hosts, path)
    delay = checking_time(services)
    located = [(_instance(draft, common, delay, hosts, at), at) for draft, at in drafts]
    _check_instances(located)
    if all(draft["vips"] for draft, _path in drafts) and (drafts or not common["instances"]):
        _check_every_vip(vip_paths, located, path)
    for instance, at in located:
        for vip in instance["vips"]:
            vip_paths.setdefault(vip["address"], at)
    check_prefix(common["vip_prefix"], vip_paths, path)
    return {**{name: common[name] for name in GLOBAL}, "instances": [instance for instance, _path in located]}


def checking_time(services: Iterable[Mapping[str, Any]]) -> int:
    """Seconds after which every check has been made once more, as many as a director may wait.

    A director that was cut off has taken the real servers out of its table: before that it would refuse the clients.
    """
    checks = [service["health"] for service in services if service["health"]["type"] != "none"]
    longest = max((check["interval"] + check["timeout"] for check in checks), default=0)
    return min(math.ceil(longest), LONGEST_DELAY)


def _instance(
    draft: Mapping[str, Any], common: Mapping[str, Any], delay: int, hosts: Hosts, path: InventoryPath
) -> dict[str, Any]:
    own = {name: common[name] if draft[name] is None else draft[name] for name in INHERITED}
    vips = [parse(vip) for vip in draft["vips"] or ()]
    family = vips[0].family if vips else "ipv4"
    if others := [vip.text for vip in vips if vip.family != family]:
        path.report(
            f"vips has {listed(others)}, and its first one is {FAMILY_NAMES[family]}:"
            " an instance has one address family, so make one for each"
        )
    if repeated := [vip.text for vip, times in Counter(vips).items() if times > 1]:
        path.report(f"vips has {listed(repeated)} twice")
    if family == "ipv6":
        # RFC 5798: IPv6 came with version 3
        if draft["version"] == 2:
            path.report("version is 2, which has no IPv6")
        own["version"] = 3
    if own["version"] == 3:
        if draft["auth_pass"] is not None:
            path.report(NO_AUTHENTICATION)
        own["auth_pass"] = None
    _check_times(own, path)
    if own["preempt_delay"] is None:
        own["preempt_delay"] = delay if own["preempt"] else 0
    return {
        "name": draft["name"],
        "family": family,
        "version": own["version"],
        "advert_interval": own["advert_interval"],
        "preempt": own["preempt"],
        "preempt_delay": own["preempt_delay"],
        "virtual_router_id": draft["virtual_router_id"],
        "advert_address": advert_address(family, draft["virtual_router_id"]),
        "auth_pass": own["auth_pass"],
        "unicast": own["unicast"],
        **{name: common[name] for name in GARP},
        "vips": [
            {"address": vip.text, "prefix": vip_prefix(common["vip_prefix"], vip.family)} for vip in dict.fromkeys(vips)
        ],
        # What moves with the VIPs and is none: nat.py
        "gateways": [],
        "directors": _with_priorities(draft["directors"], own, family, hosts, path),
    }


def advert_address(family: str, router_id: int | None) -> str:
    """All that an instance's adverts carry, link-local, and the same whatever VIPs it holds.

    With the VIPs in them, a backup that has been told of another VIP before its master would refuse the master's
    adverts, and become a second one.
    """
    return f"169.254.112.{router_id}" if family == "ipv4" else f"fe80::112:{router_id}"


def vip_prefix(given: int | None, family: str) -> int:
    """The prefix length of a VIP on the director: a host route's, unless vip_prefix fits the family."""
    if given is not None and (given <= 32) == (family == "ipv4"):
        return given
    return BITS[family]


def check_prefix(given: int | None, vips: Iterable[str], path: InventoryPath) -> None:
    """Report a prefix length of VIPs that fits none of them."""
    families = {parse(vip).family for vip in vips}
    if given is not None and families and all(vip_prefix(given, family) != given for family in families):
        path.report(f"vip_prefix is {given}, which fits no VIP: 1 to 32 is for IPv4, 33 to 128 for IPv6")


def _check_times(own: Mapping[str, Any], path: InventoryPath) -> None:
    interval = own["advert_interval"]
    if own["version"] == 2 and (not isinstance(interval, int) or interval < 1):
        path.report(
            f"advert_interval is {interval}, and VRRP version 2 counts in whole seconds: version 3 takes fractions"
        )
    if own["version"] == 3 and interval >= 40.96:
        path.report(f"advert_interval is {interval}, and VRRP version 3 takes less than 40.96 seconds")
    if not own["preempt"] and own["preempt_delay"]:
        path.report(f"preempt_delay is {own['preempt_delay']}, but preempt is false, so there is nothing to delay")


def _with_priorities(
    names: list[str], own: Mapping[str, Any], family: str, hosts: Hosts, path: InventoryPath
) -> list[dict[str, Any]]:
    """The instance's directors with their addresses and priorities, all of them different."""
    result = []
    holders: dict[int, str] = {}
    for index, name in enumerate(names):
        host = hosts.directors[name]
        priority = own["priority"] - index * own["priority_step"] if host.priority is None else host.priority
        if priority < 1:
            path.report(
                f"priorities run out at {name}, director {index + 1} of {len(names)}: priority {own['priority']}"
                f" less {index} times priority_step {own['priority_step']} is {priority}, and the least is 1"
            )
            break
        if (other := holders.setdefault(priority, name)) != name:
            path.report(
                f"{other} and {name} have the same priority, {priority}: which is preferred would be left to chance"
            )
        address = host.addresses.get(family)
        if address is None and own["unicast"] and host.address:
            path.report(f"unicast is true, and {name} has no {FAMILY_NAMES[family]} address to send from")
        result.append(
            {"host": name, "address": address or host.address, "interface": host.interface, "priority": priority}
        )
    return result


def _check_instances(located: LocatedInstances) -> None:
    """Names, router ids and VIPs belong to one instance each."""
    names: dict[str, int] = {}
    routers: dict[tuple[str, int], int] = {}
    holders: dict[str, int] = {}
    for index, (instance, path) in enumerate(located):
        name, router_id = instance["name"], instance["virtual_router_id"]
        if name is not None and (first := names.setdefault(name, index)) != index:
            path.report(f"the name is already that of instances[{first}]")
        if router_id is not None and (first := routers.setdefault((instance["family"], router_id), index)) != index:
            path.report(
                f"virtual_router_id {router_id} is already that of {_called(located[first])}:"
                " on one segment every instance of a family needs its own"
            )
        for vip in instance["vips"]:
            if (first := holders.setdefault(vip["address"], index)) != index:
                path.report(
                    f"VIP {vip['address']} is already in {_called(located[first])}: two directors could hold it at once"
                )


def _called(located: tuple[dict[str, Any], InventoryPath]) -> str:
    instance, path = located
    return f"instance {instance['name']}" if instance["name"] else f"instances[{path.index}]"


def _check_every_vip(service_vips: Iterable[str], located: LocatedInstances, path: InventoryPath) -> None:
    held = {vip["address"] for instance, _path in located for vip in instance["vips"]}
    for vip in service_vips:
        if vip not in held:
            path.report(f"no instance has the VIP {vip}, so no director would hold it: add it to the vips of one")
