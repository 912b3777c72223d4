# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VRRP: which directors can hold which VIPs, and which one is preferred."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from . import keys, schema
from .addresses import BITS, FAMILY_NAMES, family_of, known
from .drafts import InstanceDraft, ServiceDraft
from .hosts import Hosts
from .mistakes import InventoryPath, Mistakes, listed, near_hint, shape, shown
from .notify import read_notify
from .raw import check_block
from .routes import check_repeated, read_routes, read_rules
from .scripts import ScriptFiles
from .sync_groups import read_groups, resolve_groups
from .tracking import Watched, check_track, check_weights, nothing, read_track
from .types import FAMILIES, Event, Family, InstanceDirector, MovedAddress, Seconds, SyncGroup, Track
from .virtual_router import Deployed, deployed_instances, router_id

DEFAULT_NAMES: dict[Family, str] = {"ipv4": "VI_1", "ipv6": "VI_6"}
OWN = ("virtual_router_id", "track", "notify", "raw")
INHERITED = tuple(name for name in schema.INSTANCE if name in schema.VRRP and name not in OWN)
# RFC 5798 has removed it
NO_AUTHENTICATION = "auth_pass is set, but VRRP version 3 has no authentication"

# Seconds that a returning director waits at least. A link that comes and goes must not move the VIPs each time, which a fast cluster
# would do within a second. With lvs_sync it is longer: shortest_delay.
SHORTEST_DELAY = {"standard": 0, "fast": 10}
LONGEST_DELAY = 1000  # keepalived.conf(5), preempt_delay
SETTLE_TIME = 10  # seconds in which the directors agree on a master, after startup_delay and preempt_delay


@dataclass(frozen=True)
class VrrpDraft:
    """`lvs_vrrp` while the inventory is being read."""

    profile: str
    skip_check_adv_addr: bool
    garp_interval: Seconds
    gna_interval: Seconds
    startup_delay: Seconds
    realtime_priority: int
    no_swap: bool
    instances: Sequence[InstanceDraft]
    groups: Sequence[SyncGroup]
    watched: Watched


@dataclass(frozen=True)
class _Watching:
    """What an instance watches and tells if it does not say so itself. `grouped` are the instances in groups."""

    path: InventoryPath
    track: Track
    notify: Sequence[Event]
    grouped: frozenset[str]
    watched: Watched
    files: ScriptFiles


def resolve_vrrp(
    given: Any,
    vips: Sequence[str],
    services: Iterable[ServiceDraft],
    hosts: Hosts,
    files: ScriptFiles,
    mistakes: Mistakes,
) -> VrrpDraft:
    """VRRP, with lvs_vrrp as the defaults of its instances; `vips` are those of the services."""
    path = InventoryPath("lvs_vrrp", mistakes)
    common = keys.read({} if given is None else given, _keys_of(given), path)
    if common["version"] == 3 and common["auth_pass"] is not None:
        path.report(NO_AUTHENTICATION + _by_profile(common, "version"))
    check_block(common["raw"], "vrrp_instance", path)
    running = deployed_instances(host.facts for host in hosts.directors.values())
    if common["instances"] is None:
        read = _default_instances(common, vips, hosts, running, path)
    else:
        read = _given_instances(common["instances"], hosts, path)
    delay = max(checking_time(services), SHORTEST_DELAY[common["profile"]])
    watched = Watched()
    groups = read_groups(common["sync_groups"], path)
    watching = _Watching(
        path=path,
        track=read_track(common["track"], nothing(), path, watched, files, hosts),
        notify=read_notify(common["notify"], schema.EVENTS, (), path, files),
        grouped=frozenset(name for group in groups for name in group.members),
        watched=watched,
        files=files,
    )
    instances = [_instance(own, common, delay, hosts, running, watching, at) for own, at in read]
    _check_instances(instances)
    check_repeated(instances)
    if all(own["vips"] for own, _path in read) and (read or not common["instances"]):
        _check_every_vip(vips, instances, path)
    check_prefix(common["vip_prefix"], [*vips, *(vip["address"] for one in instances for vip in one.vips)], path)
    return VrrpDraft(
        profile=common["profile"],
        skip_check_adv_addr=common["skip_check_adv_addr"],
        garp_interval=common["garp_interval"],
        gna_interval=common["gna_interval"],
        startup_delay=common["startup_delay"],
        realtime_priority=common["realtime_priority"],
        no_swap=common["no_swap"],
        instances=instances,
        groups=resolve_groups(groups, instances, watching.track, watched, files, hosts),
        watched=watched,
    )


