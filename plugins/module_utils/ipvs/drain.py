# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count the connections of one real server, and wait until they have ended."""

from __future__ import annotations

import time
from typing import Callable, Sequence

from .command import Ipvsadm
from .listing import parse_counts
from .render import key_words
from .types import Destination, ServiceKey

CONNECTION_STATES = ("active", "inactive", "persistent")
INTERVAL = 1.0  # Seconds between two looks


def count_connections(ipvsadm: Ipvsadm, key: ServiceKey, destination: Destination) -> dict[str, int]:
    """Return the connections of a destination by kind; none if the destination or its service is gone."""
    arguments = ("-Ln", "--persistent-conn", *key_words(key).split())
    result = ipvsadm.run(*arguments)
    if result.rc and "No such service" not in result.err:
        raise ipvsadm.failure(result, *arguments)
    for service in parse_counts(result.out):
        for server in service["destinations"]:
            if (server["address"], server["port"]) == destination.key:
                return {kind: server[kind] for kind in CONNECTION_STATES}
    return dict.fromkeys(CONNECTION_STATES, 0)


def wait_until_gone(
    look: Callable[[], dict[str, int]],
    kinds: Sequence[str],
    timeout: float,
    settle: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, int]:
    """Count once a second until no connection of `kinds` is left or `timeout` seconds are over.

    With `settle` the first count is after a second: connections in the TCP handshake do not count as active, so a real
    server that was just drained may look idle. Returns the last count.
    """
    end = clock() + timeout
    if settle:
        sleep(min(INTERVAL, timeout))
    remaining = look()
    while any(remaining[kind] for kind in kinds) and clock() < end:
        sleep(min(INTERVAL, max(end - clock(), 0)))
        remaining = look()
    return remaining


def default_states(key: ServiceKey) -> tuple[str, ...]:
    """The connections that a drain waits for. UDP connections have no end, and all of them count as inactive."""
    return ("active", "inactive") if key.protocol == "udp" else ("active",)


def describe_remaining(remaining: dict[str, int], kinds: Sequence[str]) -> str:
    """Return the connections that are left as text: `3 active and 1 persistent connections`, or an empty string."""
    words = [f"{remaining[kind]} {kind}" for kind in kinds if remaining[kind]]
    return f"{' and '.join(words)} connections" if words else ""
