# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health checks of a service, or of a real server that has its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Mapping

from . import keys, schema
from .health_profiles import CheckTimes
from .mistakes import InventoryPath, listed, nearest, shown
from .scripts import ScriptFiles
from .types import Health, HealthUrl
from .validators import LONGEST_TEXT, choice, silent

TYPE = keys.Key(choice(*schema.HEALTH))
# Types that connect to a port, and need one if the real servers have none
CONNECTING = tuple(name for name, options in schema.HEALTH.items() if "port" in options)
PAGE = tuple(schema.HEALTH_URL)
PLAIN_COMMAND = re.compile(r"[A-Za-z0-9_@%+=:,./{} -]+")  # a shell takes it as it is
# Source: ldirectord's check_sql, check_radius, check_ftp, check_simpletcp and check_pop, which notices nothing but a failed login
NEEDS = {
    **dict.fromkeys(("mysql", "oracle", "pgsql"), ("login", "request")),
    **dict.fromkeys(("ftp", "http_proxy", "simpletcp"), ("request",)),
    **dict.fromkeys(("radius", "pop", "pops"), ("login", "passwd")),
}
ANSWERING = ("ftp", "simpletcp")


@dataclass(frozen=True)
class Checked:
    """What the checks of a service have to know. `portless` services have no port that a check could connect to.

    `times` are those of the cluster.
    """

    protocols: list[str]
    portless: bool
    times: CheckTimes

    @property
    def usual(self) -> str:
        """The type of a check that has none: of UDP and SCTP the answers are not known."""
        return "tcp" if "tcp" in self.protocols else "none"


def resolve_health(given: Any, checked: Checked, path: InventoryPath, files: ScriptFiles) -> list[Health]:
    """The checks, all of which have to pass; none if the list is empty. A `port` of null means the real server's own.

    Without `health`, a TCP service is checked by a connection. A UDP or SCTP service is not checked, because its answers are
    not known.
    """
    if given is None:
        given = {"type": checked.usual}
    if not isinstance(given, list):
        checks = [_check(given, checked, path, files)]
    else:
        checks = [_check(entry, checked, path.item(index), files) for index, entry in enumerate(given)]
        if not checks:
            path.report("is empty: for no check at all write {type: none}")
        elif len(checks) > 1 and any(check["type"] == "none" for check in checks if check):
            path.report("has type none beside other checks: remove it, or the others")
    return [check for check in checks if check is not None and check["type"] != "none"]


def _check(given: Any, checked: Checked, path: InventoryPath, files: ScriptFiles) -> Health | None:
    """One check; None if it cannot be read."""
    if not isinstance(given, dict):
        keys.read(given, {}, path)
        return None
    kind = _kind(given, checked, path)
    if kind is None:
        return None
    options = {name: option for name, option in given.items() if name != "type"}
    for name in [name for name in options if name not in schema.HEALTH[kind]]:
        path.report(_not_of_type(name, kind))
        del options[name]
    missing = len(path.messages)
    own = _read(options, kind, checked.times, path)
    health = _no_options(kind)
    health.update({name: value for name, value in own.items() if name in health})  # type: ignore[typeddict-item]
    if kind == "script" and len(path.messages) == missing and (script := files.command(own, path)):
        health["command"], health["as_root"] = script["command"], script["as_root"]
        if own["dynamic_weight"] and not PLAIN_COMMAND.fullmatch(script["command"]):
            command = "the command" if own["sensitive"] else shown(script["command"])
            path.report(
                f"dynamic_weight is true, so a shell runs {command}, which has characters that mean something to it: put them into the"
                " script"
            )
    if "path" in schema.HEALTH[kind]:
        health["urls"] = _urls(options, own, path)
        health["expect"] = health["regex"] = None
    else:
        _check_answer(health, options, path)
    _check_port(health, checked, path)
    _read_reply(health, own, path)
    return health


def _kind(given: Mapping[str, Any], checked: Checked, path: InventoryPath) -> str | None:
    """The type of a check, which may be left out beside a profile."""
    kind: str | None = keys.value(given.get("type"), "type", TYPE, path)
    if given.get("type") is not None or kind is not None:
        return kind
    if given.get("profile") is None:
        path.report("type is missing")
        return None
    if checked.usual == "none":
        path.report(
            f"type is missing: a service of {listed(checked.protocols)} has no usual check that a profile could be for"
        )
        return None
    return checked.usual


