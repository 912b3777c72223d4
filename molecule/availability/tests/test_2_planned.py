# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planned loses nothing: a move of the VIPs, keepalived stopped and restarted, updates and reboots of every node."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path

import pytest
from cluster import changed, flat, until

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.100"
WEB = "172.28.0.100:80"
OPEN = 20
PREFERRED = "/run/lvs-preferred"
RECORD = "/var/lib/lvs-cluster/rolling-update"
ONLY_KEEPALIVED = ("--limit", "directors", "--tags", "keepalived")
# A host with this file is made unwell by the user's own tasks.
FLAG = "/run/make-unwell"
NODES = ["lvs1", "lvs2", "web1", "web2", "web3"]
# The nodes reach no mirror of packages.
WITHOUT_PACKAGES = {"rolling_update_packages": False, "director_drain_timeout": 5}
# keepalived as it is in the node's own archive, with a higher version. Without its Release file the archive may have changed.
NEWER = """cd /srv/packages && rm Release
dpkg-deb --raw-extract keepalived_*.deb /tmp/newer
sed -i 's/^Version: .*/&+newer/' /tmp/newer/DEBIAN/control
dpkg-deb --build -Znone /tmp/newer keepalived-newer.deb && rm -r /tmp/newer
{ echo; dpkg-deb --field keepalived-newer.deb; echo "Filename: ./keepalived-newer.deb"
  echo "Size: $(stat --format=%s keepalived-newer.deb)"; echo "SHA256: $(sha256sum keepalived-newer.deb | cut -d' ' -f1)"
} >> Packages"""


@contextmanager
def nothing_lost(cluster, at_least=100):
    """A stream of requests during the block, each of which is answered."""
    with cluster.stream(address=VIP, port=80, rate=50, timeout=2) as stream:
        yield
    assert stream["errors"] == {}, json.dumps(stream)
    assert stream["answered"] == stream["requests"] > at_least, json.dumps(stream)


@contextmanager
def connections_go_on(cluster, other):
    """Connections that stay open and are used during the block; it begins when the director that takes over knows them."""
    with cluster.connections(VIP, count=OPEN) as talks:
        until(lambda: cluster.knows_the_connections(other, VIP), f"{other} knows the open connections")
        yield
    assert len(talks) == OPEN
    assert [talk for talk in talks if talk["error"]] == []


def preferred(cluster):
    """The directors that a planned move has preferred."""
    return [name for name in cluster.group("directors") if cluster.run(name, f"cat {PREFERRED} 2>/dev/null")]


def state(cluster):
    """What a refused move may not change."""
    return cluster.holders(VIP), preferred(cluster)


def complete(cluster, *directors):
    """Whether the tables have every real server."""
    return all(len(table.get(WEB, {})) == 3 and all(table[WEB].values()) for table in map(cluster.table, directors))


@pytest.fixture(autouse=True)
def starts_with_the_first_director(cluster):
    for director in cluster.group("directors"):
        cluster.run(director, f"rm -f {PREFERRED} /run/lvs-stand-by; systemctl start keepalived")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP")
    until(lambda: complete(cluster, "lvs1", "lvs2"), "both tables are complete")
    yield
    # Whatever a test left undone.
    for node in NODES:
        cluster.run(node, f"rm -f {FLAG}; ip route flush type blackhole; ip route flush type unreachable")


@pytest.mark.wide
def test_there_and_back(cluster):
    with nothing_lost(cluster, 500), connections_go_on(cluster, "lvs2"), cluster.one_owner(VIP):
        told = flat(cluster.play("failover", to="lvs2"))
        assert f"lvs2 holds all VIPs ({VIP}" in told, told[-3000:]
        assert "in place of lvs1" in told
        assert state(cluster) == (["lvs2"], ["lvs2"])
        assert complete(cluster, "lvs1", "lvs2")

        told = flat(cluster.play("failover", to="lvs1"))
        assert "lvs1 holds all VIPs" in told, told[-3000:]
        assert "by its own priority" in told, told[-3000:]
        assert state(cluster) == (["lvs1"], [])


