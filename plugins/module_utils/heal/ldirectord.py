# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table and the VIPs of a director with ldirectord and heartbeat.

ldirectord changes the table only when a check has another result than before, so it does not bring back what somebody else has
removed. When it reads its configuration again (SIGHUP), it compares the table with it: it adds services, sets their options, and
adds each real server whose checks pass (ldirectord's reread_config and ld_start). Whether a real server has failed, only its log
tells.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Callable, Sequence

from ..ipvs.types import Table
from ..tools import HOST, Failure, Runner, run
from .part import Faults, is_active
from .table import Ipvs, changes, described, proc_text, shape
from .tables import Watched
from .vips import Addresses

PID_FILE = Path("/run/ldirectord.ldirectord.cf.pid")
# Here LVSLdirectord writes which process it has told to end. It ends after its check, and does nothing for the table until then.
ENDING_FILE = Path("/run/ldirectord.ldirectord.cf.ending")
PROC = Path("/proc")
# heartbeat finds a list of resources by its first one, and says nothing if there is none.
MANAGER = ("/usr/share/heartbeat/ResourceManager", "takegroup", "LVSLdirectord::ldirectord.cf")
# A unit of its own, since what lvs-heal starts itself would end with lvs-heal and have no more rights than it. At a shutdown heartbeat
# stops before it, and gives up the VIPs before ldirectord clears the table.
STARTER = (
    "systemd-run",
    *("--quiet", "--collect", "--unit=lvs-ldirectord", "--description=ldirectord, started by lvs-heal"),
    *("--service-type=forking", "--property=Before=heartbeat.service"),
    # ldirectord forks twice. If systemd took the first child for the main process, it would end the second when that one exits.
    f"--property=PIDFile={PID_FILE}",
    *("/etc/ha.d/resource.d/LVSLdirectord", "ldirectord.cf", "start"),
)
NO_LDIRECTORD = "ldirectord, which did not run on the director with the VIPs"
# It fills the table step by step: what is missing is not wrong before it has had the time.
PASSING_SECONDS = 4
READING_SECONDS = 30
# A table that has been right for so long is one that ldirectord has finished.
CALM_SECONDS = 10
# ldirectord writes a line after it has changed the table.
RECENT_SECONDS = 20
_REMOVED = re.compile(r"Deleted real server: (\S+) ")
_TIME = re.compile(r"\[(\w{3} \w{3} +\d+ [\d:]{8} \d{4})\|")
JOURNAL = ["journalctl", f"--since=-{RECENT_SECONDS}s", "--output=cat", "--identifier=ldirectord"]
LOG_BYTES = 20000


def running(pid_file: Path = PID_FILE, ending_file: Path = ENDING_FILE, proc: Path = PROC) -> int | None:
    """Return the process of ldirectord, which runs only on the director with the VIPs. One that has been told to end does not count."""
    pid = _process(pid_file)
    try:
        known = pid is not None and b"ldirectord" in (proc / str(pid) / "cmdline").read_bytes()
    except OSError:
        return None
    return pid if known and pid != _process(ending_file) else None


def _process(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def removed(log: str, clock: float) -> set[str]:
    """Return the real servers that ldirectord has removed a moment ago, by its log. Lines of the journal have no time: they are recent."""
    found = set()
    for line in log.splitlines():
        match, at = _REMOVED.search(line), _TIME.match(line)
        if match and (at is None or clock - time.mktime(time.strptime(at[1])) <= RECENT_SECONDS):
            found.add(match[1])
    return found


class LdirectordTable(Watched):
    """The table as ldirectord would make it."""

    def __init__(
        self,
        deployed: Table,
        quiesced: frozenset[str],
        log: str,
        runner: Runner = HOST,
        pid: Callable[[], int | None] = running,
        kill: Callable[[int, int], None] = os.kill,
    ) -> None:
        super().__init__(proc_text)
        self.deployed, self.quiesced, self.log, self.runner, self.ipvs = deployed, quiesced, log, runner, Ipvs(runner)
        self._pid, self._kill = pid, kill
        self._seen: set[tuple[str, str]] = set()
        self._since: float | None = None
        self._quiet_until = float("-inf")
        self._calm_since: float | None = None
        self._owner: int | None = None

    def is_due(self, now: float, events: set[str]) -> bool:
        """Whether the table has changed, and ldirectord has had the time to fill it."""
        pid = self._pid()
        if pid != self._owner:
            self._owner, self._seen = pid, set()
            self._be_quiet(now)
        due = super().is_due(now, events)
        self._see_calm(now, due)
        return pid is not None and due

    def _be_quiet(self, now: float) -> None:
        """ldirectord reads its configuration: what is missing may be on its way."""
        self._quiet_until, self._calm_since = now + READING_SECONDS, None

    def _see_calm(self, now: float, due: bool) -> None:
        """End the quiet time early when nothing is missing any more."""
        self._calm_since = None if due else now if self._calm_since is None else self._calm_since
        if self._calm_since is not None and now >= self._calm_since + CALM_SECONDS:
            self._quiet_until = min(self._quiet_until, now)

    def find(self, now: float, sure: bool) -> Faults | None:
        """What is missing or changed, and not because a check has failed."""
        seen = shape(self._text())
        pid, table = self._pid(), self.ipvs.read()
        if pid is None:
            return None
        present = {
            (str(key), str(one)) for key, service in table.services.items() for one in service.destinations.values()
        }
        failed = removed(self._said(), time.time()) if self._seen - present else set()
        self._seen -= {pair for pair in self._seen if pair[1] in failed and pair[0] not in self.quiesced}
        todo = [
            change
            for change in changes(table, self.deployed)
            if change.destination is None
            or str(change.service.key) in self.quiesced
            or (str(change.service.key), str(change.destination)) in self._seen
        ]
        if not todo:
            self._right, self._seen, self._since = seen, present, None
            return None
        self._since = now if self._since is None else self._since
        if sure and (now < self._since + PASSING_SECONDS or now < self._quiet_until):
            return None
        return Faults([described(change) for change in todo], lambda: self._reload(pid, now))

    def _reload(self, pid: int, now: float) -> None:
        self._since = None
        self._be_quiet(now)
        self._kill(pid, signal.SIGHUP)

    def _said(self) -> str:
        """The end of ldirectord's log, which is a file, or a facility of syslog."""
        if not self.log.startswith("/"):
            return run(self.runner, JOURNAL).out
        with open(self.log, "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
            return log.read().decode(errors="replace")


class HeartbeatResources:
    """The VIPs of the director that runs ldirectord, and ldirectord on the director that has the VIPs.

    heartbeat starts and stops them and does not look at them again. It starts ldirectord before the VIPs, and stops it after them.
    """

    def __init__(
        self,
        vips: tuple[str, ...],
        active: tuple[str, ...],
        addresses: Addresses,
        runner: Runner = HOST,
        pid: Callable[[], int | None] = running,
    ) -> None:
        self.vips, self.active, self.addresses, self.runner, self._pid = vips, active, addresses, runner, pid
        self._since: float | None = None

    def is_due(self, now: float, events: set[str]) -> bool:
        """Whether a VIP has been missing for a while beside an ldirectord, or the other way round."""
        if not self._lacks():
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return now >= self._since + PASSING_SECONDS

    def find(self, now: float, sure: bool) -> Faults | None:
        """What is missing, if heartbeat says that the resources are here. A director that gives them up has no VIP before that."""
        lacks = self._lacks()
        if not lacks or not is_active("heartbeat.service", self.runner):
            return None
        status = self.runner.find("cl_status")
        if status is None or run(self.runner, [status, "rscstatus"]).out.strip() not in self.active:
            return None
        return Faults(lacks, self._take if self._pid() else self._start)

    def forget(self) -> None:
        """Wait again for what passes."""
        self._since = None
        self.addresses.forget()

    def _lacks(self) -> list[str]:
        """What is missing beside the other, in words. A director that has neither is not the active one."""
        missing = [vip for vip in self.vips if not self.addresses.devices_of(vip)]
        if self._pid() is not None:
            return [f"missing VIP {vip}" for vip in missing]
        return [] if len(missing) == len(self.vips) else [NO_LDIRECTORD]

    def _take(self) -> None:
        """What heartbeat itself does to take over. What runs already is left alone."""
        self._run(MANAGER)

    def _start(self) -> None:
        """Start ldirectord. A VIP that is missing as well is found when it runs."""
        self._run(STARTER)

    def _run(self, command: Sequence[str]) -> None:
        result = run(self.runner, command)
        if result.rc:
            raise Failure(f"{' '.join(command)} ended with status {result.rc}: {result.err.strip()}")