def _read(options: Mapping[str, Any], kind: str, times: CheckTimes, path: InventoryPath) -> dict[str, Any]:
    """The options of a check, with the times of its profile."""
    known = _silent(schema.HEALTH[kind], options)
    if "profile" not in known:
        return keys.read(options, known, path)
    named = options.get("profile")
    profile = named if isinstance(named, str) and named in schema.PROFILE.choices else None
    return keys.read(options, keys.with_defaults(known, times.of(kind, profile)), path)


def _silent(known: Mapping[str, keys.Key], options: Mapping[str, Any]) -> Mapping[str, keys.Key]:
    """The same keys. Messages about those that the check has to keep secret do not show their values."""
    if options.get("sensitive") in (None, False):
        return known
    return {
        name: replace(key, validator=silent(key.validator), secret=True) if name in schema.SENSITIVE else key
        for name, key in known.items()
    }


def _check_answer(health: Health, options: Mapping[str, Any], path: InventoryPath) -> None:
    """What the services of ldirectord cannot do without."""
    kind = health["type"]
    for name in NEEDS.get(kind, ()):
        if options.get(name) is None:
            path.report(f"{name} is missing: a check of type {kind} needs it")
    if health["expect"] is not None and health["regex"] is not None:
        path.report("has both expect and regex: an answer can be searched for one of them")
    if kind in ANSWERING and health["expect"] is None and health["regex"] is None:
        path.report(f"expect or regex is missing: without it, a check of type {kind} passes whatever happens")
    if kind == "http_proxy" and health["request"] and not health["request"].startswith("http://"):
        path.report("request does not begin with http://: the proxy has to know whom to ask")


def _check_port(health: Health, checked: Checked, path: InventoryPath) -> None:
    kind = health["type"]
    if kind == "udp" and "udp" not in checked.protocols and health["port"] is None:
        path.report(
            f"type is udp, but protocol is {listed(checked.protocols)}: set port to a UDP port on which the real servers answer"
        )
    if checked.portless and needs_port(health):
        path.report(f"port is missing: the service has none that a {kind} check could connect to")


def needs_port(health: Health) -> bool:
    """Whether a check connects to a port, and has none of its own."""
    return health["type"] in CONNECTING and health["port"] is None


def _read_reply(health: Health, own: Mapping[str, Any], path: InventoryPath) -> None:
    """A reply that has to begin with some bytes is also required."""
    reply = own.get("require_reply")
    if isinstance(reply, str):
        health["require_reply"], health["reply"] = True, reply
    if reply and health["payload"] is None:
        path.report("require_reply needs payload, the bytes to send: nothing answers an empty packet")


def _urls(options: Mapping[str, Any], own: Mapping[str, Any], path: InventoryPath) -> list[HealthUrl]:
    """The pages that a check requests: those of `urls`, or one with the options of the check itself."""
    given = own["urls"]
    if given is None:
        return [_url(own, path)]
    if beside := [name for name in PAGE if options.get(name) is not None]:
        path.report(
            f"has urls and {listed(beside)}: put {'it' if len(beside) == 1 else 'them'} into urls, for each page"
        )
    if not isinstance(given, list) or not given:
        path.report("urls is not a list of pages, such as [{path: /healthz}, {path: /, status: 200-399}]")
        return []
    pages = (path.at("urls", index) for index in range(len(given)))
    known = _silent(schema.HEALTH_URL, options)
    return [_url(keys.read(entry, known, at), at) for entry, at in zip(given, pages)]


def _url(own: Mapping[str, Any], path: InventoryPath) -> HealthUrl:
    if own["expect"] is not None and own["regex"] is not None:
        path.report("has both expect and regex: a page can be searched for one of them")
    if len(" ".join(map(str, own["status"]))) > LONGEST_TEXT:
        path.report(
            f"status has {len(own['status'])} codes, too many for a line of keepalived.conf: write ranges (200-299)"
        )
    return {
        "path": own["path"],
        "status": own["status"],
        "expect": own["expect"],
        "regex": own["regex"],
        "digest": own["digest"],
    }


def _no_options(kind: str) -> Health:
    """A check of a type: the options that it does not have are null."""
    return {**dict.fromkeys(Health.__annotations__), "type": kind, "urls": []}  # type: ignore[typeddict-item]


def _not_of_type(name: str, kind: str) -> str:
    takes = f"type {kind} takes {listed(schema.HEALTH[kind]) if schema.HEALTH[kind] else 'no options'}"
    having = [other for other, options in schema.HEALTH.items() if name in options]
    if having:
        return f"{name} is an option of type {listed(having)}; {takes}"
    near = nearest(name, schema.HEALTH[kind])
    return f"unknown key {name}: the nearest known one is {near}" if near else f"unknown key {name}: {takes}"
