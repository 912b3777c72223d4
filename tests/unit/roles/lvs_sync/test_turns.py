# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When lvs-sync asks and tells, and what it says to other directors."""

from __future__ import annotations

import pytest
import talk
from turns import may_ask, may_tell


@pytest.mark.parametrize(
    ("now", "since", "asked", "answered", "expected"),
    [
        (100, 100, None, False, True),
        # The daemon has begun to receive again.
        (100, 100, 99, True, True),
        (101.9, 100, 100, True, False),
        (102, 100, 100, True, True),
        (160, 100, 158, True, True),
        (161, 100, 158, True, False),
        (161, 100, 158, False, False),
        (168, 100, 158, False, True),
        (1000, 100, 158, True, False),
    ],
)
def test_a_newcomer_asks_often_at_first_and_then_until_it_is_answered(now, since, asked, answered, expected):
    assert may_ask(now, since, asked, answered) is expected


@pytest.mark.parametrize(
    ("now", "told", "took", "asked", "expected"),
    [
        (100, None, 0, False, True),
        (109.9, 100, 0.1, False, False),
        (110, 100, 0.1, False, True),
        # 3 seconds of 60
        (156.9, 100, 3, False, False),
        (157, 100, 3, False, True),
        (100.9, 100, 0.1, True, False),
        (101, 100, 0.1, True, True),
        # 3 seconds of 15
        (111.9, 100, 3, True, False),
        (112, 100, 3, True, True),
    ],
)
def test_a_table_is_told_at_intervals_and_sooner_when_asked(now, told, took, asked, expected):
    assert may_tell(now, told, took, asked) is expected


def test_what_is_said_is_understood():
    assert talk.read(talk.question(51, first=True), 51) == {"kind": "ask", "first": True}
    assert talk.read(talk.question(51, first=False), 51) == {"kind": "ask", "first": False}
    assert talk.read(talk.answer(51, 200), 51) == {"kind": "told", "connections": 200}


@pytest.mark.parametrize(
    "datagram",
    [
        talk.question(52, first=True),
        b"",
        b"\xff\xfe",
        b"[]",
        b"[" * 400,
        b'{"id": 51}',
        b'{"id": 51, "lvs-sync": "other"}',
        b'{"id": 51, "lvs-sync": "told"}',
        b'{"id": 51, "lvs-sync": "told", "connections": "many"}',
        b'{"id": 51, "lvs-sync": "told", "connections": true}',
        talk.question(51, first=True) + b" " * talk.LONGEST,
    ],
)
def test_anything_else_is_not(datagram):
    assert talk.read(datagram, 51) is None
