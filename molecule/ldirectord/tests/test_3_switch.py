# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one stack to the other and back: nothing of the former stays, and the client is hardly without an answer."""

from __future__ import annotations

import re

import pytest
from cluster import flat, until, with_inventory

pytestmark = pytest.mark.usefixtures("fresh")

VIPS = ["172.28.0.100", "172.28.0.101", "fd00:28::100"]
# Two failovers, of which either director tells the other. A SYN that is lost meanwhile is sent again after one second.
LONGEST_GAP = 1.5
TRACES = {
    "keepalived": "systemctl is-active keepalived; systemctl is-enabled keepalived; pgrep -x keepalived; ls /etc/keepalived/keepalived.conf",
    "ldirectord": "systemctl is-active heartbeat; systemctl is-enabled heartbeat; pgrep -f '[l]directord|[h]eartbeat:';"
    " ls /etc/ha.d/haresources /etc/ha.d/authkeys /etc/ha.d/ha.cf",
}


def switch(cluster, tell, stack, **variables):
    """Change the stack under a stream of requests; what the client saw, and the figures that site.yml tells."""
    until(lambda: set(cluster.ask(VIPS[1], count=4)) == {"web1", "web2"}, "both real servers answer")
    with cluster.stream(address=VIPS[1], port=80, rate=20, timeout=2) as stream:
        output = cluster.play("site", lvs_stack=stack, **variables)
        until(lambda: all(cluster.holders(vip) == ["lvs1"] for vip in VIPS), "lvs1 alone has the VIPs")
    lost = stream["requests"] - stream["answered"]
    tell(f"to {stack}: {stream['longest_gap']} s without an answer, {lost} of {stream['requests']} requests lost")
    told = re.search(
        r"While the stack changed to (\w+), (\d+) of (\d+) requests were answered; the longest time without an answer"
        r" was ([\d.]+) s",
        " ".join(output.split()),
    )
    assert told, output[-3000:]
    return stream, told


@pytest.mark.wide
def test_to_keepalived(cluster, tell):
    stream, told = switch(cluster, tell, "keepalived")
    assert stream["longest_gap"] <= LONGEST_GAP, stream
    assert told[1] == "keepalived"
    assert float(told[4]) <= LONGEST_GAP
    for director in cluster.group("directors"):
        assert cluster.run(director, TRACES["ldirectord"]).split() == ["inactive", "masked"]
    cluster.play("verify", lvs_stack="keepalived")


@pytest.mark.wide
def test_and_back(cluster, tell):
    """The directors talk to each other's addresses then, and no longer by multicasts."""
    by_address = {"lvs_heartbeat": cluster.variable("lvs_heartbeat") | {"transport": "ucast"}}
    stream, told = switch(cluster, tell, "ldirectord", **by_address)
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 200
    assert told[1] == "ldirectord"
    assert told[2] == told[3]
    for director in cluster.group("directors"):
        assert cluster.run(director, TRACES["keepalived"]).split() == ["inactive", "masked"]
    assert cluster.run("lvs2", "ipvsadm -Sn") == ""
    assert cluster.run("lvs1", "grep '^ucast ' /etc/ha.d/ha.cf").splitlines()[1:] == ["ucast lan0 172.28.0.12"]
    cluster.play("verify", **by_address)


def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}


@pytest.mark.wide
def test_what_somebody_has_set_up_by_hand_is_taken_over_with_consent_and_given_back(cluster, tmp_path):
    """By a cluster with one director. Its real servers are bare, so it says sorry itself."""
    alone = with_inventory(cluster, tmp_path / "alone.yml", lambda groups: groups["directors"].pop("lvs2"))
    haresources = f"lvs1 IPaddr2::172.28.0.77/24/{cluster.interface('lvs1')} ldirectord::ldirectord.cf\\n"
    virtual = "virtual=172.28.0.77:80\\n\\treal=172.28.0.21:80 gate\\n\\tservice=http\\n\\tchecktype=connect\\n\\tprotocol=tcp\\n"
    for path, text in (("haresources", haresources), ("ldirectord.cf", f"quiescent=no\\n{virtual}")):
        cluster.host("lvs1").run_expect([0], f"printf '{text}' > /etc/ha.d/{path}")
    # Debian's unit fails without the folder for its lock.
    start = "mkdir -p /var/lock/subsys && systemctl enable ldirectord && systemctl restart ldirectord"
    cluster.host("lvs1").run_expect([0], start)
    files = "sha256sum /etc/ha.d/haresources /etc/ha.d/ldirectord.cf"
    units = "systemctl is-enabled ldirectord heartbeat; systemctl is-active ldirectord"
    was = cluster.run("lvs1", files), cluster.run("lvs1", units)
    assert was[1].split()[::2] == ["enabled", "active"]

    output = flat(alone.fail("site"))
    assert "lvs1: somebody else has written /etc/ha.d/haresources and /etc/ha.d/ldirectord.cf" in output
    assert "The inventory has no service for 172.28.0.77" in output
    assert (cluster.run("lvs1", files), cluster.run("lvs1", units)) == was

    alone.play("site", "--limit", "directors", lvs_take_over=True)
    assert cluster.run("lvs1", files) != was[0]
    assert cluster.run("lvs1", "systemctl is-enabled ldirectord; systemctl is-active heartbeat").split() == [
        "masked",
        "active",
    ]
    # heartbeat waits for initdead, since nobody answers it.
    until(lambda: [alone.holders(vip) for vip in VIPS] == [["lvs1"]] * 3, "the only director has the VIPs")
    until(lambda: set(cluster.ask(VIPS[0], count=2)) == {"sorry from lvs1"}, "it serves")
    assert len(cluster.table("lvs1")) == 6
    alone.play("teardown", "--limit", "directors")
    assert (cluster.run("lvs1", files), cluster.run("lvs1", units)) == was
