# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text format of Prometheus, as the textfile collector of node-exporter reads it.

Source: prometheus.io/docs/instrumenting/exposition_formats. The collector refuses a file in which a series is there twice, so the last
value of a series counts.
"""

from __future__ import annotations

from typing import Iterable, Mapping, NamedTuple, Sequence, Tuple

GAUGE, COUNTER = "gauge", "counter"

Labels = Tuple[str, ...]


class Metric(NamedTuple):
    """A metric: its kind, what it tells, and the names of its labels."""

    kind: str
    help: str
    labels: Labels = ()


class Sample(NamedTuple):
    """One value of a metric, with the values of its labels in their order."""

    name: str
    labels: Sequence[str]
    value: float


def escaped(text: str) -> str:
    """Return the value of a label as it is written between quotes."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def number(value: float) -> str:
    """Return a value as it is written: whole numbers without an exponent, times with milliseconds."""
    return str(int(value)) if value == int(value) else f"{value:.3f}"


def series(metric: Metric, sample: Sample) -> str:
    """Return the name of a series. Raises ValueError for other labels than those of the metric."""
    if len(sample.labels) != len(metric.labels):
        raise ValueError(f"{sample.name} has the labels {metric.labels}, not {sample.labels}")
    pairs = ",".join([f'{name}="{escaped(value)}"' for name, value in zip(metric.labels, sample.labels)])
    return f"{sample.name}{{{pairs}}}" if pairs else sample.name


def render(metrics: Mapping[str, Metric], samples: Iterable[Sample]) -> str:
    """Return the file: the metrics in their order, each with its help, and without those that have no value."""
    found: dict[str, dict[str, str]] = {name: {} for name in metrics}
    for sample in samples:
        found[sample.name][series(metrics[sample.name], sample)] = number(sample.value)
    lines: list[str] = []
    for name, values in found.items():
        if values:
            lines.append(f"# HELP {name} {metrics[name].help}")
            lines.append(f"# TYPE {name} {metrics[name].kind}")
            lines += [f"{one} {value}" for one, value in values.items()]
    return "".join(f"{line}\n" for line in lines)
