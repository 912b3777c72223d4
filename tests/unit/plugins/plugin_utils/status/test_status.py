# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.status.arguments import status_mistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.status.directors import status_view

VALID = [
    "valid: -e status_format=..., one of text, json, html; text if left out",
    "valid: -e status_file=..., a file on this machine to write the status into; needed with html",
]
STATUS = {
    "version": 1,
    "at": "2027-01-15T08:00:00Z",
    "director": "old-name",
    "directors": ["lvs1", "lvs2"],
    "cluster": "c",
    "stack": "static",
    "daemons": {},
    "instances": [],
    "sync": None,
    "split_brain": [],
    "services": [],
    "problems": [],
}


@pytest.mark.parametrize(
    ("form", "file"), [("text", ""), ("json", ""), ("html", "/tmp/x.html"), ("text", "x"), ("json", "x")]
)
def test_right_arguments(form, file):
    # A variable of somebody else's may begin with the same word.
    assert status_mistakes(["status_format", "status_file", "status_of_my_own_thing"], form, file) == []


@pytest.mark.parametrize(
    ("names", "form", "file", "mistake"),
    [
        ([], "xml", "", "status_format is xml, which is not one of text, json, html"),
        ([], "html", "", "status_format is html, and status_file is missing: a page needs a file"),
        (["status_fromat"], "text", "", "status_fromat is not understood: did you mean status_format?"),
        (["status_files"], "text", "", "status_files is not understood: did you mean status_file?"),
    ],
)
def test_a_wrong_argument_is_named_with_the_right_ones(names, form, file, mistake):
    assert status_mistakes(names, form, file) == [mistake, *VALID]


def director(**result):
    """The view of one director of two, whose command has left this."""
    hostvars = {"lvs1": {"lvs_director_status": {"rc": 0, "stderr": "", **result}}, "lvs2": {}}
    return status_view(["lvs1", "lvs2"], hostvars, ["lvs1", "web1"])["directors"]


def test_directors_have_the_names_of_the_inventory_and_its_order():
    view = status_view(
        ["lvs2", "lvs1"],
        {"lvs1": {"lvs_director_status": {"rc": 0, "stdout": json.dumps(STATUS)}}, "lvs2": {}},
        ["lvs1"],
    )
    assert [(one["name"], one["state"]) for one in view["directors"]] == [("lvs2", "not asked"), ("lvs1", "backup")]
    assert view["problems"] == []


@pytest.mark.parametrize(
    ("result", "state", "why"),
    [
        ({"unreachable": True, "msg": "Task failed: Failed to connect\n to the host", "rc": None}, "unreachable", "Failed to connect to the host"),
        ({"rc": 2, "stderr": "lvs-status: the settings can't be read", "msg": "non-zero return code"}, "no answer", "lvs-status: the settings can't be read"),
        ({"rc": 2, "msg": "Error executing command."}, "no answer", "lvs-status can't be started. Run site.yml, which installs it"),
        ({"stdout": "Cluster"}, "no answer", "lvs-status has not printed JSON. Run site.yml"),
        ({"stdout": json.dumps({**STATUS, "version": 2})}, "no answer", "its lvs-status has version 2, not 1. Run site.yml"),
    ],
)  # fmt: skip
def test_a_director_that_has_not_told_is_shown_with_the_reason(result, state, why):
    first, second = director(**result)
    assert (first["name"], first["state"], first["why"]) == ("lvs1", state, why)
    assert (second["state"], second["why"]) == ("not asked", "--limit has left it out")
