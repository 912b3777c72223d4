# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of IPVS: what is missing in it or was changed by hand, compared with the table that should be there.

Weights are nobody's fault: `ipvsadm -e -w 0` is how people drain a real server. What is there and should not be is left alone,
too: somebody has put it there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Iterable, Iterator

from ..ipvs.change import Change, settings
from ..ipvs.parse import parse_table
from ..ipvs.render import change_line
from ..ipvs.types import ServiceKey, Table
from ..tools import HOST, Failure, Result, Runner, ToolMissing, run
from .part import PartlyMended

PROC = Path("/proc/net/ip_vs")
# What changes in a line of a real server while nobody changes the table: connections, and the weight unless it is 0.
_COUNTS = re.compile(r"(?m)^(  -> \S+ +\w+ +(?:0\b)?).*$")


def shape(text: str) -> int:
    """Return a number that changes when services or real servers come, go, change or are drained, by the text of /proc/net/ip_vs."""
    return hash(_COUNTS.sub(r"\1", text))


def proc_text() -> str:
    """Return the table as /proc has it, which starts no process. Empty if there is no IPVS."""
    try:
        return PROC.read_text(encoding="ascii")
    except OSError:
        return ""


def changes(now: Table, wanted: Table) -> Iterator[Change]:
    """Yield what to change so that nothing of the wanted table is missing, or is other than wanted but for its weight."""
    for key, service in wanted.services.items():
        there = now.services.get(key)
        if there is None:
            yield Change("add", service)
        elif settings(there) != settings(service):
            yield Change("edit", service)
        for destination in service.destinations.values():
            present = there.destinations.get(destination.key) if there else None
            if present is None:
                yield Change("add", service, destination)
            elif (present.forward, present.tunnel) != (destination.forward, destination.tunnel):
                yield Change("edit", service, replace(destination, weight=present.weight))


def described(change: Change) -> str:
    """Return a change as a fault in the table."""
    what = "missing" if change.action == "add" else "changed"
    if change.destination is None:
        return f"{what} service {change.service.key}"
    return f"{what} real server {change.destination} of service {change.service.key}"


def drained(now: Table) -> list[tuple[ServiceKey, str]]:
    """Return the real servers with the weight 0, each by its service and its text."""
    return [
        (key, str(destination))
        for key, service in now.services.items()
        for destination in service.destinations.values()
        if destination.weight == 0
    ]


class Ipvs:
    """The table of this host, by ipvsadm."""

    def __init__(self, runner: Runner = HOST) -> None:
        self.runner = runner

    def read(self) -> Table:
        """Return the table."""
        result = self._run("-Sn")
        if result.rc:
            raise Failure(f"ipvsadm -Sn failed: {result.err.strip()}")
        return parse_table(result.out)

    def change(self, *todo: Change) -> str:
        """Make changes, and return what ipvsadm says against them. One that somebody has made meanwhile is no failure."""
        result = self._run("-R", "".join(f"{change_line(change)}\n" for change in todo)) if todo else Result(0, "", "")
        return " ".join(result.err.split()) if result.rc else ""

    def prove(self, todo: Iterable[Change], wanted: Table, said: str) -> None:
        """Raise PartlyMended if ipvsadm has said something against changes that are still to be made."""
        left = [described(change) for change in changes(self.read(), wanted)] if said else []
        if left:
            mended = [text for text in map(described, todo) if text not in left]
            raise PartlyMended(Failure(f"{left[0]}: ipvsadm -R said: {said}"), mended)

    def _run(self, option: str, stdin: str = "") -> Result:
        path = self.runner.find("ipvsadm")
        if path is None:
            raise ToolMissing("ipvsadm is not installed")
        return run(self.runner, [path, option], stdin)
