# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ldirectord.cf as an inventory: lvs_services, lvs_ldirectord and lvs_mail."""

from __future__ import annotations

import re
from typing import Any, Callable, Sequence

from ..cluster import schema
from .haresources import named_nodes, read_resources
from .ldirectord_answers import fits
from .ldirectord_lines import Configuration, parse
from .ldirectord_services import Around, listed, read_services
from .marks import marked
from .names import read_names
from .notes import Notes
from .types import Adopted, HostFacts

FOLDERS = ("/etc/ha.d", "/etc/ha.d/conf")
USUAL = "ldirectord.cf"
UNIT = "ldirectord.service"
COMMANDS = ("start", "restart", "try-restart", "reload", "force-reload")
# Settings of the whole file that become keys, or that each service has
KEYS = {
    "autoreload": "autoreload",
    "cleanstop": "cleanstop",
    "readdquiescent": "readd_quiescent",
    "maintenancedir": "maintenance_dir",
    "logfile": "log",
    "callback": "callback",
    "fallbackcommand": "fallback_command",
}
SWITCHES = ("autoreload", "cleanstop", "readdquiescent")
MAIL = {"emailalertfreq": "mail_frequency", "emailalertstatus": "mail_status"}


def read(host: HostFacts) -> Adopted:
    """What the ldirectord.cf of a host says. Several files, as haresources may name them, are one list of services."""
    notes = Notes()
    configurations = [parse(path, host["files"][path], notes) for path in _paths(host, notes)]
    if not any(configuration.blocks for configuration in configurations):
        return {"variables": {}, "hosts": {}, "notes": notes.all()}
    around = Around(
        read_names(host["files"]),
        marked(host["filters"]),
        [address["address"] for address in host["addresses"]] if len(named_nodes(host["files"])) > 1 else [],
    )
    variables: dict[str, Any] = {"lvs_stack": "ldirectord", "lvs_services": []}
    own: dict[str, Any] = {}
    for configuration in configurations:
        services = read_services(configuration, around)
        variables["lvs_services"] += services
        for name, value in _general(configuration, variables, services).items():
            if name in own and own[name] != value:
                configuration.note(
                    "not_expressed", 1, f"{name} is another one than in {configurations[0].path}: that one counts"
                )
            else:
                own[name] = value
    variables["lvs_services"] = listed(variables["lvs_services"])
    if own:
        variables["lvs_ldirectord"] = own
    if timeouts := _timeouts(host):
        variables["lvs_timeouts"] = timeouts
        notes.explained("ipvsadm", "timeouts that somebody has set by hand, until a reboot: site.yml keeps them set")
    return {"variables": variables, "hosts": {}, "notes": notes.all()}


def _timeouts(host: HostFacts) -> dict[str, Any]:
    """How long idle connections are remembered, if that is not the kernel's default."""
    live = (host["ipvs"] or {}).get("timeouts") or {}
    return {
        name: live[name]
        for name, key in schema.TIMEOUTS.items()
        if live.get(name) not in (None, key.default) and fits(key, live[name])
    }


def _paths(host: HostFacts, notes: Notes) -> list[str]:
    """The configurations that an ldirectord reads: those that heartbeat starts, those that run, and that of the unit."""
    named = [
        one.arguments[0]
        for one in read_resources(host["files"])
        if one.name in ("ldirectord", "LVSLdirectord") and one.arguments
    ]
    named += [name for process in host["processes"] if (name := _started_with(process["arguments"]))]
    if UNIT in host["enabled"]:
        named.append(USUAL)
    paths: dict[str, None] = {}
    for name in dict.fromkeys(named):
        there = [path for path in (*(f"{folder}/{name}" for folder in FOLDERS), name) if path in host["files"]]
        if there:
            paths[there[0]] = None
        else:
            notes.lost(name, "ldirectord is started with this file, which is not there")
    usual = f"{FOLDERS[0]}/{USUAL}"
    if not paths and usual in host["files"] and parse(usual, host["files"][usual]).blocks:
        notes.explained(usual, "nothing starts an ldirectord with this file: it was not read")
    return list(paths)


def _started_with(arguments: Sequence[str]) -> str | None:
    """The configuration of a running ldirectord, which Perl runs; None for another program."""
    words = [word for word in arguments if not word.startswith("-")]
    own = next((index for index, word in enumerate(words) if word.rpartition("/")[2] == "ldirectord"), None)
    if own is None:
        return None
    return next((word for word in words[own + 1 :] if word not in COMMANDS), USUAL)


