# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""doctor.yml on clusters that are configured by hand, by an inventory of hosts alone: no finding while they serve, then what is broken."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from adopting import configured, tiny
from cluster import Cluster, until
from doctor import broken, causes, named_first

pytestmark = [pytest.mark.usefixtures("always_fresh"), pytest.mark.wide]

VIP = "172.28.0.100"
WEB1 = "172.28.0.21"
CONFIGURATION = "/etc/keepalived/keepalived.conf"


@pytest.fixture
def by_hand(cluster: Cluster, tmp_path: Path) -> Callable[..., Cluster]:
    """A function that configures a cluster by hand, and gives it by an inventory of its hosts once it serves and has no finding."""

    def made(directors: str, real_servers: str, *typed_on: str) -> Cluster:
        configured(cluster, directors, real_servers, typed_on)
        until(lambda: set(cluster.ask(VIP)) == {"web1", "web2"}, "both real servers answer through the VIP")
        for director in typed_on:
            until(
                lambda at=director: len(cluster.table(at).get(f"{VIP}:80", {})) == 2,
                f"the table of {director} is whole",
            )
        hosts = tiny(cluster, tmp_path, list(typed_on))
        assert causes(hosts) == []
        return hosts

    return made


def test_keepalived_and_arptables(cluster, by_hand):
    hosts = by_hand("keepalived", "arptables", "lvs1", "lvs2")
    # One of the two keeps the real server silent as well: a question that is let in is answered with its own address.
    rules = (f"INPUT -d {VIP} -j DROP", f"OUTPUT -s {VIP} -j mangle --mangle-ip-s {WEB1}")
    with broken(hosts, "web1", "arptables -F", " && ".join(f"arptables -A {rule}" for rule in rules)):
        named_first(hosts, "vip-on-ethernet", "web1")
    edit = f"sed -i 's/auth_pass {{}}/auth_pass {{}}/' {CONFIGURATION} && systemctl reload keepalived"
    with broken(hosts, "lvs2", edit.format(1111, 2222), edit.format(2222, 1111)):
        until(lambda: len(cluster.holders(VIP)) == 2, "two directors hold the VIP")
        named_first(hosts, "passwords-differ", "lvs2")


def test_a_table_for_direct_routing(cluster, by_hand):
    hosts = by_hand("typed_dr", "silent_lo", "lvs1")
    keys = ("net.ipv4.conf.all.arp_ignore", f"net.ipv4.conf.{cluster.interface('web1')}.arp_ignore")
    off, on = (f"sysctl -w {' '.join(f'{key}={value}' for key in keys)}" for value in (0, 1))
    with broken(hosts, "web1", off, on):
        named_first(hosts, "arp-leak", "web1")


def test_a_table_for_nat(by_hand):
    hosts = by_hand("typed_nat", "gateway", "lvs1")
    forward = "sysctl -w net.ipv4.ip_forward={}"
    with broken(hosts, "lvs1", forward.format(0), forward.format(1)):
        named_first(hosts, "forward-off", "lvs1")


def test_ldirectord_alone(by_hand):
    hosts = by_hand("ldirectord", "silent_lo", "lvs1")
    weight = f"ipvsadm -e -t {VIP}:80 -r {WEB1}:80 -g -w {{}}"
    with broken(hosts, "lvs1", weight.format(0), weight.format(2)):
        named_first(hosts, "table-differs", "lvs1")
