# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of what was measured: a row for each stack and fault, with the runs of the last measurement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from faults.figures import Run, run_from

FILE = Path(__file__).resolve().parent / "measured.json"
Rows = dict[str, dict[str, Any]]  # by stack and fault: {"measured": a date, "runs": [...]}


def read(file: Path = FILE) -> Rows:
    """All rows; none where nothing was measured yet."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def merged(rows: Mapping[str, Mapping[str, Any]], stack: str, fault: str, runs: Sequence[Run], date: str) -> Rows:
    """The rows with those runs in place of what the fault had before."""
    result = {name: dict(faults) for name, faults in rows.items()}
    result.setdefault(stack, {})[fault] = {"measured": date, "runs": [run.as_json() for run in runs]}
    return result


def write(rows: Rows, file: Path = FILE) -> None:
    """One line for each run, so that a change shows what was measured anew."""
    stacks = []
    for stack, faults in sorted(rows.items()):
        entries = []
        for name, row in sorted(faults.items()):
            runs = ",\n".join(f"    {json.dumps(run)}" for run in row["runs"])
            entries.append(
                f'  {json.dumps(name)}: {{"measured": {json.dumps(row["measured"])}, "runs": [\n{runs}\n  ]}}'
            )
        stacks.append(f" {json.dumps(stack)}: {{\n" + ",\n".join(entries) + "\n }")
    file.write_text("{\n" + ",\n".join(stacks) + "\n}\n" if stacks else "{}\n", encoding="utf-8")


def runs_of(rows: Mapping[str, Mapping[str, Any]], stack: str, fault: str) -> list[Run]:
    """What was measured of a fault; nothing where it was not."""
    row = rows.get(stack, {}).get(fault)
    return [run_from(stored) for stored in row["runs"]] if row else []


@dataclass(frozen=True)
class Spread:
    """The median and the worst of some runs; both None where it never happened, `worst` where once it did not."""

    median: float | None
    worst: float | None


def spread(values: Sequence[float | None], *, must: bool = False) -> Spread:
    """Of one figure. `must`: a run without it is the worst of all."""
    there = sorted(value for value in values if value is not None)
    if not there:
        return Spread(None, None)
    worst = None if must and len(there) < len(values) else there[-1]
    return Spread(round(median(there), 2), worst)
