# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-status of a static director, which has no lvs-heal here."""

from __future__ import annotations

import json

GIVES_BACK = True


def test_it_shows_the_table_and_what_was_taken_out_of_it(cluster):
    found = json.loads(cluster.run("lvs1", "lvs-status --json"))
    assert [(one["name"], one["state"]) for one in found["instances"]] == [("static", "master")]
    assert [(one["name"], one["state"]) for one in found["services"]] == [("web", "up"), ("shop", "up")]
    assert found["problems"] == []
    cluster.run("lvs1", "ipvsadm -d -t 172.28.0.100:80 -r 172.28.0.23:80")
    try:
        told = json.loads(cluster.run("lvs1", "lvs-status --json"))["problems"]
    finally:
        cluster.run("lvs1", "ipvsadm -a -t 172.28.0.100:80 -r 172.28.0.23:80 -g -w 1")
    assert told == ["web 172.28.0.100:80/tcp: web3 missing: not in the table, though nothing checks it"]
