# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The view of a cluster as a page of HTML: one file that fetches nothing and runs no script."""

from __future__ import annotations

from html import escape
from typing import Any, Iterable, Iterator, Mapping, Sequence

from .text import ago, explanations, number, seconds, sync_text, weights
from .topology import kind_of, legend, topology

# On a phone each row of a table becomes a card, whose cells say what they are.
STYLE = """
:root{color-scheme:light dark;--back:#f6f8fa;--card:#ffffff;--line:#8c959f;--text:#1f2328;--soft:#57606a;
--good:#116329;--warn:#7d4e00;--bad:#b3131f;--good-back:#dafbe1;--warn-back:#fff3c4;--bad-back:#ffe3e0}
@media (prefers-color-scheme:dark){:root{--back:#0d1117;--card:#161b22;--line:#6e7681;--text:#e6edf3;--soft:#9da7b3;
--good:#56d364;--warn:#e3b341;--bad:#ff8f87;--good-back:#12261e;--warn-back:#2a2211;--bad-back:#35171a}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:16px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:1200px;margin:0 auto;padding:12px}
h1{font-size:1.4rem;margin:.3em 0}h2{font-size:1.1rem;margin:1.4em 0 .5em}
p{margin:.4em 0}.soft{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:4px 14px 14px;margin:14px 0}
ul{margin:.3em 0;padding-left:1.2em}li{margin:.2em 0}
.tag{display:inline-block;padding:0 .5em;border-radius:1em;border:1px solid var(--line);white-space:nowrap}
.tag.good{color:var(--good);border-color:var(--good);background:var(--good-back)}
.tag.warn{color:var(--warn);border-color:var(--warn);background:var(--warn-back)}
.tag.bad{color:var(--bad);border-color:var(--bad);background:var(--bad-back);font-weight:600}
table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:600;padding:.6em 0 .3em}
caption .tag,caption .soft{font-weight:400}table+table{margin-top:1em}
th,td{text-align:left;padding:.3em .7em .3em 0;border-top:1px solid var(--line);vertical-align:top}
th.figure,td.figure{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td small{display:block;color:var(--soft);font-size:.9rem}
svg{display:block;width:100%;height:auto}svg.wide{max-width:1140px}svg.narrow{display:none;max-width:400px;margin:0 auto}
svg rect{fill:var(--card);stroke:var(--line);stroke-width:1.5}
svg text{fill:var(--text);text-anchor:middle;font:13px system-ui,sans-serif}
svg .name{font-weight:600}svg .more{fill:var(--soft)}
svg path{fill:none;stroke:var(--line);stroke-width:1.5}
svg .good rect,svg path.good{stroke:var(--good)}svg .good .state{fill:var(--good)}
svg .warn rect,svg path.warn{stroke:var(--warn);stroke-dasharray:7 4}svg .warn .state{fill:var(--warn)}
svg .warn rect{fill:var(--warn-back)}
svg .bad rect,svg path.bad{stroke:var(--bad);stroke-dasharray:2 4}svg .bad .state{fill:var(--bad);font-weight:600}
svg .bad rect{fill:var(--bad-back);stroke-dasharray:none;stroke-width:2.5}
@media (max-width:700px){svg.wide{display:none}svg.narrow{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,td{display:block}caption{display:block}
tr{border-top:1px solid var(--line);padding:.4em 0}td,td.figure{border:0;padding:.1em 0;text-align:left;white-space:normal}
td[data-label]::before{content:attr(data-label) ": ";color:var(--soft)}td:first-child{font-weight:600}}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
WIDE, NARROW = 1120, 366

View = Mapping[str, Any]


def page(view: View) -> str:
    """Return the page."""
    title = f"{view['cluster'] or 'Cluster'}: {verdict(view)}"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f"<title>{escape(title)}</title>",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            # Otherwise a browser asks the server for one.
            '<link rel="icon" href="data:,">',
            f"<style>{STYLE}</style></head><body><main>",
            *_head(view),
            *_problems(view),
            *_topology(view),
            *_directors(view),
            *_vips(view),
            *_services(view),
            "</main></body></html>",
            "",
        ]
    )


def verdict(view: View) -> str:
    """The whole in a few words."""
    count = len(view["problems"])
    if count:
        return f"{count} problem{'s' if count > 1 else ''}"
    worse = sum(service["state"] not in ("up", "foreign", "standby") for service in view["services"])
    return f"{worse} of {len(view['services'])} services not whole" if worse else "no problems seen"


def tag(state: str, word: str | None = None) -> str:
    """A state as a coloured word."""
    return f'<span class="tag {kind_of(state)}">{escape(word or state)}</span>'


def _head(view: View) -> Iterator[str]:
    at = (view["at"] or "never").replace("T", " ").replace("Z", " UTC")
    yield f"<h1>Cluster {escape(str(view['cluster'] or 'unknown'))}</h1>"
    bad = "failed" if view["problems"] else "up" if verdict(view) == "no problems seen" else "degraded"
    yield f"<p>{tag(bad, verdict(view))}</p>"
    yield f'<p class="soft">Read {escape(at)}. Stack: {escape(str(view["stack"] or "unknown"))}.</p>'


def _problems(view: View) -> Iterator[str]:
    if view["problems"]:
        texts = (
            f"{', '.join(problem['directors'])}: {problem['text']}" if problem["directors"] else problem["text"]
            for problem in view["problems"]
        )
        yield f"<section><h2>Problems</h2><ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul></section>"


def _topology(view: View) -> Iterator[str]:
    yield "<section><h2>Topology</h2>"
    yield topology(view, WIDE, "wide")
    yield topology(view, NARROW, "narrow")
    yield "".join(f'<p class="soft">{escape(text)}</p>' for text in legend(view))
    yield "</section>"


def _table(caption: str, columns: Sequence[str], figures: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. With its roles it stays one for screen readers, where the style sheet makes cards of its rows."""
    right = set(figures)
    head = "".join(f'<th role="columnheader" scope="col"{_figure(name, right)}>{escape(name)}</th>' for name in columns)
    body = "".join(
        '<tr role="row">'
        + "".join(
            f'<td role="cell"{_label(at, name)}{_figure(name, right)}>{cell}</td>'
            for at, (name, cell) in enumerate(zip(columns, row))
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table role="table"><caption>{caption}</caption><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def _figure(name: str, right: Iterable[str]) -> str:
    return ' class="figure"' if name in right else ""


def _label(at: int, name: str) -> str:
    return f' data-label="{escape(name)}"' if at else ""


def _directors(view: View) -> Iterator[str]:
    now = seconds(view["at"])
    rows = []
    for director in view["directors"]:
        why = f"<small>{escape(str(director['why']))}</small>" if director["why"] else ""
        instances = director["instances"] or [
            {"name": "-", "state": director["state"], "since": None, "priority": None}
        ]
        for instance in instances:
            rows.append(
                [
                    escape(director["name"]),
                    escape(instance["name"]),
                    tag(instance["state"]) + why,
                    escape(ago(instance["since"], now)),
                    escape(number(instance["priority"])),
                    escape(sync_text(director["sync"])),
                ]
            )
    columns = ["Director", "Instance", "State", "Since", "Priority", "Sync"]
    yield f"<section><h2>Directors</h2>{_table('Who is master of what', columns, ['Priority'], rows)}</section>"


def _vips(view: View) -> Iterator[str]:
    now = seconds(view["at"])
    rows = [
        [
            escape(vip["address"] + (" (gateway)" if vip["gateway"] else "")),
            escape(", ".join([*vip["held_by"], *vip["others"]]) or "-"),
            escape(ago(vip["since"], now)),
            tag(vip["state"]),
        ]
        for vip in view["vips"]
    ]
    columns = ["VIP", "Held by", "Since", "State"]
    yield f"<section><h2>VIPs</h2>{_table('Who holds each VIP', columns, (), rows)}</section>"


def _services(view: View) -> Iterator[str]:
    now = seconds(view["at"])
    yield "<section><h2>Services</h2>"
    figures = ["Weight", "Active", "Inactive", "Connections/s"]
    for service in view["services"]:
        name, key = service["name"], service["service"]
        about = [service["scheduler"], *service["checks"]]
        caption = (
            f"{escape(name if name == key else f'{name} {key}')} {tag(service['state'])}"
            f' <span class="soft">{escape(", ".join(about))}; table of {escape(service["director"])}</span>'
        )
        rows = [_server(server, now) for server in service["real_servers"]]
        sorry = service["sorry_server"]
        if sorry is not None:
            word = tag("sorry server", "in use") if sorry["in_use"] else "not in use"
            rows.append(
                [
                    f"{escape(sorry['name'])}<small>sorry server, {escape(_endpoint(sorry))}</small>",
                    word,
                    "-",
                    *(escape(number(sorry[key])) for key in ("active", "inactive", "rate")),
                ]
            )
        yield _table(caption, ["Real server", "State", *figures], figures, rows)
    yield "</section>"


def _server(server: Mapping[str, Any], now: float | None) -> list[str]:
    why = "".join(f"<small>{escape(text)}</small>" for text in explanations(server, now))
    return [
        f"{escape(server['name'])}<small>{escape(_endpoint(server))}, {escape(server['forward'])}</small>",
        tag(server["state"]) + why,
        escape(weights(server)),
        *(escape(number(server[key])) for key in ("active", "inactive", "rate")),
    ]


def _endpoint(server: Mapping[str, Any]) -> str:
    address = f"[{server['address']}]" if ":" in server["address"] else server["address"]
    return f"{address}:{server['port']}"
