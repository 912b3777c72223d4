# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# In make's place: prints what a scenario prints, and where it runs.
MAKE = """#!/bin/sh
case $1 in
molecule-good) echo "a task"; echo "=== good whole 7 s"; ls /run/netns; ip -brief link; echo "$LVS_LAB_CACHE" ;;
molecule-bad) echo "=== bad verify FAILED; it ended with:"; echo "the reason"; exit 1 ;;
molecule-broken) echo "no lab"; exit 2 ;;
esac
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
def test_all_scenarios_run_in_places_of_their_own_and_failures_are_shown(tmp_path):
    checkout = tmp_path / "checkout"
    (checkout / "tests").mkdir(parents=True)
    shutil.copytree(ROOT / "tests/tools", checkout / "tests/tools")
    (checkout / "molecule").symlink_to(ROOT / "molecule")
    make = tmp_path / "make"
    make.write_text(MAKE)
    make.chmod(0o755)
    ended = subprocess.run(
        [sys.executable, str(checkout / "tests/tools/scenarios.py"), "--alone", "bad", "bad", "broken", "good"],
        env={**os.environ, "MAKE": str(make), "LVS_LAB_CACHE": str(tmp_path / "c"), "LVS_LAB_MACHINE": "uml"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert {"=== good whole 7 s", "the reason", "=== broken FAILED; it ended with:", "no lab"} <= set(
        ended.stdout.splitlines()
    )
    verdicts = [(words[0], words[-1]) for words in map(str.split, ended.stdout.splitlines()[-3:])]
    # The one that runs alone comes last.
    assert verdicts == [("broken", "FAILED"), ("good", "passed"), ("bad", "FAILED")]
    (task, mark, link, cache, *_rest) = (checkout / "build/scenario/good.log").read_text().splitlines()
    assert (task, mark, link.split()[0]) == ("a task", "=== good whole 7 s", "lo")
    assert Path(cache).parent == tmp_path / "c"
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["images", "ssh"]
