# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a running keepalived for the state of its VRRP instances.

At a signal keepalived writes all it knows of VRRP into keepalived.json (keepalived/vrrp/vrrp_json.c). The file may contain
passwords, so it is removed at once, and only what is needed is passed on.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

from .tools import Failure, Runner, ToolMissing, run

# keepalived/include/vrrp.h
STATES = {0: "init", 1: "backup", 2: "master", 3: "fault", 98: "stop"}
# The name of each counter here and in keepalived.json.
COUNTERS = {
    "adverts_sent": "advert_sent",
    "adverts_received": "advert_rcvd",
    "became_master": "become_master",
    "released_master": "release_master",
    "authentication_failures": "auth_failure",
    "authentication_type_mismatches": "authtype_mismatch",
    "interval_mismatches": "advert_interval_err",
    "address_list_mismatches": "addr_list_err",
}
PAUSE = 0.05  # s between two looks whether the file is complete
# keepalived has one file for all who ask. Who asks at the same time would take it away from another one.
LOCK = Path("/run/lvs-asking.lock")
LOCK_SECONDS = 4.0


def read(
    runner: Runner,
    pid_file: Path,
    timeout: float,
    proc: Path = Path("/proc"),
    kill: Callable[[int, int], None] = os.kill,
) -> dict[str, Any] | None:
    """Return {instance: its state} of the keepalived that has a pid file, None if it does not run.

    Raises ToolMissing if keepalived cannot report its state, and Failure if it has not answered after `timeout` seconds.
    """
    pid = running(pid_file, proc)
    if pid is None:
        return None
    # A keepalived that does not know the signal would be killed by it.
    number = signal_number(runner)
    file = dump_file(pid, proc)
    with alone():
        file.unlink(missing_ok=True)
        kill(pid, number)
        end = time.monotonic() + timeout
        while True:
            instances = complete(file)
            if instances is not None:
                file.unlink(missing_ok=True)
                return parse(instances)
            if time.monotonic() > end:
                raise Failure(f"keepalived did not report the state of its VRRP instances within {timeout:g} seconds.")
            time.sleep(PAUSE)


@contextlib.contextmanager
def alone(lock: Path = LOCK, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Wait until nobody else of this collection asks keepalived, but not for ever."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield  # Without a place for it, asking goes on.
        return
    try:
        end = time.monotonic() + seconds
        while not _locked(descriptor) and time.monotonic() < end:
            time.sleep(PAUSE)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def running(pid_file: Path, proc: Path) -> int | None:
    """Return the process of keepalived, None if the pid file is missing or names another process."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        name = (proc / str(pid) / "comm").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    return pid if name.startswith("keepalived") else None


def signal_number(runner: Runner) -> int:
    """Return the number of the signal at which this keepalived writes keepalived.json."""
    keepalived = runner.find("keepalived")
    if keepalived is None:
        raise ToolMissing("keepalived is not installed.")
    result = run(runner, [keepalived, "--signum=JSON"])
    if result.rc or not result.out.strip().isdigit():
        raise ToolMissing(
            "This keepalived was built without JSON, so it cannot report the state of its VRRP instances."
        )
    return int(result.out)


def dump_file(pid: int, proc: Path) -> Path:
    """Return where a keepalived writes keepalived.json, seen from outside if the service has a /tmp of its own."""
    variables = (proc / str(pid) / "environ").read_bytes().split(b"\0")
    folder = next((os.fsdecode(word[7:]) for word in variables if word.startswith(b"TMPDIR=/")), "/tmp")  # noqa: S108
    return proc / str(pid) / "root" / folder.lstrip("/") / "keepalived.json"


def complete(file: Path) -> list[dict[str, Any]] | None:
    """Return the instances in keepalived.json, None while it is not there or only half written."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    # Since 2.2.8 the list may be in an object: json_version 2.
    return list(content["vrrp"] if isinstance(content, dict) else content)


def parse(instances: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return {instance: its state} from the content of keepalived.json."""
    return {str(entry["data"]["iname"]): _instance(entry["data"], entry.get("stats") or {}) for entry in instances}


def _instance(data: Mapping[str, Any], stats: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "state": STATES.get(int(data["state"]), "unknown"),
        "since": float(data["last_transition"]) or None,
        "interface": data.get("ifp_ifname"),
        "virtual_router_id": int(data["vrid"]),
        "priority": int(data["effective_priority"]),
        "base_priority": int(data["base_priority"]),
        **{name: int(stats.get(theirs, 0)) for name, theirs in COUNTERS.items()},
    }
