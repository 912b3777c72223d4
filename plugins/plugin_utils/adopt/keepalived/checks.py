# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of a real server as `health`. One that has something without a key is kept as a whole in raw.

Sources: check_api.c, check_data.c, check_http.c, check_dns.c and check_misc.c of 2.2.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Mapping

from ...cluster import schema
from ...cluster.keepalived_checks import BLOCKS
from ...cluster.regex import QUOTED, literal
from ..notes import Notes
from .blocks import Line
from .taking import Taking, is_worded, number, put, spelled, with_words

TYPES = {block: kind for kind, block in BLOCKS.items()}
# What the roles write for themselves
OWN_FILES = ("lvs-no-weight", "lvs-stand-by", "lvs-preferred")
_STATUS = "200-299"  # check_http.c, HTTP_DEFAULT_STATUS_CODE_MIN and _MAX
_DYNAMIC = re.compile(r"^(?:/usr)?/bin/sh -c '(.*) && exit \d+'$")


@dataclass(frozen=True)
class Times:
    """The times of checks that say nothing of them, from the real server or the service. None is the check's own default."""

    interval: float = 60
    timeout: float = 5
    retries: float | None = None
    retry_delay: float | None = None
    warmup: float | None = None

    @classmethod
    def of(cls, block: Taking, above: Times) -> Times:
        """Those of a block, and of what is above it."""
        names = {"interval": "delay_loop", "timeout": "connect_timeout", "retries": "retry"}
        names |= {"retry_delay": "delay_before_retry", "warmup": "warmup"}
        found = {key: block.number(word) for key, word in names.items()}
        return cls(**{key: getattr(above, key) if value is None else value for key, value in found.items()})


@dataclass(frozen=True)
class Asked:
    """What is asked: a real server of a service, as far as a check may name it."""

    address: str
    port: int
    vips: tuple[str, ...]
    vip_port: int
    virtualhost: str | None
    networks: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def words(self) -> dict[str, str]:
        """The words that may stand for addresses in a command or a path."""
        return {word: value for word, value in (("address", self.address), ("vip", self.vips[0])) if value}


def read(line: Line, times: Times, asked: Asked, notes: Notes) -> dict[str, Any] | None:
    """A check as an entry of `health`. None if it can only be kept in raw."""
    kind = TYPES.get(line.name)
    if kind is None:
        return None
    block = Taking(line, line.name, Notes())
    health: dict[str, Any] = {"type": kind}
    keys = schema.HEALTH[kind]
    own = Notes()
    if kind == "file":
        _file(health, block, asked)
    else:
        own_times = Times.of(block, times)
        for name, value in _times(kind, own_times).items():
            put(health, keys, name, value, line.where, own)
        _connection(health, block, asked)
        _special(health, kind, block, own_times, asked, line, notes)
    if block.left or own.all() or None in health.values():
        return None
    for name, value in health.items():
        if name != "type":
            put({}, keys, name, value, line.where, own)
    return None if own.all() else health


def _times(kind: str, times: Times) -> dict[str, float | None]:
    """The times of a check, with keepalived's defaults of its kind."""
    retries, delay = times.retries, times.retry_delay
    if retries is None:
        retries = {"script": 0, "dns": 3}.get(kind, 1)
    if delay is None:
        delay = {"http": 3, "https": 3, "dns": times.interval}.get(kind, 1)
    found = {"interval": times.interval, "retries": retries, "retry_delay": delay, "warmup": times.warmup}
    return found if kind == "script" else {**found, "timeout": times.timeout}


def _connection(health: dict[str, Any], block: Taking, asked: Asked) -> None:
    """Where a check connects to, and from where. `fwmark` leads through the VIP, as the roles write it."""
    address, port, source = block.value("connect_ip"), block.number("connect_port"), block.value("bindto")
    if address in asked.vips and (mark := block.last("fwmark")) is not None:
        health["via"] = "vip" if number(mark.word(1)) else None
        address = source = None
    if address is not None and address != asked.address:
        health["address"] = address
    if port is not None and port != asked.port:
        health["port"] = port
    if source is not None:
        health["source"] = asked.networks.get(source, source)


