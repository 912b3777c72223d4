# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ha.cf, haresources and authkeys as an inventory: lvs_heartbeat, lvs_sync, and the gateway of lvs_nat.

Source of the defaults and the forms of ha.cf: config.c of heartbeat.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Sequence

from ...module_utils.deployed import HA_CF, HARESOURCES
from ..cluster import schema
from ..cluster.addresses import BITS, Network, family_of, known, parse
from ..cluster.mistakes import listed, nearest
from ..cluster.raw import HA_CF as DIRECTIVES
from . import haresources, ldirectord
from .ldirectord_answers import fits
from .notes import Notes
from .types import Adopted, HostFacts, Level

AUTHKEYS = "/etc/ha.d/authkeys"
UNIT = "heartbeat.service"
TIMES = ("keepalive", "warntime", "deadtime", "initdead")
# What the roles write themselves, or what follows from other keys
OWN = ("node", "ucast", "mcast", "bcast", "udp", "udpport", "auto_failback", "nice_failback", *TIMES)
MEDIA = ("ucast", "mcast", "bcast")
PACEMAKER = ("crm", "pacemaker")
TRUE = ("1", "y", "yes", "true", "on")
DEFAULT_PORT = 694
_TIME = re.compile(r"([0-9.]+)\s*(ms|msec|us|usec)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Directive:
    """A line of ha.cf."""

    line: int
    name: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The line as it would be written again."""
        return " ".join((self.name, *self.words))


@dataclass
class Reading:
    """What has been found so far."""

    host: HostFacts
    variables: dict[str, Any] = field(default_factory=dict)
    heartbeat: dict[str, Any] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    def note(self, level: Level, path: str, line: int, text: str) -> None:
        """Tell something about a line."""
        told = {"explained": self.notes.explained, "not_expressed": self.notes.lost, "raw": self.notes.raw}
        told[level](f"{path}:{line}", text)


def read(host: HostFacts, typed: Sequence[dict[str, Any]] = ()) -> Adopted:
    """What heartbeat's files say on a host. The nodes are in `hosts`, the preferred one first.

    `typed` are the services of an IPVS table that no ldirectord manages.
    """
    files = host["files"]
    reading = Reading(host)
    if HA_CF not in files:
        return _without(reading)
    directives = _directives(reading)
    resources = haresources.read_resources(files)
    if crm := next(
        (one for one in directives if one.name in PACEMAKER and one.words[:1] != ("off",) and one.words[:1] != ("no",)),
        None,
    ):
        reading.note(
            "not_expressed",
            HA_CF,
            crm.line,
            "Pacemaker decides where the resources are, and haresources is not used: this cluster cannot be adopted before it does",
        )
        return {"variables": {}, "hosts": {}, "notes": reading.notes.all()}
    services = list(typed) or ldirectord.read(host)["variables"].get("lvs_services", [])
    if typed and not _moves_one(resources, typed):
        reading.notes.explained(
            HARESOURCES, "heartbeat moves no VIP of the table that somebody has typed: its files were not read"
        )
        return {"variables": {}, "hosts": {}, "notes": reading.notes.all()}
    if not services and not any(one.name in haresources.LDIRECTORD for one in resources):
        reading.notes.explained(HARESOURCES, "heartbeat moves no ldirectord: its files were not read")
        return {"variables": {}, "hosts": {}, "notes": reading.notes.all()}
    _times(reading, directives)
    _media(reading, directives, main_interface(host, services))
    _failback(reading, directives)
    nodes = _nodes(reading, directives, resources)
    _others(reading, directives)
    _key(reading)
    _resources(reading, resources, services)
    if reading.raw:
        reading.heartbeat["raw"] = reading.raw
    variables = {"lvs_stack": "ldirectord", **reading.variables}
    if reading.heartbeat:
        variables["lvs_heartbeat"] = reading.heartbeat
    return {"variables": variables, "hosts": {name: {} for name in nodes}, "notes": reading.notes.all()}


def _moves_one(resources: Sequence[haresources.Resource], services: Sequence[Mapping[str, Any]]) -> bool:
    """Whether heartbeat moves a VIP of the services, as far as they are known: those of marks may not be."""
    moved = {
        one.address
        for resource in resources
        if resource.name in haresources.ADDRESSES
        for one in haresources.moved(resource)
    }
    return any((moved and not service.get("vip")) or moved & set(_listed(service.get("vip"))) for service in services)


def _without(reading: Reading) -> Adopted:
    """An ldirectord without heartbeat: its VIPs stay where they are."""
    services = ldirectord.read(reading.host)["variables"].get("lvs_services", [])
    here = {str(one["address"]): int(one["prefix"]) for one in reading.host["addresses"]}
    vips = [vip for service in services for vip in _listed(service.get("vip")) if vip in here]
    if vips:
        reading.notes.explained("ip address", "nothing moves the VIPs: site.yml has heartbeat add them")
        chosen = Counter(here[vip] for vip in vips if family_of(vip) == "ipv4").most_common(1)
        if chosen and chosen[0][0] != BITS["ipv4"] and fits(schema.HEARTBEAT["vip_prefix"], chosen[0][0]):
            reading.heartbeat["vip_prefix"] = chosen[0][0]
    variables = {"lvs_heartbeat": reading.heartbeat} if reading.heartbeat else {}
    return {"variables": variables, "hosts": {}, "notes": reading.notes.all()}


def _directives(reading: Reading) -> list[Directive]:
    """The lines of ha.cf. A word that heartbeat does not know is explained."""
    found = []
    for number, line in enumerate(reading.host["files"][HA_CF].splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        name = words[0]
        if name not in DIRECTIVES:
            near = name.lower() if name.lower() in DIRECTIVES else nearest(name.lower(), DIRECTIVES, cutoff=0.75)
            what = f"{name} is no directive of ha.cf, so heartbeat does not start"
            if near is None:
                reading.note("not_expressed", HA_CF, number, f"{what}: left out")
                continue
            reading.note("explained", HA_CF, number, f"{what}. It is read as {near}, the nearest")
            name = near
        found.append(Directive(number, name, tuple(words[1:])))
    return found


def _last(directives: Sequence[Directive], name: str) -> Directive | None:
    return next((one for one in reversed(directives) if one.name == name and one.words), None)


def seconds(text: str) -> float | None:
    """A time of ha.cf, which without a unit is in seconds; None if it is none."""
    match = _TIME.match(text)
    if match is None or match[1].count(".") > 1 or match[1] == ".":
        return None
    unit = (match[2] or "").lower()
    value = float(match[1]) * (0.001 if unit.startswith("m") else 0.000001 if unit else 1)
    return round(value, 3)


def _times(reading: Reading, directives: Sequence[Directive]) -> None:
    """The times, with heartbeat's defaults for those that are missing."""
    given: dict[str, float] = {}
    lines: dict[str, int] = {}
    for name in TIMES:
        if directive := _last(directives, name):
            lines[name] = directive.line
            value = seconds("".join(directive.words))
            if value is None:
                reading.note(
                    "explained",
                    HA_CF,
                    directive.line,
                    f"{name} is no time, so heartbeat does not start. Read as not set",
                )
            else:
                given[name] = value
    keepalive, dead = given.get("keepalive", 1), given.get("deadtime", 30)
    usual = {
        "keepalive": keepalive,
        "deadtime": dead,
        "warntime": dead / 2,
        "initdead": dead if dead > 10 else 12 if dead < 6 else 2 * dead,
    }
    times = {name: _whole(given.get(name, usual[name])) for name in TIMES}
    if not times["keepalive"] < times["warntime"] < times["deadtime"]:
        _replace(reading, lines, times, "warntime", _whole((times["keepalive"] + times["deadtime"]) / 2))
    if times["initdead"] <= times["deadtime"]:
        _replace(reading, lines, times, "initdead", max(60, 2 * times["deadtime"]))
    for name, time in times.items():
        if fits(schema.HEARTBEAT[name], time):
            if time != schema.HEARTBEAT[name].default:
                reading.heartbeat[name] = time
        else:
            what = schema.HEARTBEAT[name].validator.what
            reading.note(
                "not_expressed",
                HA_CF,
                lines.get(name, 1),
                f"{name} is {time:g} seconds, but the inventory takes {what}",
            )


def _replace(reading: Reading, lines: dict[str, int], times: dict[str, float], name: str, value: float) -> None:
    limit = "between keepalive and deadtime" if name == "warntime" else "more than deadtime"
    reading.note(
        "explained",
        HA_CF,
        lines.get(name, 1),
        f"{name} is {times[name]:g} seconds, but has to be {limit}: {value:g} here",
    )
    times[name] = value


def _whole(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _media(reading: Reading, directives: Sequence[Directive], main: str | None) -> None:
    """How the nodes speak on their main interface. Any other way is kept in heartbeat's own words."""
    media = list(_each_medium(directives))
    if main is None and media:
        main = media[0].words[0]
    here = [one for one in media if one.words[0].partition(":")[0] == main]
    kind = next((kind for kind in MEDIA if any(one.name == kind for one in here)), "ucast")
    chosen = [one for one in here if one.name == kind]
    ports = [int(one.words[0]) for one in directives if one.name == "udpport" and one.words and one.words[0].isdigit()]
    port = ports[-1] if ports else DEFAULT_PORT
    if kind == "mcast" and chosen:
        _device, group, own_port = (*chosen[0].words, "", "")[:3]
        if parse(group) and group != schema.HEARTBEAT["multicast_group"].default:
            reading.heartbeat["multicast_group"] = group
        port = int(own_port) if own_port.isdigit() else port
        chosen = chosen[:1]
    if kind != schema.HEARTBEAT["transport"].default:
        reading.heartbeat["transport"] = kind
    if port != schema.HEARTBEAT["port"].default:
        reading.heartbeat["port"] = port
    for one in media:
        if one not in chosen:
            _keep(reading, one, "another way for the nodes to speak")
    if media and not chosen:
        reading.note(
            "explained",
            HA_CF,
            media[0].line,
            f"the nodes also speak on {main} from now on, by ucast: it is their main interface",
        )


def _each_medium(directives: Sequence[Directive]) -> Iterator[Directive]:
    """Each interface with the way to speak there. `udp` is a former name of bcast, which takes several interfaces."""
    for one in directives:
        if one.name in ("bcast", "udp"):
            for word in one.words:
                yield Directive(one.line, "bcast", (word,))
        elif one.name in MEDIA and one.words:
            yield one


def main_interface(host: HostFacts, services: Sequence[dict[str, Any]]) -> str | None:
    """The interface of the network that holds the VIPs, or that of the default route."""
    vips = [vip for service in services for vip in _listed(service.get("vip"))]
    holding = [network.interface for network in _networks(host) for vip in vips if network.holds(known(vip))]
    default = [str(route["dev"]) for route in host["routes"] if route.get("dst") == "default" and route.get("dev")]
    return next(iter([*holding, *default]), None)


def _keep(reading: Reading, directive: Directive, why: str) -> None:
    reading.raw.append(directive.text)
    reading.note("raw", HA_CF, directive.line, f"{directive.name}: {why}, kept in heartbeat's own words")


def _failback(reading: Reading, directives: Sequence[Directive]) -> None:
    directive, former = _last(directives, "auto_failback"), _last(directives, "nice_failback")
    value = directive.words[0].lower() if directive else "legacy"
    if directive is None and former is not None:
        # nice_failback on is auto_failback off
        value = "off" if former.words[0].lower() in TRUE else "legacy"
        reading.note("explained", HA_CF, former.line, f"nice_failback is a former name: it means auto_failback {value}")
    if value == "legacy":
        line = directive.line if directive else former.line if former else 1
        reading.note(
            "explained",
            HA_CF,
            line,
            "auto_failback is legacy, which is its default: the preferred node takes everything back, as with on",
        )
    elif value not in TRUE:
        reading.heartbeat["auto_failback"] = False


def _nodes(reading: Reading, directives: Sequence[Directive], resources: Sequence[haresources.Resource]) -> list[str]:
    """The nodes, the preferred one first. heartbeat takes their names in small letters."""
    named = {name: one.line for one in directives if one.name == "node" for name in one.words}
    own = reading.host["hostname"]
    if own.lower() not in (name.lower() for name in named):
        reading.note(
            "explained",
            HA_CF,
            1,
            f"uname -n says {own}, which is no node of ha.cf: heartbeat does not start on this host",
        )
    if len(named) > 2:
        reading.note(
            "not_expressed", HA_CF, 1, f"ha.cf has the nodes {listed(named)}, but the stack ldirectord takes two"
        )
    if len(named) == 1:
        reading.note(
            "explained",
            HA_CF,
            next(iter(named.values())),
            "ha.cf has one node, and heartbeat waits for ever for a second one before it takes resources: site.yml adds one that is not"
            " there, which heartbeat gives up after initdead",
        )
    preferred = list(dict.fromkeys(resource.node for resource in resources))
    if len(preferred) > 1:
        reading.note(
            "not_expressed",
            HARESOURCES,
            next(one.line for one in resources if one.node == preferred[1]),
            f"{listed(preferred)} have resources of their own. In an inventory one director has all of them: {preferred[0]}, as long as it"
            " lives",
        )
    for name in preferred:
        if name.lower() not in (node.lower() for node in named):
            near = nearest(name, named)
            hint = f". The nearest is {near}" if near else ""
            line = next(one.line for one in resources if one.node == name)
            reading.note(
                "explained", HARESOURCES, line, f"{name} is no node of ha.cf, so heartbeat does not start{hint}"
            )
    order = [node for first in preferred for node in named if node.lower() == first.lower()]
    return list(dict.fromkeys([*order, *named]))


def _others(reading: Reading, directives: Sequence[Directive]) -> None:
    """What has no key."""
    for one in directives:
        if one.name in OWN or one.name in PACEMAKER:
            continue
        if one.name == "logfacility" and one.words == ("daemon",):
            continue
        if fits(schema.HEARTBEAT["raw"], [one.text]):
            why = (
                "names a program by a path that another distribution does not have"
                if one.name == "respawn"
                else "no key has it"
            )
            _keep(reading, one, why)


def _key(reading: Reading) -> None:
    """The key of authkeys. It must be in no note."""
    text = reading.host["files"].get(AUTHKEYS)
    if text is None:
        reading.notes.lost(
            AUTHKEYS,
            "not there: set key of lvs_heartbeat to the key of the nodes, or they do not hear each other during the take-over",
        )
        return
    lines = [
        (number, words)
        for number, line in enumerate(text.splitlines(), start=1)
        if (words := line.partition("#")[0].split())
    ]
    chosen = next((words[1] for _number, words in lines if words[0] == "auth" and len(words) > 1), None)
    line, method, key = next(
        (
            (number, words[1], words[2] if len(words) > 2 else None)
            for number, words in lines
            if words[0] == chosen and len(words) > 1
        ),
        (1, None, None),
    )
    if chosen is None or method is None or not chosen.isdigit():
        reading.note(
            "not_expressed",
            AUTHKEYS,
            line,
            "this file chooses no key (auth NUMBER, NUMBER METHOD KEY): heartbeat does not start",
        )
        return
    if int(chosen) != schema.HEARTBEAT["auth_number"].default:
        reading.heartbeat["auth_number"] = int(chosen)
    if method == "crc":
        reading.heartbeat["key"] = None
        reading.note("explained", AUTHKEYS, line, "crc has no key: any host on the segment could take the VIPs")
        return
    if not fits(schema.HEARTBEAT["auth_method"], method):
        reading.note("not_expressed", AUTHKEYS, line, "heartbeat has no such method: it has sha1, md5 and crc")
        return
    if method != schema.HEARTBEAT["auth_method"].default:
        reading.heartbeat["auth_method"] = method
    if key is not None and fits(schema.HEARTBEAT["key"], key):
        reading.heartbeat["key"] = key
    else:
        reading.note(
            "not_expressed",
            AUTHKEYS,
            line,
            f"this key is not {schema.HEARTBEAT['key'].validator.what}. Give both nodes another one before the take-over, or they do not"
            " hear each other during it",
        )


def _resources(reading: Reading, resources: Sequence[haresources.Resource], services: Sequence[dict[str, Any]]) -> None:
    addresses: list[haresources.MovedAddress] = []
    for resource in resources:
        if resource.name in haresources.ADDRESSES:
            found = haresources.moved(resource)
            if not found:
                reading.note(
                    "not_expressed", HARESOURCES, resource.line, f"{resource.name} has no address that can be read"
                )
            addresses += found
        elif resource.name == haresources.SYNC:
            reading.variables["lvs_sync"] = {"enabled": True, **_sync(reading, resource.line)}
        elif resource.name not in haresources.LDIRECTORD:
            _other_resource(reading, resource)
    _addresses(reading, addresses, services)


def _other_resource(reading: Reading, resource: haresources.Resource) -> None:
    if resource.name == "MailTo":
        what = "MailTo is left out: nobody gets mail when the VIPs move (lvs_mail tells of real servers)"
    else:
        what = (
            f"heartbeat also moves {resource.name}. site.yml does not manage that, and refuses to take over a director with it: give it"
            " another place first"
        )
    reading.note("not_expressed", HARESOURCES, resource.line, what)


def _sync(reading: Reading, line: int) -> dict[str, Any]:
    """The settings of the sync daemon that runs, which LVSSyncDaemonSwap has in itself."""
    ipvs = reading.host["ipvs"] or {}
    daemons = ipvs.get("daemons") or []
    if not daemons:
        return {}
    daemon, found = daemons[0], {}
    for key, name in (("id", "syncid"), ("group", "group"), ("port", "port"), ("ttl", "ttl")):
        value = daemon.get(name)
        if value is None or value == schema.SYNC[key].default:
            continue
        if fits(schema.SYNC[key], value):
            found[key] = value
        else:
            reading.note(
                "explained",
                HARESOURCES,
                line,
                f"the sync daemon has {name} {value}, the inventory {schema.SYNC[key].default}",
            )
    return found


def _addresses(
    reading: Reading, addresses: Sequence[haresources.MovedAddress], services: Sequence[dict[str, Any]]
) -> None:
    """Compare the addresses that heartbeat moves with the VIPs of the services."""
    vips = [vip for service in services for vip in _listed(service.get("vip"))]
    all_known = all(service.get("vip") for service in services)
    _prefixes(reading, [one for one in addresses if one.address in vips or not all_known])
    gateways = {}
    for one in addresses:
        _details(reading, one)
        if one.address in vips or not all_known:
            continue
        if any("nat" in _forwards(service) for service in services) and family_of(one.address) not in gateways:
            gateways[family_of(one.address)] = one.address
            reading.note(
                "explained",
                HARESOURCES,
                one.line,
                f"{one.address} is no VIP: read as the gateway of real servers with nat",
            )
        else:
            reading.note(
                "not_expressed",
                HARESOURCES,
                one.line,
                f"{one.address} is no VIP of a service: site.yml does not move it",
            )
    if gateways:
        names = {"ipv4": "gateway", "ipv6": "gateway6"}
        reading.variables["lvs_nat"] = {names[family]: address for family, address in gateways.items()}
    there = {one.address for one in addresses}
    for vip in dict.fromkeys(vips):
        if addresses and vip not in there:
            reading.note(
                "explained",
                HARESOURCES,
                addresses[0].line,
                f"VIP {vip} of a service is not here: site.yml has heartbeat move it",
            )


def _forwards(service: Mapping[str, Any]) -> set[str]:
    return {service.get("forward", "dr"), *(server.get("forward", "dr") for server in service["real_servers"])}


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [] if given is None else [given]


def _prefixes(reading: Reading, addresses: Sequence[haresources.MovedAddress]) -> None:
    """One prefix length for all VIPs of a family."""
    found = {one.address: one.prefix or _prefix(reading.host, one.address) for one in addresses}
    for family in ("ipv4", "ipv6"):
        prefixes = [prefix for address, prefix in found.items() if prefix and family_of(address) == family]
        if not prefixes:
            continue
        chosen = Counter(prefixes).most_common(1)[0][0]
        others = [
            one for one in addresses if family_of(one.address) == family and found[one.address] not in (None, chosen)
        ]
        if chosen != BITS[family] and "vip_prefix" in reading.heartbeat:
            reading.note(
                "not_expressed",
                HARESOURCES,
                addresses[0].line,
                f"vip_prefix is that of IPv4: VIPs of IPv6 get {BITS[family]}",
            )
        elif chosen != BITS[family] and fits(schema.HEARTBEAT["vip_prefix"], chosen):
            reading.heartbeat["vip_prefix"] = chosen
        for one in others:
            reading.note(
                "not_expressed",
                HARESOURCES,
                one.line,
                f"{one.address} has another prefix length than the others: {chosen} here",
            )


def _networks(host: HostFacts) -> list[Network]:
    """The networks that a host is connected to."""
    return [
        Network(one["interface"], address.family, address.number, int(one["prefix"]))
        for one in host["addresses"]
        if (address := parse(one["address"])) and not address.special and int(one["prefix"]) < BITS[address.family]
    ]


def _prefix(host: HostFacts, vip: str) -> int | None:
    """The prefix length that the VIP has on this host, or that of the network which holds it, as heartbeat's scripts find it."""
    there = [int(one["prefix"]) for one in host["addresses"] if one["address"] == vip]
    return next(iter(there), None) or next(
        (network.prefix for network in _networks(host) if network.holds(known(vip))), None
    )


def _details(reading: Reading, one: haresources.MovedAddress) -> None:
    """What the roles find by themselves, where it is not the same."""
    if one.label:
        reading.note(
            "explained",
            HARESOURCES,
            one.line,
            f"the label {one.label} of {one.address} is left out: only ifconfig needs one",
        )
    holding = [network for network in _networks(reading.host) if network.holds(known(one.address))]
    if one.interface and holding and one.interface not in [network.interface for network in holding]:
        reading.note(
            "not_expressed",
            HARESOURCES,
            one.line,
            f"{one.address} is moved on {one.interface}, but its network is that of {holding[0].interface}, where site.yml adds it",
        )
    if (
        one.broadcast
        and one.prefix
        and ":" not in one.address
        and known(one.broadcast).number != known(one.address).number | ((1 << 32 - one.prefix) - 1)
    ):
        reading.note(
            "explained", HARESOURCES, one.line, f"the broadcast address of {one.address} becomes that of its network"
        )
