# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which real servers are drained, by whom, since when and why: the record that every director keeps.

Directors may have different records: one was down, or somebody has drained on one alone. Of what they say about one real server and
one service, the latest counts. So a record also keeps what was undrained: without that, a director that was down at the time would
bring the drain back.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Iterable, Mapping

FILE = "/var/lib/lvs-cluster/drained.json"
VERSION = 1
_SECONDS, _EXACT = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Drain:
    """A real server that gets no new connections, in one service or, if that is None, in all.

    `since` is when it was drained, `changed` when somebody has changed anything of this. `weight` is the percentage of its weight that it
    gets while that is raised in steps, None for no weight at all.
    """

    real_server: str
    addresses: tuple[str, ...]
    service: str | None
    reason: str | None
    by: str
    since: str
    changed: str
    weight: int | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        """What it is about."""
        return (self.real_server, self.service)

    @property
    def share(self) -> int:
        """The percentage of its weight that the real server has."""
        return self.weight or 0

    def __str__(self) -> str:
        where = f"in service {self.service}" if self.service else "in all its services"
        if self.weight:
            return f"{self.real_server} has {self.weight} percent of its weight {where}, drained {self.origin}"
        return f"{self.real_server} is drained {where} {self.origin}"

    @property
    def origin(self) -> str:
        """Who has drained it, when and why, in words."""
        return f"by {self.by} since {self.since}" + (f" because: {self.reason}" if self.reason else "")


@dataclass(frozen=True)
class Undrained:
    """A drain that was ended. Without a service, those in single services have ended with it."""

    real_server: str
    service: str | None
    at: str

    @property
    def key(self) -> tuple[str, str | None]:
        """What it is about."""
        return (self.real_server, self.service)


@dataclass(frozen=True)
class Record:
    """What a director, or all of them together, know."""

    drains: tuple[Drain, ...] = ()
    undrained: tuple[Undrained, ...] = ()

    def of(self, real_server: str) -> list[Drain]:
        """The drains of a real server."""
        return [drain for drain in self.drains if drain.real_server == real_server]


def seconds(now: datetime) -> str:
    """Return a time for people. `now` is in UTC."""
    return now.strftime(_SECONDS)


def exact(now: datetime, record: Record) -> str:
    """Return a time that is later than all in a record, whatever the clocks of those who wrote it."""
    known = [drain.changed for drain in record.drains] + [one.at for one in record.undrained]
    latest = max(known, default="")
    if now.strftime(_EXACT) > latest:
        return now.strftime(_EXACT)
    return (datetime.strptime(latest, _EXACT) + timedelta(microseconds=1)).strftime(_EXACT)


def read(text: str) -> Record:
    """Return a record from its text. Raises ValueError for anything else."""
    return from_data(json.loads(text))


def from_data(data: Any) -> Record:
    """Return a record from the content of its file. Raises ValueError for anything else."""
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise ValueError(f"it is no record of version {VERSION}")
    try:
        return Record(
            tuple(_drain(entry) for entry in data["drains"]),
            tuple(
                Undrained(str(entry["real_server"]), entry["service"], _exact(entry["at"]))
                for entry in data.get("undrained", ())
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"an entry lacks {error}, or is none") from None


def _drain(entry: Mapping[str, Any]) -> Drain:
    weight = entry.get("weight")
    if weight is not None and not (isinstance(weight, int) and 0 < weight < 100):
        raise ValueError(f"weight is {weight}, which is no percentage below 100")
    return Drain(
        str(entry["real_server"]),
        tuple(entry["addresses"]),
        entry["service"],
        entry["reason"],
        str(entry["by"]),
        str(entry["since"]),
        _exact(entry.get("changed") or entry["since"]),
        weight,
    )


def _exact(time: str) -> str:
    """Return a time with microseconds, so that times compare as text. Raises ValueError for anything else."""
    return datetime.strptime(time, _EXACT if "." in time else _SECONDS).strftime(_EXACT)


def data_of(record: Record) -> dict[str, Any]:
    """Return the content of a record's file."""
    return {
        "version": VERSION,
        "drains": [{**asdict(drain), "addresses": list(drain.addresses)} for drain in record.drains],
        "undrained": [asdict(one) for one in record.undrained],
    }


def text_of(record: Record) -> str:
    """Return the text of a record's file, as the filter to_nice_json writes it."""
    return json.dumps(data_of(record), indent=4, sort_keys=True) + "\n"


def merged(records: Iterable[Record]) -> Record:
    """Return what several records say together: of each real server and service the latest."""
    drains: dict[tuple[str, str | None], Drain] = {}
    ended: dict[tuple[str, str | None], Undrained] = {}
    for record in records:
        for drain in record.drains:
            there = drains.get(drain.key)
            if there is None or there.changed < drain.changed:
                drains[drain.key] = drain
        for one in record.undrained:
            known = ended.get(one.key)
            if known is None or known.at < one.at:
                ended[one.key] = one
    alive = [
        drain
        for drain in drains.values()
        if all(key not in ended or ended[key].at < drain.changed for key in (drain.key, (drain.real_server, None)))
    ]
    return Record(
        tuple(sorted(alive, key=lambda drain: (drain.real_server, drain.service or ""))),
        tuple(sorted(ended.values(), key=lambda one: (one.real_server, one.service or ""))),
    )


def common(records: Iterable[Record], everybody: bool) -> Record:
    """Return what the directors that have told their records know together; `everybody` is whether all have.

    What was undrained is forgotten once no director has a drain that it could bring back.
    """
    records = list(records)
    if everybody and not any(record.drains for record in records):
        return Record()
    return merged(records)


def raised(record: Record, real_server: str, service: str | None, percent: int, changed: str) -> Record:
    """Return a record in which a drained real server gets a part of its weight."""
    drains = [
        replace(drain, weight=percent, changed=changed)
        if drain.real_server == real_server and service in (None, drain.service)
        else drain
        for drain in record.drains
    ]
    return replace(record, drains=tuple(drains))
