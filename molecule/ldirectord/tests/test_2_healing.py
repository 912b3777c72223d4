# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hand removes on the director that has the VIPs comes back by itself within seconds."""

from __future__ import annotations

import pytest
from cluster import until
from healing import HEALED, journal, mended, now

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.101"
PID_FILE = "/run/ldirectord.ldirectord.cf.pid"


def test_a_deleted_vip_comes_back(cluster):
    (active,) = cluster.holders(VIP)
    address, device = cluster.run(active, f"ip -o address show to {VIP}/32 | awk '{{ print $4, $2 }}'").split()
    with cluster.one_owner(VIP):
        mended(
            cluster,
            active,
            f"ip address del {address} dev {device}",
            lambda: cluster.holders(VIP) == [active],
            f"missing VIP {VIP}",
        )
    assert "" not in cluster.ask(VIP)


@pytest.mark.wide
def test_a_deleted_service_comes_back(cluster):
    (active,) = cluster.holders(VIP)
    before = cluster.table(active)
    cluster.host(active).run_expect([0], f"ipvsadm -D -t {VIP}:80")
    until(lambda: cluster.table(active) == before, "the table is as it was")


def test_a_killed_ldirectord_is_started_again_and_the_table_stays(cluster):
    (active,) = cluster.holders(VIP)
    before = cluster.table(active)
    process = cluster.run(active, f"cat {PID_FILE}")
    with cluster.one_owner(VIP), cluster.stream(address=VIP, port=80, rate=20) as stream:
        mended(
            cluster,
            active,
            f"kill -9 {process}",
            lambda: cluster.run(active, f"pgrep --pidfile {PID_FILE}") not in ("", process),
            "ldirectord, which did not run on the director with the VIPs",
        )
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert cluster.table(active) == before


@pytest.mark.wide
def test_vips_that_both_directors_keep_are_given_up_by_the_second(cluster):
    """As after a split whose end heartbeat has missed."""
    assert cluster.holders(VIP) == ["lvs1"]
    since = now(cluster, "lvs2")
    cluster.host("lvs2").run_expect([0], "/usr/share/heartbeat/ResourceManager takegroup LVSLdirectord::ldirectord.cf")
    assert cluster.holders(VIP) == ["lvs1", "lvs2"]
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP", seconds=120)
    assert "mended: VIPs that the other director has" in journal(cluster, "lvs2", since)
    # Until then the client may still send to lvs2.
    until(
        lambda: "mended: neighbours" in journal(cluster, "lvs1", since), "lvs1 has announced its VIPs", seconds=HEALED
    )
    assert "" not in cluster.ask(VIP)
    until(lambda: "local" in cluster.run("lvs2", "cl_status rscstatus"), "heartbeat has settled", seconds=60)
