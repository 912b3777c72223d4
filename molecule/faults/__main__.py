# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point: `python molecule/faults run|soak|page`, on the nodes of the scenario availability (see tests/tools/faults)."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Run as a directory, Python puts the directory itself on its path; the packages are found from the one above.
sys.path[0:1] = [str(ROOT / "molecule"), str(ROOT / "molecule/shared"), str(ROOT / ".ansible/collections")]

from cluster import Cluster  # noqa: E402
from lab.errors import LabError  # noqa: E402

from faults import results  # noqa: E402
from faults.bars import bar_of, missed  # noqa: E402
from faults.catalogue import FAULTS, Fault, chosen  # noqa: E402
from faults.figures import Run  # noqa: E402
from faults.measure import measure  # noqa: E402
from faults.page import PAGE, cells, page  # noqa: E402
from faults.scene import Scene  # noqa: E402
from faults.soak import soak  # noqa: E402

INVENTORIES = {"keepalived": "molecule/availability/inventory", "ldirectord": "molecule/faults/ldirectord"}


def scene_of(stack: str) -> Scene:
    """The running cluster of a stack, kept as it is now so that it can be brought back."""
    cluster = Cluster(ROOT / INVENTORIES[stack])
    scene = Scene(cluster)
    scene.lab.prefer("all")
    scene.go_home()
    cluster.keep()
    return scene


def one(scene: Scene, fault: Fault) -> Run:
    """A run of a fault; a cluster that does not heal, or whose run broke off, is brought back."""
    healed = False
    try:
        scene.go_home()
        run = measure(scene, fault)
        healed = run.healed is not None
        return run
    finally:
        if not healed:
            print(f"    {fault.name}: the cluster is brought back by hand", flush=True)
            scene.cluster.prints = None
            scene.cluster.give_back()


def run(given: argparse.Namespace) -> int:
    """Measure faults, and merge their rows into the file; 1 where a run broke off or a promise was not kept."""
    faults = chosen(given.only, given.stack)
    scene = scene_of(given.stack)
    problems = []
    for fault in faults:
        print(f"--- {fault.name}: {fault.words}", flush=True)
        runs = []
        for _number in range(given.repeat):
            try:
                runs.append(one(scene, fault))
            # RuntimeError: ssh reaches a node no more.
            except (AssertionError, LabError, RuntimeError) as error:
                problems.append(f"{fault.name}: not measured: {str(error)[:2000]}")
                print(problems[-1], flush=True)
                continue
            print("    " + " | ".join(cells(fault, runs[-1:])[2:]), flush=True)
        if runs:
            date = time.strftime("%Y-%m-%d")
            results.write(results.merged(results.read(), given.stack, fault.name, runs, date))
            promised = bar_of(given.stack, fault.name, splits=fault.splits)
            problems += [f"{fault.name}: {problem}" for problem in missed(promised, runs)]
    PAGE.write_text(page(results.read(), FAULTS), encoding="utf-8")
    print("\n".join(["", *problems]) if problems else "\nAll that is promised was kept.", flush=True)
    return 1 if problems else 0


def run_soak(given: argparse.Namespace) -> int:
    """Random faults; 1 where an invariant was broken, with the seed that shows it again."""
    seed = given.seed if given.seed is not None else int(time.time()) % 100_000
    again = f"make soak SEED={seed} MINUTES={given.minutes:g} STACK={given.stack}"
    print(f"seed {seed}", flush=True)
    try:
        problems = soak(scene_of(given.stack), seed, given.minutes)
    except (AssertionError, LabError, RuntimeError) as error:
        problems = [str(error)]
    if problems:
        print("\n".join([*problems, f"To see it again: {again}"]), flush=True)
        return 1
    print(f"seed {seed}: all invariants held for {given.minutes:g} minutes", flush=True)
    return 0


def write_page(given: argparse.Namespace) -> int:
    """Write the page from the file; with --check only say whether it is current."""
    text = page(results.read(), FAULTS)
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        print("The page of what faults cost is current.")
        return 0
    if given.check:
        sys.exit(f"Not current, run make readmes: {PAGE.relative_to(ROOT)}")
    PAGE.write_text(text, encoding="utf-8")
    print(f"Written: {PAGE.relative_to(ROOT)}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    measuring = commands.add_parser("run", help="measure faults")
    measuring.add_argument("--only", default="", metavar="NAME[,NAME]")
    measuring.add_argument("--repeat", type=int, default=1, metavar="N")
    measuring.set_defaults(do=run)
    soaking = commands.add_parser("soak", help="random faults in a row")
    soaking.add_argument("--seed", type=int)
    soaking.add_argument("--minutes", type=float, default=15)
    soaking.set_defaults(do=run_soak)
    for command in (measuring, soaking):
        command.add_argument("--stack", choices=list(INVENTORIES), default="keepalived")
    writing = commands.add_parser("page", help="write the page of what was measured")
    writing.add_argument("--check", action="store_true")
    writing.set_defaults(do=write_page)
    given = parser.parse_args()
    try:
        return int(given.do(given))
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
