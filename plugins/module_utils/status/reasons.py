# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a real server has failed, as far as the daemon that checks it tells: in keepalived's lines of the journal, or in ldirectord's log.

keepalived says what a check has found before it says that it removes the real server (check_*.c and ipwrapper.c of 2.2.7 and 2.4.3).
ldirectord says only that it removes one (its _remove_service).
"""

from __future__ import annotations

import re
import time
from typing import Iterable, Iterator, Mapping, NamedTuple, Tuple

# journalctl: "1772357400.250000 lvs1 Keepalived_healthcheckers[423]: TCP_CHECK on service [172.28.0.21]:tcp:80 failed."
_JOURNAL = re.compile(r"(\d+\.\d+) \S+ [^:]*: (.*)")
_SERVER = re.compile(r"\[([0-9a-fA-F.:]+)\]:\w+:(\d+)")
_BACK = re.compile(r"(?:Add|Enabl)ing service ")
_GONE = re.compile(r"(?:Removing|Disabling) (?:\(inhibited\) )?service ")
# Lines that name a real server and do not say why it failed.
_NO_REASON = re.compile(
    r"(?i)succe|\b(?:adding|removing|enabling|disabling) sorry|Changing weight|no longer exist|Shutting down"
)
_SCRIPT = re.compile(r"Misc check for \[.* VS .*\] by \[(.*?)\] (.*)")
# A real server in a sentence, with the words that lead to it.
_NAMED = re.compile(r"(?:(?: on)? service|(?: (?:from|to|with))? server| to| of)? ?\[[0-9a-fA-F.:]+\]:\w+:\d+")
# What a check has asked for may be a secret (`sensitive`), and the page of lvs-status may be for everybody (check_http.c).
_ASKED = re.compile(r" url(?: \S+|\(\S*\))")
# "HTTP_CHECK on service [..] failed after 3 retries": a line before it may tell more.
_VERDICT = re.compile(r"_CHECK on service ")
_LDIRECTORD = re.compile(r"(Deleted|Quiescent|Readd Quiescent|Added|Restored) real server: (\S+) ")
_LDIRECTORD_TIME = re.compile(r"\[(\w{3} \w{3} +\d+ [\d:]{8} \d{4})(?:\||\])")

Endpoint = Tuple[str, int]


class Reason(NamedTuple):
    """What a daemon has said of a failed real server, and since when it is out, in seconds since 1970. Either may be unknown."""

    text: str | None
    since: float | None


def keepalived_reasons(lines: Iterable[str]) -> dict[Endpoint, Reason]:
    """Return why real servers are out, from what journalctl printed with --output=short-unix, the oldest line first."""
    said: dict[Endpoint, list[str]] = {}
    gone: dict[Endpoint, float] = {}
    for at, text in _entries(lines):
        match = _SERVER.search(text)
        if match is None or _NO_REASON.search(text):
            continue
        server = (match[1], int(match[2]))
        if _BACK.match(text):
            said.pop(server, None)
            gone.pop(server, None)
        elif _GONE.match(text):
            gone.setdefault(server, at)
        else:
            said.setdefault(server, []).append(text)
    return {server: Reason(_told(said.get(server, ())), gone.get(server)) for server in dict.fromkeys([*said, *gone])}


def _entries(lines: Iterable[str]) -> Iterator[tuple[float, str]]:
    for line in lines:
        match = _JOURNAL.match(line)
        if match is not None:
            yield float(match[1]), match[2]


def _told(lines: Iterable[str]) -> str | None:
    """The last verdict, and before it what the check has found last."""
    verdict, found = "", ""
    for line in lines:
        if _VERDICT.search(line):
            verdict = line
        else:
            found = line
    both = [shortened(line) for line in (found, verdict) if line]
    return printable("; ".join(both)) or None


def shortened(line: str) -> str:
    """Return a line of keepalived's log without the real server, which stands beside it anyway."""
    script = _SCRIPT.match(line)
    if script is not None:
        return f"{script[1]} {script[2]}".rstrip(".")
    without = _NAMED.sub("", _ASKED.sub("", line))
    return " ".join(without.replace("()", "").split()).rstrip(".")


def printable(text: str) -> str:
    """Return a text without what could control a terminal: a script chooses what is logged of it."""
    return "".join(char if char.isprintable() else " " for char in text)[:200].strip()


def ldirectord_reasons(lines: Iterable[str], checks: Mapping[str, str]) -> dict[str, Reason]:
    """Return why real servers are out, by their text, from ldirectord's log or from the journal. `checks` are their kinds of check."""
    found: dict[str, Reason] = {}
    for line in lines:
        match = _LDIRECTORD.search(line)
        if match is None:
            continue
        action, server = match.groups()
        if action in ("Added", "Restored"):
            found.pop(server, None)
        else:
            check = checks.get(server)
            found[server] = Reason(f"the check {check} failed" if check else "its check failed", _time_of(line))
    return found


def _time_of(line: str) -> float | None:
    own, journal = _LDIRECTORD_TIME.search(line), _JOURNAL.match(line)
    if own is not None:
        return time.mktime(time.strptime(own[1]))
    return float(journal[1]) if journal is not None else None
