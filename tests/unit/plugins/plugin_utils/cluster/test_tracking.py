# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of what is watched: keepalived knows it by them, and its log shows them."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryPath, Mistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.tracking import Watched


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("check-uplink.sh", "check-uplink.sh"),
        ("/run/lvs weight", "run_lvs_weight"),
        ("2001:db8::1", "2001_db8_1"),
        ("nginx -g x:y", "nginx_-g_x_y"),
        ("@", "scripts"),
        ("check-the-uplink-of-both-routers.sh", "check-the-uplink-of-both-routers.sh"),
    ],
)
def test_a_name_is_like_what_it_names(what: str, name: str) -> None:
    assert Watched().name("scripts", what, {"command": what}) == name


def test_a_name_of_bfd_keeps_its_end_with_room_for_a_number() -> None:
    watched, what = Watched(), "2001:db8:1111:2222:3333:4444:5555:6666"
    names = [watched.name("bfd", what, {"neighbor": what, "interval": number}) for number in (1, 2)]
    assert names == ["111_2222_3333_4444_5555_6666", "111_2222_3333_4444_5555_6666_2"]


def test_the_same_has_one_name_and_others_of_that_name_a_number() -> None:
    watched = Watched()
    first, again, second, third = (watched.name("scripts", "check", {"command": one}) for one in "aabc")
    assert (first, again, second, third) == ("check", "check", "check_2", "check_3")
    assert [one["name"] for one in watched.resolved()["scripts"]] == ["check", "check_2", "check_3"]


def test_names_of_one_kind_do_not_matter_to_another() -> None:
    watched = Watched()
    assert watched.name("scripts", "x", {"command": "x"}) == watched.name("processes", "x", {"process": "x"}) == "x"


def test_a_file_is_one_wherever_it_is_watched_and_has_the_number_that_one_place_gives() -> None:
    watched, mistakes = Watched(), Mistakes()
    at = InventoryPath("track", mistakes)
    for path, number in (
        ("/run/a", None),
        ("/run/b", 0),
        ("/run/a", 3),
        ("/run/b", None),
        ("/run/a", 3),
        ("/run/b", 1),
    ):
        assert watched.file(path, number, at) == path
    assert watched.resolved()["files"] == [{"name": "/run/a", "init_file": 3}, {"name": "/run/b", "init_file": 0}]
    assert [message.partition(",")[0] for message in mistakes] == ["track: init_file is 1"]
