# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks, several addresses, UDP and SCTP, arptables: the healthy cluster has no finding, and firewalld in the way is named first."""

from __future__ import annotations

import pytest
from cluster import until
from doctor import broken, causes, named_first

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.wide]
GIVES_BACK = True

VIP = "172.28.0.100"
SERVERS = {"web1", "web2", "web3"}


def all_serve(cluster):
    until(lambda: set(cluster.ask(VIP, count=6)) == SERVERS, "all real servers answer")
    # Its check asks through the VIP.
    until(lambda: len(cluster.table("lvs1").get(f"{VIP}:443", {})) == 3, "all checks pass")


def test_a_healthy_cluster_has_no_finding(cluster):
    all_serve(cluster)
    assert causes(cluster) == []


def test_firewalld_in_the_way(cluster):
    # The bus may start polkit for firewalld.
    started = "firewalld" if cluster.run("lvs1", "systemctl is-active polkit") == "active" else "firewalld polkit"
    with broken(cluster, "lvs1", "systemctl start firewalld", f"systemctl stop {started}"):
        until(lambda: cluster.ask(VIP, count=1) == [""], "firewalld refuses the clients")
        named_first(cluster, "filter-drops", "lvs1")
    all_serve(cluster)
    port = "firewall-cmd --zone=public --{}-port=80/tcp"
    with broken(cluster, "web3", port.format("remove"), port.format("add")):
        named_first(cluster, "filter-drops", "web3")
    all_serve(cluster)
