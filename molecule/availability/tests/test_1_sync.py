# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A director that has missed connections gets to know them all, idle ones as well, before it takes the VIPs back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cluster import Background, Cluster, until

pytestmark = pytest.mark.usefixtures("fresh")

VIP, PORT = "172.28.0.100", 7000  # molecule/shared/talk_server.py
COUNT = 100
# A director has asked, and was told, long before it takes the VIPs back (preempt_delay of the profile fast: 10 s).
TOLD_SECONDS = 15


@contextmanager
def idle_connections(cluster: Cluster, client: str = "client1", count: int = COUNT) -> Iterator[list[dict[str, Any]]]:
    """Connections without any packet during the block; what became of each, when it ends."""
    result: list[dict[str, Any]] = []
    program = Background(cluster, client, "idle_connections.py", VIP, str(PORT), str(count))
    assert program.process.stdout
    assert program.process.stdout.readline().strip() == "open"
    try:
        yield result
    finally:
        result += [json.loads(line) for line in program.stop()]


def known(cluster: Cluster, director: str) -> set[str]:
    """The clients, as in AC1C001F:D431, whose open connections to the service a director knows."""
    column = 'awk \'$3 != "0000" && $5 == "1B58" && $8 == "ESTABLISHED" { print $2 ":" $3 }\' /proc/net/ip_vs_conn'
    return set(cluster.run(director, column).split())


def knows_all(cluster: Cluster, director: str, seconds: float = TOLD_SECONDS) -> None:
    """Wait until a director knows the connections of the client, which are open now."""
    addresses = "ss -Htn state established dst 172.28.0.100 dport = :7000 | awk '{ print $3 }'"
    ports = {f"{int(one.rpartition(':')[2]):04X}" for one in cluster.run("client1", addresses).split()}
    assert len(ports) == COUNT

    def told() -> bool:
        return ports <= {client.partition(":")[2] for client in known(cluster, director)}

    until(told, f"{director} knows all {COUNT} connections", seconds)


def holds(cluster: Cluster, director: str, *among: str) -> None:
    """Wait until a director alone (of all, or of those named, if others have no power) holds the VIP."""
    until(lambda: cluster.holders(VIP, *among) == [director], f"{director} holds {VIP}", 120)


def lost(result: list[dict[str, Any]]) -> list[dict[str, Any]]:
    assert len(result) == COUNT
    return [one for one in result if one["error"]]


@pytest.fixture(autouse=True)
def starts_with_the_first_director(cluster: Cluster) -> None:
    """Whatever the test before has left undone."""
    for director in cluster.group("directors"):
        cluster.lab.power_on(director)
        cluster.run(director, "nft delete table ip lab 2>/dev/null; systemctl start keepalived")
    holds(cluster, "lvs1")


@pytest.mark.wide
def test_idle_connections_go_on_over_a_failover_and_a_failback(cluster):
    with idle_connections(cluster) as result:
        # The kernel collects for up to three seconds before it sends.
        knows_all(cluster, "lvs2")
        cluster.lab.power_off("lvs1")
        holds(cluster, "lvs2", "lvs2")
        cluster.lab.power_on("lvs1")
        # It knows nothing, and no connection has a packet.
        knows_all(cluster, "lvs1")
        holds(cluster, "lvs1")
        # Its own kernel did not hear of them by a packet.
        assert cluster.run("lvs1", "lvs-sync --status | grep -c '^Heard .* of 172.28.0.12 '") == "1"
    assert lost(result) == []


@pytest.mark.wide
def test_a_backup_that_has_booted_knows_them_when_the_master_fails(cluster):
    with idle_connections(cluster) as result:
        cluster.lab.power_off("lvs2")
        cluster.lab.power_on("lvs2")
        knows_all(cluster, "lvs2")
        # Bound to their real servers, so that the new master counts them.
        counted = "ipvsadm -Ln -t 172.28.0.100:7000 | awk '/->/ && !/Remote/ { sum += $5 } END { print sum }'"
        until(lambda: cluster.run("lvs2", counted) == str(COUNT), "lvs2 counts them for their real servers", 20)
        cluster.lab.power_off("lvs1")
        holds(cluster, "lvs2", "lvs2")
    assert lost(result) == []


@pytest.mark.wide
def test_a_backup_whose_keepalived_has_started_again_knows_them(cluster):
    """A stop empties the table, and with it go the connections (net.ipv4.vs.expire_nodest_conn)."""
    with idle_connections(cluster) as result:
        cluster.run("lvs2", "systemctl restart keepalived")
        knows_all(cluster, "lvs2")
        cluster.run("lvs1", "systemctl stop keepalived")
        holds(cluster, "lvs2")
        cluster.run("lvs1", "systemctl start keepalived")
        knows_all(cluster, "lvs1")
        holds(cluster, "lvs1")
    assert lost(result) == []


def test_a_master_that_gives_up_the_vip_tells_its_connections_once_more(cluster):
    """The kernel of the backup hears nothing for a while, as if all messages were lost."""
    drop = "nft 'table ip lab { chain deaf { type filter hook input priority 0; udp dport 8848 drop; }; }'"
    cluster.host("lvs2").run_expect([0], drop)
    with idle_connections(cluster) as result:
        assert known(cluster, "lvs2") == set()
        # A round may come by itself in this moment: then this proves nothing, and does not fail either.
        cluster.host("lvs2").run_expect([0], "nft delete table ip lab")
        cluster.run("lvs1", "systemctl stop keepalived")
        holds(cluster, "lvs2")
        knows_all(cluster, "lvs2", 3)
    assert lost(result) == []


def test_lvs_sync_reads_a_new_configuration_by_itself(cluster):
    answered = "journalctl -u lvs-sync -o cat | grep -c 'has told'"
    process = "systemctl show --property=MainPID --value lvs-sync"
    before, pid = int(cluster.run("lvs2", answered)), cluster.run("lvs2", process)
    cluster.run("lvs2", "touch /etc/lvs-sync.conf")
    until(lambda: int(cluster.run("lvs2", answered)) > before, "lvs-sync has started itself again and was answered", 20)
    assert cluster.run("lvs2", process) == pid
