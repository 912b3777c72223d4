# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that a page repeats in a sentence are those that were measured last."""

from __future__ import annotations

import json
from statistics import median

from .blocks import ROOT, RST


def measured(fault):
    figures = json.loads((ROOT / "molecule/faults/measured.json").read_text(encoding="utf-8"))
    return figures["keepalived"][fault]["runs"]


def availability():
    return " ".join((RST / "availability.rst").read_text(encoding="utf-8").split())


def test_what_a_lost_master_costs_is_what_was_measured():
    runs, page = measured("power-lost"), availability()
    gaps = [run["gap"] for run in runs]
    failed = sum(run["failed"] for run in runs) or "none"
    assert f"in {len(runs)} losses of the master's power {failed} of" in page
    assert f"of {sum(run['requests'] for run in runs):,} requests failed" in page
    assert f"for longer than {max(gaps):g} s, in the median {median(gaps):g} s" in page
    assert all(run[kind][0] == 0 for run in runs for kind in ("busy", "idle")), (
        "no longer: all open connections went on"
    )


def test_what_load_and_lost_packets_cost_is_what_was_measured():
    (run,), page = measured("busy-and-lossy"), availability()
    assert f"no failover, and {run['failed']:,} of {run['requests']:,} requests failed" in page
    assert [who for _at, who in run["owners"]] == ["lvs1"], "no longer: no failover"
    ended, open_ones = run["busy"]
    assert f"{ended} of {open_ones} open connections that were in use ended" in page
