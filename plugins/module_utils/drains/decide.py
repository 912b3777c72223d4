# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a drain or its end changes in the record, and why it is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Iterable, Mapping, Sequence

from .places import Service, servers_of, share, weights
from .record import Drain, Record, Undrained, exact, merged, raised, seconds

LONGEST_TEXT = 200
MOST_STEPS = 100
# The addresses that get connections at present, by the name of the service.
Live = Mapping[str, "set[str]"]


@dataclass(frozen=True)
class Request:
    """What somebody wants: a real server, in one service or in all. `force_word` is how force is written where the request comes from."""

    real_server: str | None
    service: str | None = None
    reason: str | None = None
    by: str = "somebody"
    force: bool = False
    force_word: str = "--force"


@dataclass(frozen=True)
class Decision:
    """The record after a request; with refusals it is as before. `steps` are the records on the way, `said` is what there is to know."""

    record: Record
    refusals: list[str] = field(default_factory=list)
    steps: list[Record] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def listed(names: Iterable[object]) -> str:
    """Names in a message: `a, b and c`."""
    words = [str(name) for name in names]
    return " and ".join(([", ".join(words[:-1])] if words[:-1] else []) + words[-1:])


def one_line(text: str | None, most: int = LONGEST_TEXT) -> str | None:
    """What somebody has written, in one line without control characters, or None if there is nothing."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return " ".join(plain.split())[:most] or None


def drain(
    services: Sequence[Service], record: Record, request: Request, now: datetime, live: Sequence[Live] = ()
) -> Decision:
    """Drain a real server. `live` are the tables of the directors that were asked."""
    name, refused = _named(services, request)
    if refused:
        return Decision(record, refused)
    there = next((one for one in record.of(name) if one.service == request.service), None)
    if there and there.weight is None:
        return Decision(record, said=[f"{name} is drained already: {there.origin}."])
    own = [service for service in services if request.service in (None, service.name)]
    changed = exact(now, record)
    new = Drain(
        name,
        tuple(dict.fromkeys(place.address for service in own for place in service.places if place.name == name)),
        request.service,
        one_line(request.reason),
        one_line(request.by) or "somebody",
        seconds(now),
        changed,
    )
    after = merged([record, Record((new,))])
    # A service with several addresses is there for each.
    missing = list(dict.fromkeys(text for service in own for text in _missed(service, name, record, after, live)))
    if missing and not request.force:
        way_out = (
            f"To drain it anyway, so that nobody serves the new connections of these services, add {request.force_word}"
        )
        return Decision(record, [*missing, way_out])
    return Decision(after, steps=[after], said=missing)


def _named(services: Sequence[Service], request: Request) -> tuple[str, list[str]]:
    """The name of the real server of a request, which may be its address; and what is wrong."""
    known, names = servers_of(services), list(dict.fromkeys(service.name for service in services))
    if not request.real_server:
        return "", [f"The name of a real server is missing. There are {listed(known) or 'none'}"]
    places = [(service.name, place) for service in services for place in service.places]
    name = next((place.name for _service, place in places if request.real_server in (place.name, place.address)), None)
    if name is None:
        return "", [f"There is no real server {request.real_server}. There are {listed(known) or 'none'}"]
    if request.service is not None and request.service not in names:
        return name, [f"There is no service {request.service}. There are {listed(names)}"]
    own = list(dict.fromkeys(service for service, place in places if place.name == name))
    if request.service not in (None, *own):
        others = listed(servers_of(service for service in services if service.name == request.service))
        return name, [
            f"{name} is no real server of service {request.service}, which has {others}. {name} is one of {listed(own)}"
        ]
    return name, []


def _missed(service: Service, name: str, record: Record, after: Record, live: Sequence[Live]) -> list[str]:
    """What a service would miss without a real server."""
    before, found = sum(weights(service, record)), sum(weights(service, after))
    needed = max(service.quorum + service.hysteresis, 1)
    others = [place for place in service.places if place.name != name]
    if found == before:
        return []
    if not found:
        drained = list(dict.fromkeys(place.name for place in others if not share(record, service.name, place.name)))
        why = f", since {listed(drained)} {'is' if len(drained) == 1 else 'are'} drained" if drained else ""
        return [f"Without {name} service {service.name} would have no real server with a weight{why}"]
    if found < needed <= before:
        return [
            f"Without {name} the weights of service {service.name} would add up to {found}, and its quorum needs {needed}"
        ]
    if service.bound_by:
        with_fallback = (
            ""
            if service.bound_by == "dh"
            else f". With scheduler_flags: [{service.bound_by}-fallback] they would get another"
        )
        return [
            f"Service {service.name} has the scheduler {service.bound_by}: the clients that it gives to {name} would be refused"
            + with_fallback
        ]
    mine = {place.address for place in service.places if place.name == name}
    for table in live:
        serving = table.get(service.name, set())
        if serving & mine and not serving & {place.address for place in others}:
            return [f"{name} is the only real server of service {service.name} that gets connections at present"]
    return []


def name_of(record: Record, real_server: str) -> str:
    """The name under which a record has a real server, which may be given by its address."""
    if record.of(real_server):
        return real_server
    return next((one.real_server for one in record.drains if real_server in one.addresses), real_server)


def undrain(record: Record, request: Request, now: datetime, steps: int = 1) -> Decision:
    """End a drain, in so many steps from no weight to the whole one."""
    listing = f"Drained are {listed(map(str, record.drains))}" if record.drains else "No real server is drained"
    if not request.real_server:
        return Decision(record, [f"The name of a real server is missing. {listing}"])
    if not 1 <= steps <= MOST_STEPS:
        return Decision(record, [f"The number of steps has to be from 1 to {MOST_STEPS}"])
    name = name_of(record, request.real_server)
    own = record.of(name)
    if not own:
        return Decision(record, [f"{request.real_server} is not drained. {listing}"])
    if request.service is not None and request.service not in [one.service for one in own]:
        hint = ". Undrain it whole, without naming a service" if any(one.service is None for one in own) else ""
        return Decision(record, [f"{name} is not drained in service {request.service} alone. {listing}{hint}"])
    found: list[Record] = []
    for step in range(1, steps):
        last = found[-1] if found else record
        found.append(raised(last, name, request.service, max(100 * step // steps, 1), exact(now, last)))
    last = found[-1] if found else record
    # What a director that is down knows of a single service ends with the whole.
    ended = Record((), (Undrained(name, request.service, exact(now, last)),))
    found.append(merged([last, ended]))
    left = found[-1].of(name)
    return Decision(found[-1], steps=found, said=[f"{one}." for one in left])
