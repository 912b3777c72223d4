# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page docs/docsite/rst/availability_faults.rst, made from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faults import results
from faults.bars import bar_of, missed
from faults.figures import Run
from faults.results import Spread, spread

PAGE = Path(__file__).resolve().parents[2] / "docs/docsite/rst/availability_faults.rst"
TITLES = {"keepalived": "keepalived", "ldirectord": "ldirectord and heartbeat"}
COLUMNS = (
    ("Fault", 26),
    ("Runs", 5),
    ("Failed", 12),
    ("Longest gap", 9),
    ("Noticed", 9),
    ("Healed", 9),
    ("Connections lost", 12),
    ("Who held the VIP", 18),
)
HEAD = """\
.. Copyright (c) lvs.cluster contributors
.. GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
.. SPDX-License-Identifier: GPL-3.0-or-later

.. Written by `make readmes` from molecule/faults/measured.json, which `make faults` writes.

.. _ansible_collections.lvs.cluster.docsite.availability_faults:

What faults cost
================

``make faults`` causes each fault in the lab's nodes (User Mode Linux, seven nodes on two cores), under load:

- Each of two clients sends 50 requests a second, as many to each of three services: ``www`` and ``talk`` (direct routing) and ``shop``
  (NAT). A request fails after 2 s. Each service is asked every 30 ms, so a gap is seen up to 30 ms longer than it is.
- Each client keeps 100 connections to ``talk`` open. Half are used every 100 ms, half are idle but for TCP's keepalive every
  15 s.

The cluster has two directors and three real servers. Its inventory is in ``molecule/availability/inventory``, with the profiles
``fast`` and ``lvs_sync``; for ldirectord and heartbeat it is in ``molecule/faults/ldirectord``.

"""
LEGEND = """\
Seconds are the median and, in brackets, the worst of several runs.

- *Failed*: requests that failed, of all requests of a run. Of several runs, the median and the worst.
- *Longest gap*: the longest time in which a service answered nobody.
- *Noticed*: from the cause until a director first changed its table or a VIP moved. *nothing*: nothing changed.
- *Healed*: from the end of the cause until VIPs and tables were as before, and no request failed any more. Where *by itself*
  is added, nobody ended the cause, and the time counts from the cause. *By hand*: it did not heal by itself.
- *Connections lost*: busy and idle ones that did not go on, of those that were open.
- *Who held the VIP*: in the last run, with the seconds after the cause.

"""
NOTHING = """\
Nothing has been measured yet. ``make faults`` measures; see :ref:`ansible_collections.lvs.cluster.docsite.development`.
"""


def page(rows: results.Rows, faults: Mapping[str, Any]) -> str:
    """The whole page. `faults`: all faults by their name, in the order of the table."""
    stacks = [stack for stack in TITLES if rows.get(stack)]
    if not stacks:
        return HEAD + NOTHING
    return HEAD + LEGEND + "\n".join(section(stack, rows, faults) for stack in stacks)


def section(stack: str, rows: results.Rows, faults: Mapping[str, Any]) -> str:
    """The table of one stack, and what it breaks of what is promised."""
    title = TITLES[stack]
    widths = " ".join(str(width) for _name, width in COLUMNS)
    lines = [title, "-" * len(title), "", ".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    lines += listed([name for name, _width in COLUMNS])
    problems = []
    for name in faults:
        if runs := results.runs_of(rows, stack, name):
            lines += listed(cells(faults[name], runs))
            promised = bar_of(stack, name, splits=faults[name].splits)
            problems += [f"- ``{name}``: {problem}" for problem in missed(promised, runs)]
    if problems:
        lines += ["", "What is promised and was missed:", "", *problems]
    return "\n".join(lines) + "\n"


def listed(texts: Sequence[str]) -> list[str]:
    """One row of a list-table."""
    return [f"   {'*' if number == 0 else ' '} - {text}".rstrip() for number, text in enumerate(texts)]


def cells(fault: Any, runs: Sequence[Run]) -> list[str]:
    last = runs[-1]
    failed = spread([run.failed for run in runs])
    busy, idle = (spread([one[0] for one in each]) for each in ([r.busy for r in runs], [r.idle for r in runs]))
    return [
        f"``{fault.name}``: {fault.words}",
        str(len(runs)),
        f"{numbers(failed)} of {last.requests}",
        seconds(spread([run.gap for run in runs])),
        seconds(spread([run.detected for run in runs])),
        healed(runs) + (", by itself" if fault.itself and not any(run.healed is None for run in runs) else ""),
        f"busy {numbers(busy)} of {last.busy[1]}, idle {numbers(idle)} of {last.idle[1]}",
        held(last.owners),
    ]


def numbers(found: Spread) -> str:
    """0, or the median with the worst: 2 (5)."""
    if found.median == found.worst:
        return f"{found.worst:g}"
    return f"{found.median:g} ({found.worst:g})"


def seconds(found: Spread) -> str:
    return "nothing" if found.median is None else f"{numbers(found)} s"


def healed(runs: Sequence[Run]) -> str:
    times = spread([run.healed for run in runs], must=True)
    if times.worst is not None:
        return seconds(times)
    not_healed = sum(run.healed is None for run in runs)
    return "by hand" if not_healed == len(runs) else f"by hand in {not_healed} of {len(runs)} runs"


def held(owners: Sequence[tuple[float, str]]) -> str:
    """lvs1; lvs2 from 0.31; lvs1 from 66.2"""
    return "; ".join(who if number == 0 else f"{who} from {at:g}" for number, (at, who) in enumerate(owners))
