# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table without a daemon: what is broken is named first by doctor.yml, and the healthy cluster has no finding."""

from __future__ import annotations

import pytest
from doctor import broken, causes, named_first

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.wide]
GIVES_BACK = True

VIP = "172.28.0.100"


def test_a_healthy_cluster_has_no_finding(cluster):
    assert causes(cluster) == []


def test_what_is_broken_is_named_first(cluster):
    with broken(cluster, "web1", f"ip address del {VIP}/32 dev lo", f"ip address add {VIP}/32 dev lo"):
        named_first(cluster, "vip-missing", "web1")
    (director,) = cluster.group("directors")
    device = cluster.interface(director)
    with broken(cluster, director, f"ip address del {VIP}/32 dev {device}", f"ip address add {VIP}/32 dev {device}"):
        named_first(cluster, "no-master", director)