def _keys_of(given: Any) -> Mapping[str, keys.Key]:
    """The keys of lvs_vrrp with the defaults of its profile. A wrong profile is reported when they are read."""
    profile = given.get("profile") if isinstance(given, dict) else None
    known = schema.VRRP_PROFILES.get(profile, {}) if isinstance(profile, str) else {}
    return keys.with_defaults(schema.VRRP, known)


def _by_profile(common: Mapping[str, Any], name: str) -> str:
    """The end of a message about a value that the inventory may not have."""
    profile = common["profile"]
    is_its = common[name] == schema.VRRP_PROFILES[profile].get(name)
    return f": profile {profile} sets {name} {common[name]}, unless lvs_vrrp has another" if is_its else ""


def _default_instances(
    common: Mapping[str, Any], vips: Iterable[str], hosts: Hosts, running: Sequence[Deployed], path: InventoryPath
) -> list[tuple[dict[str, Any], InventoryPath]]:
    """One instance per address family in use, with all directors in group order."""
    by_family: dict[Family, list[str]] = {family: [] for family in FAMILIES}
    for vip in vips:
        by_family[family_of(vip)].append(vip)
    unset: dict[str, Any] = {**dict.fromkeys(schema.INSTANCE), "raw": []}
    result = []
    for family, own in by_family.items():
        if own:
            name = DEFAULT_NAMES[family]
            number = common["virtual_router_id"] or router_id(name, own, running)
            instance = {"name": name, "vips": own, "virtual_router_id": number, "directors": list(hosts.directors)}
            result.append(({**unset, **instance}, path))
    return result


def _given_instances(given: Any, hosts: Hosts, path: InventoryPath) -> list[tuple[dict[str, Any], InventoryPath]]:
    """The listed instances, each with its path."""
    read = keys.read_list(given, "instances", "instances", schema.INSTANCE, path)
    return [({**own, "directors": _directors(own["directors"], hosts, at)}, at) for own, at in read]


def _directors(given: Any, hosts: Hosts, path: InventoryPath) -> list[str]:
    """The instance's directors, the preferred master first; all directors if none are listed."""
    if given is None:
        return list(hosts.directors)
    if not isinstance(given, list):
        path.report(f"directors is {shape(given)}, not a list of directors")
        return []
    if not given:
        path.report("directors is empty: leave it out for all directors")
    result = []
    for name in given:
        if not isinstance(name, str) or name not in hosts.directors:
            hint = near_hint(name, hosts.directors, "name there")
            path.report(f"directors has {shown(name)}, which is not in the group directors{hint}")
        elif name in result:
            path.report(f"directors has {name} twice")
        else:
            result.append(name)
    return result


def checking_time(services: Iterable[ServiceDraft]) -> int:
    """Seconds until every check has run once more, at most the longest preempt_delay.

    A director that was cut off has removed the real servers from its table. Before the checks it would refuse the clients.
    """
    checks = [check for service in services for check in service.checks]
    longest = max(((check["interval"] or 0) + (check["timeout"] or 0) for check in checks), default=0)
    return min(math.ceil(longest), LONGEST_DELAY)


