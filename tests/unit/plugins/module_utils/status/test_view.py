# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several directors know, as one view: whose table counts, who holds what, what differs."""

from __future__ import annotations

from ansible_collections.lvs.cluster.plugins.module_utils.status.view import view_of

from .conftest import PROC

WEB2 = "  -> AC1C0016:0050      Route   1      3          12        \n"
DOWN = {"director": "lvs3", "status": None, "state": "unreachable", "why": "no route to host"}


def vip(view, address="172.28.0.100"):
    return next(one for one in view["vips"] if one["address"] == address)


def test_three_healthy_directors(found):
    view = view_of(found)
    assert [(one["name"], one["state"]) for one in view["directors"]] == [
        ("lvs1", "master"),
        ("lvs2", "backup"),
        ("lvs3", "backup"),
    ]
    assert vip(view) == {
        "address": "172.28.0.100",
        "gateway": False,
        "instance": "VI_1",
        "held_by": ["lvs1"],
        "since": "2027-01-15T07:00:00Z",
        "others": [],
        "state": "held",
    }
    assert {one["director"] for one in view["services"]} == {"lvs1"}
    assert [one["name"] for one in view["services"]] == ["web", "web-tls", "dns"]
    assert view["problems"] == []
    assert (view["version"], view["cluster"], view["stack"], view["at"]) == (
        1, "lvs1-lvs2-lvs3", "keepalived", "2027-01-15T08:00:00Z",
    )  # fmt: skip


def test_the_table_of_the_director_with_the_vip_counts_whatever_the_order(found, status):
    # A backup has the connections that it was told of, all as inactive ones.
    found[0], found[1] = found[1], found[0]
    found[0]["status"] = status("lvs2", proc=PROC.replace("120        3400", "0          3520"))
    web = view_of(found)["services"][0]
    assert (web["director"], web["real_servers"][0]["active"]) == ("lvs1", 120)


def test_what_another_director_sees_otherwise_stands_beside(found, status):
    found[1]["status"] = status("lvs2", proc=PROC.replace(WEB2, ""))
    web1, web2 = view_of(found)["services"][0]["real_servers"]
    assert (web2["state"], web2["elsewhere"]) == ("up", {"lvs2": "failed"})
    assert (web1["state"], web1["elsewhere"]) == ("up", {})


def test_a_director_that_stands_by_differs_in_nothing(found, status):
    for service in found[1]["status"]["services"]:
        service["state"] = "standby"
        for server in service["real_servers"]:
            server["state"] = "standby"
    assert [one["elsewhere"] for one in view_of(found)["services"][0]["real_servers"]] == [{}, {}]
    assert view_of(found[1:2])["services"][0]["director"] == "lvs2"


def test_a_director_that_does_not_answer_is_shown_and_is_a_problem(found):
    view = view_of([*found[:2], DOWN])
    assert view["directors"][2]["state"] == "unreachable"
    assert view["problems"] == [{"directors": ["lvs3"], "text": "unreachable: no route to host"}]
    # The VIP may be there.
    assert vip(view_of([found[1], DOWN]))["state"] == "not here"


def test_directors_that_were_not_asked_are_no_problem(found):
    view = view_of(found[1:2])
    assert [(one["name"], one["state"]) for one in view["directors"]] == [
        ("lvs2", "backup"),
        ("lvs1", "not asked"),
        ("lvs3", "not asked"),
    ]
    assert (vip(view)["state"], view["problems"]) == ("not here", [])


def test_a_vip_that_nobody_holds(status):
    found = [{"director": name, "status": status(name, master=False)} for name in ("lvs1", "lvs2", "lvs3")]
    view = view_of(found)
    assert vip(view)["state"] == "nobody"
    assert {"directors": [], "text": "VIP 172.28.0.100 is held by nobody"} in view["problems"]


def test_two_directors_with_one_vip_are_a_split_brain(status, found):
    found[1]["status"] = status("lvs2", master=True)
    view = view_of(found)
    assert (vip(view)["state"], vip(view)["held_by"]) == ("split brain", ["lvs1", "lvs2"])
    assert {"directors": [], "text": "split brain: VIP 172.28.0.100 is held by lvs1 and lvs2"} in view["problems"]


def test_a_stranger_with_a_vip_is_a_split_brain_too(status, found):
    stranger = {"172.28.0.100": {"macs": ["52:54:00:00:00:01"], "since": 1_800_000_000}}
    found[0]["status"] = status("lvs1", heal={"split_brain": stranger})
    view = view_of(found)
    assert (vip(view)["state"], vip(view)["others"]) == ("split brain", ["52:54:00:00:00:01"])
    assert vip(view, "172.28.0.101")["state"] == "held"


def test_a_problem_that_several_tell_is_told_once(status):
    found = [
        {"director": name, "status": status(name, proc=PROC.replace(WEB2, ""))} for name in ("lvs1", "lvs2", "lvs3")
    ]
    (problem,) = view_of(found)["problems"]
    assert problem["directors"] == ["lvs1", "lvs2", "lvs3"]


def test_the_same_silence_of_two_is_of_both():
    found = [{**DOWN, "director": name} for name in ("lvs1", "lvs2")]
    assert view_of(found)["problems"] == [{"directors": ["lvs1", "lvs2"], "text": "unreachable: no route to host"}]


def test_a_fault_is_what_a_director_shows_first(status):
    found = status("lvs1")
    found["instances"].append({**found["instances"][0], "name": "VI_2", "state": "fault"})
    assert view_of([{"director": "lvs1", "status": found}])["directors"][0]["state"] == "fault"


def test_nobody_has_told_anything():
    view = view_of([DOWN])
    assert (view["cluster"], view["at"], view["vips"], view["services"]) == (None, None, [], [])
