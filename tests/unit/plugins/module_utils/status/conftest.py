# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's cluster as lvs-status of its directors sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status.addresses import Address
from ansible_collections.lvs.cluster.plugins.module_utils.status.director import (
    Record,
    Seen,
    director_status,
    record_from,
)
from ansible_collections.lvs.cluster.plugins.module_utils.status.table import parse_rates, parse_table
from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings

MODELS = Path(__file__).parents[2] / "plugin_utils/cluster/right"
NOW = 1_800_000_000.0
# As the kernel prints it: web has web1 and web2, web-tls (on_failure quiesce) too, dns web2 and web3.
PROC = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  AC1C0064:0050 wrr \n\
  -> AC1C0015:0050      Route   1      120        3400      \n\
  -> AC1C0016:0050      Route   1      3          12        \n\
TCP  AC1C0064:01BB wlc persistent 300 FFFFFF00
  -> AC1C0015:01BB      Route   1      7          0         \n\
  -> AC1C0016:01BB      Route   1      5          1         \n\
UDP  AC1C0065:0035 sh ops \n\
  -> AC1C0016:0035      Route   1      0          2         \n\
  -> AC1C0017:0035      Route   1      0          4         \n\
"""
RATES = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
  -> RemoteAddress:Port
TCP  172.28.0.100:80                    12       80        0     9000        0
  -> 172.28.0.21:80                     12       70        0     8000        0
  -> 172.28.0.22:80                      0       10        0     1000        0
"""
DRAIN = {
    "real_server": "web2",
    "addresses": ["172.28.0.22"],
    "service": "web",
    "reason": "kernel update",
    "by": "alice@admin1",
    "since": "2027-01-15T05:30:00Z",
    "weight": None,
}


def model(case: str) -> Any:
    return json.loads((MODELS / f"{case}.json").read_text(encoding="utf-8"))


def record(director: str = "lvs1", case: str = "lab", drains: Any = ()) -> Record:
    cluster = model(case)
    name = director if director in cluster["directors"] else cluster["directors"][0]
    return record_from(json.loads(json.dumps(heal_settings(cluster, name, "Debian", "1"))), drains)


def seen(wanted: Record, proc: str = PROC, master: bool = True, **more: Any) -> Seen:
    vips = ["172.28.0.100", "172.28.0.101"] if master else []
    facts: dict[str, Any] = {
        "at": NOW,
        "live": parse_table(proc, wanted.table),
        "rates": parse_rates(RATES),
        "addresses": [Address(vip, "eth1", NOW - 3600) for vip in vips],
        "runs": {"keepalived": True, "lvs-heal": True},
        "vrrp": {
            "VI_1": {
                "state": "master" if master else "backup",
                "since": NOW - 7200,
                "priority": 200,
                "interface": "eth1",
                "became_master": 1,
            }
        },
        "heal": {"split_brain": {}},
    }
    return Seen(**{**facts, **more})


@pytest.fixture
def status() -> Callable[..., dict[str, Any]]:
    """The status of a director of the lab: a healthy one, unless more is given. It must be what JSON can have."""

    def make(director: str = "lvs1", drains: Any = (), **more: Any) -> dict[str, Any]:
        wanted = record(director, drains=drains)
        more = {"master": director == "lvs1", **more}
        return json.loads(json.dumps(director_status(wanted, seen(wanted, **more))))

    return make


@pytest.fixture
def found(status: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    """What three healthy directors have told."""
    return [{"director": name, "status": status(name)} for name in ("lvs1", "lvs2", "lvs3")]
