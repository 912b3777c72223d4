# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands and paths of an inventory that seem to have a password or a token in them. A guess: nothing says which word is one."""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping

from ..cluster import schema
from .notes import Notes

_NAME = r"[\w-]*(?:pass(?:wd|word|phrase)?|pwd|secret|token|credentials?|api[_-]?key|auth[_-]?key)"
_SEEMING = re.compile(
    "|".join(
        (
            # --password x, -pass x, --password=x, PASSWORD=x, ?token=x, "password: x"
            rf"(?:^|[\s'\"?&;,])-{{1,2}}{_NAME}(?:\s+|=)['\"]?[^\s-]",
            rf"(?:^|[\s'\"?&;,]){_NAME}\s?[=:]\s?['\"]?[^\s'\"&]",
            # https://user:x@host, curl -u user:x
            r"://[^/\s:@]*:[^/\s@]+@",
            r"\s(?:-u|--user)[\s=]['\"]?[^\s:/]+:[^\s/]",
            # -p x, but not the port, the protocol or the path of many checks
            r"\s-p\s+(?!['\"]?(?:\d+\b|\{|/|-|(?:tcp|udp|sctp|icmp)\b))\S",
            r"\bmysql\w*\s(?:.*\s)?-p[^\s-]",
            r"\bredis-cli\s(?:.*\s)?-a\s",
            r"\bldap\w+\s(?:.*\s)?-w\s",
        )
    ),
    re.IGNORECASE,
)
# What stays where everybody can read it
_OPEN = ("raw", "notify", "track", "callback", "fallback_command")


def seems_secret(text: str) -> bool:
    """Whether there seems to be a password or a token in a command, a line or a path."""
    return _SEEMING.search(text) is not None


def mark(variables: Mapping[str, Any], notes: Notes) -> None:
    """Set `sensitive` of checks whose command or request seems to have a password, and tell where else there seems to be one."""
    for service in variables.get("lvs_services", []):
        seeming = {str(health["type"]) for health in _checks(service) if any(map(seems_secret, _sent(health)))}
        for health in _checks(service):
            # All of a type: ldirectord has one check for a service
            if health["type"] in seeming and "sensitive" in schema.HEALTH[health["type"]]:
                health["sensitive"] = True
                what = "command" if health["type"] == "script" else "request"
                notes.explained(
                    f"lvs_services {service.get('name')}",
                    f"the {what} of a check seems to have a password or a token: it is in the file of secrets, and sensitive is true,"
                    " so that site.yml does not show it"
                    + (". Whoever lists the processes of a director sees it" if what == "command" else ""),
                )
    for place, text in _open_texts(variables, (), is_open=False):
        if seems_secret(text):
            notes.lost(
                " ".join(place),
                "there seems to be a password or a token. Every user of a director can read it, and site.yml shows it with --diff: let"
                " a script read it from a file of its own",
            )


def _checks(service: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The checks of a service and of its real servers."""
    for one in (service, *service.get("real_servers", [])):
        health = one.get("health") if isinstance(one, dict) else None
        yield from health if isinstance(health, list) else [health] if health else []


def _sent(health: Mapping[str, Any]) -> list[str]:
    """What a sensitive check keeps secret."""
    pages = [page.get("path") for page in health.get("urls") or ()]
    return [text for text in (*(health.get(name) for name in schema.SENSITIVE), *pages) if isinstance(text, str)]


def _open_texts(value: Any, place: tuple[str, ...], *, is_open: bool) -> Iterator[tuple[tuple[str, ...], str]]:
    """The texts that everybody can read, each with where it is."""
    if isinstance(value, dict):
        own = str(value.get("name") or value.get("address") or "")
        for key, item in value.items():
            inner = (*place, own, key) if own else (*place, key)
            yield from _open_texts(item, inner, is_open=is_open or key in _OPEN)
    elif isinstance(value, list):
        for item in value:
            yield from _open_texts(item, place, is_open=is_open)
    elif is_open and isinstance(value, str):
        yield place, value