def _special(
    health: dict[str, Any], kind: str, block: Taking, times: Times, asked: Asked, line: Line, notes: Notes
) -> None:
    if kind in ("http", "https"):
        _pages(health, block, asked)
        if kind == "https" and not block.flag("enable_sni"):
            health["sni"] = False
    elif kind == "dns":
        health["record"] = (block.value("type") or "SOA").upper()
        health["name"] = block.value("name") or "."
    elif kind == "udp":
        _bytes(health, block)
    elif kind == "script":
        _command(health, block, times, asked, line, notes)


def _pages(health: dict[str, Any], block: Taking, asked: Asked) -> None:
    host = block.value("virtualhost")
    version = block.value("http_protocol")
    if version:
        health["version"] = version.upper()
    pages: list[dict[str, Any]] = []
    for line in block.all("url"):
        url = Taking(line, "url", Notes())
        page: dict[str, Any] = {"path": url.value("path") or "/"}
        codes = url.last("status_code")
        page["status"] = [_plain(code) for code in codes.words[1:]] if codes else [_STATUS]
        if (digest := url.value("digest")) is not None:
            page["digest"] = digest
        if (regex := url.value("regex")) is not None:
            page.update(searched(unquoted(regex)))
        own_host = url.value("virtualhost")
        if url.left or (own_host is not None and host not in (None, own_host)):
            health["urls"] = None
            return
        host = own_host or host
        pages.append(page)
    if not pages:  # keepalived 2.2.7 crashes
        health["urls"] = None
        return
    if host or asked.virtualhost:
        health["virtualhost"] = host or asked.virtualhost
    for page in pages:
        if len(page["status"]) == 1:
            page["status"] = page["status"][0]
        if page["status"] == 200:
            del page["status"]
    if len(pages) == 1:
        health.update(pages[0])
    else:
        health["urls"] = pages


def _plain(code: str) -> int | str:
    return int(code) if code.isdigit() else code


def unquoted(regex: str) -> str:
    """A regular expression as keepalived has read it between its quotes: regex.py, quoted."""
    for character, replacement in reversed(QUOTED):
        regex = regex.replace(replacement, character)
    return regex.replace('\\"', '"')


def searched(regex: str) -> dict[str, str]:
    """A regular expression, or the text that it stands for."""
    text = re.sub(r"\[([^]^\\])\]", r"\1", regex)
    return {"expect": text} if literal(text) == regex and not re.search(r'[\\"^]', text) else {"regex": regex}


def _bytes(health: dict[str, Any], block: Taking) -> None:
    if (payload := block.last("payload")) is not None:
        health["payload"] = "".join(payload.words[1:])
    reply = block.last("require_reply")
    longest = block.number("max_reply_length")
    if reply is not None:
        health["require_reply"] = "".join(reply.words[1:]) or True
        # The roles write this length. keepalived's own is 255, and a longer answer fails
        if longest != 65535:
            health["max_reply_length"] = None


def _command(health: dict[str, Any], block: Taking, times: Times, asked: Asked, line: Line, notes: Notes) -> None:
    path = block.last("misc_path")
    timeout = block.number("misc_timeout")
    health["timeout"] = timeout or times.interval
    dynamic = block.flag("misc_dynamic")
    user = block.last("user")
    command = path.word(1) if path else ""
    if dynamic:
        health["dynamic_weight"] = True
        if wrapped := _DYNAMIC.match(command):
            command = wrapped[1]
    added = f" {asked.vips[0]} {asked.vip_port} {asked.address} {asked.port or asked.vip_port}"
    wrapped_user = re.match(r"^/usr/sbin/chroot --userspec=(\S+) / (.+)$", command)
    if wrapped_user and user is not None and user.word(1) == "root":
        health["user"], command = wrapped_user[1], wrapped_user[2]
    elif user is not None:
        health["user"] = ":".join(user.words[1:])
    if command.endswith(added):
        health["command"] = command[: -len(added)]
        return
    command = with_words(command, asked.words)
    # Without words the roles add the addresses as arguments
    health["command"] = spelled(command, line, notes) if is_worded(command) else None


def _file(health: dict[str, Any], block: Taking, asked: Asked) -> None:
    """A file whose number is the change of the weight."""
    name = block.value("track_file") or ""
    health["file"] = with_words(asked.files.get(name, name), asked.words)
    if weight := block.number("weight"):
        health["weight"] = weight


def is_own(line: Line) -> bool:
    """Whether a check is one with which the roles drain a real server."""
    return line.name == "FILE_CHECK" and any(
        inner.name == "track_file" and inner.word(1) in OWN_FILES for inner in line.inside
    )
