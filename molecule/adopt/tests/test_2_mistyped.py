# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration with mistyped words, which keepalived skips: the VIP has no service. firewalld redirects on the real servers."""

from __future__ import annotations

import pytest
from adopting import LAB, configured, site
from cluster import changed, flat, until

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.wide]

VIP = "172.28.0.100"


def test_what_was_meant_is_served_after_it(cluster, adopt):
    configured(cluster, "mistyped", "firewalld")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 has the VIP")
    assert cluster.table("lvs1") == {}
    with cluster.one_owner(VIP):
        adopted, told = adopt("lvs1", "lvs2")
        assert "virtusl_server is no word of keepalived" in flat(told)
        site(adopted, lvs_take_over=True)
    assert cluster.holders(VIP) == ["lvs1"]
    assert len(set(cluster.ask(VIP))) == 1  # by persistence
    assert set(cluster.table("lvs1")[f"{VIP}:80"]) == {"172.28.0.21", "172.28.0.22"}
    assert set(changed(site(adopted)).values()) == {0}
    adopted.play("verify", **LAB)
