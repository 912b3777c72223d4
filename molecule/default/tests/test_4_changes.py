# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change that an inventory can make to a serving cluster, under a stream of requests: nothing is lost."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from cluster import changed


WEB, SHOP, API, LOGIN = range(4)


@pytest.fixture
def undisturbed(cluster):
    """During the test no request to web and api fails, no VIP moves and no keepalived is restarted."""
    directors = cluster.group("directors")

    def state():
        return {
            director: (
                cluster.run(director, "systemctl show keepalived --property=MainPID,NRestarts"),
                cluster.run(director, "journalctl --unit=keepalived | grep -c 'Entering .* STATE'"),
            )
            for director in directors
        }

    before = state()
    with ExitStack() as stack:
        streams = [
            stack.enter_context(cluster.stream(address="172.28.0.100", port=80)),
            stack.enter_context(cluster.stream(address="172.28.0.101", port=8080, scheme="http")),
        ]
        yield
    for stream in streams:
        assert stream["errors"] == {}, stream
        assert stream["answered"] == stream["requests"] > 50
    assert state() == before


def test_services_weights_and_real_servers_come_and_go(cluster, undisturbed):
    services = cluster.variable("lvs_services")
    web = {**services[WEB], "real_servers": ["web1", "web2"]}
    shop = {**services[SHOP], "real_servers": [{"host": "web1", "weight": 1}, {"host": "web2", "weight": 1}]}
    # with it web3 has nothing left to do on port 443
    del shop["sorry_server"]
    extra = {"name": "extra", "vip": "172.28.0.102", "port": 80, "scheduler": "rr"}

    cluster.play("site", lvs_services=[web, shop, services[API], extra])
    table = cluster.table("lvs1")
    web3 = cluster.address("web3")
    assert "172.28.0.101:80" not in table
    assert web3 not in table["172.28.0.100:80"]
    assert set(table["172.28.0.100:443"].values()) == {1}
    assert set(cluster.ask("172.28.0.102", count=6)) == {"web1", "web2", "web3"}
    assert cluster.run("web3", "ss -Hltn sport = :443") == ""

    cluster.play("site")
    table = cluster.table("lvs1")
    assert "172.28.0.102:80" not in table
    assert web3 in table["172.28.0.100:80"]
    assert cluster.run("web1", "ip -o address show to 172.28.0.102/32") == ""
    assert cluster.ask("172.28.0.101", count=1)[0] in ("web1", "web2")


def test_running_again_changes_nothing(cluster, undisturbed):
    assert set(changed(cluster.play("site")).values()) == {0}
