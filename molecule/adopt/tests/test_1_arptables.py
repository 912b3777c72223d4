# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two directors with VRRP; the real servers have the VIP on their interface, and arptables keeps them silent."""

from __future__ import annotations

import pytest
from adopting import LAB, configured, site
from cluster import changed, until

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.100"


def test_it_is_taken_over_without_a_lost_request_or_a_second_owner(cluster, adopt):
    configured(cluster, "keepalived", "arptables")
    until(lambda: set(cluster.ask(VIP)) == {"web1", "web2"}, "both real servers answer through the VIP")
    before = cluster.table("lvs1")
    with cluster.stream(address=VIP, port=80, rate=20) as stream, cluster.one_owner(VIP):
        adopted, _told = adopt("lvs1", "lvs2")
        # To look changes nothing
        site(adopted, "--check", "--diff", lvs_take_over=True)
        assert cluster.holders(VIP) == ["lvs1"]
        site(adopted, lvs_take_over=True)
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert cluster.holders(VIP) == ["lvs1"]
    assert cluster.table("lvs1") == before
    # At the end the adverts are the roles' own
    for director in ("lvs1", "lvs2"):
        assert "169.254." in cluster.run(director, "grep -A1 'virtual_ipaddress {' /etc/keepalived/keepalived.conf")
    for server in ("web1", "web2"):
        assert cluster.run(server, f"ip -o address show to {VIP}/32 | awk '{{ print $2 }}'") == "lo"
    assert set(changed(site(adopted)).values()) == {0}
    adopted.play("verify", **LAB)


def test_the_directors_take_over_from_each_other_afterwards(cluster):
    with cluster.one_owner(VIP):
        cluster.run("lvs1", "systemctl stop keepalived")
        until(lambda: cluster.holders(VIP) == ["lvs2"], "lvs2 has the VIP")
        assert set(cluster.ask(VIP)) == {"web1", "web2"}
        cluster.run("lvs1", "systemctl start keepalived")
