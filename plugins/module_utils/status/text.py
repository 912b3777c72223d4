# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The view of a cluster as a table for people, at most 80 columns wide. States are words; colours only go with them."""

from __future__ import annotations

import calendar
import textwrap
import time
from typing import Any, Iterator, Mapping, Sequence

WIDTH = 80
RED, YELLOW, GREEN = "31", "33", "32"
COLOURS = {
    **dict.fromkeys(("up", "master", "held"), GREEN),
    **dict.fromkeys(("drained", "quiesced", "degraded", "sorry", "waiting", "foreign", "not here"), YELLOW),
    **dict.fromkeys(("failed", "missing", "down", "fault", "unreachable", "no answer", "stopped"), RED),
    **dict.fromkeys(("nobody", "split brain", "unknown"), RED),
}
# These are written large, so that they are seen without colours, too.
LARGE = ("failed", "missing", "down", "fault", "unreachable", "no answer", "nobody", "split brain", "sorry", "stopped")
# Before a real server. A line that began with blanks would get quotes in Ansible's YAML, and stand beside its column.
MARK = "+ "
NAME, WEIGHT, NUMBER, RATE = 37, 8, 9, 8

# The services above tell of all.
MOST_PROBLEMS = 20

View = Mapping[str, Any]


class Paint:
    """Puts a word of state into its colour, if there are colours."""

    def __init__(self, coloured: bool) -> None:
        self.coloured = coloured

    def __call__(self, state: str) -> str:
        word = state.upper() if state in LARGE else state
        return f"\x1b[{COLOURS[state]}m{word}\x1b[0m" if self.coloured and state in COLOURS else word


def lines_of(view: View, coloured: bool = False) -> list[str]:
    """Return the lines of the table."""
    paint = Paint(coloured)
    now = seconds(view["at"])
    return [
        *_title(view),
        "",
        *_directors(view, now, paint),
        *(["", *_vips(view, now, paint)] if view["vips"] else []),
        *(["", *_services(view, now, paint)] if view["services"] else []),
        "",
        *_problems(view),
    ]


def seconds(text: str | None) -> float | None:
    """A time of JSON in seconds since 1970; None for none, and for what somebody has written into the record of drains by hand."""
    try:
        return float(calendar.timegm(time.strptime((text or "")[:19], "%Y-%m-%dT%H:%M:%S")))
    except ValueError:
        return None


def ago(since: str | None, now: float | None) -> str:
    """How long something lasts, such as "3 d 4 h", "2 h 5 min" or "12 s"; "-" if that is unknown."""
    begun = seconds(since)
    if begun is None or now is None:
        return "-"
    passed = max(0, int(now - begun))
    for size, name, smaller, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 0, "")):
        if passed >= size:
            rest = passed % size // smaller if smaller else 0
            return f"{passed // size} {name}" + (f" {rest} {part}" if rest else "")
    return f"{passed} s"


def number(value: int | None) -> str:
    """A number in at most seven characters."""
    if value is None:
        return "-"
    if value < 10**7:
        return str(value)
    return f"{value / 10**6:.0f}M" if value < 10**10 else f"{value / 10**9:.0f}G"


