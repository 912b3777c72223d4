# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The topology of a cluster as SVG: clients, VIPs, directors and real servers, from top to bottom.

What a state is, a word tells; its colour and the line into the box only repeat it. Colours are classes of the page's style sheet.
"""

from __future__ import annotations

from html import escape
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Sequence

BOX_WIDTH, GAP, ROW_GAP, LAYER_GAP, LINE, MARGIN = 168, 14, 18, 44, 16, 8
# More boxes than these would not be read. The tables have all.
MOST = 24
# How bad a state is, for what has several.
ORDER = ("failed", "missing", "waiting", "foreign", "drained", "quiesced", "standby", "up")
KIND = {
    **dict.fromkeys(("up", "master", "held", "clients"), "good"),
    **dict.fromkeys(
        ("drained", "quiesced", "waiting", "foreign", "sorry server", "not here", "degraded", "sorry"), "warn"
    ),
    **dict.fromkeys(
        (
            "failed",
            "missing",
            "down",
            "fault",
            "unreachable",
            "no answer",
            "stopped",
            "nobody",
            "split brain",
            "unknown",
        ),
        "bad",
    ),
}
ANSWERS = {
    "dr": "dr: real servers answer the clients themselves",
    "tun": "tun: through a tunnel, and real servers answer the clients themselves",
    "nat": "nat: answers go back through the director",
    "local": "local: the director itself serves",
}

View = Mapping[str, Any]


class Box(NamedTuple):
    """A box: what identifies it, its state, and its lines, the first of which is its name."""

    name: str
    state: str
    lines: Sequence[str]


class Link(NamedTuple):
    """A line between two boxes."""

    start: str
    end: str
    state: str


def kind_of(state: str) -> str:
    """The class of a state: good, warn, bad or calm."""
    return KIND.get(state, "calm")


def layers(view: View) -> list[list[Box]]:
    """Return the boxes of clients, VIPs, directors and real servers."""
    return [
        [Box("clients", "clients", ["Clients"])],
        _limited([_vip(vip) for vip in view["vips"]], "VIPs"),
        _limited([_director(director) for director in view["directors"]], "directors"),
        _limited(list(_servers(view)), "real servers"),
    ]


def _limited(boxes: list[Box], what: str) -> list[Box]:
    if len(boxes) <= MOST:
        return boxes
    # What is wrong is shown first.
    worst = sorted(boxes, key=lambda box: ("bad", "warn", "good", "calm").index(kind_of(box.state)))
    return [*worst[: MOST - 1], Box(f"more {what}", "more", [f"{len(boxes) - MOST + 1} more {what}", "see the tables"])]


def _vip(vip: Mapping[str, Any]) -> Box:
    holders = ", ".join(vip["held_by"])
    state = vip["state"]
    word = f"held by {holders}" if state == "held" else f"{state.upper()}{': ' + holders if holders else ''}"
    kind = "gateway of NAT" if vip["gateway"] else "VIP"
    return Box(vip["address"], state, [vip["address"], f"{kind}, {vip['instance']}", word])


def _director(director: Mapping[str, Any]) -> Box:
    state = director["state"]
    word = state if kind_of(state) in ("good", "calm") else state.upper()
    names = ", ".join(instance["name"] for instance in director["instances"] if instance["state"] == state)
    return Box(f"director {director['name']}", state, [director["name"], "director", f"{word} {names}".strip()])


def _servers(view: View) -> Iterator[Box]:
    """The real servers of all services, each once, with its worst state."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for service in view["services"]:
        for server in service["real_servers"]:
            entry = (server["state"], server["forward"], server["address"])
            found.setdefault(server["name"], []).append(entry)
        sorry = service["sorry_server"]
        if sorry is not None and sorry["in_use"]:
            found.setdefault(sorry["name"], []).append(("sorry server", "", sorry["address"]))
    for name, entries in found.items():
        states = [state for state, _forward, _address in entries]
        worst = min(states, key=lambda state: ORDER.index(state) if state in ORDER else -1)
        count = states.count(worst)
        word = worst.upper() if kind_of(worst) == "bad" else worst
        of = f" in {count} of {len(states)} services" if len(states) > 1 else ""
        forwards = ", ".join(dict.fromkeys(forward for _state, forward, _address in entries if forward))
        address = entries[0][2]
        lines = [name, address if address != name else "real server", forwards, f"{word}{of}"]
        yield Box(f"server {name}", worst, [line for line in lines if line])