@pytest.mark.wide
def test_a_move_is_shown_before_and_stays_until_it_is_ended(cluster):
    assert "lvs2 would hold all VIPs" in flat(cluster.play("failover", "--check", to="lvs2"))
    assert state(cluster) == (["lvs1"], [])
    cluster.play("failover", to="lvs2")
    again = cluster.play("failover", to="lvs2")
    assert "lvs2 already holds all VIPs" in flat(again)
    assert set(changed(again).values()) == {0}
    for director in cluster.group("directors"):
        cluster.run(director, "systemctl reload keepalived")
    assert "lvs2 is preferred by a planned move" in flat(cluster.play("verify"))
    assert state(cluster) == (["lvs2"], ["lvs2"])


@pytest.mark.wide
def test_where_a_higher_priority_moves_nothing_the_master_gives_up(cluster):
    variables = {"lvs_vrrp": {**cluster.variable("lvs_vrrp"), "preempt": False}}
    cluster.play("site", *ONLY_KEEPALIVED, **variables)
    try:
        with nothing_lost(cluster), connections_go_on(cluster, "lvs2"):
            cluster.play("failover", to="lvs2", **variables)
            assert cluster.holders(VIP) == ["lvs2"]
            assert cluster.run("lvs1", "cat /run/lvs-stand-by 2>/dev/null") == ""
            cluster.play("failover", to="lvs1", **variables)
            assert state(cluster) == (["lvs1"], [])
    finally:
        cluster.play("site", *ONLY_KEEPALIVED)


def test_no_such_director(cluster):
    told = flat(cluster.fail("failover", to="web1"))
    assert "to is web1, which is no director: name one of lvs1 and lvs2" in told, told[-3000:]
    assert "Nothing was changed" in told
    assert state(cluster) == (["lvs1"], [])


@pytest.mark.wide
def test_a_director_that_is_not_fit_is_refused_with_every_reason(cluster):
    web1 = cluster.address("web1")
    # Not a blackhole: keepalived takes its error for one of its own, and keeps the real server.
    cluster.host("lvs2").run_expect([0], f"ip route add unreachable {web1}/32; echo 1 > /run/lvs-stand-by")
    until(lambda: not cluster.table("lvs2")[WEB].get(web1), "the check of web1 fails on lvs2")
    until(
        lambda: "FAULT" in cluster.run("lvs2", "journalctl --unit=keepalived --lines=20"), "lvs2 is in the state FAULT"
    )
    told = flat(cluster.fail("failover", to="lvs2"))
    assert f"real server {web1} of {WEB}/tcp is in the table of lvs1" in told, told[-3000:]
    assert "lvs2 stands by: remove /run/lvs-stand-by there" in told
    assert "is in the state fault on lvs2" in told
    assert "lvs2 is not fit for the VIPs. Nothing was changed." in told
    assert state(cluster) == (["lvs1"], [])


@pytest.mark.wide
@pytest.mark.parametrize(
    "command",
    [
        "systemctl restart keepalived",
        # What an update of the package runs.
        "dpkg-reconfigure --frontend=noninteractive keepalived",
    ],
    ids=["restarted", "updated"],
)
def test_keepalived_restarted_and_updated_on_the_master_loses_nothing(cluster, command):
    started = "systemctl show keepalived --property=ActiveEnterTimestampMonotonic"
    before = cluster.run("lvs1", started)
    with nothing_lost(cluster), connections_go_on(cluster, "lvs2"), cluster.one_owner(VIP):
        cluster.run("lvs1", command)
        assert cluster.run("lvs1", started) != before
        until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP again")
        until(lambda: complete(cluster, "lvs1", "lvs2"), "both tables are complete")


@pytest.mark.wide
def test_every_node_is_updated_and_rebooted_and_nothing_is_lost(cluster):
    boots = {node: cluster.run(node, "cat /proc/sys/kernel/random/boot_id") for node in NODES}
    with nothing_lost(cluster, 1000):
        told = flat(cluster.play("rolling_update", **WITHOUT_PACKAGES, rolling_update_reboot="always"))
    assert "is complete: web1, web2, web3, lvs2, lvs1" in told, told[-3000:]
    now = {node: cluster.run(node, "cat /proc/sys/kernel/random/boot_id") for node in NODES}
    assert [node for node in NODES if now[node] == boots[node]] == []
    assert state(cluster) == (["lvs1"], [])


