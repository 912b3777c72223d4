# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.apply import verify_applied
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.change import diff
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.command import NOT_ROOT, IpvsError
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import Table
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Result


def complaint(rules, now, err, rc=255):
    """What verify_applied() says when the changes that make `rules` of nothing have led to `now`."""
    with pytest.raises(IpvsError) as error:
        verify_applied(diff(Table(), parse_table(rules)), parse_table(now), Result(rc, "", err))
    return str(error.value).splitlines()


def marks(count):
    return "".join(f"-A -f {mark} -s rr\n" for mark in range(1, count + 1))


def test_as_many_messages_as_failures_belong_together():
    assert complaint(marks(3), marks(1), "Memory allocation problem\nService already exists\n") == [
        "These changes are not in effect:",
        "add fwmark 2: Memory allocation problem",
        "add fwmark 3: Service already exists",
    ]


def test_ipvsadm_stops_at_a_usage_error_and_says_it_once():
    assert complaint(marks(3), marks(1), "illegal weight specified\n", rc=2) == [
        "These changes are not in effect:",
        "add fwmark 2",
        "add fwmark 3",
        "ipvsadm said: illegal weight specified",
    ]


def test_of_many_failures_ten_are_named():
    said = complaint(marks(1000), marks(1), "Memory allocation problem\n" * 999)
    assert said[1] == "add fwmark 2: Memory allocation problem"
    assert said[10:] == ["add fwmark 11: Memory allocation problem", "and 989 more"]


def test_who_may_not_write_is_told_once():
    assert complaint(marks(1000), "", "Permission denied (you must be root)\n" * 1000) == [NOT_ROOT]


def test_a_message_about_something_in_effect_is_no_failure():
    verify_applied(
        diff(Table(), parse_table(marks(1))), parse_table(marks(2)), Result(255, "", "Service already exists\n")
    )
