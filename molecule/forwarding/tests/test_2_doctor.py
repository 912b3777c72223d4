# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT and tunnels: what is broken there is named first by doctor.yml, and the healthy cluster has no finding."""

from __future__ import annotations

import pytest
from cluster import until
from doctor import broken, causes, named_first

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.wide]
GIVES_BACK = True

NAT, IPIP = "172.28.1.100", "172.28.1.101"


def sysctl(cluster, node, key, value):
    """A sysctl has another value during the block."""
    former = cluster.run(node, f"sysctl -n {key}")
    return broken(cluster, node, f"sysctl -w {key}={value}", f"sysctl -w {key}='{former}'")


def device_of(cluster, node, address):
    return cluster.run(node, f"ip -o address show to {address}/32").split()[1]


def both_answer(cluster):
    for vip in (NAT, IPIP):
        until(lambda at=vip: set(cluster.ask(at, count=8)) == {"web1", "web2"}, f"both answer through {vip}")


def test_a_healthy_cluster_has_no_finding(cluster):
    assert causes(cluster) == []


def test_nat(cluster):
    with sysctl(cluster, "lvs1", "net.ipv4.ip_forward", 0):
        named_first(cluster, "forward-off", "lvs1")
    both_answer(cluster)
    gone = "while ip rule del table 112 2>/dev/null; do :; done"
    with broken(cluster, "web1", gone, "systemctl reload lvs-vip"):
        named_first(cluster, "way-back", "web1")
    both_answer(cluster)
    forward = (
        "nft add table inet doctor && nft 'add chain inet doctor c { type filter hook forward priority 0; }'"
        " && nft 'add rule inet doctor c ct state invalid drop'"
    )
    with broken(cluster, "lvs1", forward, "nft delete table inet doctor"):
        named_first(cluster, "conntrack", "lvs1")
    both_answer(cluster)


def test_tunnels(cluster):
    with sysctl(cluster, "web1", "net.ipv4.conf.all.rp_filter", 1):
        named_first(cluster, "rp-filter", "web1")
    with broken(cluster, "web1", "ip link set tunl0 down", "ip link set tunl0 up && systemctl reload lvs-vip"):
        named_first(cluster, "tunnel-missing", "web1")
    both_answer(cluster)
    # The way to the real servers carries less than the rule of their MSS assumes.
    front = device_of(cluster, "lvs1", "172.28.1.11")
    with broken(cluster, "lvs1", f"ip link set {front} mtu 1400", f"ip link set {front} mtu 1500"):
        named_first(cluster, "tunnel-mtu")
    both_answer(cluster)
