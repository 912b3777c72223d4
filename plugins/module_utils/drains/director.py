# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A director that is brought in line with a record: where its daemon reads weights, and in its table.

The record is written first: if this is interrupted, site.yml or the next drain does the rest.
"""

from __future__ import annotations

import os
import shlex
import signal
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Collection, Iterable, Mapping, Sequence

from ..heal.ldirectord import running as ldirectord_pid
from ..heal.part import is_active
from ..heal.table import Ipvs
from ..ipvs.change import Change
from ..ipvs.parse import parse_endpoint
from ..ipvs.render import restore_lines
from ..ipvs.types import Destination, ServiceKey, Table
from ..ipvs.types import Service as TableService
from ..tools import HOST, Failure, Runner, run
from . import keepalived_conf, ldirectord_cf
from .decide import Live
from .places import Service, settled, weights
from .record import FILE, Record, merged, read, text_of
from .settings import Known, service_at

# The real server that rolling_update.yml has drained. A run that stops leaves the file behind.
UPDATING = "/var/lib/lvs-cluster/rolling-update-drained"
KEEPALIVED_CONF = "/etc/keepalived/keepalived.conf"
KEEPALIVED_OPTIONS = "/etc/keepalived/lvs-options"
KEEPALIVED_PID = "/run/keepalived.pid"
LDIRECTORD_CF = "/etc/ha.d/ldirectord.cf"
LDIRECTORD_PID = "/run/ldirectord.ldirectord.cf.pid"
# A reload of a large configuration takes seconds. ldirectord finishes its checks before it reads its file.
WAIT_SECONDS = {"keepalived": 15.0, "ldirectord": 60.0, "static": 0.0}
# A real server that stays in the table at weight 0 when it fails may be about to get its weight, or have failed.
QUIESCED_SECONDS = 3.0
PAUSE = 0.1


@dataclass(frozen=True)
class Wanted:
    """A service of the table, and the weight that each of its real servers is to have.

    With `quiesces` one that has failed stays in the table at 0. `drained` are those that are there at 0 for another reason.
    """

    service: TableService
    name: str
    weights: Mapping[tuple[str, int], int]
    chosen: frozenset[str]
    quiesces: bool
    drained: Collection[tuple[str, int]] = ()


@dataclass
class Outcome:
    """What was changed, and the services in which a real server is missing that is to have a weight: its check fails."""

    changed: bool = False
    failing: list[str] = field(default_factory=list)


class Director:
    """This host, as far as drains go. `root` is where its files are."""

    def __init__(
        self,
        known: Known,
        runner: Runner = HOST,
        root: Path = Path("/"),
        kill: Callable[[int, int], None] = os.kill,
        pid: Callable[[], int | None] = ldirectord_pid,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.known, self.runner, self.root, self.ipvs = known, runner, root, Ipvs(runner)
        self._kill, self._pid, self._clock, self._sleep = kill, pid, clock, sleep
        text = self._text(KEEPALIVED_CONF) if known.stack == "keepalived" else ""
        self._chosen, self._needed = keepalived_conf.chosen(text), keepalived_conf.needed(text)

    def _path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def _text(self, name: str) -> str:
        try:
            return self._path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise Failure(f"{name} is not there: run site.yml") from None

    def services(self) -> list[Service]:
        """The services of the inventory, one for each of their addresses."""
        return self._services(self._updating())

    def _services(self, without: Collection[tuple[str, str]]) -> list[Service]:
        """The services, in which some real servers have no weight."""
        found = [service_at(name, one, self.known, self._chosen, self._needed) for name, one in self.known.named()]
        return [
            replace(
                one,
                places=tuple(
                    replace(place, weight=0) if (one.name, place.address) in without else place for place in one.places
                ),
            )
            for one in found
        ]

    def _updating(self) -> set[tuple[str, str]]:
        """Where rolling_update.yml has drained a real server and has not given it its weight back, by service and address."""
        path = self._path(UPDATING)
        host = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        addresses = {address for address, name in self.known.real_servers.items() if name == host}
        if not addresses:
            return set()
        if self.known.stack == "keepalived":
            drained = keepalived_conf.without(self._text(KEEPALIVED_CONF))
        elif self.known.stack == "ldirectord":
            kept = ldirectord_cf.kept(self._text(LDIRECTORD_CF))
            drained = {(name, address) for name, servers in kept.items() for address, _port in servers}
        else:
            drained = {
                (name, one.address)
                for key, service in self.ipvs.read().services.items()
                for name in [self.known.name_of(key) or ""]
                for one in service.destinations.values()
                if not one.weight
            }
        return {pair for pair in drained if pair[1] in addresses}

    def record(self) -> Record:
        """The record of this director. Raises Failure for a file that somebody has broken."""
        path = self._path(FILE)
        try:
            return read(path.read_text(encoding="utf-8")) if path.exists() else Record()
        except ValueError as error:
            raise Failure(f"{FILE} cannot be read: {error}. Mend it, or remove it and drain again") from None

    def live(self) -> list[Live]:
        """The real servers that get connections at present; none if this director serves nobody."""
        found: dict[str, set[str]] = {}
        for key, service in self.ipvs.read().services.items():
            name = self.known.name_of(key)
            if name is not None:
                addresses = {one.address for one in service.destinations.values() if one.weight}
                found[name] = found.get(name, set()) | addresses
        return [found] if found else []

    def wanted(self, record: Record, without: Collection[tuple[str, str]] = ()) -> list[Wanted]:
        """The weights that a record leaves, `without` being the real servers that have none for another reason."""
        # Also services that have it only as long as one of their real servers is drained.
        kept = ldirectord_cf.kept(self._text(LDIRECTORD_CF)) if self.known.stack == "ldirectord" else {}
        found = []
        for (name, service), place in zip(self.known.named(), self._services(without)):
            found.append(
                Wanted(
                    service,
                    name,
                    dict(zip(service.destinations, weights(place, record))),
                    self._chosen.get(name, frozenset()),
                    self.known.quiesces(name) or name in kept,
                    () if self.known.quiesces(name) else kept.get(name, ()),
                )
            )
        return found

    def apply(self, record: Record) -> Outcome:
        """Write a record, and bring the configuration and the table in line with it. If keepalived refuses that, nothing is changed."""
        record, unknown = settled(record, self.services())
        # What this director does not know stays recorded: the next run of site.yml configures it, or removes it from the record.
        record = merged([record, Record(tuple(unknown))])
        updating = self._updating()
        wanted = self.wanted(record, updating)
        # The file of a static table is for the next boot.
        text = self._configuration(record, self.wanted(record) if self.known.stack == "static" else wanted, updating)
        changed = self._write(FILE, text_of(record) if record != Record() else None)
        act = {"keepalived": self._by_keepalived, "ldirectord": self._by_ldirectord, "static": self._by_hand}
        changed = act[self.known.stack](text, wanted) or changed
        return Outcome(changed, self._failing(wanted))

    def _configuration(self, record: Record, wanted: Sequence[Wanted], updating: Collection[tuple[str, str]]) -> str:
        """What the daemon is to read, or what restores the table at boot."""
        if self.known.stack == "keepalived":

            def known(name: str, address: str, port: int | None) -> tuple[str, int] | None:
                found = self.known.find(name, address, port)
                return found if found is None or (name, address) not in updating else (found[0], 0)

            text = keepalived_conf.edited(self._text(KEEPALIVED_CONF), record, known)
            if text != self._text(KEEPALIVED_CONF):
                self._check_keepalived(text)
            return text
        if self.known.stack == "ldirectord":
            weights_at = {(one.name, *key): weight for one in wanted for key, weight in one.weights.items()}

            def find(name: str, address: str, port: int | None) -> tuple[int, int] | None:
                # A mark has no ports, in the table 0.
                weight, whole = weights_at.get((name, address, port or 0)), self.known.find(name, address, port or 0)
                return None if whole is None or weight is None else (weight, whole[1])

            return ldirectord_cf.edited(self._text(LDIRECTORD_CF), find, self.known.quiesces)
        services = {
            one.service.key: replace(
                one.service,
                destinations={
                    destination.key: replace(destination, weight=weight) for destination, weight in _pairs(one)
                },
            )
            for one in wanted
        }
        return "".join(f"{line}\n" for line in restore_lines(Table({**self.known.table.services, **services})))

    def _by_keepalived(self, text: str, wanted: Sequence[Wanted]) -> bool:
        """The table first: that costs nothing where keepalived finds it done, and counts at once."""
        runs = is_active("keepalived.service", self.runner)
        changed = self._set(self._to_drain(wanted)) if runs else False
        if self._write(KEEPALIVED_CONF, text):
            changed = True
            if runs:
                self._run("systemctl", "reload", "keepalived.service")
                self._touch(KEEPALIVED_PID)
        return (self._wait(wanted) if runs else False) or changed

    def _check_keepalived(self, text: str) -> None:
        """Raises Failure with what keepalived says against a configuration."""
        options = self._path(KEEPALIVED_OPTIONS)
        words: list[str] = []
        if options.exists():
            lines = [line for line in options.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
            words = shlex.split(shlex.split("\n".join(lines) or "none=")[0].partition("=")[2])
        trial = self._path(f"{KEEPALIVED_CONF}.drain")
        try:
            self._put(trial, text, self._path(KEEPALIVED_CONF))
            self._run("keepalived", *words, "--config-test", "--use-file", str(trial))
        finally:
            trial.unlink(missing_ok=True)

    def _by_ldirectord(self, text: str, wanted: Sequence[Wanted]) -> bool:
        """ldirectord takes a real server with weight 0 in the table for one that has failed, and removes it until a check passes.

        So what is drained keeps its weight in the table until ldirectord itself has set it, and what is undrained gets its weight before.
        """
        pid = self._pid()
        changed = self._set(self._to_raise(wanted)) if pid is not None else False
        if self._write(LDIRECTORD_CF, text):
            changed = True
            if pid is not None:
                self._kill(pid, signal.SIGHUP)
                self._touch(LDIRECTORD_PID)
        return (self._wait(wanted) if pid is not None else False) or changed

    def _by_hand(self, text: str, wanted: Sequence[Wanted]) -> bool:
        if self.known.rules is None:
            raise Failure("what this director knows of its cluster has no file for its table: run site.yml")
        changed = self._write(self.known.rules, text)
        return self._set([*self._to_drain(wanted), *self._to_raise(wanted)]) or changed

    def _wait(self, wanted: Sequence[Wanted]) -> bool:
        """Wait until the daemon has set the weights, and set those by hand that it leaves; whether there were any."""
        begun = self._clock()
        while self._clock() < begun + WAIT_SECONDS[self.known.stack]:
            table = self.ipvs.read()
            passing = self._clock() < begun + QUIESCED_SECONDS
            if not self._to_drain(wanted, table) and not self._to_raise(wanted, table, passing):
                return False
            self._sleep(PAUSE)
        return self._set([*self._to_drain(wanted), *self._to_raise(wanted)])

    def _to_drain(self, wanted: Iterable[Wanted], table: Table | None = None) -> list[Change]:
        """The changes of the table that take weights away."""
        return self._changes(wanted, table, lambda one, destination, there, weight: weight == 0 < there)

    def _to_raise(self, wanted: Iterable[Wanted], table: Table | None = None, passing: bool = False) -> list[Change]:
        """The changes that give weights. What a check chooses is left alone, and so is a real server that is there at 0 because it has failed,
        unless it may be `passing`.
        """

        def differs(one: Wanted, destination: Destination, there: int, weight: int) -> bool:
            if weight in (0, there) or destination.address in one.chosen:
                return False
            return there > 0 or not one.quiesces or destination.key in one.drained or passing

        return self._changes(wanted, table, differs)

    def _changes(
        self,
        wanted: Iterable[Wanted],
        table: Table | None,
        differs: Callable[[Wanted, Destination, int, int], bool],
    ) -> list[Change]:
        live = self.ipvs.read() if table is None else table
        found = []
        for one in wanted:
            there = live.services.get(one.service.key)
            for destination, weight in _pairs(one):
                present = there.destinations.get(destination.key) if there else None
                if present is not None and differs(one, destination, present.weight, weight):
                    # With its thresholds, which the live table does not tell here.
                    found.append(Change("edit", one.service, replace(destination, weight=weight)))
        return found

    def _set(self, changes: Sequence[Change]) -> bool:
        self.ipvs.change(*changes)
        return bool(changes)

    def _failing(self, wanted: Iterable[Wanted]) -> list[str]:
        """Real servers that are to have a weight and have none, as text, with their service. On a backup of ldirectord there are none."""
        live = self.ipvs.read()
        return [
            f"{self.known.real_servers.get(destination.address, destination.address)} in {one.name} ({one.service.key})"
            for one in wanted
            if one.service.key in live.services
            for destination, weight in _pairs(one)
            if weight and not _weight(live, one.service.key, destination)
        ]

    def connections(self, record: Record) -> dict[str, int]:
        """The active connections that drained real servers still have here, by name."""
        found: dict[str, int] = {}
        for line in self._run("ipvsadm", "-Ln").splitlines():
            words = line.split()
            if len(words) != 6 or words[0] != "->" or not words[4].isdigit():
                continue
            address = parse_endpoint(words[1])[0]
            name = self.known.real_servers.get(address, address)
            if any(drain.weight is None for drain in record.of(name)):
                found[name] = found.get(name, 0) + int(words[4])
        return found

    def _run(self, tool: str, *words: str) -> str:
        path = self.runner.find(tool)
        if path is None:
            raise Failure(f"{tool} is not installed")
        result = run(self.runner, [path, *words])
        if result.rc:
            said = " ".join((result.err or result.out).split())
            raise Failure(f"{tool} {' '.join(words)} ended with status {result.rc}: {said}")
        return result.out

    def _touch(self, name: str) -> None:
        """Record when a daemon has read its configuration, as the roles do."""
        path = self._path(name)
        if path.exists():
            os.utime(path)

    def _write(self, name: str, text: str | None) -> bool:
        """Write a file as a whole, or remove it, so that a loss of power cannot undo it; whether that changed anything."""
        path = self._path(name)
        before = path.read_text(encoding="utf-8") if path.exists() else None
        if before == text:
            return False
        if text is None:
            path.unlink()
            _keep(path.parent)
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.new")
        self._put(new, text, path)
        _keep(new)
        os.replace(new, path)
        _keep(path.parent)
        return True

    @staticmethod
    def _put(path: Path, text: str, like: Path) -> None:
        """Write a file with the mode and the owner of another, 0644 if there is none."""
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        if like.exists():
            there = like.stat()
            os.chown(path, there.st_uid, there.st_gid)
            path.chmod(there.st_mode & 0o7777)
        else:
            path.chmod(0o644)


def _keep(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pairs(one: Wanted) -> Iterable[tuple[Destination, int]]:
    return ((destination, one.weights[key]) for key, destination in one.service.destinations.items())


def _weight(table: Table, key: ServiceKey, destination: Destination) -> int:
    there = table.services[key].destinations.get(destination.key)
    return there.weight if there else 0
