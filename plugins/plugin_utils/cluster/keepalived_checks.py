# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health checks as keepalived configuration. Source: keepalived.conf(5) of 2.2.7."""

from __future__ import annotations

from collections import Counter
from typing import Iterable, Iterator, Mapping, Sequence

from .check_sources import variable
from .commands import filled, has_words
from .regex import literal, quoted
from .through_vip import SOURCES, Way, asks_vip
from .types import Health, HealthUrl, KeepalivedCheck, KeepalivedUrl, RealServer, Service, checks_of, health_of

# The name of each check's block.
BLOCKS = {
    "tcp": "TCP_CHECK",
    "http": "HTTP_GET",
    "https": "SSL_GET",
    "smtp": "SMTP_CHECK",
    "dns": "DNS_CHECK",
    "ping": "PING_CHECK",
    "udp": "UDP_CHECK",
    "script": "MISC_CHECK",
    "file": "FILE_CHECK",
}
SHELL = "/usr/bin/sh"


def secrets(services: Iterable[Service]) -> dict[str, str]:
    """What sensitive checks send or run, each with the name of the variable that stands for it in keepalived.conf."""
    found: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for service in services:
        sent = [text for check in checks_of(service) if check["sensitive"] for text in _sent(check)]
        for text in dict.fromkeys([*sent, *_sensitive_commands(service)]):
            if text not in found:
                numbers[service["name"]] += 1
                found[text] = f"SECRET_{name_in_variable(service['name'])}_{numbers[service['name']]}"
    return found


def _sent(check: Health) -> list[str]:
    sent = [*(url["path"] for url in check["urls"]), check["virtualhost"], check["payload"]]
    return [text for text in sent if text is not None]


def _sensitive_commands(service: Service) -> Iterator[str]:
    """The commands of sensitive scripts, another one for each real server."""
    for server in service["real_servers"]:
        for health in health_of(server, service["health"]):
            if health["sensitive"] and health["command"]:
                yield _command(health, health["command"], words_of(service, server), server["inventory_weight"])


def name_in_variable(name: str) -> str:
    """A name as part of the name of a variable, a different one for each name."""
    for character, replacement in (("_", "__"), ("-", "_h"), (".", "_d")):
        name = name.replace(character, replacement)
    return name


def service_checks(service: Service, hidden: Mapping[str, str]) -> list[KeepalivedCheck]:
    """The checks of a service, if they are the same for all its real servers; otherwise each real server has its own."""
    return [] if any(map(_of_each, service["health"])) else [_check(check, {}, hidden) for check in service["health"]]


def own_checks(
    service: Service, server: RealServer, found: Sequence[Way], hidden: Mapping[str, str]
) -> list[KeepalivedCheck] | None:
    """The checks of a real server; None if they are those of its service. Those through the VIP go all ways in `found`.

    `hidden` are the secrets with their variables.
    """
    if server["health"] is None and not any(map(_of_each, service["health"])):
        return None
    words = words_of(service, server)
    made: list[KeepalivedCheck] = []
    for health in health_of(server, service["health"]):
        check = _check(health, words, hidden)
        if health["command"]:
            command = _command(health, health["command"], words, server["inventory_weight"])
            check["command"] = f"${hidden[command]}" if health["sensitive"] else command
        made += [_through(check, way) for way in found] if asks_vip(health) else [check]
    return made


def _through(check: KeepalivedCheck, way: Way) -> KeepalivedCheck:
    """A check that asks the VIP on the way to one real server."""
    return {**check, "address": way.vip, "source": f"${SOURCES[way.family]}", "fwmark": way.mark}


def words_of(service: Service, server: RealServer | None = None) -> Mapping[str, object]:
    """What the words in braces stand for; without a real server only those of the service. 0 stands for no port.

    A service with several addresses has the words of the first.
    """
    words: dict[str, object] = {"vip": service["vips"][0], "vip_port": service["port"] or 0}
    if server is None:
        return words
    return {**words, "address": server["address"], "port": server["port"] or words["vip_port"]}


def track_files(virtual_servers: Iterable[Iterable[KeepalivedCheck]]) -> list[str]:
    """The files that the checks read, each once."""
    return list(dict.fromkeys(check["file"] for checks in virtual_servers for check in checks if check["file"]))


def _of_each(check: Health) -> bool:
    """Whether a check is another one for each real server."""
    return check["command"] is not None or has_words(check["file"] or "") or asks_vip(check)


def _command(health: Health, command: str, words: Mapping[str, object], weight: int) -> str:
    """A script with its arguments, in quotes. Without words it gets the same ones as from ldirectord: VIP, port, real server, port.

    With dynamic_weight it gets the exit code for the real server's own weight in place of 0. After 0, the next reload gives the
    real server the weight 0 until the exit code changes (2.2.7 to 2.4.3: check_misc.c, migrate_misc_checker).
    """
    text = filled(command if has_words(command) else f"{command} {{vip}} {{vip_port}} {{address}} {{port}}", words)
    if health["dynamic_weight"]:
        # Not /bin/sh: /bin is a link, and from 2.3.0 on keepalived leaves a check out whose program is below one (lib/notify.c).
        text = f"{SHELL} -c '{text} && exit {weight + 2}'"
    # keepalived knows no variables between quotes, so the quotes are part of what a variable stands for.
    return f'"{text}"'


def _check(health: Health, words: Mapping[str, object], hidden: Mapping[str, str]) -> KeepalivedCheck:
    def sent(text: str | None) -> str | None:
        return f"${hidden[text]}" if health["sensitive"] and text is not None else text

    reply = (health["reply"] or "") if health["require_reply"] else None
    return {
        "block": BLOCKS[health["type"]],
        "interval": health["interval"],
        "timeout": health["timeout"],
        "retries": health["retries"],
        "retry_delay": health["retry_delay"],
        "warmup": health["warmup"],
        "address": health["address"],
        "port": health["port"],
        "source": None if health["source"] is None else f"${variable(health['source'])}",
        "fwmark": None,
        "sni": bool(health["sni"]),
        "version": health["version"],
        "virtualhost": sent(health["virtualhost"]),
        "urls": [_url(url, sent(url["path"]) or "") for url in health["urls"]],
        "record": health["record"],
        "name": health["name"],
        "payload": sent(health["payload"]),
        "reply": reply,
        "command": None,
        "as_root": bool(health["as_root"]),
        "dynamic_weight": bool(health["dynamic_weight"]),
        "file": None if health["file"] is None else filled(health["file"], words),
        "weight": health["weight"],
    }


def _url(url: HealthUrl, path: str) -> KeepalivedUrl:
    regex = literal(url["expect"]) if url["expect"] is not None else url["regex"]
    return {
        "path": path,
        "status": " ".join(map(str, url["status"])),
        "regex": None if regex is None else quoted(regex),
        "digest": url["digest"],
    }
