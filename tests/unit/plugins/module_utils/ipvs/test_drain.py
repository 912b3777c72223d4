# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.drain import (
    CONNECTION_STATES,
    describe_remaining,
    wait_until_gone,
)


class Clock:
    """A clock that only sleeping moves, and the looks taken."""

    def __init__(self, *looks):
        self.now, self.looks = 0.0, [dict(zip(CONNECTION_STATES, look)) for look in looks]

    def look(self):
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def wait(self, kinds, timeout, settle=False):
        return wait_until_gone(self.look, kinds, timeout, settle, self.sleep, lambda: self.now)

    def sleep(self, seconds):
        self.now += seconds


@pytest.mark.parametrize(
    ("kinds", "seconds"),
    [(["active"], 1.0), (["active", "inactive"], 2.0), (["active", "persistent"], 3.0), (["persistent"], 3.0)],
)
def test_it_waits_for_the_kinds_asked_for(kinds, seconds):
    clock = Clock((2, 5, 1), (0, 7, 1), (0, 0, 1), (0, 0, 0))
    remaining = clock.wait(kinds, 60)
    assert clock.now == seconds
    assert not describe_remaining(remaining, kinds)


def test_it_gives_up_in_time_and_says_what_is_left():
    clock = Clock((3, 9, 1))
    remaining = clock.wait(["active", "persistent"], 2.5)
    assert clock.now == pytest.approx(2.5)
    assert describe_remaining(remaining, ["active", "persistent"]) == "3 active and 1 persistent connections"


def test_without_time_it_looks_once():
    clock = Clock((3, 0, 0), (0, 0, 0))
    assert clock.wait(["active"], 0) == {"active": 3, "inactive": 0, "persistent": 0}
    assert clock.now == 0


def test_a_handshake_under_way_may_still_become_an_active_connection():
    clock = Clock((0, 0, 0))
    clock.wait(["active"], 60, settle=True)
    assert clock.now == 1.0
    clock.wait(["active"], 0, settle=True)
    assert clock.now == 1.0