@pytest.mark.wide
def test_keepalived_is_upgraded_on_every_director_and_nothing_is_lost(cluster):
    """One of them holds its package, so that it is upgraded by nothing else."""
    directors = cluster.group("directors")
    for director in directors:
        cluster.host(director).run_expect([0], f"set -e; {NEWER}")
    cluster.run("lvs1", "apt-mark hold keepalived")
    with nothing_lost(cluster, 500), cluster.one_owner(VIP):
        told = flat(
            cluster.play(
                "rolling_update",
                rolling_update_hosts=directors,
                rolling_update_reboot="never",
                director_drain_timeout=5,
            )
        )
    assert "is complete: lvs2, lvs1" in told, told[-3000:]
    for director in directors:
        assert cluster.run(director, "dpkg-query --show --showformat='${Version}' keepalived").endswith("+newer")
    assert cluster.run("lvs1", "apt-mark showhold") == "keepalived"
    assert state(cluster) == (["lvs1"], [])


@pytest.fixture
def own_tasks(cluster, tmp_path) -> Path:
    """Tasks of the user's own: they count their runs, and cut a host with the flag off from the directors."""
    directors = [cluster.address(director) for director in cluster.group("directors")]
    routes = "; ".join(f"ip route replace blackhole {address}/32" for address in directors)
    file = tmp_path / "own.yml"
    file.write_text(
        f"""---
- name: Count the runs, and cut the host off
  ansible.builtin.shell: |
    echo run >> /run/own-runs
    [ ! -e {FLAG} ] || {{ {routes}; }}
"""
    )
    for node in NODES:
        cluster.run(node, "rm -f /run/own-runs")
    return file


@pytest.mark.wide
def test_another_one_may_be_drained_during_an_update(cluster, tmp_path):
    """The real server that is under update must not get its weight back by that, just before it reboots."""
    file = tmp_path / "own.yml"
    file.write_text(
        """---
- name: Drain another one, as somebody may
  ansible.builtin.shell: lvs-drain web3 --reason disk && ipvsadm -Sn >/run/during-the-update
  delegate_to: "{{ item }}"
  loop: [lvs1, lvs2]
"""
    )
    try:
        with nothing_lost(cluster):
            cluster.play(
                "rolling_update",
                **WITHOUT_PACKAGES,
                rolling_update_hosts=["web1"],
                rolling_update_reboot="never",
                rolling_update_tasks=str(file),
            )
        during = cluster.run("lvs1", "cat /run/during-the-update").splitlines()
        for server in ("web1", "web3"):
            weights = [line.split() for line in during if f" -r {cluster.address(server)}:" in line]
            assert weights, during
            assert {line[line.index("-w") + 1] for line in weights} == {"0"}, during
        web1, web3 = cluster.address("web1"), cluster.address("web3")
        until(lambda: cluster.table("lvs1")[WEB][web1] > 0, "web1 has its weight again")
        assert cluster.table("lvs1")[WEB][web3] == 0
    finally:
        cluster.play("undrain", real_server="web3")
    assert state(cluster) == (["lvs1"], [])


def runs(cluster):
    return {node: cluster.run(node, "grep -c run /run/own-runs 2>/dev/null") or "0" for node in NODES}


@pytest.mark.wide
def test_it_stops_at_a_host_that_does_not_serve_as_before_and_goes_on_there(cluster, own_tasks):
    options = {
        **WITHOUT_PACKAGES,
        "rolling_update_reboot": "never",
        "rolling_update_tasks": str(own_tasks),
        "rolling_update_id": "stop-and-go",
        "rolling_update_health_timeout": 20,
    }
    cluster.run("web2", f"touch {FLAG}")
    with nothing_lost(cluster, 500):
        told = flat(cluster.fail("rolling_update", **options))
        assert "web2 is next" in told, told[-3000:]
        assert "web3 is next" not in told
        assert runs(cluster) == {"lvs1": "0", "lvs2": "0", "web1": "1", "web2": "1", "web3": "0"}
        assert cluster.run("web1", f"cat {RECORD}") == "stop-and-go"
        assert cluster.run("web2", f"cat {RECORD}") != "stop-and-go"

        cluster.run("web2", f"rm {FLAG}; ip route flush type blackhole")
        until(lambda: len(cluster.table("lvs1")[WEB]) == 3, "the checks of web2 pass on lvs1")
        until(lambda: len(cluster.table("lvs2")[WEB]) == 3, "the checks of web2 pass on lvs2")
        told = flat(cluster.play("rolling_update", **options))
    assert "Done before: web1." in told, told[-3000:]
    assert runs(cluster) == {"lvs1": "1", "lvs2": "1", "web1": "1", "web2": "2", "web3": "1"}
    assert complete(cluster, "lvs1", "lvs2")
    assert state(cluster) == (["lvs1"], [])
