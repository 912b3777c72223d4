# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""lvs-metrics writes the metrics of this host for Prometheus into the folder of node-exporter's textfile collector.

  lvs-metrics            print them once
  lvs-metrics --service  write them again and again, where and how often lvs_metrics in the inventory says, until it is stopped

Each time the file is replaced at once. If it can't be written, the old one stays, and lvs_metrics_written_timestamp_seconds in it tells
its age.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from ..heal.settings import FOLDER, Version, read_files
from ..heal.tell import ENDS, NOTICE, WARNING, journal
from ..status.program import replace
from ..tools import HOST, Failure, Runner
from .read import text_of

USAGE = "usage: lvs-metrics [--service]"
FILE = "lvs-cluster.prom"
DEFAULT_SECONDS = 15.0
LEAST_SECONDS = 1.0


def main(words: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    if words not in ([], ["--service"]):
        sys.stderr.write(f"{USAGE}\n")
        return 2
    if os.geteuid() != 0:
        sys.stderr.write("lvs-metrics must run as root\n")
        return 2
    if words:
        Service().run()
    try:
        sys.stdout.write(text_of(read_files()))
    except (Failure, OSError, ValueError) as error:
        sys.stderr.write(f"lvs-metrics: {error}\n")
        return 2
    return 0


def wanted(files: Sequence[Mapping[str, Any]]) -> dict[Path, list[Mapping[str, Any]]]:
    """Return the clusters of which metrics are wanted, by the file for them."""
    found: dict[Path, list[Mapping[str, Any]]] = {}
    for data in files:
        if data.get("metrics"):
            found.setdefault(Path(data["metrics"]["textfile_directory"]) / FILE, []).append(data)
    return found


def pause(files: Sequence[Mapping[str, Any]], took: float) -> float:
    """Return how long to wait: the shortest interval of all clusters, without the time that writing took."""
    intervals = [float(data["metrics"]["interval"]) for data in files if data.get("metrics")]
    return max(min(intervals, default=DEFAULT_SECONDS) - took, LEAST_SECONDS)


class Service:
    """lvs-metrics as a service."""

    def __init__(self, folder: Path = FOLDER, runner: Runner = HOST, say: Callable[[str, str], None] = journal) -> None:
        self.folder, self.runner, self.say = folder, runner, say
        self._written: set[Path] = set()
        self._said = ""
        self._version = Version()

    def run(self) -> None:
        """Write again and again."""
        while True:
            began = time.monotonic()
            files = self.write()
            if self._version.is_old(str(data.get("program") or "") for data in files):
                self.say(NOTICE, ENDS)
                raise SystemExit(0)
            time.sleep(pause(files, time.monotonic() - began))

    def write(self) -> Sequence[Mapping[str, Any]]:
        """Write the files that the settings want now, remove those that they wanted before, and return the settings."""
        files: list[dict[str, Any]] = []
        try:
            files = read_files(self.folder)
            paths = wanted(files)
            for path in self._written - set(paths):
                path.unlink(missing_ok=True)
            self._written &= set(paths)
            for path, clusters in paths.items():
                replace(path, text_of(clusters, self.runner, self.folder))
                self._written.add(path)
            self._said = ""
        except (Failure, OSError, ValueError, KeyError) as error:
            self._tell(str(error))
        return files

    def _tell(self, text: str) -> None:
        """Say once what is wrong, until it is something else."""
        if text != self._said:
            self._said = text
            self.say(WARNING, f"the metrics are not written: {text}")
