# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a reboot of everything the cluster serves again, and no Ansible had to run; no real server answers ARP meanwhile."""

from __future__ import annotations

import json

import pytest
from cluster import until

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.100"


def test_all_nodes_reboot(cluster):
    cluster.lab.reboot("all")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 holds the VIP again")
    until(lambda: set(cluster.ask(VIP, count=6)) == {"web1", "web2", "web3"}, "all real servers answer")
    assert "is held by lvs1" in cluster.play("verify")


def test_a_real_server_that_boots_is_silent_before_it_has_the_vip(cluster):
    # The client asks for the VIP ten times a second; nobody but the master may answer.
    master = cluster.run("lvs1", f"cat /sys/class/net/{cluster.interface('lvs1')}/address")
    asked = cluster.start_module("client1", "arp_probe", {"addresses": [VIP], "count": 150, "timeout": 15})
    cluster.lab.power_off("web1")
    cluster.lab.power_on("web1")
    assert cluster.run("web1", f"ip -o address show to {VIP}/32") != ""
    output, errors = asked.communicate(timeout=60)
    assert "=>" in output, output + errors
    assert list(json.loads(output.partition("=>")[2])["answers"][VIP]) == [master]


def test_a_director_that_shall_not_start_at_boot_waits_for_site(cluster):
    cluster.play("site", "--limit", "directors", "--tags", "keepalived", lvs_start_at_boot=False)
    cluster.lab.reboot("lvs1")
    assert cluster.run("lvs1", "systemctl is-active keepalived") == "inactive"
    assert cluster.holders(VIP) == ["lvs2"]
    cluster.play("site", "--limit", "directors", "--tags", "keepalived")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 holds the VIP again")
    assert cluster.run("lvs1", "systemctl is-enabled keepalived") == "enabled"
