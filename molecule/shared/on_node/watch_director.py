# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a director: print when VIPs come and go and when their services' real servers change, until a file is there.

Usage: watch_director.py VIP... STOP_FILE

Each line is JSON, by the clock that all nodes share: {"at", "vip", "held"}, {"at", "table": {service: {real server:
weight}}}, and {"at", "end"} at the end. {"at", "off"} says since when the node has stood still; what it has after that is told again.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time

PAUSE = 0.02  # s between two looks at the VIPs
TABLE_PAUSE = 0.1  # s between two looks at the table, more where it is large
STOOD_STILL = 1.0  # s between two looks that say that the node stood still


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


def is_held(vip: str) -> bool:
    """Only an address that is there can be bound to: quicker than to ask ip(8)."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((vip, 0))
    except OSError:
        return False
    return True


def decoded(field: str) -> tuple[str, int]:
    address, _colon, port = field.rpartition(":")
    number = bytes.fromhex(address.strip("[]").replace(":", ""))
    return socket.inet_ntop(socket.AF_INET6 if len(number) == 16 else socket.AF_INET, number), int(port, 16)


def table() -> dict[str, dict[str, int]]:
    """The services of the VIPs, as /proc/net/ip_vs has them."""
    services: dict[str, dict[str, int]] = {}
    servers: dict[str, int] | None = None
    try:
        with open("/proc/net/ip_vs", encoding="ascii") as lines:
            for line in lines:
                words = line.split()
                if words[0] == "->":
                    if servers is not None:
                        servers[decoded(words[1])[0]] = int(words[3])
                    continue
                servers = None
                if words[0] in ("TCP", "UDP", "SCTP"):
                    address, port = decoded(words[1])
                    if address in vips:
                        servers = services.setdefault(f"{address}:{port}", {})
    except OSError:
        return {}
    return services


*vips, stop = sys.argv[1:]
# A node that is busy is not one that stands still. keepalived's own priority is higher. Nobody but root may set it.
with contextlib.suppress(PermissionError):
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
held: dict[str, bool] = {}
shown: dict[str, dict[str, int]] | None = None
last = table_due = time.time()
while not os.path.exists(stop):
    now = time.time()
    if now - last > STOOD_STILL:
        tell(at=last, off=True)
        held.clear()
    for vip in vips:
        found = is_held(vip)
        if held.get(vip) != found:
            tell(at=now, vip=vip, held=found)
            held[vip] = found
    if now >= table_due:
        current = table()
        if current != shown:
            tell(at=now, table=current)
            shown = current
        table_due = time.time() + max(TABLE_PAUSE, 10 * (time.time() - now))
    last = now
    time.sleep(PAUSE)
tell(at=time.time(), end=True)
