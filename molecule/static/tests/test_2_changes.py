# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table follows the inventory, survives a reboot, makes way for keepalived, and leaves with the teardown.

Last, another cluster shares the real servers: each leaves without the other.
"""

from __future__ import annotations

import json

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from cluster import Cluster, changed, flat, until

pytestmark = pytest.mark.usefixtures("fresh")

WEB, SHOP, MAIL = "172.28.0.100", "172.28.0.101", "172.28.0.110"
EXTRA = ["172.28.0.102", "172.28.0.103"]
SERVERS = {"web1", "web2", "web3"}


def whole_table(cluster):
    """The table of lvs1 with the thresholds, which "ipvsadm -Sn" leaves out; the kernel lists services in any order."""
    return parse_table(cluster.run("lvs1", "ipvsadm -Sn"), cluster.run("lvs1", "ipvsadm -Ln --thresholds"))


def timeouts(cluster):
    """Seconds after which lvs1 forgets an idle TCP connection, one after a FIN, and a UDP client."""
    return cluster.run("lvs1", "ipvsadm -L --timeout").partition(": ")[2]


def test_a_service_comes_and_goes_while_another_serves(cluster):
    """The other one changes its scheduler meanwhile, there and back."""
    web, _shop = cluster.variable("lvs_services")
    extra = {"name": "extra", "vip": EXTRA, "port": [80, 8080], "scheduler": "rr"}
    with cluster.stream(address=WEB, port=80, rate=20) as stream:
        assert timeouts(cluster) == "3600 120 60"
        cluster.play("site", lvs_services=[web | {"scheduler": "sh"}, extra], lvs_timeouts={})
        assert timeouts(cluster) == "900 120 300"
        for vip in EXTRA:
            assert [set(cluster.ask(vip, port, count=6)) for port in (80, 8080)] == [SERVERS, SERVERS]
        assert f"-A -t {WEB}:80 -s sh" in cluster.run("lvs1", "ipvsadm -Sn").splitlines()
        assert cluster.holders(SHOP) == []
        assert f"{SHOP}:8080" not in cluster.table("lvs1")
        cluster.play("site")
        assert f"-A -t {WEB}:80 -s rr" in cluster.run("lvs1", "ipvsadm -Sn").splitlines()
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert [cluster.holders(vip) for vip in EXTRA] == [[], []]
    assert cluster.holders(SHOP) == ["lvs1"]


@pytest.mark.wide
def test_a_drained_real_server_stays_drained_over_a_reboot(cluster):
    before = whole_table(cluster)

    def weights():
        table = cluster.table("lvs1")
        return [table[f"{WEB}:80"]["172.28.0.22"], table[f"{SHOP}:8080"]["172.28.0.22"]]

    with cluster.stream(address=WEB, port=80, rate=20) as stream:
        cluster.play("drain", real_server="web2")
        assert weights() == [0, 0]
        assert set(changed(cluster.play("site")).values()) == {0}
        cluster.play("verify")
    assert stream["errors"] == {}, stream
    cluster.lab.reboot("lvs1")
    until(lambda: cluster.holders(WEB) == ["lvs1"], "lvs1 has the VIP again")
    assert weights() == [0, 0]
    assert "Without web1 service shop would have no real server" in flat(cluster.fail("drain", real_server="web1"))
    cluster.play("undrain", real_server="web2", steps=2, pause=1)
    # With the thresholds.
    assert whole_table(cluster) == before
    cluster.play("site")


def test_a_reboot_restores_the_table_and_the_vips(cluster):
    before = whole_table(cluster)
    assert len(before.services) == 2
    cluster.lab.reboot("all")
    until(lambda: cluster.holders(WEB) == ["lvs1"], "lvs1 has the VIP again")
    until(lambda: set(cluster.ask(WEB, count=6)) == SERVERS, "all real servers answer")
    assert whole_table(cluster) == before
    assert timeouts(cluster) == "3600 120 60"
    cluster.play("verify")


def test_keepalived_takes_over(cluster, tell):
    """Nobody serves from the start of keepalived, which takes the VIPs away, until it is the master."""
    table = cluster.table("lvs1")
    with cluster.stream(address=WEB, port=80, rate=20, timeout=2) as stream:
        cluster.play("site", lvs_stack="keepalived")
        until(lambda: cluster.holders(WEB) == ["lvs1"], "keepalived serves")
    tell(f"static to keepalived: no answer for {stream['longest_gap']} s")
    # Three adverts and a part of one.
    assert stream["longest_gap"] <= 4.5, stream
    assert set(stream["errors"]) <= {"timeout"}, stream
    assert set(cluster.ask(WEB)) == SERVERS
    assert cluster.table("lvs1") == table
    assert timeouts(cluster) == "3600 120 60"
    assert 'AUTO="false"' in cluster.run("lvs1", "cat /etc/default/ipvsadm")
    assert set(changed(cluster.play("site", lvs_stack="keepalived")).values()) == {0}


@pytest.mark.wide
def test_keepalived_gives_back(cluster):
    """From where the test before left off. The static table takes over what keepalived leaves behind."""
    with cluster.stream(address=WEB, port=80, rate=20) as stream:
        cluster.play("site")
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert cluster.run("lvs1", "systemctl is-active keepalived") == "inactive"
    assert timeouts(cluster) == "3600 120 60"
    assert cluster.run("lvs1", "ip -o address show to 169.254.0.0/16") == ""
    assert set(cluster.ask(WEB)) == SERVERS
    assert set(changed(cluster.play("site")).values()) == {0}


def mail_of(director, cluster, folder):
    """Another cluster, by an inventory of its own, with web2 and web3 as real servers."""
    groups = {"directors": [director], "real_servers": ["web2", "web3"], "clients": ["client1"]}
    services = [{"name": "mail", "vip": MAIL, "port": 80, "scheduler": "rr"}]
    known = cluster.listing["_meta"]["hostvars"]
    children = {
        group: {"hosts": {name: known[name] | {"lvs_services": services} for name in names}}
        for group, names in groups.items()
    }
    file = folder / "hosts.json"
    file.write_text(json.dumps({"all": {"children": children}}))
    return Cluster(file)


@pytest.fixture(scope="module")
def other(cluster, tmp_path_factory):
    """Another cluster: web1 directs there, and web2 and web3 serve both clusters."""
    return mail_of("web1", cluster, tmp_path_factory.mktemp("other"))


def who_answers_arp(cluster, vip):
    """The nodes that answer the client's ARP requests for a VIP."""
    answers = cluster.module("client1", "arp_probe", addresses=[vip], count=3, timeout=2)["answers"][vip]
    nodes = cluster.group("directors") + cluster.group("real_servers")
    macs = {cluster.run(node, f"cat /sys/class/net/{cluster.interface(node)}/address"): node for node in nodes}
    return [macs[mac] for mac in answers]


