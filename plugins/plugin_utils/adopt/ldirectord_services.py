# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual services of an ldirectord.cf as `lvs_services`."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Collection, Sequence

from ...module_utils.ipvs.address import canonical_netmask
from ...module_utils.ipvs.types import flags_of
from ..cluster import schema
from ..cluster.addresses import LOOPBACK, parse
from ..cluster.health import ANSWERING, CONNECTING
from ..cluster.mistakes import nearest
from ..cluster.types import Family
from .ldirectord_answers import answer, fits
from .ldirectord_checks import PAGES, PORT_OF, Check, read_check
from .ldirectord_lines import OF_THE_FILE, REFUSED, Block, Configuration
from .ldirectord_servers import Fallback, Real, read_fallback, read_reals
from .marks import Mark
from .names import Names
from .service_names import service_name

# Settings of a service that the inventory has for the whole cluster, or not at all
OWN_WORDS = (
    "cleanstop",
    "comment",
    "emailalert",
    "emailalertfreq",
    "emailalertstatus",
    "fallbackcommand",
    "monitorfile",
    "smtp",
)
IN_QUOTES = ("emailalert", "fallbackcommand", "monitorfile")


@dataclass(frozen=True)
class Place:
    """Where a virtual service is: at a VIP and a port, or at a mark."""

    vip: str | None
    port: int
    mark: int | None


@dataclass(frozen=True)
class Around:
    """What a service has to know of its host.

    `marks` are the rules that mark packets, `own_addresses` what no fallback server may have, since there is another director.
    """

    names: Names
    marks: Sequence[Mark] = ()
    own_addresses: Collection[str] = ()


def read_services(configuration: Configuration, around: Around) -> list[dict[str, Any]]:
    """The services of a file, one for each block."""
    _lift(configuration)
    found = []
    for block in configuration.blocks:
        place = _place(configuration, block, around.names)
        if place is not None:
            service = _Service(configuration, block, place, around).read()
            found += [service] if service else []
    return found


def _lift(configuration: Configuration) -> None:
    """A setting that every service has with the same value is one of the whole file."""
    for name in OWN_WORDS:
        own = [block.all(name)[-1:] for block in configuration.blocks]
        if name in OF_THE_FILE and own and all(own) and len({option.value for found in own for option in found}) == 1:
            configuration.general = [option for option in configuration.general if option.name != name] + own[0]


def _place(configuration: Configuration, block: Block, names: Names) -> Place | None:
    """The address of a service, taken apart as ldirectord does it."""
    text, family = block.virtual, ("ipv6" if block.six else "ipv4")
    match = re.match(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._+-]+):([\w-]+)", text)
    if match is None:
        number = re.match(r"\d+", text)
        if number is None:
            configuration.note("not_expressed", block.line, f"this is no virtual service: {REFUSED}")
            return None
        if number[0] != text:
            configuration.note(
                "explained",
                block.line,
                f"without a port ldirectord takes this for the mark {number[0]}, and forgets the rest",
            )
        return Place(None, 0, int(number[0]))
    address, port = names.address(match[1], family), names.port(match[2])  # type: ignore[arg-type]
    if address is None and (other := parse(match[1].strip("[]"))):
        right = "virtual6" if other.family == "ipv6" else "virtual"
        configuration.note("explained", block.line, f"a virtual service of this address begins with {right}: {REFUSED}")
        block.six, address = other.family == "ipv6", other.text
    if address is None or port is None:
        what = (
            f"{match[1]} is no address and not in the host's /etc/hosts"
            if address is None
            else f"port {match[2]} is not known"
        )
        configuration.note("not_expressed", block.line, f"{what}: the virtual service is left out")
        return None
    return Place(address, port, None)


