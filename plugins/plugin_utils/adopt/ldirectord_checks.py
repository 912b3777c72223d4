# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ldirectord checks a service, as `health` of the inventory.

What no key can hold stays in ldirectord's own words. The role writes such lines behind its own, and ldirectord takes the last one.
Source: ld_setup, _check_real and the checks of ldirectord (resource-agents 4.12).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Sequence

from ..cluster import schema
from ..cluster.health import ANSWERING, CONNECTING, NEEDS
from ..cluster.ldirectord import OF_IPV6, SPOKEN
from .ldirectord_answers import answer, fits
from .ldirectord_lines import Block, Configuration

SERVICES = ("http", "https", "smtp", "dns", *SPOKEN)
# Source: ld_port_to_service
BY_PORT = {
    21: "ftp",
    25: "smtp",
    53: "dns",
    80: "http",
    110: "pop",
    119: "nntp",
    143: "imap",
    389: "ldap",
    443: "https",
    587: "submission",
    636: "ldaps",
    993: "imaps",
    995: "pops",
    1521: "oracle",
    1812: "radius",
    3128: "http_proxy",
    3306: "mysql",
    5060: "sip",
    5432: "pgsql",
}
PORT_OF = {service: port for port, service in BY_PORT.items()}
CHECKTYPES = ("connect", "negotiate", "ping", "off", "on", "external", "external-perl")
DEFAULT_INTERVAL = 10
DEFAULT_NEGOTIATE_TIMEOUT = 30
DEFAULT_CHECK_TIMEOUT = 5
DEFAULT_COMMAND = "/bin/true"
PAGES = ("http", "https")
SECRETS = ("passwd", "secret")


@dataclass
class Check:
    """`health` of a service, lines in ldirectord's own words, and what ldirectord asks and expects if a real server says nothing."""

    health: dict[str, Any]
    raw: list[str] = field(default_factory=list)
    service: str = "none"
    # Whether a real server may have a check of its own, and whether all of the check is in ldirectord's own words
    own: bool = False
    kept: bool = False


def read_check(
    configuration: Configuration, block: Block, protocol: str, port: int, ports: Sequence[tuple[int, int]]
) -> Check:
    """The check of a service. `port` is its own, `ports` those of each real server: that of its line, and where packets go."""
    return _Checks(configuration, block, protocol, port, ports).read()