def _general(
    configuration: Configuration, variables: dict[str, Any], services: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The keys of lvs_ldirectord. `lvs_mail` is added to the variables."""
    own: dict[str, Any] = {}
    raw: list[str] = []

    def keep(name: str, line: str) -> None:
        option = configuration.own(name)
        raw.append(line)
        configuration.note("raw", option.line if option else 1, f"{name}: kept in ldirectord's own words")

    for name, key in KEYS.items():
        option = configuration.own(name)
        if option is None:
            continue
        value: Any = option.value == "yes" if name in SWITCHES else option.value.strip('"')
        if not fits(schema.LDIRECTORD[key], value):
            keep(name, f'{name}="{value}"' if name in ("logfile", "callback") else f"{name}={value}")
        elif value != schema.LDIRECTORD[key].default:
            own[key] = value
    _executed(configuration, own, keep)
    _mail(configuration, variables, own, keep)
    _processes(configuration, services, keep)
    if configuration.own("quiescent") is None and any(not block.all("quiescent") for block in configuration.blocks):
        configuration.note(
            "explained",
            configuration.blocks[0].line,
            "quiescent is not set: ldirectord takes no, although its manual says yes. So on_failure is remove",
        )
    return {**own, "raw": raw} if raw else own


def _executed(configuration: Configuration, own: dict[str, Any], keep: Callable[[str, str], None]) -> None:
    names = [option.value for option in configuration.general if option.name == "execute"]
    if not names:
        return
    if fits(schema.LDIRECTORD["execute"], names):
        own["execute"] = list(dict.fromkeys(names))
    else:
        for name in dict.fromkeys(names):
            keep("execute", f"execute={name}")
    for option in configuration.general:
        if option.name == "execute":
            configuration.note(
                "not_expressed",
                option.line,
                f"the services of {option.value} are another ldirectord's: they are not in lvs_services",
            )


def _mail(
    configuration: Configuration, variables: dict[str, Any], own: dict[str, Any], keep: Callable[[str, str], None]
) -> None:
    """Mails: keys if there is all that lvs_mail needs, else lines in ldirectord's own words."""
    told = {
        name: option.value.strip()
        for name in ("emailalert", "emailalertfrom", "smtp")
        if (option := configuration.own(name)) and option.value.strip()
    }
    to = [address for address in re.split(r"\s*,\s*", told.get("emailalert", "")) if address]
    mail = {"to": to, "from": told.get("emailalertfrom"), "server": told.get("smtp")}
    if len(to) > 1 and "smtp" in told:
        option = configuration.own("emailalert")
        configuration.note(
            "explained",
            option.line if option else 1,
            "emailalert has several addresses, which ldirectord hands to the server as one: the server refuses the mail, and nobody gets"
            " it. Write lvs_mail with the address of a mailing list instead",
        )
    if len(to) < 2 and all(value and fits(schema.MAIL[name], value) for name, value in mail.items()):
        variables["lvs_mail"] = mail
    else:
        for name, value in told.items():
            keep(name, f'{name}="{value}"' if name == "emailalert" else f"{name}={value}")
    for name, key in MAIL.items():
        option = configuration.own(name)
        if option is None:
            continue
        words = [word for word in re.split(r"\s*,\s*", option.value) if word]
        alone = "none" not in words or len(words) == 1
        if (
            "lvs_mail" not in variables
            or not fits(schema.LDIRECTORD[key], words if name == "emailalertstatus" else option.value)
            or not alone
        ):
            keep(name, f"{name}={option.value}")
        elif name == "emailalertstatus":
            own[key] = words
        elif int(option.value):
            own[key] = int(option.value)


def _processes(
    configuration: Configuration, services: Sequence[dict[str, Any]], keep: Callable[[str, str], None]
) -> None:
    """`fork=yes` follows from different intervals. `supervised` has no place under heartbeat."""
    fork, supervised = configuration.own("fork"), configuration.own("supervised")
    checks = [service.get("health", {"type": "tcp"}) for service in services]
    intervals = {check.get("interval") for check in checks if check["type"] != "none"}
    if fork is not None and fork.value == "yes" and len(intervals) < 2:
        keep("fork", "fork=yes")
    if supervised is not None and supervised.value == "yes":
        configuration.note(
            "explained",
            supervised.line,
            "supervised is left out: heartbeat starts ldirectord, which has to go into the background",
        )
