# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts were given in a run of without_hosts.py: compared with another run, and as what is deployed afterwards."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from difflib import unified_diff
from pathlib import Path
from typing import Any

UNITS = "/etc/systemd/system"
PROGRAMS = tuple(f"/usr/local/sbin/lvs-{name}" for name in ("heal", "drain", "metrics", "status", "undrain"))
HEAL = (
    *PROGRAMS,
    "/usr/local/lib/lvs-cluster/",
    "/etc/lvs-heal-",
    f"{UNITS}/lvs-heal.service",
    f"{UNITS}/lvs-metrics.service",
)
SYNC = ("/usr/local/sbin/lvs-sync", "/usr/local/lib/lvs-sync/", "/etc/lvs-sync.conf", f"{UNITS}/lvs-sync.service")
STACKS = ("keepalived.service", "heartbeat.service", "ldirectord.service")


def entries(record: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()] if record.exists() else []


def by_host(record: Path) -> dict[str, list[str]]:
    """The modules and their arguments, a line each, in each host's order. The order between hosts is chance."""
    lines = defaultdict(list)
    for entry in entries(record):
        lines[entry["host"]].append(
            f"{entry['task']} | {entry['module']} | {json.dumps(entry['args'], sort_keys=True)}"
        )
    # The contents of files have no host.
    lines[""].sort()
    return lines


def differences(one: Path, other: Path) -> list[str]:
    """The lines in which two runs differ."""
    mine, its = by_host(one), by_host(other)
    return [
        line
        for host in sorted({*mine, *its})
        for line in unified_diff(mine[host], its[host], f"{host} {one.stem}", f"{host} {other.stem}", lineterm="", n=0)
    ]


def written(record: Path) -> dict[str, dict[str, str]]:
    """The SHA-1 of each file that a run has written, by host and path."""
    files: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in entries(record):
        args, mine = entry["args"], files[entry["host"]]
        if entry["module"] == "copy" and args.get("checksum") and args.get("dest"):
            mine[args["dest"]] = args["checksum"]
        if entry["module"] == "command" and '"executable"' in (args.get("stdin") or ""):
            for path, text in json.loads(args["stdin"])["files"].items():
                mine[path] = sha1(text)
    return files


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324


def world_after(record: Path) -> dict[str, Any]:
    """What deployed_facts would find after this run, as far as it decides what the next one does."""
    found = {}
    contents: dict[str, dict[str, str]] = {}
    texts = {sha1(entry["args"]["text"]): entry["args"]["text"] for entry in entries(record) if entry["host"] == ""}
    for host, files in written(record).items():
        contents[host] = {path: texts[checksum] for path, checksum in files.items() if checksum in texts}
        units = [path.split("/")[-2][: -len(".d")] for path in files if path.endswith(".service.d/lvs-cluster.conf")]
        found[host] = {
            "stacks": sorted(unit for unit in units if unit in STACKS),
            "lvs_vip": f"{UNITS}/lvs-vip.service" in files,
            "sync": {path: checksum for path, checksum in files.items() if path.startswith(SYNC)},
            "heal": {
                "files": {path: checksum for path, checksum in files.items() if path.startswith(HEAL)},
                "runs": True,
                "enabled": True,
                "mends": [path for path in files if path.startswith("/etc/lvs-heal-")],
                "directs": [],
            },
        }
    return {"deployed": found, "contents": contents}
