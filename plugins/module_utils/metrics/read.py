# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what lvs-metrics writes of this host: as lvs-status does on a director, and the addresses and sysctls of any host."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ..heal.settings import FOLDER
from ..heal.sysctls import Sysctls, differing
from ..status import addresses
from ..status import read as status
from ..status.director import director_status
from ..sysctl_files import live_or_none
from ..tools import HOST, Runner
from .director import director_samples
from .exposition import Sample, render
from .families import METRICS
from .host import heal_samples, real_server_samples, sysctl_samples

Data = Mapping[str, Any]


def text_of(files: Sequence[Data], runner: Runner = HOST, folder: Path = FOLDER) -> str:
    """Return the metrics of the clusters with these settings. Raises Failure and OSError if they can't be read."""
    began = time.monotonic()
    samples = list(samples_of(files, runner, folder))
    intervals = [float(data["metrics"]["interval"]) for data in files if data.get("metrics")]
    samples += [Sample("lvs_metrics_interval_seconds", (), min(intervals))] if intervals else []
    samples.append(Sample("lvs_metrics_read_duration_seconds", (), time.monotonic() - began))
    samples.append(Sample("lvs_metrics_written_timestamp_seconds", (), time.time()))
    return render(METRICS, samples)


def samples_of(files: Iterable[Data], runner: Runner, folder: Path) -> Iterator[Sample]:
    """Yield the values of this host in these clusters. It directs one of them at most."""
    present = [(one.address, one.interface) for one in addresses.read()]
    for data in files:
        if data.get("stack"):
            record = status.read_record(folder)
            seen = status.read_seen(record, runner, measured=True)
            yield from director_samples(record, seen, director_status(record, seen))
        yield from real_server_samples(data, present)
        values = Sysctls(data["sysctls"]).values()
        wrong = differing(values, live_or_none)
        yield from sysctl_samples(data, {path: path in wrong for path in values})
    yield from heal_samples(status.json_of(status.HEAL_STATE))
