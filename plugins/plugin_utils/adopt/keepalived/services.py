# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual servers of a keepalived.conf as `lvs_services`. Sources: check_parser.c and check_data.c of 2.2.7."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Sequence

from ....module_utils.ipvs.types import FLAGS_OF, PLAIN_FLAGS
from ...cluster import schema
from ...cluster.addresses import family_of
from ...cluster.localnode import FIRST_MARK
from ...cluster.raw import KEYS
from ..marks import Mark
from ..notes import Notes
from ..service_names import service_name
from . import checks
from .blocks import Line
from .taking import Taking, number, put, script, with_words
from .words import CHECKS

METHODS = {"NAT": "nat", "DR": "dr", "TUN": "tun"}
CHECKSUMS = {"nocsum": "none", "csum": "csum", "remcsum": "remcsum"}
IPIP = {"type": "ipip"}
FLAGS = (*PLAIN_FLAGS, *(flag for flags in FLAGS_OF.values() for flag in flags))
DEFAULT_SCHEDULER = "wlc"
DEFAULT_PERSISTENCE = 360
MOST_ADDRESSES = 256  # of a range; more are an error of keepalived, too


@dataclass(frozen=True)
class At:
    """The addresses of a virtual server: (VIP, port) each, or a mark."""

    addresses: Sequence[tuple[str, int]] = ()
    fwmark: int | None = None


@dataclass(frozen=True)
class Around:
    """What a virtual server has to know of the rest.

    `groups` are the blocks virtual_server_group by name, `vips` what VRRP moves, `marked` the rules that mark packets, `networks`
    the network of each address of the host, `own` its addresses, and `files` the paths of the blocks track_file.
    """

    groups: Mapping[str, Line] = field(default_factory=dict)
    vips: Sequence[str] = ()
    marked: Sequence[Mark] = ()
    networks: Mapping[str, str] = field(default_factory=dict)
    own: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def read(top: Line, around: Around, notes: Notes) -> list[dict[str, Any]]:
    """All services."""
    found: list[dict[str, Any]] = []
    names: set[str] = set()
    own_marks = _marks_of_checks(top)
    for line in top.inside:
        if line.name != "virtual_server":
            continue
        places = list(_places(line, around, notes))
        for at in places:
            if at.fwmark is not None and (at.fwmark in own_marks or _is_own(line, at.fwmark, around)):
                continue  # of the roles, for a director that also serves, or for checks through a VIP
            service = _service(line, at, around, notes)
            service["name"] = service_name(service, names)
            names.add(service["name"])
            found.append({"name": service.pop("name"), **service})
        if len(places) > 1:
            notes.explained(
                line.where,
                f"{' '.join(line.words)} is {len(places)} services now, since not every one of its addresses has every port:"
                " each is checked on its own",
            )
    return found


def _is_own(line: Line, fwmark: int, around: Around) -> bool:
    """Whether a service is one of the roles, which delivers on a director that also serves what others have sent there."""
    servers = [one.word(1) for one in line.inside if one.name == "real_server"]
    return fwmark >= FIRST_MARK and len(servers) == 1 and servers[0] in around.own


def _marks_of_checks(top: Line) -> set[int]:
    """The marks by which the roles ask one real server through a VIP."""
    return {
        int(mark)
        for service in top.inside
        for server in service.inside
        for check in server.inside
        if check.name in CHECKS
        for line in check.inside
        if line.name == "fwmark" and isinstance(mark := number(line.word(1)), int)
    }


def _places(line: Line, around: Around, notes: Notes) -> Iterator[At]:
    """Where a virtual server is: at an address, at a mark, or at those of a group, together if they can be one service."""
    if line.word(1) != "group":
        yield from _place(line.words[1:], line, notes)
        return
    group = around.groups.get(line.word(2))
    if group is None:
        notes.lost(
            line.where, f"there is no virtual_server_group {line.word(2)}: keepalived ignores this virtual server"
        )
        return
    each = [at for one in group.inside for at in _place(one.words, one, notes)]
    yield from (at for at in each if at.fwmark is not None)
    addresses = [address for at in each for address in at.addresses]
    for family in ("ipv4", "ipv6"):
        own = [one for one in addresses if family_of(one[0]) == family]
        vips, ports = dict.fromkeys(vip for vip, _port in own), dict.fromkeys(port for _vip, port in own)
        if set(own) == {(vip, port) for vip in vips for port in ports}:
            if own:
                yield At(own)
        else:
            yield from (At([one]) for one in own)
    if len(addresses) > 1:
        notes.explained(
            group.where,
            f"the group {line.word(2)} gets another name, so the first site.yml removes its addresses from the table and adds them"
            " again within milliseconds: connections that begin meanwhile are refused",
        )


