# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VIPs and the way back to the directors move together, whichever arm is lost, while a client asks."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

import pytest
from cluster import flat, until

pytestmark = pytest.mark.usefixtures("fresh")

NAT, GATEWAY, NAT6, _GATEWAY6 = ADDRESSES = ("172.28.1.100", "172.28.2.100", "fd00:28:1::100", "fd00:28:2::100")
IPIP, INNER = "172.28.1.101", "172.28.2.110"
VIPS = [
    NAT,
    NAT6,
    IPIP,
    "172.28.1.102",
    "172.28.1.103",
    "fd00:28:1::101",
    "fd00:28:1::102",
    "fd00:28:1::104",
    "172.28.1.104",
    INNER,
]
# Seconds without an answer. A master that falls silent is missed after three adverts; one that knows that it goes says so, and a
# client whose SYN is lost then sends it again after a second.
SILENT, TOLD = 4.5, 1.5
# Until the checks of a director that was cut off pass again: their interval and timeout.
CHECKED = 4.5


@contextmanager
def gap_of_at_most(cluster, seconds, tell, **vips):
    """Ask services during the block, one of NAT and one of a tunnel unless given: none is without an answer for longer."""
    seen = {}
    with ExitStack() as streams:
        for name, vip in (vips or {"NAT": NAT, "tunnel": IPIP}).items():
            seen[name] = streams.enter_context(cluster.stream(address=vip, port=80, rate=20, timeout=2))
        yield
    for name, stream in seen.items():
        tell(f"{name}: {stream['longest_gap']} s without an answer; of {stream['requests']} lost {stream['errors']}")
    assert max(stream["longest_gap"] for stream in seen.values()) <= seconds, seen


def holds_all(cluster, director, *among):
    """Wait until a director alone, of all or of those named, holds VIPs and gateways."""
    held = [[director]] * len(ADDRESSES)
    until(lambda: [cluster.holders(address, *among) for address in ADDRESSES] == held, f"{director} holds them all")


def both_answer(cluster, *vips):
    for vip in vips:
        until(lambda vip=vip: set(cluster.ask(vip, count=8)) == {"web1", "web2"}, f"both answer by {vip}")


def plug(cluster, name, network):
    """Mend a link that a node knew to be lost, with the routes that went with it."""
    cluster.lab.plug(name, network, seen=True)
    cluster.run(name, "systemctl restart lab-routes")


@pytest.mark.parametrize(("arm", "longest"), [("front", SILENT), ("back", TOLD)])
def test_a_lost_arm_moves_both_sides(cluster, tell, arm, longest):
    holds_all(cluster, "lvs1")
    with gap_of_at_most(cluster, longest, tell):
        cluster.lab.unplug("lvs1", arm, seen=True)
        holds_all(cluster, "lvs2")
        both_answer(cluster, NAT, NAT6, IPIP)
    with gap_of_at_most(cluster, TOLD, tell):
        plug(cluster, "lvs1", arm)
        holds_all(cluster, "lvs1")
        both_answer(cluster, NAT, NAT6, IPIP)


def test_a_switch_between_directors_and_clients_fails(cluster, tell):
    """The master sees nothing of it and keeps what it has, also the gateway of NAT, until it hears the other again."""
    holds_all(cluster, "lvs1")
    with gap_of_at_most(cluster, SILENT, tell, tunnel=IPIP):
        cluster.lab.unplug("lvs1", "front")
        holds_all(cluster, "lvs2", "lvs2")
        both_answer(cluster, IPIP)
    with gap_of_at_most(cluster, CHECKED, tell, tunnel=IPIP):
        cluster.lab.plug("lvs1", "front")
        holds_all(cluster, "lvs1")
        both_answer(cluster, NAT, NAT6, IPIP)
    # Nobody goes by way of the other director any more.
    mac = cluster.run("lvs1", "cat /sys/class/net/front0/address")
    assert mac in cluster.run("client1", f"ip neigh show {NAT}")
    mac = cluster.run("lvs1", "cat /sys/class/net/back0/address")
    for server in cluster.group("real_servers"):
        assert mac in cluster.run(server, f"ip neigh show {GATEWAY}")


def test_the_master_loses_its_power(cluster, tell):
    holds_all(cluster, "lvs1")
    both_answer(cluster, INNER)
    with gap_of_at_most(cluster, SILENT, tell):
        cluster.lab.power_off("lvs1")
        holds_all(cluster, "lvs2", "lvs2")
        both_answer(cluster, NAT, NAT6, IPIP)
        # A VIP is on the interface of its own network. So the client hears there who has it now, before it asks.
        assert " back0 " in cluster.run("lvs2", f"ip -o address show to {INNER}/32")
        mac = cluster.run("lvs2", "cat /sys/class/net/back0/address")
        until(lambda: mac in cluster.run("client1", f"ip neigh show {INNER} dev back0"), "the client knows lvs2")
        both_answer(cluster, INNER)
    with gap_of_at_most(cluster, TOLD, tell):
        cluster.lab.power_on("lvs1")
        holds_all(cluster, "lvs1")
        both_answer(cluster, *VIPS)


@pytest.mark.wide
def test_vrrp_on_a_link_of_its_own_moves_everything_whichever_link_is_lost(cluster, tell):
    """VRRP speaks in `back` then; most VIPs are in `front`."""
    there = {"lvs1": "172.28.2.11", "lvs2": "172.28.2.12"}
    own_link = {"lvs_vrrp_address": f"{{{{ {there}.get(inventory_hostname) }}}}"}
    holds_all(cluster, "lvs1")
    assert "interface is front0 now and would be back0" in flat(cluster.fail("site", **own_link))
    cluster.play("site", **own_link, lvs_accept_outage=True)
    holds_all(cluster, "lvs1")
    told = cluster.module("lvs2", "vrrp_info")["instances"]
    assert {one["interface"] for one in told.values()} == {"back0"}
    for network in ("back", "front"):
        with gap_of_at_most(cluster, SILENT, tell):
            cluster.lab.unplug("lvs1", network, seen=True)
            holds_all(cluster, "lvs2")
            both_answer(cluster, NAT, IPIP)
        plug(cluster, "lvs1", network)
        holds_all(cluster, "lvs1")
        both_answer(cluster, NAT, NAT6, IPIP)
    cluster.play("site", lvs_accept_outage=True)
    holds_all(cluster, "lvs1")


@pytest.mark.parametrize("server", ["web1", pytest.param("web2", marks=pytest.mark.wide)])
def test_a_real_server_serves_by_every_method_after_a_boot(cluster, server):
    cluster.lab.power_off(server)
    cluster.lab.power_on(server)
    both_answer(cluster, *VIPS)
