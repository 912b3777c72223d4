# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules, routes and VIPs of lvs-vip, which itself knows what is missing and how to add it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Iterable, Mapping, Sequence

from ..tools import HOST, Failure, Result, Runner, run
from .events import RULES
from .part import Faults, is_active, mend_each

LVS_VIP = "/usr/local/sbin/lvs-vip"
LISTS = Path("/etc")
# Lines of whose loss the kernel tells nothing: these are looked at from time to time. Rules of iptables and arptables are among
# them if the legacy tools make them, which these files of /proc tell.
UNTOLD = ("fou ", "timeouts ")
LEGACY = {
    "iptables ": ("ip_tables_names", "ip6_tables_names"),
    "arptables ": ("arp_tables_names",),
}
PROC = Path("/proc/net")
UNTOLD_SECONDS = 30
# One look takes a moment of every tool that is asked, and some hosts change the rules of others all the time.
SHORTEST = 3


def untold(lines: Iterable[str], proc: Path = PROC) -> bool:
    """Whether the kernel tells nothing of the loss of one of these lines."""
    legacy = tuple(
        start
        for start, names in LEGACY.items()
        if any((proc / name).exists() and (proc / name).read_text(encoding="ascii").strip() for name in names)
    )
    return any(line.startswith((*UNTOLD, *legacy)) for line in lines)


def missing(printed: str) -> list[str]:
    """Return the lines that `lvs-vip check` would add. What it would remove is left to site.yml."""
    return [line.partition(" ")[2] for line in printed.splitlines() if line.startswith("add ")]


class Rules:
    """The list of lvs-vip of each cluster."""

    def __init__(self, clusters: Sequence[str], runner: Runner = HOST) -> None:
        self.clusters, self.runner = clusters, runner
        self._pending = True
        self._looked = float("-inf")

    def is_due(self, now: float, events: set[str]) -> bool:
        """After the kernel has told of a loss, and for other lines from time to time."""
        self._pending |= RULES in events
        return now >= self._looked + SHORTEST and (
            self._pending or (now >= self._looked + UNTOLD_SECONDS and untold(self._lines()))
        )

    def find(self, now: float, sure: bool) -> Faults | None:
        """What is missing."""
        # Until it is known that nothing is: a tool may fail now, and the kernel tells of a loss only once.
        self._pending, self._looked = True, now
        lacking, failures = self._lacking()
        texts = [text for found in lacking.values() for text in found]
        if failures and not texts:
            raise failures[0]
        # Its stop removes all of this, which is somebody's wish.
        if not texts or not is_active("lvs-vip.service", self.runner):
            self._pending = False
            return None
        return Faults(texts, lambda: self._mend(lacking, failures))

    def forget(self) -> None:
        """Look at all of it again."""
        self._pending = True

    def _list(self, cluster: str) -> Path:
        return LISTS / f"lvs-vip-{cluster}.conf"

    def _lines(self) -> list[str]:
        there = (self._list(cluster) for cluster in self.clusters)
        return [line for path in there if path.exists() for line in path.read_text(encoding="utf-8").splitlines()]

    def _lacking(self) -> tuple[dict[str, list[str]], list[Failure]]:
        """What is missing of each cluster, in words, and what failed: one cluster does not keep the others from their VIPs."""
        lacking, failures = {}, []
        for cluster in self.clusters:
            if self._list(cluster).exists():
                result = run(self.runner, [LVS_VIP, "check", cluster])
                # A firewalld that does not run makes it fail, too, after it has said what is missing.
                lacking[cluster] = [f"missing {line}" for line in missing(result.out)]
                if result.rc:
                    failures.append(_failure("check", cluster, result))
        return lacking, failures

    def _mend(self, lacking: Mapping[str, Sequence[str]], failures: Iterable[Failure]) -> None:
        mend_each([(texts, partial(self._add, cluster)) for cluster, texts in lacking.items() if texts], failures)

    def _add(self, cluster: str) -> None:
        result = run(self.runner, [LVS_VIP, "add", cluster])
        if result.rc:
            raise _failure("add", cluster, result)


def _failure(verb: str, cluster: str, result: Result) -> Failure:
    return Failure(result.err.strip() or f"lvs-vip {verb} {cluster} ended with status {result.rc}")