@pytest.mark.wide
def test_two_clusters_share_real_servers(cluster, other):
    """The first one gets another name meanwhile, and loses nothing."""
    with cluster.stream(address=WEB, port=80, rate=20) as stream:
        other.play("site")
        cluster.play("site", lvs_cluster_name="first")
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    lists = "cd /etc && ls lvs-vip*.conf lvs-test-page*.conf sysctl.d/90-lvs*"
    both = ["lvs-test-page-first.conf", "lvs-test-page-web1.conf", "lvs-test-page.conf"]
    both += ["lvs-vip-first.conf", "lvs-vip-web1.conf"]
    both += ["sysctl.d/90-lvs-real-server-first.conf", "sysctl.d/90-lvs-real-server-web1.conf"]
    assert sorted(cluster.run("web2", lists).split()) == both
    assert set(cluster.ask(WEB)) == SERVERS
    assert set(cluster.ask(MAIL)) == {"web2", "web3"}
    assert (who_answers_arp(cluster, WEB), who_answers_arp(cluster, MAIL)) == (["lvs1"], ["web1"])
    for one, name in ((cluster, "first"), (other, "web1")):
        one.play("verify", lvs_cluster_name=name)
        assert set(changed(one.play("site", lvs_cluster_name=name)).values()) == {0}


@pytest.mark.wide
def test_a_teardown_of_another_cluster_s_director_is_refused(cluster, tmp_path):
    """From where the test before left off: lvs1 directs the first cluster, and web2 and web3 serve both."""
    nodes = ["lvs1", "web2", "web3"]
    state = "find /etc /var/lib/lvs-cluster -newer /run/before; ip -o address; ipvsadm -Sn 2>&1; sysctl -n net.ipv4.ip_forward"
    for node in nodes:
        cluster.run(node, "touch /run/before")
    before = {node: cluster.run(node, state) for node in nodes}
    with cluster.stream(address=WEB, port=80, rate=20) as stream:
        output = flat(mail_of("lvs1", cluster, tmp_path).fail("teardown", lvs_cluster_name="mail"))
    assert "lvs1: it is a director of the cluster first of lvs1 (172.28.0.11), not of the cluster mail" in output
    assert {node: cluster.run(node, state) for node in nodes} == before
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 20


@pytest.mark.wide
def test_a_teardown_leaves_what_another_cluster_needs(cluster, other, fingerprints):
    """From where the test before left off. The inventory has the former name of the first cluster again."""
    with cluster.stream(address=MAIL, port=80, rate=20) as stream:
        cluster.play("teardown")
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 100
    assert (who_answers_arp(cluster, WEB), who_answers_arp(cluster, MAIL)) == ([], ["web1"])
    on_lo = "ip -o address show dev lo scope global | awk '{ print $4 }'; sysctl -n net.ipv4.conf.all.arp_ignore"
    assert {node: cluster.run(node, on_lo).split() for node in sorted(SERVERS)} == {
        "web1": ["0"],
        "web2": [f"{MAIL}/32", "1"],
        "web3": [f"{MAIL}/32", "1"],
    }
    other.play("verify")
    other.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}
