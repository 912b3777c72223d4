# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A director of the lab that has something of everything: every metric has a value."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.lvs.cluster.plugins.module_utils.metrics.director import director_samples
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.exposition import Sample, render
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.families import METRICS
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.host import (
    heal_samples,
    real_server_samples,
    sysctl_samples,
)
from ansible_collections.lvs.cluster.plugins.module_utils.status.director import Record, Seen, director_status
from ansible_collections.lvs.cluster.plugins.module_utils.status.table import parse_counters
from ansible_collections.lvs.cluster.tests.unit.plugins.module_utils.status.conftest import DRAIN, NOW, record, seen

WEB, TLS, DNS = "172.28.0.100:80/tcp", "172.28.0.100:443/tcp", "172.28.0.101:53/udp"
COUNTERS = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
TCP  172.28.0.100:80                  1200     8000        1   900000        2
  -> 172.28.0.21:80                    700     5000        1   600000        2
  -> 172.28.0.22:80                    500     3000        0   300000        0
"""
VRRP = {
    "state": "master",
    "since": NOW - 7200,
    "priority": 200,
    "interface": "eth1",
    "became_master": 2,
    "released_master": 1,
    "adverts_sent": 7200,
    "adverts_received": 60,
    "authentication_failures": 3,
    "authentication_type_mismatches": 0,
    "interval_mismatches": 4,
    "address_list_mismatches": 0,
}
SERVES: dict[str, Any] = {
    "cluster": "lvs1-lvs2-lvs3",
    "metrics": {"serves": {"host": "web1", "vips": [{"address": "172.28.0.100", "device": "lo"}]}},
}
HEAL = {"split_brain": {}, "mended": [{"at": NOW - 500, "what": "a"}, {"at": NOW - 50, "what": "b"}]}
SYNC = {"heard": {"172.28.0.12": {"at": NOW - 90, "connections": 70}}}


def director(data: Any = (), drains: Any = (), **more: Any) -> list[Sample]:
    """The values of a director. `data` changes what the inventory wants of it, `more` what it sees."""
    wanted = record(drains=drains)
    wanted = Record({**wanted.data, **dict(data)}, wanted.table, wanted.drains, wanted.endpoints)
    given: dict[str, Any] = {"vrrp": {"VI_1": VRRP}, "rates": {}, "counters": parse_counters(COUNTERS), **more}
    found = seen(wanted, **given)
    return list(director_samples(wanted, found, status(wanted, found)))


def status(wanted: Record, found: Seen) -> Any:
    return json.loads(json.dumps(director_status(wanted, found)))


def text() -> str:
    """A file with all metrics."""
    samples = director(
        {"sync": {"id": 51, "interface": "eth1", "both": True}, "sorry_servers": {WEB: "172.28.0.23:80"}},
        [DRAIN],
        heal=HEAL,
        sends=True,
        receives=True,
        sync_told=SYNC,
    )
    samples += real_server_samples(SERVES, [("172.28.0.100", "lo")])
    samples += sysctl_samples(SERVES, {"net/ipv4/conf/all/arp_ignore": False})
    samples += heal_samples(HEAL)
    samples.append(Sample("lvs_metrics_interval_seconds", (), 15))
    samples.append(Sample("lvs_metrics_read_duration_seconds", (), 0.25))
    samples.append(Sample("lvs_metrics_written_timestamp_seconds", (), NOW))
    return render(METRICS, samples)
