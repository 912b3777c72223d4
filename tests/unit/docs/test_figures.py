# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that a page repeats in a sentence are those that were measured last."""

from __future__ import annotations

import json
from statistics import median

from .blocks import ROOT, RST


def test_what_a_lost_master_costs_is_what_was_measured():
    measured = json.loads((ROOT / "molecule/faults/measured.json").read_text(encoding="utf-8"))
    runs = measured["keepalived"]["power-lost"]["runs"]
    gaps = [run["gap"] for run in runs]
    page = " ".join((RST / "availability.rst").read_text(encoding="utf-8").split())
    failed = sum(run["failed"] for run in runs) or "none"
    assert f"in {len(runs)} losses of the master's power {failed} of" in page
    assert f"of {sum(run['requests'] for run in runs):,} requests failed" in page
    assert f"for longer than {max(gaps):g} s, in the median {median(gaps):g} s" in page
    assert all(run[kind][0] == 0 for run in runs for kind in ("busy", "idle")), (
        "no longer: all open connections went on"
    )
