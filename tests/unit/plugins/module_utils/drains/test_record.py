# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What directors say about drains, together; and the file that has it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.drains.record import (
    Drain,
    Record,
    Undrained,
    common,
    data_of,
    exact,
    merged,
    raised,
    read,
    seconds,
    text_of,
)

NOW = datetime(2026, 11, 27, 7, 10, tzinfo=timezone.utc)


def at(second: int) -> str:
    return f"2026-11-27T07:10:{second:02d}.000000Z"


def drain(name="web2", service=None, second=1, **more) -> Drain:
    given = {
        "real_server": name,
        "addresses": ("10.0.0.22",),
        "service": service,
        "reason": "disk",
        "by": "alice@admin1",
        "since": f"2026-11-27T07:10:{second:02d}Z",
        "changed": at(second),
    }
    return Drain(**{**given, **more})


def ended(name="web2", service=None, second=2) -> Undrained:
    return Undrained(name, service, at(second))


def test_a_record_is_read_as_it_was_written():
    record = Record((drain(), drain("web3", "www", weight=25, reason=None)), (ended("web1"),))
    assert read(text_of(record)) == record
    assert read(text_of(Record())) == Record()


def test_the_file_has_what_others_read_in_it():
    assert data_of(Record((drain(),), (ended("web1", "www"),))) == {
        "version": 1,
        "drains": [
            {
                "real_server": "web2",
                "addresses": ["10.0.0.22"],
                "service": None,
                "reason": "disk",
                "by": "alice@admin1",
                "since": "2026-11-27T07:10:01Z",
                "changed": "2026-11-27T07:10:01.000000Z",
                "weight": None,
            }
        ],
        "undrained": [{"real_server": "web1", "service": "www", "at": "2026-11-27T07:10:02.000000Z"}],
    }


def test_what_may_be_left_out():
    entry = {**data_of(Record((drain(),)))["drains"][0]}
    del entry["changed"], entry["weight"]
    assert read(json.dumps({"version": 1, "drains": [entry]})) == Record((drain(),))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "drains": []}',
        '{"version": 1}',
        '{"version": 1, "drains": [{}]}',
        '{"version": 1, "drains": ["web2"]}',
        '{"version": 1, "drains": [], "undrained": [{"real_server": "web2", "service": null, "at": "yesterday"}]}',
        *(
            json.dumps({"version": 1, "drains": [{**data_of(Record((drain(),)))["drains"][0], **wrong}]})
            for wrong in ({"weight": 0}, {"weight": 100}, {"weight": "half"}, {"since": "today", "changed": None})
        ),
    ],
)
def test_what_is_no_record(text):
    with pytest.raises(ValueError):
        read(text)


@pytest.mark.parametrize(
    ("records", "alive"),
    [
        ([], []),
        ([Record((drain(),))], ["web2"]),
        # A director that was down has an old drain, or no idea.
        ([Record((drain(),)), Record(undrained=(ended(),))], []),
        ([Record(undrained=(ended(),)), Record((drain(),))], []),
        ([Record((drain(),)), Record()], ["web2"]),
        # Drained again after that.
        ([Record((drain(second=3),)), Record(undrained=(ended(),))], ["web2"]),
        # The end of the whole is that of each service, and not the other way round.
        ([Record((drain(service="www"),)), Record(undrained=(ended(),))], []),
        ([Record((drain(),)), Record(undrained=(ended(service="www"),))], ["web2"]),
        ([Record((drain(service="www"),)), Record(undrained=(ended(service="mail"),))], ["web2 www"]),
        ([Record((drain(service="www"),)), Record((drain(),))], ["web2", "web2 www"]),
        # Of another real server.
        ([Record((drain(),)), Record(undrained=(ended("web1"),))], ["web2"]),
        # At the same moment a drain has ended.
        ([Record((drain(second=2),)), Record(undrained=(ended(),))], []),
    ],
)
def test_the_latest_counts(records, alive):
    found = [" ".join(filter(None, one.key)) for one in merged(records).drains]
    assert found == alive


def test_of_two_drains_the_latest_is_kept_and_of_two_ends_too():
    old, new = drain(second=1, by="bob@lvs1"), drain(second=4, weight=50)
    for records in ([Record((old,)), Record((new,))], [Record((new,)), Record((old,))]):
        assert merged(records).drains == (new,)
    for ends in ((1, 5), (5, 1)):
        together = merged(Record(undrained=(ended(second=second),)) for second in ends)
        assert together.undrained == (ended(second=5),)


def test_they_are_in_order():
    record = merged([Record((drain("web3"), drain("web1"), drain("web2", "www"), drain("web2")))])
    assert [one.key for one in record.drains] == [("web1", None), ("web2", None), ("web2", "www"), ("web3", None)]


@pytest.mark.parametrize(
    ("records", "everybody", "kept"),
    [
        ([Record(), Record(undrained=(ended(),))], True, 0),
        # A director that has told nothing may have it.
        ([Record(undrained=(ended(),))], False, 1),
        ([Record((drain(),)), Record(undrained=(ended(),))], True, 1),
        ([Record((drain("web3"),)), Record(undrained=(ended(),))], True, 1),
    ],
)
def test_what_was_undrained_is_forgotten_when_nobody_can_bring_it_back(records, everybody, kept):
    assert len(common(records, everybody).undrained) == kept


def test_a_change_is_later_than_all_that_is_known_whatever_the_clock_says():
    assert exact(NOW, Record()) == "2026-11-27T07:10:00.000000Z"
    assert exact(NOW.replace(second=9), Record((drain(),))) == at(9)
    assert exact(NOW, Record((drain(second=5),))) == "2026-11-27T07:10:05.000001Z"
    assert exact(NOW, Record((drain(),), (ended(second=7),))) == "2026-11-27T07:10:07.000001Z"
    assert exact(NOW.replace(second=5), Record((drain(second=5),))) == "2026-11-27T07:10:05.000001Z"


def test_seconds_are_for_people():
    assert seconds(NOW.replace(microsecond=5)) == "2026-11-27T07:10:00Z"


def test_a_weight_that_is_raised():
    record = Record((drain(), drain(service="www"), drain("web3")))
    half = raised(record, "web2", None, 50, at(9))
    assert [one.weight for one in half.drains] == [50, 50, None]
    assert [one.changed for one in half.drains] == [at(9), at(9), at(1)]
    assert half.drains[0].since == record.drains[0].since
    assert [one.weight for one in raised(record, "web2", "www", 50, at(9)).drains] == [None, 50, None]


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (
            drain(),
            "web2 is drained in all its services by alice@admin1 since 2026-11-27T07:10:01Z because: disk",
        ),
        (
            drain(service="www", reason=None, weight=25),
            "web2 has 25 percent of its weight in service www, drained by alice@admin1 since 2026-11-27T07:10:01Z",
        ),
    ],
)
def test_in_words(one, text):
    assert str(one) == text


def test_shares_and_those_of_one_real_server():
    record = Record((drain(), drain("web3", weight=25)))
    assert [one.share for one in record.drains] == [0, 25]
    assert record.of("web3") == [record.drains[1]]
    assert replace(record, drains=()).of("web3") == []
