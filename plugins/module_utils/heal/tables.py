# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of directors with keepalived and of static directors, as parts of lvs-heal. ldirectord.py has that of ldirectord."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from ..ipvs.change import Change
from ..ipvs.parse import parse_table
from ..ipvs.types import ServiceKey, Table
from ..tools import HOST, Runner
from . import believed, checker
from .events import ADDRESSES
from .part import Faults, is_active
from .table import Ipvs, changes, described, drained, proc_text, shape


class Watched:
    """A table that is compared only when its shape is another than when it was last right."""

    def __init__(self, text: Callable[[], str] = proc_text) -> None:
        self._text = text
        self._right: int | None = None

    def is_due(self, now: float, events: set[str]) -> bool:
        """Whether somebody, such as keepalived itself, has changed the table."""
        return shape(self._text()) != self._right

    def forget(self) -> None:
        """Compare all of it again."""
        self._right = None


class KeepalivedTable(Watched):
    """The table as keepalived believes it to be."""

    def __init__(self, deployed: Table, runner: Runner = HOST, ask: Callable[[], str | None] = checker.ask) -> None:
        super().__init__()
        self.deployed, self.runner, self.ipvs = deployed, runner, Ipvs(runner)
        self._ask = ask
        self._drained: list[tuple[ServiceKey, str]] = []

    def find(self, now: float, sure: bool) -> Faults | None:
        """What is missing or changed.

        The table is read before keepalived is asked: what keepalived removes in between is there, and what it adds in between is
        there when it is added again, which does no harm.
        """
        seen = shape(self._text())
        table = self.ipvs.read()
        wanted = self._wanted()
        if wanted is None:
            # It fills the table when it starts.
            self._right = seen
            return None
        todo = list(changes(table, wanted))
        if not todo:
            self._right, self._drained = seen, drained(table)
            return None
        # A stop empties the table.
        if not is_active("keepalived.service", self.runner):
            self._right = seen
            return None
        return Faults([described(change) for change in todo], lambda: self._mend(todo))

    def _wanted(self) -> Table | None:
        said = self._ask()
        return None if said is None else believed.table_of(believed.parse(said), self.deployed, self._drained)

    def _mend(self, todo: list[Change]) -> None:
        """Add what is missing; and remove again what keepalived has removed at the same moment, since it never would."""
        said = self.ipvs.change(*todo)
        wanted = self._wanted()
        added = [change for change in todo if change.action == "add" and change.destination is not None]
        self.ipvs.change(
            *(
                Change("delete", change.service, change.destination)
                for change in added
                if wanted is not None and not _has(wanted, change)
            )
        )
        if wanted is not None:
            self.ipvs.prove(todo, wanted, said)


def _has(table: Table, change: Change) -> bool:
    service = table.services.get(change.service.key)
    return service is None or change.destination is None or change.destination.key in service.destinations


class StaticTable(Watched):
    """The table that the director restores at boot."""

    def __init__(self, rules: str, runner: Runner = HOST) -> None:
        super().__init__()
        self.rules, self.runner, self.ipvs = Path(rules), runner, Ipvs(runner)

    def is_due(self, now: float, events: set[str]) -> bool:
        """Also when the VIPs have come back."""
        return ADDRESSES in events or super().is_due(now, events)

    def find(self, now: float, sure: bool) -> Faults | None:
        """What is missing or changed, unless somebody has taken the director out of service by stopping lvs-vip."""
        if not self.rules.exists():
            return None
        seen = shape(self._text())
        wanted = parse_table(self.rules.read_text(encoding="utf-8"))
        todo = list(changes(self.ipvs.read(), wanted))
        if not todo:
            self._right = seen
            return None
        if not is_active("lvs-vip.service", self.runner):
            self._right = seen
            return None
        return Faults(
            [described(change) for change in todo], lambda: self.ipvs.prove(todo, wanted, self.ipvs.change(*todo))
        )
