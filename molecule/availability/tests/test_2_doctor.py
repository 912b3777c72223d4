# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sync daemon that is missing, or that a packet filter keeps from hearing, is named first by doctor.yml."""

from __future__ import annotations

import re

import pytest
from doctor import broken, causes, named_first

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.wide]
GIVES_BACK = True

SYNC = "ipvsadm -Ln --daemon"


def test_a_healthy_cluster_has_no_finding(cluster):
    assert causes(cluster) == []


def test_sync_daemons(cluster):
    backup = cluster.group("directors")[1]
    told = cluster.run(backup, SYNC)
    roles = re.findall(r"^(master|backup) sync daemon", told, re.MULTILINE)
    stop = " && ".join(f"ipvsadm --stop-daemon {role}" for role in roles)
    with broken(cluster, backup, stop, "systemctl restart keepalived"):
        named_first(cluster, "sync-missing", backup)
    port = int((re.findall(r"port=(\d+)", told) or ["8848"])[0])
    drop = (
        "nft add table inet doctor && nft 'add chain inet doctor c { type filter hook input priority 0; }'"
        f" && nft 'add rule inet doctor c udp dport {port} drop'"
    )
    with broken(cluster, backup, drop, "nft delete table inet doctor"):
        named_first(cluster, "sync-blocked", backup)
