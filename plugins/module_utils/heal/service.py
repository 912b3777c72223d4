# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service: wait for what the kernel tells, look at what is cheap to look at, mend what is wrong, and say so.

Two seconds lie between two looks, up to five if a look takes long: lvs-heal takes only a small part of a CPU.
"""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from ..tools import HOST, Failure, Runner
from ..vrrp_state import read as read_vrrp
from . import settings, tell
from .events import Events
from .heartbeat_split import HeartbeatSplit
from .ldirectord import HeartbeatResources, LdirectordTable
from .part import Part, PartlyMended
from .rules import Rules
from .settings import Cluster
from .split_brain import SplitBrain
from .sysctls import Sysctls
from .tables import KeepalivedTable, StaticTable
from .vips import Addresses, KeepalivedVips

# site.yml and teardown.yml make it while they change the host. One that they left behind, since they were interrupted, is too old
# to count.
PAUSE_FILE = Path("/run/lvs-heal-pause")
PAUSE_SECONDS = 15 * 60
INTERVAL = 2.0
# What a look may take of the time that passes, as long as no look is later than this: faults are to be mended within seconds.
SHARE = 0.05
LONGEST = 5.0
# How long to leave a part alone that could not be looked at, or not be mended.
AGAIN_SECONDS = 10
# Many changes of one kind come together.
TOGETHER_SECONDS = 0.3
KEEPALIVED_PID = Path("/run/keepalived.pid")
VRRP_SECONDS = 3.0
# How many of the last faults that were mended the state tells.
MOST_MENDED = 20


def paused(clock: float, file: Path = PAUSE_FILE) -> bool:
    """Whether nothing is to be mended now."""
    try:
        return clock - file.stat().st_mtime < PAUSE_SECONDS
    except OSError:
        return False


def pause_after(took: float) -> float:
    """How long to wait after a look that took so long."""
    return min(max(INTERVAL, took / SHARE), LONGEST)


def vrrp_states(runner: Runner = HOST) -> Mapping[str, Mapping[str, Any]] | None:
    """The state of each VRRP instance by keepalived, None if it does not run."""
    return read_vrrp(runner, KEEPALIVED_PID, VRRP_SECONDS)


def parts_of(
    clusters: Sequence[Cluster],
    addresses: Addresses,
    runner: Runner = HOST,
    split: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Part]:
    """What there is to keep on this host. `split` are the VIPs that another host has, too, by the SplitBrain that looks.

    Sysctls come first: lvs-vip adds no VIP for which the host would answer ARP.
    """
    parts: list[Part] = [
        Sysctls(dict.fromkeys(file for cluster in clusters for file in cluster.sysctls)),
        Rules([cluster.name for cluster in clusters], runner),
    ]
    for cluster in clusters:
        if cluster.stack == "keepalived":
            parts.append(KeepalivedTable(cluster.table, runner))
            parts.append(KeepalivedVips(cluster.instances, addresses, lambda: vrrp_states(runner), runner))
        elif cluster.stack == "static":
            parts.append(StaticTable(cluster.rules or "", runner))
        elif cluster.stack == "ldirectord":
            parts.append(LdirectordTable(cluster.table, cluster.quiesced, cluster.log, runner))
            parts.append(HeartbeatResources(cluster.vips, cluster.active, addresses, runner))
            parts.append(
                HeartbeatSplit(cluster.vips, cluster.active, {} if split is None else split, addresses, runner)
            )
    return parts


def owned(clusters: Sequence[Cluster]) -> dict[str, str | None]:
    """The VIPs that only one director may have, each with its interface if that is known."""
    vips: dict[str, str | None] = {vip: None for cluster in clusters for vip in cluster.vips}
    return {**vips, **{vip.address: vip.device for one in clusters for each in one.instances for vip in each.vips}}


class Service:
    """lvs-heal as a service."""

    def __init__(self, runner: Runner = HOST, say: Callable[[str, str], None] = tell.journal) -> None:
        self.runner, self.say = runner, say
        self.addresses = Addresses(runner)
        self.split_brain = SplitBrain()
        self.clusters: list[Cluster] = []
        self.parts: list[Part] = []
        self.mended: deque[dict[str, Any]] = deque(maxlen=MOST_MENDED)
        self._age: object = None
        self._version = settings.Version()
        self._paused = False
        self._saved = True
        self._unread = ""
        self._again: dict[int, float] = {}
        self._said: dict[int, str] = {}

    def run(self) -> None:
        """Look again and again."""
        events, wait = Events(), 0.0
        while True:
            told = events.wait(wait)
            if told:
                time.sleep(TOGETHER_SECONDS)
                told |= events.wait(0)
            began = time.monotonic()
            self.look(began, told)
            wait = pause_after(time.monotonic() - began)

    def look(self, now: float, events: set[str]) -> None:
        """Look once, and mend what is wrong."""
        self.read_settings()
        self._read_addresses(events)
        was, self._paused = self._paused, paused(time.time())
        if was and not self._paused:
            for part in self.parts:
                part.forget()
            self._read_addresses(set())
        for part in self.parts:
            # Asked in any case: it takes note of the events.
            if part.is_due(now, events) and not self._paused and now >= self._again.get(id(part), now):
                self._heal(part, now)
        self._tell_owners(now)
        self._save()

    def read_settings(self) -> None:
        """Read what is to be kept, if site.yml has changed it."""
        age = settings.age()
        if age == self._age:
            return
        self._age = age
        try:
            self.clusters = settings.read()
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.say(tell.WARNING, f"the settings in /etc/{settings.PATTERN} can't be read ({error!r}): run site.yml")
            self.clusters = []
        if self._version.is_old(cluster.program for cluster in self.clusters):
            self.say(tell.NOTICE, tell.ENDS)
            raise SystemExit(0)
        self.parts = parts_of(self.clusters, self.addresses, self.runner, self.split_brain.present)
        self._again, self._said = {}, {}

    def _read_addresses(self, events: set[str]) -> None:
        """A failure of ip is told once. What else there is to mend does not wait for it."""
        was, self._unread = self._unread, ""
        try:
            self.addresses.update(events)
        except (Failure, OSError, ValueError) as error:
            self._unread = f"the addresses of this host can't be read: {error}"
            if self._unread != was:
                self.say(tell.WARNING, self._unread)

    def _heal(self, part: Part, now: float) -> None:
        try:
            faults = part.find(now, sure=True)
            if faults is None or paused(time.time()):
                return
            faults.mend()
        except (Failure, OSError, ValueError) as error:
            self._again[id(part)] = now + AGAIN_SECONDS
            if isinstance(error, PartlyMended):
                self._tell_mended(error.mended)
            if self._said.get(id(part)) != str(error):
                self._said[id(part)] = str(error)
                self.say(tell.WARNING, f"not mended: {error}")
            return
        self._said.pop(id(part), None)
        part.forget()
        self._tell_mended(faults.texts)

    def _tell_mended(self, texts: Sequence[str]) -> None:
        for line in tell.lines_of(texts):
            self.say(tell.NOTICE, line)
            self.mended.append({"at": time.time(), "what": line})

    def _tell_owners(self, now: float) -> None:
        for text in self.split_brain.look(owned(self.clusters), self.addresses, now):
            self.say(tell.WARNING, text)
            for mail in {cluster.mail for cluster in self.clusters if cluster.mail}:
                tell.send(mail, text)

    def _save(self) -> None:
        """What cannot be written, since /run is full, is no reason to mend nothing."""
        was, self._saved = self._saved, True
        try:
            tell.save({"paused": self._paused, "split_brain": self.split_brain.present, "mended": list(self.mended)})
        except OSError as error:
            self._saved = False
            if was:
                self.say(tell.WARNING, f"what is going on can't be told to others: {error}")


def check(runner: Runner = HOST) -> list[str]:
    """What differs now, without changing anything."""
    addresses, clusters = Addresses(runner), settings.read()
    addresses.update(set())
    found = (part.find(0.0, sure=False) for part in parts_of(clusters, addresses, runner))
    return [text for faults in found if faults is not None for text in faults.texts]
