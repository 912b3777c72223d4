# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace

import pytest
from faults import page, results
from faults.bars import BARS, TOGETHER, TOGETHER_AFTER_A_SPLIT, TOGETHER_WITH_HEARTBEAT, Bar, bar_of, missed
from faults.catalogue import FAULTS, chosen
from faults.figures import Run
from faults.results import Spread, spread

RUN = Run(
    requests=3000,
    failed=0,
    errors={},
    gap=0.26,
    sending=None,
    detected=0.3,
    healed=61.0,
    busy=(0, 100),
    idle=(0, 100),
    stall=0.44,
    owners=[(0.0, "lvs1"), (0.31, "lvs2"), (66.2, "lvs1")],
)
BAR = Bar(failed=0, gap_median=0.3, gap_worst=0.5, lost=0, sending=2.0)


@pytest.mark.parametrize(
    "values, expected",
    [
        ([3.0], Spread(3.0, 3.0)),
        ([1, 9, 2], Spread(2, 9)),
        ([1.0, 2.0], Spread(1.5, 2.0)),
        ([None, 2.0, 4.0], Spread(3.0, 4.0)),
        ([None, None], Spread(None, None)),
    ],
)
def test_median_and_worst(values, expected):
    assert spread(values) == expected


def test_what_must_happen_and_once_did_not_has_no_worst():
    assert spread([1.0, None, 3.0], must=True) == Spread(2.0, None)
    assert spread([1.0, 3.0], must=True) == Spread(2.0, 3.0)


def test_all_that_is_promised_and_no_more():
    assert missed(BAR, [RUN, replace(RUN, gap=0.5, sending=2.0), replace(RUN, gap=0.3)]) == []


@pytest.mark.parametrize(
    "change, said",
    [
        ({"failed": 1}, "1 requests failed, at most 0 promised"),
        ({"gap": 0.6}, "0.6 seconds of the longest gap, worst, at most 0.5 promised"),
        ({"idle": (2, 100)}, "2 open connections lost, at most 0 promised"),
        ({"sending": 2.1}, "2.1 seconds until no request began that failed, at most 2 promised"),
        ({"healed": None}, "not healed without a person"),
    ],
)
def test_one_run_of_many_breaks_a_promise(change, said):
    assert missed(BAR, [RUN, RUN, replace(RUN, **change)]) == [said]
    assert missed(Bar(), [replace(RUN, **change)]) == ([said] if "healed" in change else [])


def test_the_median_may_break_a_promise_that_the_worst_keeps():
    assert missed(BAR, [RUN, replace(RUN, gap=0.4), replace(RUN, gap=0.4)]) == [
        "0.4 seconds of the longest gap, median, at most 0.3 promised"
    ]


def test_a_vip_that_must_not_move():
    stays = replace(RUN, owners=[(0.0, "lvs1"), (3.1, "nobody"), (3.4, "lvs1")])
    assert missed(Bar(moves=0), [stays, stays]) == []
    assert missed(Bar(moves=0), [stays, RUN]) == ["2 moves of the VIP, at most 0 promised"]


@pytest.mark.parametrize(
    ("stack", "splits", "most"),
    [
        ("keepalived", False, TOGETHER),
        ("keepalived", True, TOGETHER_AFTER_A_SPLIT),
        ("ldirectord", False, TOGETHER_WITH_HEARTBEAT),
        ("ldirectord", True, TOGETHER_WITH_HEARTBEAT),
    ],
)
def test_of_every_fault_it_is_promised_that_two_owners_part(stack, splits, most):
    promised = bar_of(stack, "delay-200ms", splits=splits)
    assert missed(promised, [replace(RUN, together=most)]) == []
    assert missed(promised, [RUN, replace(RUN, together=most + 0.1)]) == [
        f"{most + 0.1:g} seconds that two directors held the VIP together, at most {most:g} promised"
    ]


@pytest.mark.parametrize("stack", ["keepalived", "ldirectord"])
def test_of_every_fault_it_is_promised_that_it_heals(stack):
    promised = bar_of(stack, "delay-200ms", splits=False)
    assert missed(promised, [replace(RUN, healed=None)]) == ["not healed without a person"]
    rows = results.merged({}, stack, "delay-200ms", [replace(RUN, healed=None)], "2030-01-02")
    assert page.page(rows, FAULTS).endswith("- ``delay-200ms``: not healed without a person\n")


