# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VRRP: which directors can hold which VIPs, and who is preferred."""

from __future__ import annotations

from typing import Any, Mapping

from . import schema
from .addresses import BITS, FAMILY_NAMES, parse
from .hosts import Cluster
from .problems import Mistakes, Place, listed, near_hint, shown

INHERITED = tuple(name for name in schema.INSTANCE if name in schema.VRRP and name != "virtual_router_id")
GLOBAL = ("skip_check_adv_addr", "garp_interval", "gna_interval")
GARP = ("garp_master_delay", "garp_master_repeat", "garp_master_refresh")


def resolve_vrrp(given: Any, service_vips: list[str], cluster: Cluster, mistakes: Mistakes) -> dict[str, Any]:
    """The VRRP part of the model, its instances filled in with what lvs_vrrp says for all of them."""
    place = Place("lvs_vrrp", mistakes)
    given = {} if given is None else given
    common = schema.read(given, schema.VRRP, place)
    if common["version"] == 3 and common["auth_pass"] is not None:
        place.say("auth_pass is set, but VRRP version 3 has no authentication")
        common["auth_pass"] = None
    if common["instances"] is None:
        drafts = _default_instances(common, service_vips, cluster, place)
    else:
        drafts = _given_instances(common["instances"], cluster, place)
    instances = [_instance(draft, common, cluster, at) for draft, at in drafts]
    _check_instances(instances, [at for _, at in drafts])
    _check_every_vip(service_vips, instances, place)
    if common["vip_prefix"] is not None:
        vips = [vip for instance in instances for vip in instance["vips"]]
        if vips and not any(vip["prefix"] == common["vip_prefix"] for vip in vips):
            place.say(
                f"vip_prefix is {common['vip_prefix']}, which fits none of the VIPs: 1 to 32 is for IPv4, 33 to 128 for IPv6"
            )
    return {**{name: common[name] for name in GLOBAL}, "instances": instances}


def _default_instances(
    common: Mapping[str, Any], vips: list[str], cluster: Cluster, place: Place
) -> list[tuple[dict[str, Any], Place]]:
    """One instance per address family in use, with all directors in group order."""
    drafts = []
    for name, family in (("VI_1", "ipv4"), ("VI_6", "ipv6")):
        own = [vip for vip in vips if parse(vip).family == family]
        if own:
            unset = dict.fromkeys(INHERITED)
            drafts.append(
                (
                    {
                        **unset,
                        "name": name,
                        "vips": own,
                        "directors": list(cluster.directors),
                        "virtual_router_id": common["virtual_router_id"],
                    },
                    place,
                )
            )
    return drafts


def _given_instances(given: Any, cluster: Cluster, place: Place) -> list[tuple[dict[str, Any], Place]]:
    if not isinstance(given, list):
        place.say(f"instances is {shown(given)}, not a list")
        return []
    drafts = []
    for index, entry in enumerate(given):
        at = place.at("instances", index)
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            at.name = entry["name"]
        draft = schema.read(entry, schema.INSTANCE, at)
        draft["directors"] = _directors(draft["directors"], cluster, at)
        drafts.append((draft, at))
    return drafts


def _directors(given: Any, cluster: Cluster, place: Place) -> list[str]:
    """The instance's directors, the preferred master first."""
    if given is None:
        return list(cluster.directors)
    if not isinstance(given, list) or not given:
        place.say(
            f"directors is {shown(given) if given != [] else 'empty'}, not a list of directors: leave it out for all of them"
        )
        return []
    result = []
    for name in given:
        if not isinstance(name, str) or name not in cluster.directors:
            named = name if isinstance(name, str) else shown(name)
            place.say(
                f"directors has {named}, which is not in the group directors"
                + near_hint(name, cluster.directors, "name there")
            )
        elif name in result:
            place.say(f"directors has {name} twice")
        else:
            result.append(name)
    return result


def _instance(draft: Mapping[str, Any], common: Mapping[str, Any], cluster: Cluster, place: Place) -> dict[str, Any]:
    own = {name: common[name] if draft[name] is None else draft[name] for name in INHERITED}
    vips = [parse(vip) for vip in draft["vips"] or ()]
    family = vips[0].family if vips else "ipv4"
    if others := [vip.text for vip in vips if vip.family != family]:
        place.say(
            f"vips has {listed(others)} beside {FAMILY_NAMES[family]} ones: an instance has one address family, so make a second instance"
        )
    if repeated := sorted({vip.text for vip in vips if vips.count(vip) > 1}):
        place.say(f"vips has {listed(repeated)} twice")
    if family == "ipv6":
        # RFC 5798: IPv6 came with VRRP version 3
        if draft["version"] == 2:
            place.say("version is 2, which has no IPv6")
        own["version"] = 3
    if own["version"] == 3:
        if draft["auth_pass"] is not None:
            place.say("auth_pass is set, but VRRP version 3 has no authentication")
        own["auth_pass"] = None
    _check_times(own, place)
    return {
        "name": draft["name"],
        "family": family,
        "version": own["version"],
        "advert_interval": own["advert_interval"],
        "preempt": own["preempt"],
        "preempt_delay": own["preempt_delay"],
        "virtual_router_id": draft["virtual_router_id"],
        "auth_pass": own["auth_pass"],
        "unicast": own["unicast"],
        **{name: common[name] for name in GARP},
        "vips": [
            {"address": vip.text, "prefix": vip_prefix(common["vip_prefix"], vip.family)} for vip in dict.fromkeys(vips)
        ],
        "directors": _with_priorities(draft["directors"], own, family, cluster, place),
    }


