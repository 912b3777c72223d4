# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from faults.figures import (
    OFF,
    TABLE,
    Change,
    Connection,
    Request,
    Seen,
    changes_after,
    figures,
    longest_gap,
    lost,
    owners,
    run_from,
    together,
)

VIP, OTHER = "172.28.0.100", "172.28.0.101"
FULL, FEWER = {"www": {"web1": 1, "web2": 1}}, {"www": {"web2": 1}}
FIRST = [
    Change(90.0, "lvs1", VIP, True),
    Change(90.0, "lvs1", TABLE, FULL),
    Change(90.0, "lvs2", VIP, False),
    Change(90.0, "lvs2", TABLE, FULL),
]
# lvs1's power is lost at 100, and it is back in front at 160.
POWER_LOST = [
    *FIRST,
    Change(100.0, "lvs1", OFF, True),
    Change(100.3, "lvs2", VIP, True),
    Change(108.0, "lvs1", VIP, False),
    Change(108.0, "lvs1", TABLE, {}),
    Change(109.0, "lvs1", TABLE, FULL),
    Change(160.0, "lvs1", VIP, True),
    Change(160.1, "lvs2", VIP, False),
]
NAMES = ("lvs1", "lvs2")


def request(start, end, service="www", error=None):
    return Request(start, end, service, None if error else "web1", error)


def seen(**change):
    given = {
        "began": 100.0,
        "healing": 105.0,
        "ended": 170.0,
        "requests": [request(99.0, 99.01), request(100.5, 100.6), request(101.0, 101.01)],
        "connections": [],
        "changes": POWER_LOST,
    }
    return Seen(**{**given, **change})


def measured(itself=False, splits=False, healed=True, **change):
    return figures(seen(**change), VIP, itself=itself, splits=splits, healed=healed, names=NAMES)


def test_what_a_director_has_at_first_and_what_nobody_saw_is_no_change():
    assert changes_after(FIRST, 100.0) == []
    assert [change.at for change in changes_after(POWER_LOST, 100.0)] == [100.3, 108.0, 108.0, 109.0, 160.0, 160.1]


def test_what_a_director_has_again_after_it_stood_still_is_no_change():
    still = [*FIRST, Change(100.0, "lvs1", OFF, True), Change(110.0, "lvs1", VIP, True)]
    assert changes_after(still, 100.0) == []


def test_a_change_at_the_moment_of_the_cause_counts():
    assert changes_after([*FIRST, Change(100.0, "lvs1", VIP, False)], 100.0) == [Change(100.0, "lvs1", VIP, False)]


def test_times_of_a_fault_that_is_ended():
    run = measured()
    assert (run.detected, run.healed) == (0.3, 55.1)


def test_times_of_a_fault_that_heals_by_itself_count_from_the_cause():
    assert measured(itself=True).healed == 60.1


def test_a_request_that_fails_later_than_the_last_change_is_not_healed():
    run = measured(requests=[request(99.0, 99.1), request(161.0, 163.0, error="timeout")])
    assert run.healed == 58.0
    assert (run.failed, run.requests, run.errors) == (1, 2, {"timeout": 1})


def test_until_when_requests_begin_that_fail():
    failing = [request(100.1, 102.1, error="timeout"), request(101.5, 103.5, error="timeout"), request(102.0, 102.1)]
    assert measured(requests=failing).sending == 1.5
    assert measured().sending is None


def test_nothing_noticed_and_not_healed():
    run = measured(changes=FIRST, healed=False)
    assert (run.detected, run.healed) == (None, None)


def test_the_longest_gap_is_of_one_service_and_of_all_clients():
    requests = [
        *(request(moment, moment) for moment in (1.0, 1.1, 1.5)),  # one client
        *(request(moment, moment) for moment in (1.05, 1.3)),  # another one
        request(1.2, 1.25, error="refused"),
        *(request(moment, moment, "shop") for moment in (1.0, 1.15, 1.29)),
    ]
    assert longest_gap(requests) == pytest.approx(0.2)
    assert longest_gap([]) == 0.0


def test_a_service_that_never_answers_is_silent_all_the_time():
    assert longest_gap([request(1, 1.5, error="timeout"), request(3, 5.0, error="timeout")]) == 3.5


def test_two_that_hold_a_vip_together():
    assert together(POWER_LOST, VIP, 100.0, 170.0) == pytest.approx(0.1)
    assert together(POWER_LOST, VIP, 160.06, 170.0) == pytest.approx(0.04)
    assert together(POWER_LOST, OTHER, 100.0, 170.0) == 0.0
    assert together([*FIRST, Change(102.0, "lvs2", VIP, True)], VIP, 100.0, 170.0) == 68.0


def test_two_that_cannot_hear_each_other_count_from_the_end_of_that():
    parted = [*FIRST, Change(100.3, "lvs2", VIP, True), Change(105.2, "lvs2", VIP, False)]
    assert measured(changes=parted).together == 4.9
    assert measured(changes=parted, splits=True).together == 0.2


def test_owners_over_time():
    assert owners(POWER_LOST, VIP, 100.0, NAMES) == [
        (0.0, "lvs1"),
        (0.0, "nobody"),
        (0.3, "lvs2"),
        (60.0, "lvs1 and lvs2"),
        (60.1, "lvs1"),
    ]


def test_owners_of_a_move_within_two_looks():
    moved = [*FIRST, Change(100.3, "lvs1", VIP, False), Change(100.32, "lvs2", VIP, True)]
    assert owners(moved, VIP, 100.0, NAMES) == [(0.0, "lvs1"), (0.3, "lvs2")]


def test_owners_when_nothing_moves():
    assert owners(FIRST, VIP, 100.0, NAMES) == [(0.0, "lvs1")]


def test_connections_lost_and_the_stall_of_those_that_went_on():
    connections = [
        Connection("busy", "web1", None, 0.44),
        Connection("busy", "web2", "reset", 9.0),
        Connection("idle", "web1", None, 0.1),
    ]
    assert (lost(connections, "busy"), lost(connections, "idle")) == ((1, 2), (0, 1))
    run = measured(connections=connections)
    assert (run.stall, run.busy, run.idle, run.lost) == (0.44, (1, 2), (0, 1), 1)


def test_a_run_is_read_as_it_was_written():
    run = measured()
    assert run_from(run.as_json()) == run