def test_figures_are_promised_of_the_profiles_of_keepalived_alone():
    assert bar_of("keepalived", "power-lost", splits=False) == replace(BARS["power-lost"], together=TOGETHER)
    assert bar_of("ldirectord", "power-lost", splits=False) == Bar(together=TOGETHER_WITH_HEARTBEAT)


def test_what_takes_an_hour_is_measured_only_by_its_name():
    assert "busy-and-lossy" not in [one.name for one in chosen("", "keepalived")]
    assert [one.name for one in chosen("busy-and-lossy", "keepalived")] == ["busy-and-lossy"]


def test_rows_are_merged_and_read_as_they_were_written(tmp_path):
    file = tmp_path / "measured.json"
    assert results.read(file) == {}
    rows = results.merged({}, "keepalived", "power-lost", [RUN, RUN], "2030-01-02")
    rows = results.merged(rows, "keepalived", "httpd-hung", [RUN], "2030-01-02")
    rows = results.merged(rows, "ldirectord", "power-lost", [RUN], "2030-01-02")
    results.write(rows, file)
    again = results.merged(results.read(file), "keepalived", "power-lost", [replace(RUN, failed=7)], "2030-01-03")
    assert results.read(file) == rows, "merging changes nothing in place"
    results.write(again, file)
    assert json.loads(file.read_text()) == again
    assert [run.failed for run in results.runs_of(again, "keepalived", "power-lost")] == [7]
    assert results.runs_of(again, "keepalived", "httpd-hung") == [RUN]
    assert results.runs_of(again, "ldirectord", "power-lost") == [RUN]
    assert results.runs_of(again, "ldirectord", "httpd-hung") == []


def test_no_rows_are_a_file_as_well(tmp_path):
    results.write({}, tmp_path / "measured.json")
    assert results.read(tmp_path / "measured.json") == {}


def test_without_a_measurement_the_page_says_how_to_make_one():
    text = page.page({}, FAULTS)
    assert text.endswith(page.NOTHING)
    assert "list-table" not in text


def test_the_page_has_a_row_for_each_fault_that_was_measured():
    runs = [RUN, replace(RUN, gap=0.4), replace(RUN, gap=0.28, failed=3)]
    rows = results.merged({}, "keepalived", "power-lost", runs, "2030-01-02")
    text = page.page(rows, FAULTS)
    expected = f"""\
   * - ``power-lost``: {FAULTS["power-lost"].words}
     - 3
     - 0 (3) of 3000
     - 0.28 (0.4) s
     - 0.3 s
     - 61 s
     - busy 0 of 100, idle 0 of 100
     - lvs1; lvs2 from 0.31; lvs1 from 66.2

What is promised and was missed:

- ``power-lost``: 3 requests failed, at most 2 promised
"""
    assert text.endswith(expected)
    assert "ldirectord and heartbeat\n---" not in text


def test_faults_that_do_not_heal_and_those_that_nobody_notices():
    by_itself, other = FAULTS["table-cleared"], FAULTS["loss-30"]
    unseen = replace(RUN, detected=None)
    assert page.cells(by_itself, [RUN])[5] == "61 s, by itself"
    assert page.cells(by_itself, [RUN, replace(RUN, healed=None)])[5] == "by hand in 1 of 2 runs"
    assert page.cells(other, [replace(RUN, healed=None)])[5] == "by hand"
    assert page.cells(other, [unseen])[4] == "nothing"


def test_faults_are_chosen_by_their_names_and_by_the_stack():
    assert [one.name for one in chosen("httpd-hung, power-lost", "keepalived")] == ["httpd-hung", "power-lost"]
    assert "heartbeat-killed" in {one.name for one in chosen("", "ldirectord")}
    assert "keepalived-killed" not in {one.name for one in chosen("", "ldirectord")}
    with pytest.raises(ValueError, match="no fault heartbeat-killed of keepalived; there are: power-lost"):
        chosen("heartbeat-killed", "keepalived")
