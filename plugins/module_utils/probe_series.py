# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A series of requests at a steady pace, and its summary."""

from __future__ import annotations

import math
import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.lvs.cluster.plugins.module_utils.http_probe import Outcome

_OTHERS = "(others)"
_MOST_NAMES = 100
_MOST_THREADS = 256
_STOP_CHECK = 0.2


@dataclass(frozen=True)
class Pace:
    """When to send requests: `rate` per second (None: each after the previous one has ended), until the first limit.

    The limits are `count` requests, `duration` seconds, the existence of `stop_file`, and `max_errors` failed requests.
    """

    rate: float | None = None
    count: int | None = None
    duration: float | None = None
    stop_file: str | None = None
    max_errors: int | None = None


@dataclass(frozen=True)
class Sample:
    """One request: `start` and `end` in seconds since the series began."""

    start: float
    end: float
    outcome: Outcome


@dataclass(frozen=True)
class Series:
    """All requests of a series that began at `started` (seconds since the epoch) and took `seconds`."""

    started: float
    seconds: float
    samples: tuple[Sample, ...]
    stopped: bool


def run_series(pace: Pace, request: Callable[[], Outcome], timeout: float) -> Series:
    """Call `request`, which takes `timeout` seconds at most, at the given pace. Return the samples by their start.

    The schedule is absolute, so that it does not drift. Requests overlap if one takes longer than the interval: a server
    that hangs must not delay the next request.
    """
    samples: list[Sample] = []
    started, origin = time.time(), time.monotonic()

    def sample() -> None:
        start = time.monotonic() - origin
        try:
            outcome = request()
        except Exception as error:
            outcome = Outcome(error="other", message=f"{type(error).__name__}: {error}")
        samples.append(Sample(start, time.monotonic() - origin, outcome))

    crew = _Crew(sample, min(_MOST_THREADS, math.ceil(pace.rate * timeout) + 1) if pace.rate else 0)
    number, stopped = 0, False
    while (pace.count is None or number < pace.count) and not _failed_enough(samples, pace.max_errors):
        due = number / pace.rate if pace.rate else time.monotonic() - origin
        if pace.duration is not None and max(due, time.monotonic() - origin) >= pace.duration:
            break
        stopped = _sleep_until(origin + due, pace.stop_file)
        if stopped:
            break
        crew.work()
        number += 1
    crew.finish()
    return Series(started, time.monotonic() - origin, tuple(sorted(samples, key=lambda one: one.start)), stopped)


def _failed_enough(samples: list[Sample], most: int | None) -> bool:
    return most is not None and sum(sample.outcome.error is not None for sample in samples) >= most


class _Crew:
    """Threads that run `job`. A new one starts only if all are busy, up to `limit`. With limit 0 the caller runs the job."""

    def __init__(self, job: Callable[[], None], limit: int) -> None:
        self._job = job
        self._limit = limit
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        self._orders: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def work(self) -> None:
        if not self._limit:
            self._job()
            return
        # If all are busy, the schedule waits for the first one to finish: the machine is at its limit.
        if not self._idle.acquire(blocking=len(self._threads) >= self._limit):
            thread = threading.Thread(target=self._serve, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._orders.put(True)

    def finish(self) -> None:
        """Wait until all jobs are done."""
        for _thread in self._threads:
            self._orders.put(False)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while self._orders.get():
            try:
                self._job()
            finally:
                self._idle.release()


def _sleep_until(moment: float, stop_file: str | None) -> bool:
    """Sleep until `moment` of the monotonic clock; return True, at once, when `stop_file` is there."""
    while True:
        if stop_file and os.path.exists(stop_file):
            return True
        left = moment - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, _STOP_CHECK) if stop_file else left)


def summary(series: Series) -> dict[str, Any]:
    """Return the summary of `series`, in the format that the module vip_probe returns."""
    good = [sample for sample in series.samples if sample.outcome.error is None]
    bad = [sample for sample in series.samples if sample.outcome.error is not None]
    gap, gap_start = longest_gap([sample.end for sample in good], series.seconds)
    examples: dict[str, str] = {}
    for sample in bad:
        examples.setdefault(str(sample.outcome.error), sample.outcome.message)
    return {
        "began": _utc(series.started),
        "seconds": round(series.seconds, 3),
        "stopped": series.stopped,
        "requests": len(series.samples),
        "rate": round(len(series.samples) / series.seconds, 1) if series.seconds else 0.0,
        "answered": len(good),
        "answers": _count_names([sample.outcome.name for sample in good]),
        "errors": _count([sample.outcome.error for sample in bad]),
        "error_messages": examples,
        "first_error": round(min(sample.end for sample in bad), 3) if bad else None,
        "last_error": round(max(sample.end for sample in bad), 3) if bad else None,
        "longest_gap": round(gap, 3),
        "longest_gap_start": round(gap_start, 3),
        "latency": latencies([sample.end - sample.start for sample in good]),
    }


def longest_gap(moments: list[float], end: float) -> tuple[float, float]:
    """Return the longest time without a good answer, and when it began, in seconds. It may touch the start or the end."""
    marks = [0.0, *sorted(moments), max([end, *moments])]
    return max(((after - before, before) for before, after in zip(marks, marks[1:])), key=lambda pair: pair[0])


def latencies(seconds: list[float]) -> dict[str, float | None]:
    """Return percentiles in milliseconds, by nearest rank; all None without a good answer."""
    ranked = sorted(seconds)
    ranks = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {
        name: round(ranked[math.ceil(share * len(ranked)) - 1] * 1000, 1) if ranked else None
        for name, share in ranks.items()
    }


def _count(names: list[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def _count_names(names: list[Any]) -> dict[str, int]:
    """Count names, but keep the result small if every answer differs (a page with the time of day)."""
    known = set(list(dict.fromkeys(names))[:_MOST_NAMES])
    return _count([name if name in known else _OTHERS for name in names])


def _utc(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03d}Z"
