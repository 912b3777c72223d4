# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run scenarios, several at once: scenarios.py [--at-once N] [--alone NAME] NAME...

One scenario waits for much of its time, so two at once take two thirds of the time. Each has a lab of its own (see
`beside`). They begin in the order given: the longest first keeps the last one short. Here is printed when steps end, and
the end of what a failed scenario said; the whole output of a scenario is in build/scenario/NAME.log. All are run,
whatever fails. The exit status is 1 if one failed. Those that are named by --alone come last, with nothing beside them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build/scenario"
MARK = "=== "  # tests/tools/scenario begins the lines with it that are for here
sys.path.insert(0, str(ROOT / "molecule"))

from lab import choice  # noqa: E402


def run(name: str, number: int) -> bool:
    """Run one scenario in the lab of a number; whether it passed."""
    command = [str(ROOT / "tests/tools/beside"), str(number), os.environ.get("MAKE", "make"), f"molecule-{name}"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout
    failing = False
    last: deque[str] = deque(maxlen=20)
    with (LOGS / f"{name}.log").open("w", encoding="utf-8") as log:
        for line in process.stdout:
            log.write(line)
            last.append(line)
            failing = failing or (line.startswith(MARK) and "FAILED" in line)
            if failing or line.startswith(MARK):
                print(line, end="", flush=True)
    passed = process.wait() == 0
    if not (passed or failing):
        print(f"{MARK}{name} FAILED; it ended with:\n{''.join(last)}", end="", flush=True)
    return passed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at-once", type=int, default=2, metavar="N")
    parser.add_argument("--alone", action="append", default=[], metavar="NAME")
    parser.add_argument("names", nargs="+", metavar="NAME")
    given = parser.parse_args()
    # podman has one set of containers, whoever asks.
    at_once = given.at_once if choice.choose().kind == "uml" else 1
    LOGS.mkdir(parents=True, exist_ok=True)
    free: SimpleQueue[int] = SimpleQueue()
    for number in range(1, at_once + 1):
        free.put(number)

    def one(name: str) -> tuple[str, float, bool]:
        number, began = free.get(), time.monotonic()
        try:
            passed = run(name, number)
        finally:
            free.put(number)
        return name, time.monotonic() - began, passed

    with ThreadPoolExecutor(at_once) as pool:
        results = list(pool.map(one, [name for name in given.names if name not in given.alone]))
    results += [one(name) for name in given.names if name in given.alone]
    for name, seconds, passed in results:
        print(f"{name:<20} {seconds:6.0f} s  {'passed' if passed else 'FAILED'}")
    return 0 if all(passed for _name, _seconds, passed in results) else 1


if __name__ == "__main__":
    sys.exit(main())
