# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text format, and the names of the metrics."""

from __future__ import annotations

import re

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.exposition import (
    COUNTER,
    GAUGE,
    Metric,
    Sample,
    number,
    render,
)
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.families import METRICS

from . import example

KNOWN = {
    "a_total": Metric(COUNTER, "How often.", ("name", "of")),
    "b": Metric(GAUGE, "Whether."),
    "c": Metric(GAUGE, "Never told."),
}


def test_a_file():
    samples = [
        Sample("b", (), False),
        Sample("a_total", ("x", "1"), 3),
        Sample("a_total", ('q"\\\n', "2"), 12345678901),
        # A collector refuses a series that is there twice.
        Sample("a_total", ("x", "1"), 4),
    ]
    assert render(KNOWN, samples) == (
        "# HELP a_total How often.\n"
        "# TYPE a_total counter\n"
        'a_total{name="x",of="1"} 4\n'
        'a_total{name="q\\"\\\\\\n",of="2"} 12345678901\n'
        "# HELP b Whether.\n"
        "# TYPE b gauge\n"
        "b 0\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "1"), (0.25, "0.250"), (1_800_000_000.0, "1800000000"), (1_800_000_000.5, "1800000000.500")],
)
def test_numbers(value, text):
    assert number(value) == text


def test_other_labels_than_those_of_the_metric_are_a_bug():
    with pytest.raises(ValueError, match="a_total has the labels"):
        render(KNOWN, [Sample("a_total", ("x",), 1)])


@pytest.mark.parametrize("name", METRICS)
def test_names_are_those_of_prometheus(name):
    metric = METRICS[name]
    assert re.fullmatch(r"lvs_[a-z][a-z_]*[a-z]", name)
    assert (metric.kind == COUNTER) == name.endswith("_total")
    # Prometheus sets these itself.
    assert not {"instance", "job"} & {*metric.labels}
    assert metric.help.endswith(".")
    assert "\n" not in metric.help


def test_every_metric_has_a_value_in_the_example():
    told = re.findall(r"(?m)^# TYPE (\S+) ", example.text())
    assert told == list(METRICS)


def test_no_series_is_there_twice():
    series = [line.rpartition(" ")[0] for line in example.text().splitlines() if not line.startswith("#")]
    assert len(series) == len({*series})
