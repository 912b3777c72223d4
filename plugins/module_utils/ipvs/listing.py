# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else `ipvsadm -Ln` prints besides the table: timeouts, daemons, counters, connections."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, Sequence

from ..tools import NotUnderstood
from .export import key_data
from .parse import parse_endpoint, parse_listed_key
from .types import Daemon, Timeouts

# The columns that follow an entry's name, in the order of ipvsadm's print_title().
TRAFFIC = ("connections", "packets_in", "packets_out", "bytes_in", "bytes_out")
COUNTS = ("weight", "persistent", "active", "inactive")


def parse_timeouts(text: str) -> Timeouts:
    """Return the timeouts from `ipvsadm -Ln --timeout`. Raises NotUnderstood if there are none."""
    with _understood("--timeout", text):
        return Timeouts(*(int(word) for word in text.rpartition(":")[2].split()))


def parse_daemons(text: str) -> tuple[Daemon, ...]:
    """Return the running daemons from `ipvsadm -Ln --daemon`."""
    return tuple(_daemon(line) for line in text.splitlines() if " sync daemon (" in line)


def _daemon(line: str) -> Daemon:
    with _understood("--daemon", line):
        return _read_daemon(line)


def _read_daemon(line: str) -> Daemon:
    role, _sep, inside = line.partition(" sync daemon (")
    facts = dict(fact.split("=", 1) for fact in inside.rstrip(")").split(", "))
    numbers = {name: int(facts[name]) for name in ("maxlen", "port", "ttl") if name in facts}
    return Daemon(role, facts["mcast"], int(facts["syncid"]), group=facts.get("group"), **numbers)


def parse_traffic(text: str) -> list[dict[str, Any]]:
    """Return counters per service and destination from `-Ln --stats --exact` or `-Ln --rate --exact`.

    A service has its key's fields, `TRAFFIC` and `destinations`. A destination has address, port and `TRAFFIC`.
    """
    found = []
    for words, destinations in _entries(text):
        with _understood("--stats", " ".join(words)):
            service = key_data(parse_listed_key(words))
            service.update(_numbers(TRAFFIC, words))
            service["destinations"] = [_destination_line(TRAFFIC, line) for line in destinations]
        found.append(service)
    return found


def parse_counts(text: str) -> list[dict[str, Any]]:
    """Return weight and connections per destination from `ipvsadm -Ln --persistent-conn`."""
    found = []
    for words, destinations in _entries(text):
        with _understood("--persistent-conn", " ".join(words)):
            service = key_data(parse_listed_key(words))
            service["destinations"] = [_destination_line(COUNTS, line) for line in destinations]
        found.append(service)
    return found


def parse_connections(text: str) -> list[dict[str, Any]]:
    """Return the connections from `ipvsadm -Lnc`; `expires` is in seconds.

    This includes persistence templates. Their source port is 0, and with a firewall mark their protocol is `ip`.
    ipvsadm splits a line with long persistence engine data in two. The second part is no connection.
    """
    found = []
    for line in text.splitlines()[2:]:
        words = line.split()
        if len(words) >= 6 and ":" in words[1]:
            with _understood("--connection", line):
                found.append(_connection(words))
    return found


@contextlib.contextmanager
def _understood(listing: str, line: str) -> Iterator[None]:
    """Raise NotUnderstood with the line that could not be read."""
    try:
        yield
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise NotUnderstood(f"ipvsadm -Ln {listing} printed a line that is not understood: {line.strip()}") from error


def _entries(text: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Yield the words of every service with the words of its destinations, without the title."""
    words: list[str] | None = None
    destinations: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith(("TCP ", "UDP ", "SCTP ", "FWM ")):
            if words is not None:
                yield words, destinations
            words, destinations = line.split(), []
        elif words is not None and line.startswith("  -> "):
            destinations.append(line.split()[1:])
    if words is not None:
        yield words, destinations


def _numbers(names: Sequence[str], words: list[str]) -> dict[str, int]:
    return dict(zip(names, (int(word) for word in words[-len(names) :])))


def _destination_line(names: Sequence[str], words: list[str]) -> dict[str, Any]:
    address, port = parse_endpoint(words[0])
    return dict({"address": address, "port": port}, **_numbers(names, words))


def _connection(words: list[str]) -> dict[str, Any]:
    protocol, expires, state, source, virtual, destination = words[:6]
    minutes, _sep, seconds = expires.partition(":")
    connection = {"protocol": protocol.lower(), "expires": int(minutes) * 60 + int(seconds), "state": state}
    for name, text in (("source", source), ("virtual", virtual), ("destination", destination)):
        connection[name + "_address"], connection[name + "_port"] = parse_endpoint(text)
    return connection
