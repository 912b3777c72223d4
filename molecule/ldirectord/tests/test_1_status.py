# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-status with heartbeat and ldirectord: only the director with the VIPs has a table."""

from __future__ import annotations

import json

import pytest
from cluster import until

pytestmark = pytest.mark.usefixtures("fresh")
GIVES_BACK = True


def status(cluster, director):
    return json.loads(cluster.run(director, "lvs-status --json"))


def test_one_director_is_active_and_the_other_stands_by(cluster):
    active, other = status(cluster, "lvs1"), status(cluster, "lvs2")
    assert [(one["name"], one["state"]) for one in active["instances"]] == [("heartbeat", "master")]
    assert [(one["name"], one["state"]) for one in other["instances"]] == [("heartbeat", "backup")]
    assert {one["state"] for one in other["services"]} == {"standby"}
    assert active["instances"][0]["since"] <= active["at"]
    weights = {
        service["service"].rpartition("/")[0]: {one["address"]: one["weight"] for one in service["real_servers"]}
        for service in active["services"]
        if not service["service"].startswith("fwmark")
    }
    listed = {
        key: {address.strip("[]"): weight for address, weight in servers.items()}
        for key, servers in cluster.table("lvs1").items()
        if ":" in key
    }
    assert weights == listed
    assert (active["sync"]["sends"], other["sync"]["receives"]) == (True, True)
    assert (active["problems"], other["problems"]) == ([], [])


def test_what_ldirectord_has_taken_out_has_failed(cluster):
    cluster.run("web2", "systemctl stop lvs-test-page")
    try:

        def failed():
            servers = [one for service in status(cluster, "lvs1")["services"] for one in service["real_servers"]]
            return [one for one in servers if one["name"] == "web2" and one["state"] == "failed"]

        found = until(failed, "web2 has failed")
        assert "check" in found[0]["reason"]
    finally:
        cluster.run("web2", "systemctl start lvs-test-page")
    until(lambda: status(cluster, "lvs1")["problems"] == [], "web2 is back")
