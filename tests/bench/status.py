# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processor time of lvs-status and lvs-metrics for a large table, without what ipvsadm and the kernel take beside them."""

from __future__ import annotations

import ipaddress
import json
import time
from typing import Any, Callable

from ansible_collections.lvs.cluster.plugins.module_utils.metrics.director import director_samples
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.exposition import render
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.families import METRICS
from ansible_collections.lvs.cluster.plugins.module_utils.status.director import (
    Seen,
    director_status,
    record_from,
)
from ansible_collections.lvs.cluster.plugins.module_utils.status.program import rendered
from ansible_collections.lvs.cluster.plugins.module_utils.status.table import parse_counters, parse_rates, parse_table
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings
from figure import Figure

SERVICES = 1000
AT_MOST = 0.5  # s, for 3 real servers each
TITLE = "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port\n"


def settings(real_servers: int) -> str:
    """What site.yml deploys on a director of a cluster with so many services, in JSON."""
    servers = [f"web{number}" for number in range(1, real_servers + 1)]
    shared = {
        "lvs_services": [
            {"name": f"service{number}", "vip": vip(number), "port": 80, "health": {"type": "http"}}
            for number in range(SERVICES)
        ]
    }
    hosts = ["lvs1", "lvs2", *servers]
    hostvars = {host: {**shared, "lvs_address": f"10.0.0.{number}"} for number, host in enumerate(hosts, start=1)}
    cluster = resolve(hostvars, {"all": hosts, "directors": hosts[:2], "real_servers": servers})
    return json.dumps(heal_settings(cluster, "lvs1", "Debian", "1"))


def vip(number: int) -> str:
    """The VIP of a service."""
    return f"10.1.{number // 250}.{number % 250 + 1}"


def kernels_table(real_servers: int) -> str:
    """/proc/net/ip_vs of that director."""

    def word(address: str) -> str:
        return f"{int(ipaddress.ip_address(address)):08X}:0050"

    lines = []
    for number in range(SERVICES):
        lines.append(f"TCP  {word(vip(number))} wlc ")
        lines += [
            f"  -> {word(f'10.0.0.{server + 3}')}      Route   1      7          42        "
            for server in range(real_servers)
        ]
    return TITLE + "\n".join(lines)


def counted(real_servers: int) -> str:
    """What ipvsadm prints there with --rate or --stats."""
    lines = []
    for number in range(SERVICES):
        lines.append(f"TCP  {vip(number)}:80     5   80    0   9000    0")
        lines += [f"  -> 10.0.0.{server + 3}:80   1    7    0    800    0" for server in range(real_servers)]
    return TITLE + "\n".join(lines)


def status(told: str, table: str, rates: str) -> str:
    """As `lvs-status --json` does it."""
    record = record_from(json.loads(told))
    seen = Seen(at=time.time(), live=parse_table(table, record.table), rates=parse_rates(rates))
    return rendered(director_status(record, seen), "--json", coloured=False)


def metrics(told: str, table: str, counters: str) -> str:
    """As lvs-metrics does it."""
    record = record_from(json.loads(told))
    seen = Seen(at=time.time(), live=parse_table(table, record.table), counters=parse_counters(counters))
    return render(METRICS, list(director_samples(record, seen, director_status(record, seen))))


def seconds(work: Callable[..., Any], *arguments: str) -> float:
    """The least processor time of three."""

    def once() -> float:
        began = time.process_time()
        work(*arguments)
        return time.process_time() - began

    return min(once() for _attempt in range(3))


def figures() -> list[Figure]:
    """The times for real servers that are few and many."""
    found = []
    for real_servers in (3, 10):
        given = settings(real_servers), kernels_table(real_servers), counted(real_servers)
        bound = AT_MOST if real_servers == 3 else None
        found += [
            Figure(f"lvs-status, {SERVICES} services of {real_servers}", seconds(status, *given), "s", bound),
            Figure(f"lvs-metrics, {SERVICES} services of {real_servers}", seconds(metrics, *given), "s"),
        ]
    return found
