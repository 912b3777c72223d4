# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a reboot of everything the cluster serves again, and no Ansible had to run."""

from __future__ import annotations

import pytest
from cluster import until


VIP = "172.28.0.100"


def test_all_nodes_reboot(cluster):
    cluster.lab.reboot("all")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 holds the VIP again", 120)
    until(lambda: set(cluster.ask(VIP, count=6)) == {"web1", "web2", "web3"}, "all real servers answer")
    report = cluster.play("verify")
    assert "is held by lvs1" in report