def _instance(
    given: Mapping[str, Any],
    common: Mapping[str, Any],
    delay: int,
    hosts: Hosts,
    running: Sequence[Deployed],
    watching: _Watching,
    path: InventoryPath,
) -> InstanceDraft:
    own = {name: common[name] if given[name] is None else given[name] for name in INHERITED}
    vips = [known(vip) for vip in given["vips"] or ()]
    # The family of the adverts. The VIPs are not in the adverts, and may be of both families.
    family: Family = vips[0].family if vips else "ipv4"
    if repeated := [vip.text for vip, times in Counter(vips).items() if times > 1]:
        path.report(f"vips has {listed(repeated)} twice")
    if family == "ipv6":
        # RFC 5798: IPv6 needs version 3
        if given["version"] == 2:
            path.report("version is 2, which has no IPv6")
        own["version"] = 3
    if own["version"] == 3:
        if given["auth_pass"] is not None:
            path.report(NO_AUTHENTICATION + _by_profile(common, "version"))
        own["auth_pass"] = None
    _check_times(own, common, path)
    check_block(given["raw"], "vrrp_instance", path)
    directors = _with_priorities(given["directors"], own, family, hosts, path)
    track = _track(given, directors, own["preempt"], hosts, watching, path)
    moved: list[MovedAddress] = [
        {"address": vip.text, "prefix": vip_prefix(common["vip_prefix"], vip.family)} for vip in dict.fromkeys(vips)
    ]
    delay_given = own["preempt_delay"] is not None
    return InstanceDraft(
        path=path,
        name=given["name"],
        family=family,
        version=own["version"],
        advert_interval=own["advert_interval"],
        down_timer_adverts=own["down_timer_adverts"],
        preempt=own["preempt"],
        preempt_delay=own["preempt_delay"] if delay_given else delay if own["preempt"] else 0,
        delay_given=delay_given,
        virtual_router_id=given["virtual_router_id"],
        running=running,
        auth_pass=own["auth_pass"],
        unicast=own["unicast"],
        garp_master_delay=common["garp_master_delay"],
        garp_master_repeat=common["garp_master_repeat"],
        garp_master_refresh=common["garp_master_refresh"],
        vmac=own["vmac"],
        raw=[*common["raw"], *given["raw"]],
        vips=moved,
        routes=read_routes(given["routes"], moved, directors, hosts, path),
        rules=read_rules(given["rules"], path),
        track=track,
        notify=read_notify(given["notify"], schema.EVENTS, watching.notify, path, watching.files),
        directors=directors,
    )


def _track(
    given: Mapping[str, Any],
    directors: Sequence[InstanceDirector],
    preempt: bool,
    hosts: Hosts,
    watching: _Watching,
    path: InventoryPath,
) -> Track:
    """What an instance watches. In a group it is only what the instance itself says: the group has the track of lvs_vrrp."""
    grouped = given["name"] in watching.grouped
    track = read_track(
        given["track"], nothing() if grouped else watching.track, path, watching.watched, watching.files, hosts
    )
    its_own = isinstance(given["track"], dict) and given["track"].get("interfaces") is not None
    check_track(track, [one["host"] for one in directors], hosts, path if its_own else watching.path)
    if not grouped:
        check_weights(track, directors, preempt, path)
    return track


def vip_prefix(given: int | None, family: Family) -> int:
    """The prefix length of a VIP on the director: vip_prefix if it fits the family, else that of a single address."""
    if given is not None and (given <= 32) == (family == "ipv4"):
        return given
    return BITS[family]


def check_prefix(given: int | None, vips: Iterable[str], path: InventoryPath) -> None:
    """Report a prefix length that fits no VIP."""
    families = {family_of(vip) for vip in vips}
    if given is not None and families and all(vip_prefix(given, family) != given for family in families):
        path.report(f"vip_prefix is {given}, which fits no VIP: 1 to 32 is for IPv4, 33 to 128 for IPv6")


def _check_times(own: Mapping[str, Any], common: Mapping[str, Any], path: InventoryPath) -> None:
    interval = own["advert_interval"]
    if own["version"] == 2 and (not isinstance(interval, int) or interval < 1):
        by_profile = _by_profile(common, "advert_interval") if interval == common["advert_interval"] else ""
        path.report(
            f"advert_interval is {interval}, but VRRP version 2 takes whole seconds"
            f"{by_profile or ': version 3 takes fractions'}"
        )
    if own["version"] == 3 and interval >= 40.96:
        path.report(f"advert_interval is {interval}, but VRRP version 3 takes less than 40.96 seconds")
    if not own["preempt"] and own["preempt_delay"]:
        path.report(f"preempt_delay is {own['preempt_delay']}, but preempt is false, so there is nothing to delay")