class _Checks:
    def __init__(
        self, configuration: Configuration, block: Block, protocol: str, port: int, ports: Sequence[tuple[int, int]]
    ) -> None:
        self.configuration, self.block = configuration, block
        self.protocol, self.port, self.ports = protocol, port, ports

    def value(self, name: str) -> str | None:
        """A value of the service, or of the whole file."""
        option = self.configuration.of(self.block, name)
        return option.value if option else None

    def line(self, name: str) -> int:
        """The line of a setting, or of the service."""
        options = self.block.all(name)
        return options[-1].line if options else self.block.line

    def number(self, name: str) -> int | None:
        """A number. ldirectord takes no 0 for any of these."""
        value = self.value(name)
        return int(value) if value and value.isdigit() and int(value) > 0 else None

    def note(self, text: str, name: str = "", raw: bool = False) -> None:
        """Tell what became of a setting."""
        self.configuration.note("raw" if raw else "explained", self.line(name), text)

    def read(self) -> Check:
        """The whole check."""
        service, checktype = self._service(), self._checktype()
        if checktype == "connect" and self.protocol == "udp":
            self.note("ldirectord makes the check connect of a UDP service by ping", "checktype")
            checktype = "ping"
        if checktype in ("on", "off"):
            return self._unchecked(checktype, service)
        if checktype == "connect":
            return Check({"type": "tcp", **self._times(False), **self._checkport("tcp", service)}, service=service)
        if checktype == "ping" and self.block.six:
            return self._ping6(service)
        if checktype == "ping":
            return Check({"type": "ping", **self._times(False, pings=True)}, self._failures_of_pings(), service)
        if checktype in ("external", "external-perl"):
            return self._external(checktype, service)
        return self._asked(checktype, service)

    def _ping6(self, service: str) -> Check:
        """ldirectord pings at IPv4 only, but takes the setting."""
        given = self.value("checktype") or "ping"
        count = self.number("checkcount")
        self.note(
            f"checktype={given}: ldirectord has no ping for IPv6, so no real server is ever up. Kept in its own words",
            "checktype",
            True,
        )
        raw = [f"checktype={given}", *([f"checkcount={count}"] if count else [])]
        if self.protocol != "udp":
            return Check({"type": "tcp", **self._times(False)}, raw, service)
        self.configuration.note(
            "not_expressed", self.line("checktype"), "the interval of this ping is left out: nobody answers it"
        )
        raw += [f"checktimeout={self._timeout(False)}", f"failurecount={self.number('failurecount') or 1}"]
        return Check({"type": "none"}, raw, service)

    def _unchecked(self, checktype: str, service: str) -> Check:
        if checktype == "on":
            return Check({"type": "none"}, service=service)
        self.note(
            "checktype=off: ldirectord adds no real server to the table. Kept in its own words", "checktype", True
        )
        return Check({"type": "none"}, ["checktype=off"], service)

    def _asked(self, checktype: str, service: str) -> Check:
        """negotiate, or N: a connection, and every N times the check of the service."""
        if service == "none" and checktype != "negotiate":
            self.note(
                f"checktype={checktype}, and ldirectord knows no service for this port: after a failed connection it takes a real server"
                " for up again. Kept in its own words",
                "checktype",
                True,
            )
            health = {"type": "tcp", **self._times(False), **self._checkport("tcp", service)}
            return Check(health, [f"checktype={checktype}", "service=none"], service)
        if service == "none":
            self.note(
                "nothing is checked: checktype is negotiate, and ldirectord knows no service for this port. Set health to check it",
                "checktype",
            )
            return Check({"type": "none"}, service=service)
        check = self._negotiated(service)
        if checktype != "negotiate":
            check.raw.append(f"checktype={checktype}")
            self.note(
                f"checktype={checktype}: ldirectord only connects, and makes the check of {service} every {checktype} times."
                " Kept in its own words",
                "checktype",
                True,
            )
        return check

    def _checktype(self) -> str:
        value = self.value("checktype") or "negotiate"
        if value.isdigit() or value in CHECKTYPES:
            return value
        self.note(
            f"checktype has a value that ldirectord refuses the file for (it has {' '.join(CHECKTYPES)}). Read as negotiate",
            "checktype",
        )
        return "negotiate"

    def _service(self) -> str:
        value = self.value("service")
        if value is not None and value not in (*SERVICES, "none"):
            self.note(
                f"service has a value that ldirectord refuses the file for (it has {' '.join(sorted(SERVICES))}). Read as not set",
                "service",
            )
            value = None
        if value is not None:
            return value
        return "none" if self.protocol == "fwm" else BY_PORT.get(self.port, "none")

    def _times(self, negotiated: bool, pings: bool = False) -> dict[str, Any]:
        """Interval, timeout and retries, without those that are the inventory's defaults."""
        general = self.configuration.own("checkinterval")
        interval = int(general.value) if general and general.value.isdigit() else DEFAULT_INTERVAL
        own = self.block.all("checkinterval")
        fork = self.configuration.own("fork")
        if own and fork is not None and fork.value == "yes":
            interval = self.number("checkinterval") or interval
        elif own and own[-1].value != str(interval):
            self.note(
                f"without fork=yes ldirectord ignores checkinterval of a service: it checks every {interval} seconds",
                "checkinterval",
            )
        count = self.number("checkcount" if pings else "failurecount") or 1
        if not pings and self.block.all("checkcount"):
            self.note("ldirectord uses checkcount only for ping: failurecount is for other checks", "checkcount")
        times = {"interval": interval, "timeout": self._timeout(negotiated), "retries": count - 1}
        defaults = schema.HEALTH["tcp"]
        return {name: time for name, time in times.items() if time != defaults[name].default}

    def _timeout(self, negotiated: bool) -> int:
        """Each of the two timeouts counts for the other if that is not set."""
        order = ("negotiatetimeout", "checktimeout") if negotiated else ("checktimeout", "negotiatetimeout")
        own = [self.block.all(name)[-1:] for name in order]
        common = [[option] if (option := self.configuration.own(name)) else [] for name in order]
        given = [int(option.value) for found in (*own, *common) for option in found if option.value.isdigit()]
        return next(
            (value for value in given if value), DEFAULT_NEGOTIATE_TIMEOUT if negotiated else DEFAULT_CHECK_TIMEOUT
        )

    def _failures_of_pings(self) -> list[str]:
        failures = self.number("failurecount") or 1
        if failures == 1:
            return []
        self.note(
            "failurecount beside pings, of which checkcount are one check: kept in ldirectord's own words",
            "failurecount",
            True,
        )
        return [f"failurecount={failures}"]

    def _checkport(self, kind: str, service: str) -> dict[str, int]:
        """`port` of a check, if it is another one than that of the real servers."""
        given = self.number("checkport")
        if given:
            return {"port": given}
        asked = [port or PORT_OF.get(service, usual) for port, usual in self.ports]
        if kind not in CONNECTING or len(set(asked)) > 1 or not all(asked):
            return {}
        moved = any(port != usual for port, (_own, usual) in zip(asked, self.ports))
        return {"port": asked[0]} if moved else {}

    def _external(self, checktype: str, service: str) -> Check:
        command = self.value("checkcommand") or DEFAULT_COMMAND
        check = Check({"type": "script", "command": command, **self._times(False)}, service=service)
        if not fits(schema.HEALTH["script"]["command"], command) or any(character in command for character in " #{"):
            program = command.split()[0] if command.split() else DEFAULT_COMMAND
            check.health["command"] = program if fits(schema.HEALTH["script"]["command"], program) else DEFAULT_COMMAND
            check.raw.append(f'checkcommand="{command}"')
            self.note(
                "checkcommand is more than the path of a program: kept in ldirectord's own words", "checkcommand", True
            )
        if checktype != "external":
            check.raw.append(f"checktype={checktype}")
            self.note(f"checktype={checktype} (run by ldirectord's own Perl): kept in its own words", "checktype", True)
        return check

    def _negotiated(self, service: str) -> Check:
        """A check by a service. If a value that it needs cannot be in an inventory, all of it stays in ldirectord's own words."""
        keys = schema.HEALTH[service]
        health: dict[str, Any] = {"type": service, **self._times(True)}
        raw: list[str] = []
        health.update(self._checkport(service, service))
        health.update(self._request(service))
        for name in ("login", "passwd", "database", "secret"):
            value = self.value(name)
            if value and name in keys:
                health[name] = value
        if service in PAGES:
            if host := self.value("virtualhost"):
                health["virtualhost"] = host
                if service == "https":
                    health["sni"] = False
            if self.value("httpmethod") == "head":
                raw.append("httpmethod=HEAD")
                self.note("httpmethod=HEAD: kept in ldirectord's own words", "httpmethod", True)
        raw += self._receive(service, health)
        missing = [
            name
            for name in (*NEEDS.get(service, ()), *(key for key in keys if keys[key].required))
            if health.get(name) is None
        ]
        unfit = [name for name, value in health.items() if name != "type" and not fits(keys[name], value)]
        if service in ANSWERING and not {"expect", "regex"} & set(health):
            missing.append("expect")
        if service == "http_proxy" and not str(health.get("request", "")).startswith("http://"):
            missing.append("request")
        if self.block.six and service not in OF_IPV6:
            missing.append("type")
        if any(name in unfit for name in SECRETS):
            self.configuration.note(
                "not_expressed",
                self.block.line,
                f"the password of this check has characters that an inventory does not take: the check of {service} is left out",
            )
            return self._kept(service, {}, keep=False)
        if missing or unfit:
            return self._kept(service, health)
        return Check(health, raw, service, own=True)

    def _request(self, service: str) -> dict[str, str]:
        keys, value = schema.HEALTH[service], self.value("request")
        if value and not value.startswith("/"):
            value = f"/{value}"
        if "path" in keys:
            return {"path": value} if value and value != "/" else {}
        name = "name" if "name" in keys else "request" if "request" in keys else None
        return {name: value[1:]} if name and value and len(value) > 1 else {}

    def _receive(self, service: str, health: dict[str, Any]) -> list[str]:
        """Put what the answer must match into the check, or into the lines in ldirectord's own words."""
        keys, value = schema.HEALTH[service], self.value("receive") or ""
        if service == "dns":
            if value == ".":
                return []
            if not value:
                self.note("without receive a check of dns never passes. Read as if any answer were right", "receive")
                return []
            self.note("receive of a check of dns: kept in ldirectord's own words", "receive", True)
            return [f'receive="{value}"']
        if "expect" not in keys:
            return []
        key = answer(value)
        if key is not None:
            health.update(key)
            return []
        self.note(
            "receive is a regular expression that an inventory does not take: kept in ldirectord's own words",
            "receive",
            True,
        )
        return [f'receive="{value}"']

    def _kept(self, service: str, health: dict[str, Any], keep: bool = True) -> Check:
        """A check in ldirectord's own words, beside a plain one of the inventory."""
        tcp = self.protocol != "udp" and (self.protocol != "fwm" or "port" in health)
        kind = "tcp" if tcp else "none" if self.block.six else "ping"
        plain = {"type": kind, **self._times(True)}
        if kind == "tcp" and "port" in health:
            plain["port"] = health["port"]
        if kind == "none":
            plain = {"type": "none"}
            self.configuration.note(
                "not_expressed",
                self.block.line,
                f"interval and timeout of the check of {service} are left out: ldirectord's own count",
            )
        if not keep:
            return Check(plain, service=service)
        raw = ["checktype=negotiate", f"service={service}"]
        if kind != "tcp":
            # Of pings the number is another setting, and they have no port
            failures = self.number("failurecount") or 1
            raw += [f"failurecount={failures}"] * (failures > 1)
            raw += [f"checkport={health[name]}" for name in ("port",) if name in health]
        for name in ("request", "receive", "login", "database"):
            if value := self.value(name):
                raw.append(f'{name}="{value}"')
        if host := self.value("virtualhost"):
            raw.append(f'virtualhost="{host}"')
        if self.value("httpmethod") == "head":
            raw.append("httpmethod=HEAD")
        if any(self.value(name) for name in SECRETS):
            self.configuration.note(
                "not_expressed",
                self.block.line,
                f"the password of the check of {service} is left out: raw would show it to everybody",
            )
        self.note(
            f"the check of {service} has a value that an inventory does not take: kept in ldirectord's own words",
            raw=True,
        )
        return Check(plain, raw, service, kept=True)