def vip_prefix(given: int | None, family: str) -> int:
    """The prefix length of a VIP on the director: a host route's, unless vip_prefix fits the family."""
    if given is not None and (given <= 32) == (family == "ipv4"):
        return given
    return BITS[family]


def _check_times(own: Mapping[str, Any], place: Place) -> None:
    interval = own["advert_interval"]
    if own["version"] == 2 and (not isinstance(interval, int) or interval < 1):
        place.say(
            f"advert_interval is {interval}, and VRRP version 2 counts in whole seconds: use version 3 for fractions"
        )
    if own["version"] == 3 and interval >= 40.96:
        place.say(f"advert_interval is {interval}, and VRRP version 3 takes less than 40.96 seconds")
    if not own["preempt"] and own["preempt_delay"]:
        place.say(f"preempt_delay is {own['preempt_delay']}, but preempt is false: there is nothing to delay")


def _with_priorities(
    names: list[str], own: Mapping[str, Any], family: str, cluster: Cluster, place: Place
) -> list[dict[str, Any]]:
    result = []
    for index, name in enumerate(names):
        host = cluster.directors[name]
        counted = own["priority"] - index * own["priority_step"]
        priority = counted if host.priority is None else host.priority
        if not 1 <= priority <= 254:
            place.say(
                f"priorities run out: {name}, director {index + 1} of {len(names)}, would get {priority} (priority {own['priority']} less {index} times priority_step {own['priority_step']})"
            )
        same = [other["host"] for other in result if other["priority"] == priority]
        if same:
            place.say(
                f"{same[0]} and {name} have the same priority {priority}: which of them is preferred would be left to their addresses"
            )
        address = host.addresses.get(family) or host.address
        result.append({"host": name, "address": address, "interface": host.interface, "priority": priority})
    return result


def _check_instances(instances: list[dict[str, Any]], places: list[Place]) -> None:
    names: dict[str, Place] = {}
    routers: dict[tuple[str, int], str] = {}
    holders: dict[str, str] = {}
    for instance, place in zip(instances, places):
        name = instance["name"]
        if name is not None and names.setdefault(name, place) is not place:
            if names[name].index != place.index:
                place.say(f"the name is already that of {names[name]}")
        router = (instance["family"], instance["virtual_router_id"])
        if router[1] is not None and routers.setdefault(router, name) != name:
            place.say(
                f"virtual_router_id {router[1]} is already that of instance {routers[router]}: on one segment every instance needs its own"
            )
        for vip in instance["vips"]:
            if holders.setdefault(vip["address"], name) != name:
                place.say(
                    f"VIP {vip['address']} is already in instance {holders[vip['address']]}: two directors could hold it at once"
                )


def _check_every_vip(service_vips: list[str], instances: list[dict[str, Any]], place: Place) -> None:
    held = {vip["address"] for instance in instances for vip in instance["vips"]}
    for vip in service_vips:
        if vip not in held:
            place.say(f"no instance has the VIP {vip}, so no director would hold it: add it to the vips of an instance")


def resolve_sync(given: Any, vrrp: Mapping[str, Any] | None, mistakes: Mistakes) -> dict[str, Any] | None:
    """The connection synchronisation daemon, bound to a VRRP instance so that it follows the master."""
    if given is None:
        return None
    place = Place("lvs_sync", mistakes)
    sync = schema.read(given, schema.SYNC, place)
    names = [instance["name"] for instance in vrrp["instances"]] if vrrp else []
    if sync["instance"] is not None and vrrp and sync["instance"] not in names:
        hint = near_hint(sync["instance"], [name for name in names if name], "name")
        place.say(f"instance is {shown(sync['instance'])}, which is not an instance of lvs_vrrp{hint}")
    if not sync["enabled"]:
        return None
    return {"id": sync["id"], "instance": sync["instance"] or (names[0] if names else None)}


def resolve_mail(given: Any, mistakes: Mistakes) -> dict[str, Any] | None:
    """Mail alerts of keepalived."""
    if given is None:
        return None
    mail = schema.read(given, schema.MAIL, Place("lvs_mail", mistakes))
    server, port = mail["server"] or (None, None)
    return {**mail, "server": server, "port": port}
