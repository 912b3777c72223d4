# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long lvs.cluster.ipvs_table takes for 1,000 services of 10 real servers, beside ipvsadm and a loop over entries."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from figure import Figure
from lab_run import ROOT, play, require

SERVICES, REAL_SERVERS, ROUNDS = 1000, 10, 3
AT_MOST = 1.5  # times the same work by ipvsadm and a module that does nothing
LOOP_AT_LEAST = 100  # times faster than a task with one ipvsadm for each entry
TOLD = re.compile(r"ipvsadm took ([\d.]+) ([\d.]+) ([\d.]+) seconds")


def services() -> list[dict[str, Any]]:
    """A table of services that are told apart by their address, each with real servers of its own."""
    return [
        {
            "address": f"10.0.{number // 250}.{number % 250 + 1}",
            "port": 80,
            "scheduler": "wrr",
            "destinations": [
                {"address": f"10.{number // 250 + 4}.{number % 250}.{server + 1}", "port": 80}
                for server in range(REAL_SERVERS)
            ],
        }
        for number in range(SERVICES)
    ]


def figures() -> list[Figure]:
    """Run the playbook beside this file and compare the best of its rounds."""
    require()
    taken, save, thresholds, restore = _run()
    best = {name: min(seconds) for name, seconds in taken.items()}
    nothing, fill, keep, weight = (best[name] for name in ("Nothing", "Fill", "Keep", "One weight"))
    entry = best["Add entries one by one"] / 30
    loop = entry * SERVICES * (1 + REAL_SERVERS)
    return [
        Figure("a module that does nothing with the table", nothing, "s"),
        Figure("ipvsadm -R", restore, "s"),
        Figure("ipvsadm -Sn", save, "s"),
        Figure("ipvsadm -Ln --thresholds", thresholds, "s"),
        Figure("fill", fill, "s"),
        Figure("fill, in proportion", fill / (restore + save + nothing), "times", AT_MOST),
        Figure("nothing to change", keep, "s"),
        Figure("nothing to change, in proportion", keep / (save + thresholds + nothing), "times", AT_MOST),
        Figure("one weight", weight, "s"),
        Figure("one weight, in proportion", weight / (save + thresholds + nothing), "times", AT_MOST),
        Figure("a task for each entry, by 30 of them", loop, "s"),
        Figure("fill, in proportion to that", fill / loop, "times", 1 / LOOP_AT_LEAST),
    ]


def _run() -> tuple[dict[str, list[float]], float, float, float]:
    """Run the playbook; seconds of each task, and of ipvsadm to save, to list thresholds and to restore."""
    with tempfile.TemporaryDirectory() as folder:
        variables, output = Path(folder, "variables.json"), Path(folder, "seconds.json")
        variables.write_text(json.dumps({"bench_services": services(), "bench_rounds": ROUNDS}), encoding="utf-8")
        printed = play(
            "tests/bench/ipvs_table.yml",
            "task_seconds",
            "-e",
            f"@{variables}",
            ANSIBLE_LIBRARY=str(ROOT / "tests/bench/library"),
            LVS_TASK_SECONDS_OUTPUT=str(output),
        )
        told = [[float(seconds) for seconds in found] for found in TOLD.findall(printed)]
        save, thresholds, restore = (min(column) for column in zip(*told))
        return json.loads(output.read_text(encoding="utf-8")), save, thresholds, restore
