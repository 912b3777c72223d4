# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server is drained on all directors and returns, and no request is lost. The scenario availability has more of it."""

from __future__ import annotations

import json

import pytest
from cluster import flat, until

pytestmark = pytest.mark.usefixtures("fresh")
GIVES_BACK = True

VIP = "172.28.0.100"
WEB2 = "172.28.0.22"
RECORD = "/var/lib/lvs-cluster/drained.json"


def weights(cluster):
    """The weight of web2 in the service web of each director."""
    return [cluster.table(director).get(f"{VIP}:80", {}).get(WEB2) for director in cluster.group("directors")]


def test_there_and_back(cluster):
    try:
        with cluster.stream(address=VIP, port=80, rate=20, timeout=5) as stream:
            told = flat(cluster.play("drain", real_server="web2", reason="new disk"))
            assert "web2 is drained in all its services by " in told, told[-3000:]
            until(lambda: weights(cluster) == [0, 0, 0], "web2 has no weight on any director")
            assert set(cluster.ask(VIP, count=8)) <= {"web1", "web3"}
            (web,) = [
                one for one in json.loads(cluster.run("lvs3", "lvs-status --json"))["services"] if one["name"] == "web"
            ]
            (web2,) = [one for one in web["real_servers"] if one["name"] == "web2"]
            assert (web2["state"], web2["drain"]["reason"]) == ("drained", "new disk")
            cluster.play("undrain", real_server="web2")
            until(lambda: weights(cluster) == [1, 1, 1], "web2 has its weight on every director")
            # The stream is served in turn as well: a few requests beside it may all meet the same real servers.
            until(lambda: "web2" in cluster.ask(VIP, count=6), "web2 answers again")
    finally:
        # What the next site.yml would remove.
        for director in cluster.group("directors"):
            cluster.run(director, f"rm -f {RECORD}")
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