def _place(words: Sequence[str], line: Line, notes: Notes) -> Iterator[At]:
    """`IP PORT`, `IP-LAST PORT`, or `fwmark N`."""
    if words[:1] == ["fwmark"]:
        mark = number(words[1]) if len(words) > 1 else None
        if isinstance(mark, int):
            yield At(fwmark=mark)
            return
    elif words:
        port = number(words[1]) if len(words) > 1 else 0
        vips = addresses_of(words[0])
        if vips and isinstance(port, int):
            yield At([(vip, port) for vip in vips])
            return
    notes.lost(line.where, f"{' '.join(words)} is no address with a port and no fwmark")


def addresses_of(text: str) -> list[str]:
    """The addresses of `192.0.2.10` or `192.0.2.10-20`; the last part of IPv6 is hexadecimal. Empty for what is none."""
    first, _dash, last = text.partition("-")
    try:
        start = ipaddress.ip_address(first.partition("/")[0])
        step, base = (65536, 16) if start.version == 6 else (256, 10)
        count = int(last, base) - int(start) % step + 1 if last else 1
    except ValueError:
        return []
    return [str(start + offset) for offset in range(min(count, MOST_ADDRESSES))]


def _service(line: Line, at: At, around: Around, notes: Notes) -> dict[str, Any]:
    block = Taking(line, "virtual_server", notes)
    service: dict[str, Any] = {}
    family = block.value("ip_family")
    protocol = (block.value("protocol") or "").lower()
    if at.fwmark is not None:
        _marked(service, at.fwmark, family, block, around, notes)
    else:
        vips = list(dict.fromkeys(vip for vip, _port in at.addresses))
        ports = list(dict.fromkeys(port for _vip, port in at.addresses))
        service["vip"], service["port"] = _single(vips), _single(ports)
        if not protocol:
            notes.explained(
                line.where, "no protocol is set, and keepalived takes UDP then: protocol is udp in the inventory"
            )
        put(service, schema.SERVICE, "protocol", _tcp_left_out(protocol or "udp"), line.where, notes)
    _scheduling(service, block, notes)
    method = _method(block.last("lvs_method"), notes)
    if method is None:
        notes.explained(
            line.where, "no lvs_method is set, and keepalived takes NAT then: forward is nat in the inventory"
        )
        method = {"forward": "nat"}
    put(service, schema.SERVICE, "forward", method["forward"], line.where, notes)
    if method.get("tunnel", IPIP) != IPIP:
        service["tunnel"] = method["tunnel"]
    _persistence(service, block, notes)
    for name, word in (("quorum", "quorum"), ("hysteresis", "hysteresis")):
        put(service, schema.SERVICE, name, block.number(word), line.where, notes)
    for name in ("alpha", "omega"):
        put(service, schema.SERVICE, name, block.flag(name), line.where, notes)
    put(service, schema.SERVICE, "one_packet", block.flag("ops"), line.where, notes)
    vips = service["vip"] if isinstance(service["vip"], list) else [service["vip"]]
    told = {
        name: script(one, schema.WORDED_SCRIPT["command"], notes)
        for name in schema.SERVICE_NOTIFY
        if (one := block.last(name))
    }
    first = {"vip": str(vips[0])} if vips else {}
    if told := {name: _worded(value, first) for name, value in told.items() if value is not None}:
        service["notify"] = told
    _servers(service, block, method, at, around, notes)
    _sorry_server(service, block, method, at, notes)
    if lines := block.raw(
        dict.fromkeys(KEYS["virtual_server"], "there is a key for it, but the inventory cannot have this value")
    ):
        service["raw"] = lines
    return service


