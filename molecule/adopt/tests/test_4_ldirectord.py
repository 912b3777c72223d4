# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directors with ldirectord, by heartbeat or alone."""

from __future__ import annotations

import pytest
from adopting import LAB, configured, site
from cluster import changed, until

pytestmark = [pytest.mark.usefixtures("always_fresh"), pytest.mark.wide]

VIP = "172.28.0.100"
WEB = {"web1", "web2"}


def test_heartbeat(cluster, adopt):
    """With lblc and persistence one real server answers a client."""
    configured(cluster, "heartbeat", "silent_lo")
    until(lambda: set(cluster.ask(VIP)) < WEB, "a real server answers through the VIP", seconds=120)
    assert cluster.holders(VIP) == ["lvs1"]
    before = cluster.table("lvs1")
    with cluster.stream(address=VIP, port=80, rate=20) as stream, cluster.one_owner(VIP):
        adopted, _told = adopt("lvs1", "lvs2")
        site(adopted, lvs_take_over=True)
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert cluster.holders(VIP) == ["lvs1"]
    assert cluster.table("lvs1") == before
    assert set(changed(site(adopted)).values()) == {0}
    adopted.play("verify", **LAB)
    cluster.run("lvs1", "systemctl stop heartbeat")
    until(lambda: cluster.holders(VIP) == ["lvs2"], "lvs2 has the VIP")
    until(lambda: set(cluster.ask(VIP)) < WEB, "a real server answers through lvs2")


def test_ldirectord_alone(cluster, adopt):
    """It gets heartbeat, which has the VIP from then on."""
    configured(cluster, "ldirectord", "silent_lo", ("lvs1",))
    until(lambda: set(cluster.ask(VIP)) == WEB, "both real servers answer through the VIP")
    before = cluster.table("lvs1")
    with cluster.stream(address=VIP, port=80, rate=20) as stream:
        adopted, _told = adopt("lvs1")
        site(adopted, lvs_take_over=True)
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert cluster.table("lvs1") == before
    assert set(changed(site(adopted)).values()) == {0}
    adopted.play("verify", **LAB)
