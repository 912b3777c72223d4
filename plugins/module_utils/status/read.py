# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what lvs-status shows of this director. The only part of it that touches the host.

Processes are what costs time, so there are few: ipvsadm for the rates, and keepalived to learn its signal. Only if the table does not
tell why a real server is out, the journal is searched, and keepalived asked for its checks.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping

from ..heal.believed import parse as parse_believed
from ..heal.checker import ask as ask_checker
from ..heal.settings import FOLDER, read_files
from ..tools import HOST, Failure, Result, Runner, run
from ..vrrp_state import read as read_vrrp
from ..vrrp_state import running
from . import addresses
from .director import Pair, Record, Seen, doubtful, record_from
from .reasons import Reason, keepalived_reasons, ldirectord_reasons
from .table import Counters, Rates, parse_counters, parse_rates, parse_table

TABLE = Path("/proc/net/ip_vs")
DRAINS = Path("/var/lib/lvs-cluster/drained.json")
# Each is there as long as its service runs: RuntimeDirectory of its unit.
HEAL_STATE, SYNC_STATE = Path("/run/lvs-heal/state.json"), Path("/run/lvs-sync/status.json")
KEEPALIVED_PID, HEARTBEAT_PID = Path("/run/keepalived.pid"), Path("/run/heartbeat.pid")
LDIRECTORD_PID = Path("/run/ldirectord.ldirectord.cf.pid")
PROC = Path("/proc")
VRRP_SECONDS, CHECKER_SECONDS = 2.0, 2.0
# Nobody looks for the cause of what failed before so many lines.
JOURNAL = ["journalctl", "--quiet", "--no-pager", "--output=short-unix", "--lines=2000", "--identifier"]
IDENTIFIERS = {"keepalived": "Keepalived_healthcheckers", "ldirectord": "ldirectord"}
LOG_BYTES = 200_000
# include/uapi/linux/ip_vs.h: both daemons as struct ip_vs_daemon_user, the one that sends and the one that receives
GET_DAEMON = 64 + 1024 + 64 + 7
DAEMONS = struct.Struct("i16sii16si")


class NotHere(Failure):
    """This host directs no cluster."""


def read_record(folder: Path = FOLDER, drains: Path = DRAINS) -> Record:
    """Return what the inventory wants of this director. Raises Failure for a file that somebody has broken, or if there is none."""
    try:
        found = [data for data in read_files(folder) if data.get("stack")]
    except (OSError, ValueError) as error:
        raise Failure(f"the settings in {folder}/lvs-heal-*.json can't be read ({error}): run site.yml") from error
    if not found:
        raise NotHere("this host directs no cluster: lvs-status is for directors. Run site.yml if it should be one")
    # A director belongs to one cluster. site.yml removes the file of a former name at its end.
    return record_from(found[0], _drains(drains))


def _drains(path: Path) -> list[Mapping[str, Any]]:
    data = json_of(path) or {}
    return [drain for drain in data.get("drains") or () if isinstance(drain, dict)]