def _with_priorities(
    names: list[str], own: Mapping[str, Any], family: Family, hosts: Hosts, path: InventoryPath
) -> list[InstanceDirector]:
    """The instance's directors with their addresses and priorities, which must all differ."""
    result: list[InstanceDirector] = []
    holders: dict[int, str] = {}
    for index, name in enumerate(names):
        host = hosts.directors[name]
        priority = own["priority"] - index * own["priority_step"] if host.priority is None else host.priority
        if priority < 1:
            path.report(
                f"priorities run out at {name}, director {index + 1} of {len(names)}: priority {own['priority']}"
                f" less {index} times priority_step {own['priority_step']} is {priority}, and the lowest allowed is 1"
            )
            break
        if (other := holders.setdefault(priority, name)) != name:
            path.report(
                f"{other} and {name} have the same priority, {priority}: chance would decide which is preferred"
            )
        link = host.vrrp
        address = link.addresses.get(family)
        if address is None and own["unicast"] and link.address:
            path.report(
                f"unicast is true, but {name} has no {FAMILY_NAMES[family]} address to send from"
                + (f" on {link.interface}, where it speaks VRRP" if link.interface != host.interface else "")
            )
        result.append(
            {"host": name, "address": address or link.address, "interface": link.interface, "priority": priority}
        )
    return result


def _check_instances(instances: Sequence[InstanceDraft]) -> None:
    """Each name, router id and VIP must belong to a single instance."""
    names: dict[str, int] = {}
    routers: dict[tuple[Family, int], int] = {}
    holders: dict[str, int] = {}
    for index, instance in enumerate(instances):
        name, router_id, path = instance.name, instance.virtual_router_id, instance.path
        if name is not None and (first := names.setdefault(name, index)) != index:
            path.report(f"the name is already that of instances[{first}]")
        if router_id is not None and (first := routers.setdefault((instance.family, router_id), index)) != index:
            path.report(
                f"virtual_router_id {router_id} is already that of {instances[first].called}:"
                " on one segment every instance of a family needs its own"
            )
        for vip in instance.vips:
            if (first := holders.setdefault(vip["address"], index)) != index:
                path.report(
                    f"VIP {vip['address']} is already in {instances[first].called}: two directors could hold it at once"
                )


def _check_every_vip(vips: Iterable[str], instances: Sequence[InstanceDraft], path: InventoryPath) -> None:
    held = {vip["address"] for instance in instances for vip in instance.vips}
    for vip in vips:
        if vip not in held:
            path.report(f"no instance has the VIP {vip}, so no director would hold it: add it to the vips of one")


def check_unused(given: Any, stack: str, mistakes: Mistakes) -> None:
    """Warn of what another stack cannot do. It is no mistake: lvs_stack may be changed later. A profile is a promise, though."""
    unused = [name for name in ("track", "notify", "sync_groups") if isinstance(given, dict) and given.get(name)]
    if unused:
        why = (
            "one director holds the VIPs, whatever happens"
            if stack == "static"
            else "heartbeat watches the other director alone"
        )
        InventoryPath("lvs_vrrp", mistakes).warn(
            f"{listed(unused)} {'is' if len(unused) == 1 else 'are'} set, but lvs_stack is {stack}: {why}"
        )
    if isinstance(given, dict) and given.get("profile") not in (None, "standard"):
        way_out = (
            "there is no second director that could take over"
            if stack == "static"
            else "heartbeat takes over after deadtime of lvs_heartbeat"
        )
        InventoryPath("lvs_vrrp", mistakes).report(
            f"profile is {shown(given['profile'])}, but lvs_stack is {stack}, which has no VRRP: {way_out}. Leave profile out"
        )