def _single(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def _tcp_left_out(protocol: str) -> Any:
    return None if protocol == "tcp" else protocol


def _worded(value: Any, words: Mapping[str, str]) -> Any:
    """A script with words in place of addresses."""
    if isinstance(value, dict):
        return {**value, "command": with_words(value["command"], words)}
    return with_words(value, words)


def _marked(
    service: dict[str, Any], fwmark: int, family: str | None, block: Taking, around: Around, notes: Notes
) -> None:
    """A service of marked packets: which they are is in the rules of the packet filter."""
    where = block.where
    servers = [one.word(1) for one in block.line.inside if one.name == "real_server"]
    six = family == "inet6" if family else any(":" in address for address in servers)
    rules = [rule for rule in around.marked if rule.fwmark == fwmark and (":" in rule.vip) == six]
    vips = list(dict.fromkeys(rule.vip for rule in rules))
    if not vips:
        vips = [vip for vip in around.vips if (":" in vip) == six]
        notes.lost(
            where,
            f"no rule was found that marks packets with {fwmark}: vip has the addresses that move, if there are any, and ports is left"
            " out. Write both, and site.yml makes the rules",
        )
    service["vip"], service["fwmark"] = _single(vips), fwmark
    protocols = list(dict.fromkeys(rule.protocol for rule in rules if rule.protocol))
    ports = list(dict.fromkeys(port for rule in rules for port in rule.ports))
    if protocols and protocols != ["tcp"]:
        service["protocol"] = _single(protocols)
    if ports and all(rule.ports for rule in rules):
        service["ports"] = ports
        notes.explained(
            where,
            f"site.yml makes rules of its own that mark packets with {fwmark}. The rules that are there mark the same packets, and"
            " stay: remove them afterwards",
        )


def _scheduling(service: dict[str, Any], block: Taking, notes: Notes) -> None:
    scheduler = block.last("lvs_sched")
    name = scheduler.word(1) if scheduler else DEFAULT_SCHEDULER
    if scheduler is None:
        notes.explained(block.where, f"no lvs_sched is set, and keepalived takes {DEFAULT_SCHEDULER} then")
    where = scheduler.where if scheduler else block.where
    if not put(service, schema.SERVICE, "scheduler", name, where, notes):
        service["scheduler"] = DEFAULT_SCHEDULER
    if flags := [flag for flag in FLAGS if block.flag(flag)]:
        service["scheduler_flags"] = flags


def _method(line: Line | None, notes: Notes) -> dict[str, Any] | None:
    """forward and tunnel of a line `lvs_method TUN type gue port 6080 csum`."""
    if line is None:
        return None
    forward = METHODS.get(line.word(1).upper())
    if forward is None:
        notes.lost(line.where, f"{line.name} has {line.word(1) or 'no value'}, which is none of {' '.join(METHODS)}")
        return None
    words = line.words[2:]
    tunnel: dict[str, Any] = {}
    while words:
        word, *words = words
        if word in CHECKSUMS:
            tunnel["checksum"] = CHECKSUMS[word]
        elif word in ("type", "port") and words:
            tunnel[word] = words[0] if word == "type" else number(words[0])
            words = words[1:]
    if tunnel.get("checksum") == "none" or tunnel.get("type", "ipip") == "ipip":
        tunnel.pop("checksum", None)
    return {"forward": forward, **({"tunnel": {**IPIP, **tunnel}} if forward == "tun" else {})}


def _persistence(service: dict[str, Any], block: Taking, notes: Notes) -> None:
    line = block.last("persistence_timeout")
    netmask, engine = block.last("persistence_granularity"), block.last("persistence_engine")
    if line is not None:
        seconds = block.number_of(line) if line.word(1) else DEFAULT_PERSISTENCE
        if seconds == 0:
            notes.explained(line.where, "persistence_timeout 0 is no persistence")
        else:
            put(service, schema.SERVICE, "persistence", seconds, line.where, notes)
    elif netmask or engine:
        service["persistence"] = DEFAULT_PERSISTENCE
        at = netmask or engine
        notes.explained(
            at.where if at else block.where,
            f"{at.name if at else ''} turns persistence on, for {DEFAULT_PERSISTENCE} seconds without persistence_timeout",
        )
    if "persistence" not in service:
        return
    if netmask is not None and netmask.word(1) not in ("255.255.255.255", "128"):
        service["persistence_netmask"] = number(netmask.word(1)) or netmask.word(1)
    if engine is not None:
        put(service, schema.SERVICE, "persistence_engine", engine.word(1), engine.where, notes)


def _sorry_server(service: dict[str, Any], block: Taking, method: Mapping[str, Any], at: At, notes: Notes) -> None:
    line, own = block.last("sorry_server"), block.last("sorry_server_lvs_method")
    if line is None:
        return
    sorry: dict[str, Any] = {}
    if not put(sorry, schema.SORRY_SERVER, "address", line.word(1), line.where, notes):
        return
    port = number(line.word(2)) if line.word(2) else None
    if port and at.fwmark is None and port != service["port"]:
        sorry["port"] = port
    service["sorry_server"] = sorry
    if own and _method(own, notes) != method and own.word(1).upper() != "DR":
        notes.lost(own.where, "a sorry server is reached as the real servers are, but for one on the director itself")


def _servers(
    service: dict[str, Any], block: Taking, method: Mapping[str, Any], at: At, around: Around, notes: Notes
) -> None:
    """The real servers with their checks. What all of them have in common is the service's."""
    times = checks.Times.of(block, checks.Times())
    weight = block.number("weight")
    quiet = block.flag("inhibit_on_failure")
    host = block.value("virtualhost")
    found: list[dict[str, Any]] = []
    inhibited: list[bool] = []
    seen: set[tuple[str, int | None]] = set()
    for line in block.all("real_server"):
        taking = Taking(line, "real_server", notes)
        server: dict[str, Any] = {}
        if not put(server, schema.REAL_SERVER, "address", line.word(1), line.where, notes):
            continue
        port = number(line.word(2)) if line.word(2) else None
        if not isinstance(port, int) or not port or at.fwmark is not None:
            port = None
        elif port != service["port"]:
            server["port"] = port
        if (server["address"], port) in seen:
            notes.explained(line.where, f"{' '.join(line.words[1:3])} is there twice: the first one counts")
            continue
        seen.add((server["address"], port))
        _server(server, service, taking, weight, method, notes)
        inhibited.append(bool(quiet or taking.flag("inhibit_on_failure")))
        vips = service["vip"] if isinstance(service["vip"], list) else [service["vip"]]
        first = service.get("port", 0)
        asked = checks.Asked(
            address=server["address"],
            port=port or 0,
            vips=tuple(vips or [""]),
            vip_port=first[0] if isinstance(first, list) else first,
            virtualhost=taking.value("virtualhost") or host,
            networks=around.networks,
            files=around.files,
        )
        _health(server, taking, times, asked, notes)
        if lines := taking.raw():
            server["raw"] = [*lines, *server.pop("raw", [])]
        found.append(server)
    if found and all(inhibited):
        service["on_failure"] = "quiesce"
    else:
        for server, is_inhibited in zip(found, inhibited):
            if is_inhibited:
                server["raw"] = ["inhibit_on_failure", *server.get("raw", [])]
    _share_health(service, found)
    service["real_servers"] = found
    if host and not any("virtualhost" in str(server.get("health")) for server in [service, *found]):
        notes.explained(block.where, f"virtualhost {host} is for checks by HTTP, and there is none")


def _server(
    server: dict[str, Any],
    service: Mapping[str, Any],
    taking: Taking,
    weight: int | float | None,
    method: Mapping[str, Any],
    notes: Notes,
) -> None:
    """Everything of a real server but its checks."""
    own_weight = taking.number("weight")
    chosen = own_weight if own_weight is not None else weight
    if chosen not in (None, 1):
        put(server, schema.REAL_SERVER, "weight", chosen, taking.where, notes)
    own = _method(taking.last("lvs_method"), notes)
    if own and own != method:
        server.update(own if own["forward"] != method["forward"] else {"tunnel": own["tunnel"]})
        if server.get("forward") == "tun" and server["tunnel"] == IPIP:
            del server["tunnel"]
    for name, word in (("upper_threshold", "uthreshold"), ("lower_threshold", "lthreshold")):
        put(server, schema.REAL_SERVER, name, taking.number(word), taking.where, notes)
    words = {"address": server["address"]}
    if isinstance(service["vip"], str):
        words["vip"] = service["vip"]
    told = {
        name: script(line, schema.WORDED_SCRIPT["command"], notes)
        for name in schema.REAL_SERVER_NOTIFY
        if (line := taking.last(f"notify_{name}"))
    }
    if told := {name: _worded(value, words) for name, value in told.items() if value is not None}:
        server["notify"] = told


def _health(server: dict[str, Any], taking: Taking, times: checks.Times, asked: checks.Asked, notes: Notes) -> None:
    """The checks of a real server, those with a key in health, the others in raw."""
    own_times = checks.Times.of(taking, times)
    health: list[dict[str, Any]] = []
    for line in taking.all(*CHECKS):
        if checks.is_own(line):
            continue
        check = checks.read(line, own_times, asked, notes)
        if check is None:
            server.setdefault("raw", []).extend(line.texts())
            notes.raw(
                line.where,
                f"this {line.name} of {asked.address} has something without a key: kept as a whole in raw of the real server",
            )
        elif check not in health:  # through the VIP there is one for each VIP
            health.append(check)
    server["health"] = _single(health) if health else {"type": "none"}


def _share_health(service: dict[str, Any], servers: list[dict[str, Any]]) -> None:
    """Give the service the checks that most of its real servers have."""
    if not servers:
        return
    each = [server["health"] for server in servers]
    common = max(each, key=each.count)
    service["health"] = common
    for server in servers:
        if server["health"] == common:
            del server["health"]