def wrapped(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """Return a text in lines of at most 80 columns."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent if first is None else first, subsequent_indent=indent) or [
        ""
    ]


def _title(view: View) -> Iterator[str]:
    at = (view["at"] or "").replace("T", " ").replace("Z", " UTC")
    yield from wrapped(" ".join(f"Cluster {view['cluster'] or 'unknown'} ({view['stack'] or 'unknown'}) {at}".split()))


def _row(columns: Sequence[tuple[str, int]], last: str) -> str:
    """Columns of fixed widths, the last one open."""
    return "".join(f"{text:<{width}}" for text, width in columns) + last


def _cut(text: str, width: int) -> str:
    return text if len(text) < width else f"{text[: width - 2]}~"


def _directors(view: View, now: float | None, paint: Paint) -> Iterator[str]:
    yield _row([("DIRECTOR", 18), ("INSTANCE", 14), ("SINCE", 12), ("SYNC", 19)], "STATE")
    for director in view["directors"]:
        name = _cut(director["name"], 18)
        if not director["instances"]:
            yield _row([(name, 18), ("-", 14), ("-", 12), ("-", 19)], paint(director["state"]))
            if director["why"] and director["why"] != director["state"]:
                yield from wrapped(director["why"], "    ")
        for instance in director["instances"]:
            of = _cut(instance["name"], 14)
            since = ago(instance["since"], now)
            yield _row([(name, 18), (of, 14), (since, 12), (sync_text(director["sync"]), 19)], paint(instance["state"]))
            name = ""


def sync_text(sync: Mapping[str, Any] | None) -> str:
    """What the sync daemons of the kernel do, in a few words."""
    if sync is None:
        return "-"
    words = [word for word in ("sends", "receives") if sync[word]]
    return ", ".join(words) or "OFF"


def _vips(view: View, now: float | None, paint: Paint) -> Iterator[str]:
    yield _row([("VIP", 41), ("HELD BY", 15), ("SINCE", 12)], "STATE")
    for vip in view["vips"]:
        label = f"{vip['address']} gateway" if vip["gateway"] else vip["address"]
        holders = " ".join(vip["held_by"]) or "-"
        short = holders if len(holders) < 15 else _cut(vip["held_by"][0], 15) if len(vip["held_by"]) == 1 else "several"
        if len(label) >= 41:
            yield label
            label = ""
        yield _row([(label, 41), (short, 15), (ago(vip["since"], now), 12)], paint(vip["state"]))
        if len(vip["held_by"]) > 1 or vip["others"]:
            yield from wrapped(f"held by {', '.join([*vip['held_by'], *vip['others']])}", "    ")


def _services(view: View, now: float | None, paint: Paint) -> Iterator[str]:
    yield _numbers("SERVICE, REAL SERVERS", ("WEIGHT", "ACTIVE", "INACTIVE", "CONN/S"), "STATE")
    for service in view["services"]:
        name, key = service["name"], service["service"]
        label = name if name == key else f"{name} {key}"
        figures = ("", number(service["active"]), number(service["inactive"]), number(service["rate"]))
        yield from _labelled(label, "", figures, paint(service["state"]))
        for server in service["real_servers"]:
            yield from _server(server, service, now, paint)
        sorry = service["sorry_server"]
        if sorry is not None and sorry["in_use"]:
            figures = ("", number(sorry["active"]), number(sorry["inactive"]), number(sorry["rate"]))
            yield from _labelled(_server_label(sorry, service), MARK, figures, "in use")


def _server(server: Mapping[str, Any], service: Mapping[str, Any], now: float | None, paint: Paint) -> Iterator[str]:
    yield from _labelled(_server_label(server, service), MARK, _figures(server), paint(server["state"]))
    for text in explanations(server, now):
        yield from wrapped(text, "      ", "    - ")


def _figures(server: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        weights(server),
        number(server["active"]),
        number(server["inactive"]),
        number(server["rate"]),
    )


def weights(server: Mapping[str, Any]) -> str:
    """The live weight, and the wanted one if that is another."""
    live, wanted = server["weight"], server["weight_wanted"]
    shown = "-" if live is None else str(live)
    return shown if live == wanted or wanted is None else f"{shown}/{wanted}"


def explanations(server: Mapping[str, Any], now: float | None) -> list[str]:
    """Why a real server is as it is, in lines."""
    found = []
    drain = server["drain"]
    if drain is not None:
        by = f" by {drain['by']}" if drain["by"] else ""
        since = f" {ago(drain['since'], now)} ago" if seconds(drain["since"]) is not None else ""
        why = f": {drain['reason']}" if drain["reason"] else ""
        found.append(f"drained{by}{since}{why}")
    if server["reason"]:
        since = f", for {ago(server['since'], now)}" if server["since"] else ""
        found.append(f"{server['reason']}{since}")
    elsewhere = server.get("elsewhere") or {}
    found += [f"on {director} it is {state}" for director, state in elsewhere.items()]
    return found


def _server_label(server: Mapping[str, Any], service: Mapping[str, Any]) -> str:
    """Name and address; the port only if it is another than that of the service."""
    own = service["service"].rpartition("/")[0].rpartition(":")[2] == str(server["port"]) or server["port"] == 0
    where = server["address"] if own else _endpoint(server)
    forward = f" {server['forward']}" if server.get("forward") else ""
    return f"{where}{forward}" if server["name"] == server["address"] else f"{server['name']} {where}{forward}"


def _endpoint(server: Mapping[str, Any]) -> str:
    address = f"[{server['address']}]" if ":" in server["address"] else server["address"]
    return f"{address}:{server['port']}"


def _labelled(label: str, indent: str, figures: Sequence[str], state: str) -> Iterator[str]:
    room = _room(figures)
    if len(indent) + len(label) >= room:
        lines = textwrap.wrap(label, WIDTH, initial_indent=indent, subsequent_indent="    ", break_on_hyphens=False)
        yield from lines[:-1]
        if len(lines[-1]) >= room:
            yield lines[-1]
            lines[-1] = ""
        yield _numbers(lines[-1], figures, state)
    else:
        yield _numbers(f"{indent}{label}", figures, state)


def _room(figures: Sequence[str]) -> int:
    """The width of the first column: two large weights take some of it."""
    return NAME - max(0, len(figures[0]) + 1 - WEIGHT)


def _numbers(label: str, figures: Sequence[str], state: str) -> str:
    weight, active, inactive, rate = figures
    room = _room(figures)
    return (
        f"{label:<{room}}{weight:>{NAME + WEIGHT - room}}{active:>{NUMBER}}{inactive:>{NUMBER}}{rate:>{RATE}} {state}"
    )


def _problems(view: View) -> Iterator[str]:
    if not view["problems"]:
        yield "No problems seen."
        return
    yield "PROBLEMS"
    for problem in view["problems"][:MOST_PROBLEMS]:
        names = f"{', '.join(problem['directors'])}: " if problem["directors"] else ""
        yield from wrapped(f"{names}{problem['text']}", "  ", "- ")
    if len(view["problems"]) > MOST_PROBLEMS:
        yield f"and {len(view['problems']) - MOST_PROBLEMS} more"
