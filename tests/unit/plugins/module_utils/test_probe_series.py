# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.http_probe import Outcome
from ansible_collections.lvs.cluster.plugins.module_utils.probe_series import (
    Pace,
    Sample,
    Series,
    latencies,
    longest_gap,
    run_series,
    summary,
)

GOOD = Outcome(name="web1")


@pytest.mark.parametrize(
    ("moments", "end", "gap"),
    [
        ([], 10.0, (10.0, 0.0)),
        ([4.0, 5.0], 6.0, (4.0, 0.0)),
        ([1.0, 5.0], 6.0, (4.0, 1.0)),
        ([1.0, 2.0], 6.0, (4.0, 2.0)),
        ([5.0, 1.0, 2.0], 5.5, (3.0, 2.0)),
        ([1.0], 0.5, (1.0, 0.0)),
    ],
    ids=["no_answer", "at_the_start", "between", "at_the_end", "answers_out_of_order", "clock_rounding"],
)
def test_longest_gap(moments, end, gap):
    assert longest_gap(moments, end) == gap


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], {"p50": None, "p90": None, "p99": None, "max": None}),
        ([0.002], {"p50": 2.0, "p90": 2.0, "p99": 2.0, "max": 2.0}),
        ([n / 1000 for n in range(100, 0, -1)], {"p50": 50.0, "p90": 90.0, "p99": 99.0, "max": 100.0}),
    ],
)
def test_latencies(seconds, expected):
    assert latencies(seconds) == expected


def test_failed_requests_end_a_series():
    outcomes = iter([GOOD, Outcome(error="timeout"), GOOD, Outcome(error="timeout"), GOOD])
    series = run_series(Pace(count=5, max_errors=2), lambda: next(outcomes), timeout=1)
    assert [sample.outcome.error for sample in series.samples] == [None, "timeout", None, "timeout"]


def test_summary():
    lost = Outcome(error="timeout", message="timed out")
    samples = (
        Sample(0.0, 0.01, GOOD),
        Sample(0.5, 2.5, lost),
        Sample(1.0, 3.0, lost),
        Sample(1.5, 1.6, Outcome(error="refused", message="Connection refused")),
        Sample(2.0, 2.02, Outcome(name="web2")),
        Sample(2.5, 2.53, GOOD),
    )
    assert summary(Series(1_700_000_000.25, 3.0, samples, False)) == {
        "began": "2023-11-14T22:13:20.250Z",
        "seconds": 3.0,
        "stopped": False,
        "requests": 6,
        "rate": 2.0,
        "answered": 3,
        "answers": {"web1": 2, "web2": 1},
        "errors": {"refused": 1, "timeout": 2},
        "error_messages": {"refused": "Connection refused", "timeout": "timed out"},
        "first_error": 1.6,
        "last_error": 3.0,
        "longest_gap": 2.01,
        "longest_gap_start": 0.01,
        "latency": {"p50": 20.0, "p90": 30.0, "p99": 30.0, "max": 30.0},
    }


def test_seconds_are_told_to_the_millisecond_and_latencies_to_a_tenth_of_one():
    third = 1 / 3
    samples = (Sample(third, 2 * third, Outcome(error="timeout")), Sample(third, third + 0.01 * third, GOOD))
    found = summary(Series(0.0, 7 * third, samples, False))
    assert (found["seconds"], found["rate"], found["first_error"], found["last_error"]) == (2.333, 0.9, 0.667, 0.667)
    assert (found["longest_gap"], found["longest_gap_start"], found["latency"]["p50"]) == (1.997, 0.337, 3.3)


def test_summary_of_nothing():
    found = summary(Series(0.0, 0.0, (), True))
    assert (found["requests"], found["rate"], found["first_error"], found["longest_gap"]) == (0, 0.0, None, 0.0)


def test_answers_that_all_differ_stay_few():
    samples = tuple(Sample(n, n + 0.1, Outcome(name=str(n))) for n in range(150))
    answers = summary(Series(0.0, 150.0, samples, False))["answers"]
    assert len(answers) == 101
    assert answers["(others)"] == 50


def test_requests_begin_on_schedule():
    series = run_series(Pace(rate=50, count=10), lambda: GOOD, timeout=1)
    assert len(series.samples) == 10
    assert all(sample.start >= n / 50 for n, sample in enumerate(series.samples))
    assert all(sample.start <= sample.end <= series.seconds for sample in series.samples)


def test_duration_bounds_the_number():
    assert len(run_series(Pace(rate=100, duration=0.2), lambda: GOOD, timeout=1).samples) <= 20


def test_the_first_limit_ends_it():
    assert len(run_series(Pace(rate=100, duration=60, count=3), lambda: GOOD, timeout=1).samples) == 3


def test_a_hanging_request_does_not_hold_up_the_next():
    """All have begun before the first has ended: at 100 a second five do within 40 ms, with both ends."""
    everyone = threading.Barrier(5)

    def request():
        everyone.wait(timeout=60)
        return GOOD

    series = run_series(Pace(rate=100, count=5), request, timeout=0.04)
    assert [sample.outcome for sample in series.samples] == [GOOD] * 5


def test_no_more_overlap_than_the_timeout_allows():
    running, most = [], []

    def request():
        running.append(1)
        most.append(len(running))
        time.sleep(0.1)
        running.pop()
        return GOOD

    run_series(Pace(rate=200, count=20), request, timeout=0.02)
    assert max(most) <= 5


def test_without_a_rate_one_after_another_in_this_thread():
    threads = set()

    def request():
        threads.add(threading.current_thread())
        return GOOD

    assert len(run_series(Pace(count=5), request, timeout=1).samples) == 5
    assert threads == {threading.current_thread()}


def test_a_stop_file_ends_it_early(tmp_path):
    stop = tmp_path / "stop"
    numbers = iter(range(1000))

    def request():
        if next(numbers) == 2:
            stop.touch()
        return GOOD

    # With one thread at most one request is under way when the file is looked for.
    series = run_series(Pace(rate=50, duration=60, stop_file=str(stop)), request, timeout=0)
    assert series.stopped
    assert 3 <= len(series.samples) <= 4


def test_a_series_that_ends_before_its_first_request_was_not_stopped():
    series = run_series(Pace(rate=100, duration=0), lambda: GOOD, timeout=1)
    assert not series.stopped
    assert series.samples == ()


def test_a_stop_file_that_is_there_already(tmp_path):
    series = run_series(Pace(count=5, stop_file=str(tmp_path)), lambda: GOOD, timeout=1)
    assert series.stopped
    assert series.samples == ()


def test_requests_that_raise_are_counted_and_the_series_ends():
    def broken():
        raise UnicodeError("label too long")

    series = run_series(Pace(rate=200, count=20), broken, 0.05)
    assert len(series.samples) == 20
    assert {sample.outcome for sample in series.samples} == {
        Outcome(error="other", message="UnicodeError: label too long")
    }
    assert len(run_series(Pace(count=2), broken, 1).samples) == 2
