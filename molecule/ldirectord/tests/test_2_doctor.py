# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ldirectord and heartbeat: what is broken is named first by doctor.yml, and the healthy cluster has no finding."""

from __future__ import annotations

import pytest
from cluster import until
from doctor import broken, causes, named_first

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.wide]
GIVES_BACK = True

VIP = "172.28.0.101"
CONFIGURATION = "/etc/ha.d/ldirectord.cf"


def test_a_healthy_cluster_has_no_finding(cluster):
    assert causes(cluster) == []


def test_what_is_broken_is_named_first(cluster):
    with broken(cluster, "web1", f"ip address del {VIP}/32 dev lo", f"ip address add {VIP}/32 dev lo"):
        named_first(cluster, "vip-missing", "web1")
    (passive,) = [director for director in cluster.group("directors") if director not in cluster.holders(VIP)]
    edit = f"cp -p {CONFIGURATION} /root/kept && sed -i 's/scheduler=rr/scheduler=wlc/' {CONFIGURATION}"
    with broken(cluster, passive, edit, f"cp -p /root/kept {CONFIGURATION}"):
        named_first(cluster, "configurations-differ", passive)
    (active,) = cluster.holders(VIP)
    delete = f"ipvsadm -D -t {VIP}:80"
    with broken(cluster, active, delete, "systemctl restart lvs-heal"):
        named_first(cluster, "table-differs", active)
    until(lambda: len(cluster.table(active).get(f"{VIP}:80", {})) == 2, "the service is back")
    with broken(cluster, passive, "systemctl stop heartbeat", "systemctl start heartbeat"):
        named_first(cluster, "daemon-stopped", passive)
