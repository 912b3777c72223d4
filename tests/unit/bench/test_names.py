# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys


def test_all_benchmarks_can_be_loaded_together(collection_root):
    """They also use the lab's and the scenarios' code, where a module of the same name would stand in the way."""
    load = "import runpy; print(sorted(runpy.run_path('tests/bench', run_name='bench')['ELSEWHERE']))"
    found = subprocess.run(
        [sys.executable, "-c", load], cwd=collection_root, capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.stderr) == ("['forwarding']\n", "")
