# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what clients and directors have seen to the figures of one run: no node is asked here.

All moments are in seconds since the epoch, by the clock that all nodes share.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

# An owner or a pair of owners that is there for less is a look between two changes.
SHORTEST = 0.05


@dataclass(frozen=True)
class Request:
    """One request: when it began and ended, to which service, who answered, or what went wrong."""

    start: float
    end: float
    service: str
    server: str | None
    error: str | None


@dataclass(frozen=True)
class Connection:
    """An open connection: `kind` is busy or idle; `error` is None where it goes on; `stall` is its slowest answer in seconds."""

    kind: str
    server: str | None
    error: str | None
    stall: float


@dataclass(frozen=True)
class Change:
    """What a director has since a moment: `what` is a VIP (`value` is whether it holds it), TABLE (`value` is its table), or OFF:
    it has lost its power, or stands still.
    """

    at: float
    director: str
    what: str
    value: Any


TABLE = "table"
OFF = "off"  # seen by nobody, so it is no change that the cluster makes


@dataclass(frozen=True)
class Seen:
    """All that was seen of one fault: the cause came at `began` and went at `healing`; nobody looks after `ended`.

    `first` is what the directors had when they were first looked at, which is no change.
    """

    began: float
    healing: float
    ended: float
    requests: Sequence[Request]
    connections: Sequence[Connection]
    changes: Sequence[Change]


@dataclass(frozen=True)
class Run:
    """The figures of one run; times in seconds, None for what did not happen.

    requests, failed, errors: how many, and of which kinds. gap: the longest time without an answer of one service. sending:
    from the cause to the beginning of the last request that failed. detected: from the cause to the first change on a
    director. healed: from the end of the cause (or from the cause, where the cluster heals by itself) until all was as
    before. busy, idle: open connections lost, and how many there were. stall: the slowest answer on a connection that went
    on. owners: who held the VIP, from which second. together: the longest time that two directors held it.
    """

    requests: int
    failed: int
    errors: dict[str, int]
    gap: float
    sending: float | None
    detected: float | None
    healed: float | None
    busy: tuple[int, int]
    idle: tuple[int, int]
    stall: float
    owners: list[tuple[float, str]] = field(default_factory=list)
    together: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return json.loads(json.dumps(asdict(self)))

    @property
    def moves(self) -> int:
        """How often another director took the VIP."""
        holders = [who for _at, who in self.owners if who != "nobody"]
        return sum(one != before for before, one in zip(holders, holders[1:]))

    @property
    def lost(self) -> int:
        """Open connections that did not go on."""
        return self.busy[0] + self.idle[0]


def run_from(stored: dict[str, Any]) -> Run:
    """What `as_json` gave."""
    return Run(
        **{
            **stored,
            "busy": tuple(stored["busy"]),
            "idle": tuple(stored["idle"]),
            "owners": [tuple(change) for change in stored["owners"]],
        }
    )


def figures(seen: Seen, vip: str, *, itself: bool, splits: bool, healed: bool, names: Sequence[str]) -> Run:
    """The figures of one run. `itself`: nothing was done to heal; `splits`: two may hold the VIP until the cause has gone; `names`:
    the directors, for the order of two owners.
    """
    failed = [request for request in seen.requests if request.error]
    later = [change.at for change in changes_after(seen.changes, seen.began)]
    start = seen.began if itself else seen.healing
    last = max([start, *later, *(request.end for request in failed)])
    return Run(
        requests=len(seen.requests),
        failed=len(failed),
        errors=dict(sorted(Counter(str(request.error) for request in failed).items())),
        gap=rounded(longest_gap(seen.requests)),
        sending=rounded(max(request.start for request in failed) - seen.began) if failed else None,
        detected=rounded(min(later) - seen.began) if later else None,
        healed=rounded(last - start) if healed else None,
        busy=lost(seen.connections, "busy"),
        idle=lost(seen.connections, "idle"),
        stall=rounded(max((one.stall for one in seen.connections if one.error is None), default=0.0)),
        owners=owners(seen.changes, vip, seen.began, names),
        together=rounded(together(seen.changes, vip, seen.healing if splits else seen.began, seen.ended)),
    )


def rounded(seconds: float) -> float:
    return round(seconds, 2)


def longest_gap(requests: Iterable[Request]) -> float:
    """The longest time between two good answers of one service, whoever asked."""
    answers: dict[str, list[float]] = {}
    ends: dict[str, list[float]] = {}
    for request in requests:
        ends.setdefault(request.service, []).append(request.end)
        answers.setdefault(request.service, []).extend([] if request.error else [request.end])
    longest = 0.0
    for service, moments in answers.items():
        # A service that does not answer at the end has been silent until then.
        marks = sorted([min(ends[service]), *moments, max(ends[service])])
        longest = max([longest, *(after - before for before, after in zip(marks, marks[1:]))])
    return longest


def changes_after(changes: Iterable[Change], moment: float) -> list[Change]:
    """The changes after a moment; what a director is first seen to have is one only if it differs from what it had."""
    known: dict[tuple[str, str], Any] = {}
    found = []
    for change in sorted(changes, key=lambda one: one.at):
        if change.what == OFF:
            continue
        key = (change.director, change.what)
        if known.get(key, change.value if change.at < moment else None) != change.value and change.at >= moment:
            found.append(change)
        known[key] = change.value
    return found


def held(changes: Iterable[Change], vip: str, end: float) -> dict[str, list[tuple[float, float]]]:
    """From when until when each director held a VIP."""
    since: dict[str, float] = {}
    found: dict[str, list[tuple[float, float]]] = {}
    for change in sorted(changes, key=lambda one: one.at):
        if change.what == vip and change.value:
            since.setdefault(change.director, change.at)
        elif change.what in (vip, OFF) and change.director in since:
            found.setdefault(change.director, []).append((since.pop(change.director), change.at))
    for director, start in since.items():
        found.setdefault(director, []).append((start, end))
    return found


def together(changes: Iterable[Change], vip: str, start: float, end: float) -> float:
    """The longest time after `start` that two directors held a VIP."""
    overlaps = [
        min(until, other_until) - max(since, other_since, start)
        for one, other in combinations(held(changes, vip, end).values(), 2)
        for since, until in one
        for other_since, other_until in other
    ]
    return max([0.0, *overlaps])


def owners(changes: Sequence[Change], vip: str, began: float, names: Sequence[str]) -> list[tuple[float, str]]:
    """Who held the VIP when the cause came, and from which second after it who else: "lvs1", "lvs1 and lvs2", "nobody"."""
    holding: set[str] = set()
    found: list[tuple[float, str]] = []

    def who() -> str:
        return " and ".join(name for name in names if name in holding) or "nobody"

    for change in sorted((one for one in changes if one.what in (vip, OFF)), key=lambda one: one.at):
        if change.at >= began and not found:
            found.append((0.0, who()))
        (holding.add if change.what == vip and change.value else holding.discard)(change.director)
        if change.at >= began:
            at = rounded(change.at - began)
            # The first is what was before the cause.
            if len(found) > 1 and at - found[-1][0] < SHORTEST:
                at = found.pop()[0]
            if found[-1][1] != who():
                found.append((at, who()))
    return found or [(0.0, who())]


def lost(connections: Iterable[Connection], kind: str) -> tuple[int, int]:
    """How many connections of a kind did not go on, and how many there were."""
    own = [connection for connection in connections if connection.kind == kind]
    return sum(connection.error is not None for connection in own), len(own)