def json_of(path: Path) -> dict[str, Any] | None:
    """The content of a file that another program writes, None if it is not there or no longer what it was."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def read_seen(record: Record, runner: Runner = HOST, measured: bool = False) -> Seen:
    """Return what there is on this director.

    `measured` is for lvs-metrics: with the kernel's counters instead of its rates, and without a search for why a real server is out.
    """
    wait = _start(runner, "ipvsadm", "-Ln", "--stats" if measured else "--rate", "--exact")
    notes: list[str] = []
    vrrp = None
    if record.stack == "keepalived" and record.data.get("instances"):
        try:
            vrrp = read_vrrp(runner, KEEPALIVED_PID, VRRP_SECONDS)
        except Failure as error:
            notes.append(str(error).rstrip("."))
    live = parse_table(_text(TABLE), record.table)
    sends, receives = sync_daemons()
    told = wait() if wait and live else Result(1, "", "")
    seen = Seen(
        at=time.time(),
        live=live,
        rates={} if measured else _rates(told),
        counters=_counters(told) if measured else {},
        addresses=addresses.read(),
        runs=_runs(record),
        vrrp=vrrp,
        sends=sends,
        receives=receives,
        sync_told=json_of(SYNC_STATE),
        heal=json_of(HEAL_STATE),
        notes=notes,
    )
    doubts = doubtful(record, live)
    return replace(seen, **_explained(record, doubts, runner, measured)) if doubts else seen


def _start(runner: Runner, tool: str, *arguments: str) -> Callable[[], Result] | None:
    path = runner.find(tool)
    return None if path is None else runner.start([path, *arguments])


def _rates(result: Result) -> Rates:
    return parse_rates(result.out) if result.rc == 0 else {}


def _counters(result: Result) -> Counters:
    return parse_counters(result.out) if result.rc == 0 else {}


def _text(path: Path) -> str:
    """The table as /proc has it. Empty if the kernel has no IPVS."""
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


def _runs(record: Record) -> dict[str, bool]:
    runs = {"lvs-heal": HEAL_STATE.exists()}
    if record.data.get("sync"):
        runs["lvs-sync"] = SYNC_STATE.exists()
    if record.stack == "keepalived":
        runs["keepalived"] = running(KEEPALIVED_PID, PROC) is not None
    elif record.stack == "ldirectord":
        runs["heartbeat"] = _is_process(HEARTBEAT_PID, b"heartbeat")
        runs["ldirectord"] = _is_process(LDIRECTORD_PID, b"ldirectord")
    return runs


def _is_process(pid_file: Path, word: bytes) -> bool:
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        return word in (PROC / str(pid) / "cmdline").read_bytes()
    except (OSError, ValueError):
        return False


def sync_daemons() -> tuple[bool, bool]:
    """Whether the kernel tells others its connections, and whether it listens to others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            told = asking.getsockopt(socket.IPPROTO_IP, GET_DAEMON, DAEMONS.size)
        except OSError:
            return False, False  # IPVS is not loaded
    found = DAEMONS.unpack(told)
    return bool(found[0]), bool(found[3])


def _explained(record: Record, doubts: Iterable[Pair], runner: Runner, only_states: bool = False) -> dict[str, Any]:
    """What the daemon says of real servers that are out."""
    if record.stack == "ldirectord":
        return {"reasons": _of_ldirectord(record, runner)}
    if record.stack != "keepalived":
        return {}
    alive: dict[Pair, bool] = {}
    try:
        said = ask_checker(timeout=CHECKER_SECONDS)
    except (Failure, OSError):
        said = None  # The journal may tell.
    if said is not None:
        alive = believed_alive(said, doubts)
        if only_states:
            return {"alive": alive}
    return {"alive": alive, "reasons": keepalived_reasons(_journal(record, runner))}


def believed_alive(said: str, doubts: Iterable[Pair]) -> dict[Pair, bool]:
    """Return whether the checks of real servers pass, from what keepalived writes at SIGUSR1."""
    found: dict[Pair, bool] = {}
    doubted: dict[str, list[str]] = {}
    for key, server in doubts:
        doubted.setdefault(key, []).append(server)
    for virtual in parse_believed(said):
        for key in map(str, virtual.keys):
            for server in doubted.get(key, ()):
                address = server.rpartition(":")[0].strip("[]")
                same = [one for one in virtual.servers if one.address == address]
                exact = [one for one in same if server.endswith(f":{one.port}")]
                for one in (exact or same)[:1]:
                    found[key, server] = one.alive
    return found


def _journal(record: Record, runner: Runner) -> list[str]:
    journalctl = runner.find(JOURNAL[0])
    if journalctl is None:
        return []
    return run(runner, [journalctl, *JOURNAL[1:], IDENTIFIERS[record.stack]]).out.splitlines()


def _of_ldirectord(record: Record, runner: Runner) -> dict[tuple[str, int], Reason]:
    log = str(record.data.get("log") or "")
    lines = _end_of(Path(log)) if log.startswith("/") else _journal(record, runner)
    checks = {
        str(server): ", ".join(record.data["checks"].get(key) or ())
        for key, service in record.table.items()
        for server in service.destinations.values()
    }
    servers = {str(one): one.key for service in record.table.values() for one in service.destinations.values()}
    return {servers[name]: reason for name, reason in ldirectord_reasons(lines, checks).items() if name in servers}


def _end_of(path: Path) -> list[str]:
    try:
        with path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
            return log.read().decode(errors="replace").splitlines()
    except OSError:
        return []
