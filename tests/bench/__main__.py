# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the figures of docs/docsite/rst/benchmarks.rst and compare each with its bound.

Usage: python tests/bench [NAME...]. Without names all that run on the lab; exit code 1 when a figure misses its bound or could not
be measured.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".ansible/collections"))

import forwarding  # noqa: E402
import ipvs_table  # noqa: E402
import resolve  # noqa: E402
import second_run  # noqa: E402
import status  # noqa: E402
from figure import Unavailable, table  # noqa: E402

BENCHMARKS = {
    "resolve": resolve.figures,
    "second_run": second_run.figures,
    "ipvs_table": ipvs_table.figures,
    "status": status.figures,
}
# On other nodes than the lab's, so only by name.
ELSEWHERE = {"forwarding": forwarding.figures}


def main(names: list[str]) -> int:
    """Run the benchmarks of these names, all without any; return the exit code."""
    missed = 0
    for name in names or BENCHMARKS:
        print(f"--- {name}", flush=True)
        try:
            figures = (BENCHMARKS | ELSEWHERE)[name]()
        except Unavailable as reason:
            print(f"not measured: {reason}")
            missed += 1
            continue
        print(table(figures), flush=True)
        missed += sum(not figure.holds for figure in figures)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
