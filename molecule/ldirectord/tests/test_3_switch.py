# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one stack to the other and back: nothing of the former stays, and the outage is known."""

from __future__ import annotations

import re

from cluster import until

VIPS = ["172.28.0.100", "172.28.0.101", "fd00:28::100"]
# a failover of VRRP, or what heartbeat takes to take over, on an emulated machine
LONGEST_GAP = 150.0
TRACES = {
    "keepalived": "systemctl is-active keepalived; systemctl is-enabled keepalived; pgrep -x keepalived; ls /etc/keepalived/keepalived.conf",
    "ldirectord": "systemctl is-active heartbeat; systemctl is-enabled heartbeat; pgrep -f '[l]directord|[h]eartbeat:';"
    " ls /etc/ha.d/haresources /etc/ha.d/authkeys /etc/ha.d/*.cf",
}


def switch(cluster, tell, stack):
    """Change the stack under a stream of requests; tell what site.yml says of the outage, and what another client saw."""
    with cluster.stream(address=VIPS[1], port=80) as stream:
        output = cluster.play("site", lvs_stack=stack)
        until(lambda: all(cluster.holders(vip) == ["lvs1"] for vip in VIPS), "lvs1 alone has the VIPs")
    told = re.search(r"While the stack changed.*?s\.", output, re.DOTALL)
    assert told, output[-3000:]
    tell(
        f"{' '.join(told[0].split())} The test's own: {stream['answered']}/{stream['requests']}, {stream['longest_gap']} s."
    )
    assert stream["longest_gap"] < LONGEST_GAP, stream


def test_to_keepalived(cluster, tell):
    switch(cluster, tell, "keepalived")
    for director in cluster.group("directors"):
        assert cluster.run(director, TRACES["ldirectord"]).split() == ["inactive", "masked"]
    cluster.play("verify", lvs_stack="keepalived")


def test_and_back(cluster, tell):
    switch(cluster, tell, "ldirectord")
    for director in cluster.group("directors"):
        assert cluster.run(director, TRACES["keepalived"]).split() == ["inactive", "masked"]
    assert cluster.run("lvs2", "ipvsadm -Sn") == ""
    cluster.play("verify")


def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}