def links(view: View, boxes: Iterable[Box]) -> list[Link]:
    """Return the ways of the packets: clients to VIPs, VIPs to the directors that hold them, these to their real servers."""
    there = {box.name: box.state for box in boxes}
    found = [Link("clients", vip["address"], vip["state"]) for vip in view["vips"] if vip["address"] in there]
    found += [
        Link(vip["address"], f"director {name}", vip["state"])
        for vip in view["vips"]
        for name in vip["held_by"]
        if vip["address"] in there and f"director {name}" in there
    ]
    holding = {name for vip in view["vips"] for name in vip["held_by"]}
    for service in view["services"]:
        if service["director"] in holding and f"director {service['director']}" in there:
            for server in service["real_servers"]:
                name = f"server {server['name']}"
                if name in there:
                    found.append(Link(f"director {service['director']}", name, there[name]))
    return list(dict.fromkeys(found))


def topology(view: View, width: int, name: str) -> str:
    """Return the SVG, so many units wide. `name` tells its title from those of other pictures on the page."""
    columns = max(1, (width - 2 * MARGIN + GAP) // (BOX_WIDTH + GAP))
    parts: list[str] = []
    places: dict[str, tuple[float, float, float]] = {}  # middle, top, bottom
    top: float = MARGIN
    boxes = layers(view)
    for layer in boxes:
        for start in range(0, len(layer), columns):
            row = layer[start : start + columns]
            height = max(len(box.lines) for box in row) * LINE + 14
            left: float = (width - len(row) * (BOX_WIDTH + GAP) + GAP) / 2
            for box in row:
                places[box.name] = (left + BOX_WIDTH / 2, top, top + height)
                parts.append(_box(box, left, top, height))
                left += BOX_WIDTH + GAP
            top += height + ROW_GAP
        if layer:
            top += LAYER_GAP - ROW_GAP
    bottom = top - LAYER_GAP + MARGIN
    lines = [_line(link, places) for link in links(view, (box for layer in boxes for box in layer))]
    return (
        f'<svg class="{name}" viewBox="0 0 {width} {bottom:g}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">Topology of the cluster {escape(str(view["cluster"]))}</title>'
        f'<desc id="{name}-desc">{escape(described(view))}</desc>'
        f"{''.join(lines)}{''.join(parts)}</svg>"
    )


def _box(box: Box, left: float, top: float, height: float) -> str:
    texts = "".join(
        f'<text x="{left + BOX_WIDTH / 2:g}" y="{top + 19 + LINE * at:g}" class="{_class(box, at)}"{_squeezed(line)}>'
        f"{escape(line)}</text>"
        for at, line in enumerate(box.lines)
    )
    return (
        f'<g class="{kind_of(box.state)}"><rect x="{left:g}" y="{top:g}" width="{BOX_WIDTH}" height="{height:g}" rx="6"/>'
        f"{texts}</g>"
    )


def _class(box: Box, at: int) -> str:
    return "name" if at == 0 else "state" if at == len(box.lines) - 1 else "more"


def _squeezed(line: str) -> str:
    """A line that would not fit is drawn narrower."""
    return f' textLength="{BOX_WIDTH - 12}" lengthAdjust="spacingAndGlyphs"' if len(line) > 23 else ""


def _line(link: Link, places: Mapping[str, tuple[float, float, float]]) -> str:
    x, _top, y = places[link.start]
    to_x, to_y, _bottom = places[link.end]
    return f'<path class="{kind_of(link.state)}" d="M{x:g} {y:g}C{x:g} {y + 24:g} {to_x:g} {to_y - 24:g} {to_x:g} {to_y:g}"/>'


def described(view: View) -> str:
    """The picture in words."""
    vips = [f"VIP {box.name}: {box.lines[-1]}." for box in layers(view)[1]]
    directors = [f"Director {box.lines[0]}: {box.lines[-1]}." for box in layers(view)[2]]
    servers = [f"Real server {box.lines[0]}: {', '.join(box.lines[2:] or box.lines[1:])}." for box in layers(view)[3]]
    return " ".join(["Clients send to the VIPs.", *vips, *directors, *servers])


def legend(view: View) -> list[str]:
    """What the forwarding methods in the picture mean."""
    used = {server["forward"] for service in view["services"] for server in service["real_servers"]}
    return [text for method, text in ANSWERS.items() if method in used]
