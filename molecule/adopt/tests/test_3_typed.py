# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables that were typed on one director, which a reboot would have lost."""

from __future__ import annotations

import pytest
from adopting import LAB, configured, site
from cluster import changed, until

pytestmark = [pytest.mark.usefixtures("always_fresh"), pytest.mark.wide]

VIP = "172.28.0.100"
WEB = {"web1", "web2"}


def taken_over(cluster, adopt, directors, real_servers, ports=(80,)):
    """Take a typed table over while the client asks, which loses nothing; both real servers answer before it and after a reboot.

    By persistence one of them alone does, if there are several ports.
    """

    def answers():
        found = {name for port in ports for name in cluster.ask(VIP, port)}
        return found == WEB if len(ports) == 1 else len(found) == 1 and found <= WEB

    configured(cluster, directors, real_servers, ("lvs1",))
    until(answers, "the real servers answer through the VIP")
    before = cluster.run("lvs1", "ipvsadm -Sn")
    with cluster.stream(address=VIP, port=80, rate=20) as stream:
        adopted, _told = adopt("lvs1")
        site(adopted, lvs_take_over=True)
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert cluster.run("lvs1", "ipvsadm -Sn") == before
    assert set(changed(site(adopted)).values()) == {0}
    adopted.play("verify", **LAB)
    cluster.lab.reboot("lvs1")
    until(answers, "the real servers answer again")


def test_direct_routing(cluster, adopt):
    taken_over(cluster, adopt, "typed_dr", "silent_lo")


def test_nat(cluster, adopt):
    taken_over(cluster, adopt, "typed_nat", "gateway")


def test_two_ports_by_a_firewall_mark(cluster, adopt):
    taken_over(cluster, adopt, "typed_mark", "silent_lo", ports=(80, 443))
