# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of what is watched: keepalived knows it by them, and its log shows them."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.tracking import Watched


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("check-uplink.sh", "check-uplink.sh"),
        ("/run/lvs weight", "run_lvs_weight"),
        ("2001:db8::1", "2001_db8_1"),
        ("nginx -g x:y", "nginx_-g_x_y"),
        ("@", "scripts"),
        ("2001:db8:1111:2222:3333:4444:5555:6666", "111_2222_3333_4444_5555_6666"),
    ],
)
def test_a_name_is_like_what_it_names(what: str, name: str) -> None:
    assert Watched().name("scripts", what, {"command": what}) == name


def test_the_same_has_one_name_and_others_of_that_name_a_number() -> None:
    watched = Watched()
    first, again, second, third = (watched.name("scripts", "check", {"command": one}) for one in "aabc")
    assert (first, again, second, third) == ("check", "check", "check_2", "check_3")
    assert [one["name"] for one in watched.resolved()["scripts"]] == ["check", "check_2", "check_3"]


def test_names_of_one_kind_do_not_matter_to_another() -> None:
    watched = Watched()
    assert watched.name("scripts", "x", {"command": "x"}) == watched.name("processes", "x", {"process": "x"}) == "x"