class _Service:
    def __init__(self, configuration: Configuration, block: Block, place: Place, around: Around) -> None:
        self.configuration, self.block, self.place, self.around = configuration, block, place, around
        self.raw: list[str] = []

    def value(self, name: str) -> str | None:
        """A value of the service, or of the whole file."""
        option = self.configuration.of(self.block, name)
        return option.value if option else None

    def keep(self, name: str, line: str, why: str) -> None:
        """Keep a setting in ldirectord's own words."""
        self.raw.append(line)
        options = self.block.all(name)
        self.configuration.note("raw", options[-1].line if options else self.block.line, f"{name}: {why}")

    def explain(self, name: str, text: str) -> None:
        """Tell how a setting was read."""
        options = self.block.all(name)
        self.configuration.note("explained", options[-1].line if options else self.block.line, text)

    def read(self) -> dict[str, Any] | None:
        """The service, None without real servers."""
        reals = read_reals(self.configuration, self.block, self.around.names)
        if not reals:
            self.configuration.note(
                "not_expressed", self.block.line, "the virtual service has no real server: left out"
            )
            return None
        protocol = self._protocol()
        fallback = read_fallback(self.configuration, self.block, self.around.names)
        forward = Counter(real.forward for real in reals).most_common(1)[0][0]
        if fallback is not None and not _is_loopback(fallback.address):
            # A sorry server has the method of the service, while a real server may have its own
            forward = fallback.forward
        check = read_check(
            self.configuration,
            self.block,
            protocol,
            self.place.port,
            [(real.port, self._later(real)) for real in reals],
        )
        self._check_ports(check, reals)
        service: dict[str, Any] = {"name": self._name(), **self._where(protocol), **self._scheduling(protocol)}
        if forward != "dr":
            service["forward"] = forward
        if self.value("quiescent") == "yes":
            service["on_failure"] = "quiesce"
        if check.health != {"type": "tcp"} or protocol == "udp":
            service["health"] = check.health
        service["real_servers"] = [self._real(real, forward, check) for real in reals]
        service.update(self._sorry(fallback, reals, forward, check))
        self._own_words()
        if raw := [*check.raw, *self.raw]:
            service["raw"] = raw
        return service

    def _protocol(self) -> str:
        if self.place.mark is not None:
            return "fwm"
        given = self.value("protocol")
        if given in ("tcp", "udp"):
            return given
        usual = "udp" if re.search(r":(53|domain)$", self.block.virtual) else "tcp"
        if given is not None:
            self.explain("protocol", f"protocol is neither tcp nor udp: {REFUSED}. Read as {usual}")
        return usual

    def _where(self, protocol: str) -> dict[str, Any]:
        if self.place.mark is not None:
            return self._marked(self.place.mark)
        where: dict[str, Any] = {"vip": self.place.vip, "port": self.place.port}
        return {**where, "protocol": "udp"} if protocol == "udp" else where

    def _marked(self, mark: int) -> dict[str, Any]:
        """Which packets are marked, by the rules of the packet filter."""
        rules = [rule for rule in self.around.marks if rule.fwmark == mark and (":" in rule.vip) is self.block.six]
        vips = list(dict.fromkeys(rule.vip for rule in rules))
        if not vips:
            self.configuration.note(
                "not_expressed",
                self.block.line,
                f"no rule was found that marks packets with {mark}: write vip and ports of this service",
            )
        found: dict[str, Any] = {"vip": vips[0] if len(vips) == 1 else vips, "fwmark": mark}
        if rules and all(rule.ports for rule in rules):
            found["ports"] = list(dict.fromkeys(port for rule in rules for port in rule.ports))
        protocols = list(dict.fromkeys(rule.protocol for rule in rules if rule.protocol))
        if protocols and protocols != ["tcp"]:
            found["protocol"] = protocols
        if rules:
            self.explain(
                "",
                f"site.yml makes rules of its own that mark packets with {mark}. The rules that are there mark the same packets, and"
                " stay: remove them afterwards",
            )
        return found

    def _name(self) -> str:
        """The name for mails; empty without one that an inventory takes."""
        given = self.value("servicename")
        if given and fits(schema.SERVICE["name"], given):
            return given
        if given:
            self.keep("servicename", f"servicename={given}", "no name for an inventory, kept in ldirectord's own words")
        return ""

    def _scheduling(self, protocol: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        scheduler = self.value("scheduler") or "wrr"
        if not fits(schema.SERVICE["scheduler"], scheduler):
            near = nearest(scheduler, schema.SERVICE["scheduler"].validator.choices)
            if near:
                self.explain(
                    "scheduler",
                    f"there is no scheduler {scheduler}, so ipvsadm refuses the service. Read as {near}, the nearest",
                )
            else:
                self.keep(
                    "scheduler", f"scheduler={scheduler}", "not known to the inventory, kept in ldirectord's own words"
                )
            scheduler = near or "wrr"
        if scheduler != "wrr":
            found["scheduler"] = scheduler
        if flags := self.value("schedflags"):
            if set(flags.split(",")) <= set(flags_of(scheduler)):
                found["scheduler_flags"] = flags.split(",")
            else:
                self.keep(
                    "schedflags", f"schedflags={flags}", f"not known for {scheduler}, kept in ldirectord's own words"
                )
        found.update(self._persistence())
        if self.value("ops") == "yes":
            if protocol == "udp":
                found["one_packet"] = True
            else:
                self.explain("ops", "ops counts only for protocol udp: left out")
        return found

    def _persistence(self) -> dict[str, Any]:
        given, netmask = self.value("persistent"), self.value("netmask")
        if not given:
            if netmask:
                self.explain("netmask", "netmask counts only together with persistent: left out")
            return {}
        if not fits(schema.SERVICE["persistence"], given):
            self.keep("persistent", f"persistent={given}", "no time for an inventory, kept in ldirectord's own words")
            if netmask:
                self.raw.append(f"netmask={netmask}")
            return {}
        found: dict[str, Any] = {"persistence": int(given)}
        if netmask:
            family: Family = "ipv6" if self.block.six else "ipv4"
            try:
                canonical_netmask(netmask, family)
            except ValueError:
                self.keep(
                    "netmask", f"netmask={netmask}", "no netmask for an inventory, kept in ldirectord's own words"
                )
            else:
                found["persistence_netmask"] = int(netmask) if family == "ipv6" else netmask
        return found

    def _later(self, real: Real) -> int:
        """The port where packets reach a real server, and where it is checked if nothing else is said; 0 for that of the request."""
        if self.place.mark is not None:
            return 0
        return real.port or self.place.port if real.forward == "nat" else self.place.port

    def _check_ports(self, check: Check, reals: Sequence[Real]) -> None:
        """Tell which real servers are checked at another port from now on."""
        health = check.health
        asks = check.kept or "port" in schema.HEALTH[health["type"]]
        if self.block.all("checkport") or not asks or "port" in health:
            return
        for real in reals:
            later = self._later(real)
            asked = real.port or PORT_OF.get(check.service, later)
            if not asked:
                self.explain(
                    "checktype",
                    f"ldirectord knows no port to check {real.address} at: the first one that is marked from now on",
                )
            elif asked != later:
                self.configuration.note(
                    "not_expressed",
                    real.line,
                    f"{real.address} is checked at port {asked}, others elsewhere: all are checked at the port of the service."
                    " Give each real server a health of its own if that is wrong",
                )

    def _real(self, real: Real, forward: str, check: Check) -> dict[str, Any]:
        found: dict[str, Any] = {"address": real.address}
        marked = self.place.mark is not None
        if real.forward == "nat" and not marked and real.port not in (0, self.place.port):
            found["port"] = real.port
        if real.forward != "nat" and not marked and real.port not in (0, self.place.port):
            self.configuration.note(
                "explained",
                real.line,
                f"port {real.port} counts only for the check: without masq packets go to port {self.place.port}, that of the service",
            )
        if real.weight != 1:
            found["weight"] = real.weight
        if real.forward != forward:
            found["forward"] = real.forward
        if real.upper:
            found["upper_threshold"] = real.upper
        if real.lower:
            found["lower_threshold"] = real.lower
        if health := self._own_check(real, check):
            found["health"] = health
        return found

    def _own_check(self, real: Real, check: Check) -> dict[str, Any] | None:
        """The check of a real server that is asked for something else, or has to answer something else."""
        keys = schema.HEALTH[check.health["type"]]
        asked = next((name for name in ("path", "name", "request") if name in keys), None)
        # ldirectord takes the page from the service, too, if it has forgotten the answer
        forgotten = real.receive is None and check.health["type"] in (*PAGES, "http_proxy")
        if check.kept and real.request is not None:
            self.configuration.note(
                "not_expressed",
                real.line,
                f"the request of {real.address} is left out: it is checked as the others are",
            )
        if real.request is None or asked is None or forgotten or not check.own:
            return None
        request = real.request if asked == "path" else real.request[1:]
        own = {name: value for name, value in check.health.items() if name not in (asked, "expect", "regex")}
        own.update({asked: request} if request != "/" else {})
        received = self._received(real, check) if "expect" in keys else {}
        # What the service has to answer is in ldirectord's own words then
        elsewhere = real.receive is None and any(line.startswith("receive=") for line in check.raw)
        of_dns = check.health["type"] == "dns" and real.receive not in (None, "", ".")
        if (
            received is None
            or elsewhere
            or of_dns
            or real.request.startswith("//")
            or f"{check.service}://" in real.request
        ):
            unfit = True
        else:
            own.update(received)
            unfit = not all(fits(keys[name], value) for name, value in own.items() if name != "type")
            unfit = unfit or (own["type"] == "http_proxy" and not request.startswith("http://"))
            unfit = unfit or (own["type"] in ANSWERING and not {"expect", "regex"} & set(own))
        if unfit:
            self.configuration.note(
                "not_expressed",
                real.line,
                f"the request or the answer of {real.address} is one that an inventory does not take: it is checked as the others are",
            )
        return None if unfit or own == check.health else own

    def _received(self, real: Real, check: Check) -> dict[str, str] | None:
        """What a real server has to answer."""
        if real.receive is not None:
            return answer(real.receive)
        return {name: check.health[name] for name in ("expect", "regex") if name in check.health}

    def _sorry(self, fallback: Fallback | None, reals: Sequence[Real], forward: str, check: Check) -> dict[str, Any]:
        if fallback is None:
            return {}
        if check.health["type"] == "none" and not check.kept:
            self.configuration.note(
                "explained", fallback.line, "the fallback server is never used, since nothing is checked: left out"
            )
            return {}
        loopback = _is_loopback(fallback.address)
        marked = self.place.mark is not None
        port = fallback.port or self.place.port
        given = {"address": fallback.address}
        if forward == "nat" and not loopback and not marked and port != self.place.port:
            given["port"] = port  # type: ignore[assignment]
        elif not marked and port != self.place.port and fallback.forward != "nat":
            self.configuration.note(
                "explained",
                fallback.line,
                f"without masq packets go to port {self.place.port} of the fallback server, that of the service, not to {port}",
            )
        why = self._unlike(fallback, reals, forward, loopback, port, marked)
        if check.health["type"] == "none":
            why = "the check is in ldirectord's own words, too"
        if why is None:
            return {"sorry_server": given}
        six = "6" if self.block.six else ""
        self.keep("fallback", f"fallback{six}={fallback.text}", f"{why}, kept in ldirectord's own words")
        return {}

    def _unlike(
        self, fallback: Fallback, reals: Sequence[Real], forward: str, loopback: bool, port: int, marked: bool
    ) -> str | None:
        """Why a fallback server is no `sorry_server`."""
        if not fits(schema.SORRY_SERVER["address"], fallback.address):
            return "not the address of a server"
        if fallback.forward != ("dr" if loopback else forward):
            return "its forwarding method is not that of the real servers"
        if not loopback and fallback.address in self.around.own_addresses:
            return "it is an address of this director alone"
        shared = 0 if marked else self.place.port
        for real in reals:
            kept = shared if real.forward != "nat" or not real.port or marked else real.port
            if real.address == fallback.address and kept == (shared if fallback.forward != "nat" or marked else port):
                return "it is also a real server of the service"
        return None

    def _own_words(self) -> None:
        """Settings that only some services have."""
        for name in OWN_WORDS:
            for option in self.block.all(name)[-1:]:
                value = f'"{option.value}"' if name in IN_QUOTES else option.value
                common = self.configuration.own(name)
                if common is None or common.value != option.value:
                    self.keep(name, f"{name}={value}", "kept in ldirectord's own words")
        for option in self.block.all("load")[-1:]:
            self.configuration.note("explained", option.line, "ldirectord does nothing with load: left out")


def _is_loopback(text: str) -> bool:
    address = parse(text)
    return address is not None and address.special == LOOPBACK


def listed(services: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """All services as lvs_services lists them: those that differ only in VIP and port together, each with a name of its own."""
    return _named(_grouped(services))


def _grouped(services: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: list[list[dict[str, Any]]] = []
    for service in services:
        same = [group for group in groups if "fwmark" not in service and _rest(group[0]) == _rest(service)]
        if same:
            same[0].append(service)
        else:
            groups.append([service])
    return [one for group in groups for one in _joined(group)]


def _rest(service: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in service.items() if name not in ("vip", "port")}


def _joined(group: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One service with lists if it has every port at every VIP."""
    if len(group) == 1:
        return group
    vips = list(dict.fromkeys(one["vip"] for one in group))
    ports = list(dict.fromkeys(one["port"] for one in group))
    places = [(one["vip"], one["port"]) for one in group]
    if sorted(places) != sorted((vip, port) for vip in vips for port in ports):
        return group
    if len(ports) > 1 and _asks_own_port(group[0]):
        return [one for port in ports for one in _joined([one for one in group if one["port"] == port])]
    return [{**group[0], "vip": vips if len(vips) > 1 else vips[0], "port": ports if len(ports) > 1 else ports[0]}]


def _asks_own_port(service: dict[str, Any]) -> bool:
    """Whether the check asks at the port of the service: of a service with several ports it would ask at the first only."""
    health = service.get("health", {"type": "tcp"})
    kept = [server for server in service["real_servers"] if "port" not in server]
    return health["type"] in CONNECTING and "port" not in health and bool(kept)


def _named(services: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every service with a name of its own. The port, the family or the protocol tell namesakes apart, else a number."""
    taken: set[str] = set()
    result = []
    for service in services:
        name = service["name"] or service_name(service, taken)
        ends = [service.get("port"), "ipv6" if ":" in str(service.get("vip")) else None, service.get("protocol")]
        ends += range(2, len(services) + 2)
        free = [name, *(f"{name}-{end}" for end in ends if isinstance(end, (int, str)))]
        name = next(one for one in free if one not in taken)
        taken.add(name)
        result.append({**service, "name": name})
    return result
