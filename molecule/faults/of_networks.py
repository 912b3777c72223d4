# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the networks: links, packets, directors that do not hear each other, and a stranger among them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from faults.fault import fault
from faults.of_directors import KEEPALIVED
from faults.scene import FRONT, INSIDE, Scene

SYNC_PORT = 8848
BLOCK_SYNC = f"""nft -f - <<'RULES'
table bridge lvs_no_sync {{
chain forward {{
type filter hook forward priority 0
ether type ip udp dport {SYNC_PORT} drop
}}
}}
RULES"""


def cut(scene: Scene, network: str, *, seen: bool) -> Iterator[None]:
    scene.lab.unplug(scene.master, network, seen=seen)
    yield
    scene.lab.plug(scene.master, network, seen=seen)


@fault("front-carrier-lost", "the master's link to the clients lost, with its carrier; mended")
def front_carrier_lost(scene: Scene) -> Iterator[None]:
    yield from cut(scene, FRONT, seen=True)


@fault("front-link-lost", "the same, but a switch further away fails: the carrier stays", splits=True)
def front_link_lost(scene: Scene) -> Iterator[None]:
    yield from cut(scene, FRONT, seen=False)


@fault("inside-carrier-lost", "the master's link to the real servers of NAT lost, with its carrier; mended")
def inside_carrier_lost(scene: Scene) -> Iterator[None]:
    yield from cut(scene, INSIDE, seen=True)


@fault("inside-link-lost", "the same, but the carrier stays")
def inside_link_lost(scene: Scene) -> Iterator[None]:
    yield from cut(scene, INSIDE, seen=False)


def impaired(scene: Scene, effect: str) -> Iterator[None]:
    scene.lab.impair(scene.master, FRONT, effect)
    yield
    scene.lab.impair(scene.master, FRONT, "")


@fault("loss-30", "30 % of what the master sends is lost for 15 s", hold=15, splits=True)
def loss(scene: Scene) -> Iterator[None]:
    yield from impaired(scene, "loss 30%")


@fault("delay-200ms", "what the master sends is 200 ms late for 15 s", hold=15, splits=True)
def delay(scene: Scene) -> Iterator[None]:
    yield from impaired(scene, "delay 200ms")


@fault(
    "busy-and-lossy",
    "for an hour two programs on each director take all of its CPU, and 2 % of what the directors send is lost",
    hold=3600,
    soak=False,
    named=True,
)
def busy_and_lossy(scene: Scene) -> Iterator[None]:
    with ExitStack() as running:
        for director in scene.directors:
            running.enter_context(scene.on_node(director, "busy_cpu.py", "2"))
            scene.lab.impair(director, FRONT, "loss 2%")
            running.callback(scene.lab.impair, director, FRONT, "")
        yield


def parted(scene: Scene) -> Iterator[None]:
    with scene.lab.partition([scene.master], [scene.backup]):
        yield


@fault("partition-multicast", "the directors do not hear each other, all others hear both", splits=True)
def partition_multicast(scene: Scene) -> Iterator[None]:
    yield from parted(scene)


@contextmanager
def unicast(scene: Scene) -> Iterator[None]:
    with scene.deployed(lvs_vrrp={**scene.cluster.variable("lvs_vrrp"), "unicast": True}, lvs_accept_outage=True):
        yield


@fault(
    "partition-unicast",
    "the same, with adverts by unicast",
    splits=True,
    soak=False,
    stacks=KEEPALIVED,
    around=unicast,
)
def partition_unicast(scene: Scene) -> Iterator[None]:
    yield from parted(scene)


@fault("sync-link-lost", "nothing that the sync daemons send arrives for 15 s", hold=15)
def sync_link_lost(scene: Scene) -> Iterator[None]:
    scene.lab.machine.switch(BLOCK_SYNC)
    yield
    scene.lab.machine.switch("nft delete table bridge lvs_no_sync")


@fault(
    "same-router-id", "a second cluster appears, with the same virtual router and a higher priority", stacks=KEEPALIVED
)
def same_router_id(scene: Scene) -> Iterator[None]:
    stranger = scene.clients[-1]
    router = scene.run(
        scene.master, "awk '$1 == \"virtual_router_id\" { print $2; exit }' /etc/keepalived/keepalived.conf"
    )
    with scene.on_node(stranger, "second_cluster.py", scene.cluster.address(stranger), router, "172.28.0.250"):
        yield
