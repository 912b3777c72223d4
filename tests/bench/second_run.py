# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many modules a second run of site.yml executes on each host of the running lab, and what it changes."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from pathlib import Path

from figure import Figure
from lab_run import INVENTORY, ROOT, play, require

MODULES_AT_MOST = {"directors": 25, "real_servers": 20}
CHANGED = re.compile(r"^(\S+)\s*: ok=\d+\s+changed=(\d+)", re.MULTILINE)


def figures() -> list[Figure]:
    """Run site.yml on the cluster as it is, on Ansible's own strategy."""
    require()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "counts.json"
        started = time.monotonic()
        recap = _run_site(output)
        elapsed = time.monotonic() - started
        counts = json.loads(output.read_text(encoding="utf-8"))

    found = [Figure("site.yml, nothing to do", elapsed, "s")]
    for group, hosts in _groups().items():
        bound = MODULES_AT_MOST.get(group)
        for host in hosts:
            found.append(Figure(f"{host}, modules", sum(counts.get(host, {}).values()), "", bound))
            found.append(Figure(f"{host}, changed", recap.get(host, 0), "", 0))
    return found


def _groups() -> dict[str, list[str]]:
    command = ["ansible-inventory", *INVENTORY, "--list"]
    listed = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    return {group: listed[group]["hosts"] for group in MODULES_AT_MOST}


def _run_site(output: Path) -> dict[str, int]:
    """Run site.yml, the modules counted into `output`; return how many tasks changed each host."""
    printed = play("playbooks/site.yml", "module_count", ANSIBLE_STRATEGY="linear", LVS_MODULE_COUNT_OUTPUT=str(output))
    return {host: int(changed) for host, changed in CHANGED.findall(printed)}
