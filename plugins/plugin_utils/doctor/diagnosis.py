# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis: everything that was seen, the findings in their order, and the report for people."""

from __future__ import annotations

import textwrap
from typing import Any, Iterable, Iterator, Mapping, Sequence

from . import addresses, arp, firewall, forwarding, kernel, sync, tables, traffic, vrrp
from .finding import Finding, ordered
from .sight import CLIENTS, DIRECTORS, REAL_SERVERS, Host, Sight, listed

SUBJECTS = (arp, addresses, vrrp, forwarding, firewall, kernel, traffic, tables, sync)
# Ansible folds longer lines in results that it prints as YAML.
WIDTH = 74
INDENT = "    "

Hostvars = Mapping[str, Mapping[str, Any]]


def sight_of(hostvars: Hostvars, groups: Mapping[str, Sequence[str]], play_hosts: Sequence[str]) -> Sight:
    """Gather what doctor.yml has registered on each host: doctor_seen, doctor_arp, doctor_heard, doctor_asked, doctor_doors.

    A host that --limit has left out is there all the same: it may hold the VIPs, and send the adverts that others hear.
    """
    hosts: dict[str, Host] = {}
    known = dict.fromkeys(name for group in (DIRECTORS, REAL_SERVERS, CLIENTS) for name in groups.get(group, ()))
    unread = {name: "it was left out by --limit" for name in known if name not in play_hosts}
    for name in play_hosts:
        told = hostvars[name].get("doctor_seen") if name in hostvars else None
        if told and "addresses" in told:
            hosts[name] = Host(name, frozenset(group for group, members in groups.items() if name in members), told)
        else:
            unread[name] = str((told or {}).get("msg") or "it does not answer").strip().rstrip(".")
    return Sight(
        hosts=hosts,
        unread=unread,
        arp={
            name: told["answers"]
            for name in hosts
            for told in [_registered(hostvars, name, "doctor_arp")]
            if "answers" in told
        },
        heard={
            name: told for name in hosts for told in [_registered(hostvars, name, "doctor_heard")] if "adverts" in told
        },
        asked=tuple(
            {"client": name, **entry["item"], "result": entry}
            for name in hosts
            for entry in _registered(hostvars, name, "doctor_asked").get("results") or ()
            if "requests" in entry
        ),
        doors=tuple(
            {"director": name, **entry["item"], "result": entry}
            for name in hosts
            for entry in _registered(hostvars, name, "doctor_doors").get("results") or ()
            if "requests" in entry
        ),
        lost=tuple(name for name in unread if name in groups.get(DIRECTORS, ())),
    )


def _registered(hostvars: Hostvars, name: str, variable: str) -> Mapping[str, Any]:
    return hostvars[name].get(variable) or {}


def findings(sight: Sight) -> list[tuple[Finding, list[Finding]]]:
    """All findings in their order, each with those that explain it."""
    return ordered(finding for subject in SUBJECTS for finding in subject.findings(sight))


def diagnose(sight: Sight) -> dict[str, Any]:
    """Return `findings`, `unread`, `looked_at` and `report`, as plain data."""
    found = findings(sight)
    return {
        "findings": [
            {"rank": rank, **one.data(), "follows_from": [other.key for other in causes]}
            for rank, (one, causes) in enumerate(found, 1)
        ],
        "unread": dict(sight.unread),
        "looked_at": {"hosts": sorted(sight.hosts), "vips": sight.vips},
        "report": list(report(sight, found)),
    }


def report(sight: Sight, found: Sequence[tuple[Finding, Sequence[Finding]]]) -> Iterator[str]:
    """The lines for people, none longer than WIDTH unless a command is."""
    yield from _wrapped(f"Read {listed(sight.hosts) or 'no host'}. VIPs: {listed(sight.vips) or 'none found'}.", "")
    for name, why in sight.unread.items():
        yield from _wrapped(f"{name} could not be read: {why}", "")
    for name, host in sight.hosts.items():
        for what, why in host.seen.get("unread", {}).items():
            yield from _wrapped(f"{name}: {what} could not be read: {why}", "")
    if not found and not sight.vips:
        yield from _wrapped(
            "No director that could be read has a VIP or a service, so nothing can be said of them.", ""
        )
        return
    if not found:
        yield "Nothing was found that keeps the cluster from serving."
        return
    count = f"{len(found)} findings, the most probable cause first" if len(found) > 1 else "1 finding"
    yield f"{count}:"
    places = {id(one): number for number, (one, _causes) in enumerate(found, 1)}
    for number, (one, causes) in enumerate(found, 1):
        yield ""
        yield from _wrapped(f"{number}. {one.title}", "   ", first="")
        if causes:
            yield from _wrapped(f"Follows from {listed(places[id(cause)] for cause in causes)}.", INDENT)
        yield from _wrapped(one.explanation, INDENT)
        yield f"{INDENT}Seen:"
        yield from _items(one.evidence)
        yield f"{INDENT}To mend it:"
        yield from _items(one.mend, whole=True)


def _items(lines: Iterable[str], whole: bool = False) -> Iterator[str]:
    for line in lines:
        if whole:
            yield f"{INDENT}  {line}"
        else:
            yield from _wrapped(line, INDENT + "    ", first=INDENT + "  ")


def _wrapped(text: str, indent: str, first: str | None = None) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
