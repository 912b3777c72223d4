# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""lvs-drain and lvs-undrain: new connections to a real server stop and begin again, without Ansible.

They change this director alone. The others learn of it with the next run of site.yml or drain.yml: there is no safe way from here to
there. root of one director is not root of another, and the messages of lvs-sync are not signed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import getpass
import json
import os
import socket
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Iterator, Sequence

from ..tools import Failure
from . import decide, settings
from .director import Director, Outcome
from .record import Record, merged, read

LOCK = Path("/run/lvs-drain.lock")
LOCK_SECONDS = 60
DRAIN, UNDRAIN = "lvs-drain", "lvs-undrain"


def main(name: str, words: Sequence[str]) -> int:
    """Run one of the two programs; return its exit status: 1 if the request was refused, 2 if something has failed."""
    options = _parser(name).parse_args(words)
    if os.geteuid() != 0:
        sys.stderr.write(f"{name} must run as root\n")
        return 2
    try:
        director = Director(settings.read())
        if options.record:
            return _told(director, sys.stdin.read())
        if not options.real_server:
            return _listing(director.record())
        return _drain(director, options) if name == DRAIN else _undrain(director, options)
    except (Failure, OSError, ValueError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 2


def _parser(name: str) -> argparse.ArgumentParser:
    drains = name == DRAIN
    parser = argparse.ArgumentParser(
        prog=name,
        description=(
            "Send no new connections to a real server, until lvs-undrain."
            if drains
            else "Send new connections to a drained real server again."
        )
        + " Changes this director alone.",
        epilog="Without a name, both print what is drained.",
    )
    parser.add_argument("real_server", nargs="?", help="the real server, by its name in the inventory or its address")
    parser.add_argument("--service", help="only in this service, by its name in the inventory")
    if drains:
        parser.add_argument("--reason", help="why, for those who find it drained")
        parser.add_argument("--force", action="store_true", help="also if a service is left without a real server")
    else:
        parser.add_argument("--steps", type=int, default=1, help="raise the weight in so many steps (1)")
        parser.add_argument("--pause", type=float, default=30, help="seconds between two steps (30)")
    # For drain.yml and undrain.yml: the record, in JSON on the standard input.
    parser.add_argument("--record", action="store_true", help=argparse.SUPPRESS)
    return parser


@contextlib.contextmanager
def _alone(file: Path = LOCK, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Keep other runs out: both would write what they have read before the other has written."""
    with open(file, "w", encoding="utf-8") as lock:
        end = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Failure("another drain has run for a minute") from None
                time.sleep(0.1)
        yield


def _told(director: Director, text: str) -> int:
    """What drain.yml tells: a record of all directors. Prints the result for it."""
    with _alone():
        record = merged([director.record(), read(text)])
        outcome = director.apply(record)
    result = {
        "changed": outcome.changed,
        "failing": outcome.failing,
        "connections": director.connections(record),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


def _drain(director: Director, options: argparse.Namespace) -> int:
    request = decide.Request(options.real_server, options.service, options.reason, who(), options.force)
    with _alone():
        decision = decide.drain(director.services(), director.record(), request, _now(), director.live())
        if decision.refusals:
            return _refused(decision)
        outcome = director.apply(decision.record)
    name = decide.name_of(decision.record, options.real_server)
    for text in decision.said:
        _say(text)
    where = f" of service {options.service}" if options.service else ""
    active = director.connections(decision.record).get(name, 0)
    _say(f"This director sends no new connections{where} to {name}. Active connections there: {active}.")
    _others(director, outcome)
    return 0


def _undrain(director: Director, options: argparse.Namespace) -> int:
    request = decide.Request(options.real_server, options.service)
    decision = decide.undrain(director.record(), request, _now(), options.steps)
    if decision.refusals:
        return _refused(decision)
    outcome = Outcome()
    for number, step in enumerate(decision.steps, 1):
        if number > 1:
            time.sleep(options.pause)
        with _alone():
            # Somebody may have drained something during the pause.
            outcome = director.apply(merged([director.record(), step]))
        if number < len(decision.steps):
            _say(
                f"Step {number} of {len(decision.steps)}: {100 * number // len(decision.steps)} percent of the weight."
            )
    _say(f"This director sends new connections to {options.real_server} again.")
    for text in [*decision.said, *(f"It has no weight yet, so its check fails: {one}." for one in outcome.failing)]:
        _say(text)
    _others(director, outcome)
    return 0


def _listing(record: Record) -> int:
    for one in record.drains:
        _say(f"{one}.")
    if not record.drains:
        _say("No real server is drained.")
    return 0


def _refused(decision: decide.Decision) -> int:
    sys.stderr.write("".join(f"{text}.\n" for text in [*decision.refusals, "Nothing was changed"]))
    return 1


def _others(director: Director, outcome: Outcome) -> None:
    if not outcome.changed:
        _say("Nothing was changed here.")
    if director.known.others:
        names = decide.listed(director.known.others)
        _say(
            f"{names} {'does' if len(director.known.others) == 1 else 'do'} not know that: run the same there, or site.yml."
        )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _now() -> datetime:
    return datetime.now(timezone.utc)


def who() -> str:
    """Who runs the program: the user behind sudo, and the host."""
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    return f"{user}@{socket.gethostname()}"
