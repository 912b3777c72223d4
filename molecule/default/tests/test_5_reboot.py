# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a reboot of everything the cluster serves again, and no Ansible had to run; no real server answers ARP meanwhile."""

from __future__ import annotations

import json

import pytest
from cluster import until

pytestmark = pytest.mark.usefixtures("fresh")
GIVES_BACK = True

VIP = "172.28.0.100"
# Longer than the nodes need to shut down and to boot, and verify.yml to look at them.
WATCHED_SECONDS = 55


def test_all_directors_and_real_servers_reboot(cluster):
    """Meanwhile the client asks for the VIP ten times a second: nobody but directors may answer."""
    directors, real_servers = cluster.group("directors"), cluster.group("real_servers")
    masters = {cluster.run(node, f"cat /sys/class/net/{cluster.interface(node)}/address") for node in directors}
    asking = {"addresses": [VIP], "count": WATCHED_SECONDS * 10, "timeout": WATCHED_SECONDS}
    asked = cluster.start_module("client1", "arp_probe", asking)
    cluster.lab.reboot(*directors, *real_servers)
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 holds the VIP again")
    until(lambda: set(cluster.ask(VIP, count=6)) == {"web1", "web2", "web3"}, "all real servers answer")
    assert "is held by lvs1" in cluster.play("verify")
    output, errors = asked.communicate(timeout=WATCHED_SECONDS)
    assert "=>" in output, output + errors
    answered = set(json.loads(output.partition("=>")[2])["answers"][VIP])
    assert answered
    assert answered <= masters
