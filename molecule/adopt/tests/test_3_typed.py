# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table that was typed on one director, which a reboot would have lost."""

from __future__ import annotations

import pytest
from adopting import LAB, configured, site
from cluster import changed, until

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.100"


def test_it_is_taken_over_without_a_lost_request_and_survives_a_reboot(cluster, adopt):
    configured(cluster, "typed")
    until(lambda: set(cluster.ask(VIP)) == {"web1", "web2"}, "both real servers answer through the VIP")
    before = cluster.run("lvs1", "ipvsadm -Sn")
    with cluster.stream(address=VIP, port=80, rate=20) as stream:
        adopted, _told = adopt("lvs1")
        site(adopted, lvs_take_over=True)
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert cluster.run("lvs1", "ipvsadm -Sn") == before
    assert set(changed(site(adopted)).values()) == {0}
    adopted.play("verify", **LAB)
    cluster.lab.reboot("lvs1")
    until(lambda: set(cluster.ask(VIP)) == {"web1", "web2"}, "both real servers answer again")
