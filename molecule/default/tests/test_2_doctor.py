# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing is broken on the nodes, and doctor.yml names it before all others. The healthy cluster has no finding."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

import pytest
from cluster import Background, until
from doctor import broken, causes, named_first

pytestmark = pytest.mark.usefixtures("fresh")
GIVES_BACK = True

VIP = "172.28.0.100"
CONFIGURATION = "/etc/keepalived/keepalived.conf"
SECRETS = "/etc/keepalived/lvs-secrets.conf"
FILTER = "nft add table inet doctor && nft 'add chain inet doctor c {{ type filter hook {hook} priority 0; }}' && nft 'add rule inet doctor c {rule}'"
UNFILTER = "nft delete table inet doctor"
# Answers the health check, which asks the node's own address, and nobody who asks for the VIP.
PICKY = f"""
import http.server
class Picky(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if self.headers.get("Host", "").startswith("{VIP}") else 200)
        self.end_headers()
        self.wfile.write(b"web1 ok")
http.server.ThreadingHTTPServer(("", 8180), Picky).serve_forever()
"""


def sysctl(cluster, node, key, value):
    """A sysctl has another value during the block."""
    former = cluster.run(node, f"sysctl -n {key}")
    return broken(cluster, node, f"sysctl -w {key}={value}", f"sysctl -w {key}='{former}'")


def filtered(cluster, node, hook, rule):
    return broken(cluster, node, FILTER.format(hook=hook, rule=rule), UNFILTER)


@contextmanager
def edited(cluster, node, file, script, read="systemctl reload keepalived"):
    """A file of keepalived is edited during the block, and keepalived reads it."""
    edit = f"cp -p {file} /root/kept && sed -i '{script}' {file} && ! cmp -s {file} /root/kept && {read}"
    with broken(
        cluster,
        node,
        edit,
        f"cp -p /root/kept {file} && touch {file} && systemctl reload keepalived && touch /run/keepalived.pid",
    ):
        yield


@pytest.fixture(scope="module")
def nftables(cluster):
    """The nodes that get a packet filter have its program. No role of this cluster installs it."""
    nodes = ["lvs1", "lvs2", "web1"]
    for node in nodes:
        cluster.host(node).run_expect([0], "apt-get install --yes --no-install-recommends nftables")
    yield
    for node in nodes:
        cluster.host(node).run_expect([0], "apt-get purge --yes nftables && apt-get autoremove --yes --purge")


def serves_as_before(cluster):
    # The client may have heard another owner.
    cluster.run("client1", f"ip neigh flush to {VIP}")
    until(lambda: cluster.holders(VIP) == ["lvs1"], "lvs1 alone holds the VIP")
    until(lambda: set(cluster.ask(VIP, count=6)) == {"web1", "web2", "web3"}, "all real servers answer")
    until(
        lambda: all(len(cluster.table(director).get(f"{VIP}:80", {})) == 3 for director in cluster.group("directors")),
        "tables are whole",
    )


def test_a_healthy_cluster_has_no_finding_and_a_leak_and_a_missing_vip_are_named_first(cluster):
    assert causes(cluster) == []
    with sysctl(cluster, "web1", "net.ipv4.conf.all.arp_ignore", 0):
        named_first(cluster, "arp-leak", "web1")
    with broken(cluster, "web2", f"ip address del {VIP}/32 dev lo", f"ip address add {VIP}/32 dev lo"):
        named_first(cluster, "vip-missing", "web2")
    serves_as_before(cluster)


@pytest.mark.wide
def test_twenty_runs_on_a_healthy_cluster_find_nothing(cluster):
    assert [causes(cluster) for _run in range(20)] == [[]] * 20


@pytest.mark.wide
def test_places_of_vips(cluster):
    add = f"ip address add {VIP}/32 dev lo"
    take = f"ip address del {VIP}/32 dev lo"
    with broken(
        cluster, "web1", f"{take} && ip address add {VIP}/32 dev lan0", f"ip address del {VIP}/32 dev lan0; {add}"
    ):
        named_first(cluster, "vip-on-ethernet", "web1")
    with broken(cluster, "web1", f"{take} && ip address add {VIP}/24 dev lo", f"ip address del {VIP}/24 dev lo; {add}"):
        named_first(cluster, "wrong-prefix", "web1")
    with broken(cluster, "client1", f"ip address add {VIP}/32 dev lan0", f"ip address del {VIP}/32 dev lan0"):
        named_first(cluster, "vip-stranger")
    with edited(cluster, "lvs1", CONFIGURATION, f"s,{VIP}/32 dev lan0,{VIP}/32 dev mgmt0,"):
        until(lambda: cluster.run("lvs1", f"ip -o address show dev mgmt0 to {VIP}/32"), "the VIP is on mgmt0")
        named_first(cluster, "vip-wrong-interface", "lvs1")
    serves_as_before(cluster)


@pytest.mark.wide
def test_settings_of_real_servers(cluster, nftables):
    with sysctl(cluster, "web1", "net.ipv4.conf.all.arp_announce", 0):
        named_first(cluster, "arp-announce", "web1")
    elsewhere = f"ip route {{}} {cluster.address('client1')}/32 dev mgmt0"
    strict = sysctl(cluster, "web1", "net.ipv4.conf.all.rp_filter", 1)
    with broken(cluster, "web1", elsewhere.format("add"), elsewhere.format("del")), strict:
        named_first(cluster, "rp-filter", "web1")
    with broken(cluster, "web1", "systemctl stop lvs-test-page", "systemctl start lvs-test-page"):
        named_first(cluster, "not-listening", "web1")
    own = f"systemd-run --unit=own python3 -m http.server 80 --bind {cluster.address('web1')}"
    with broken(
        cluster, "web1", f"systemctl stop lvs-test-page && {own}", "systemctl stop own; systemctl start lvs-test-page"
    ):
        named_first(cluster, "not-listening", "web1")
    with filtered(cluster, "web1", "input", f"ip daddr {VIP} tcp dport 80 drop"):
        named_first(cluster, "filter-drops", "web1")
    serves_as_before(cluster)
    with broken(cluster, "web1", "date -s '+1 hour'", "date -s '-1 hour'"):
        named_first(cluster, "clock", "web1")


@pytest.mark.wide
def test_two_owners_of_which_one_is_no_master(cluster):
    with broken(cluster, "lvs2", f"ip address add {VIP}/32 dev lan0", f"ip address del {VIP}/32 dev lan0"):
        named_first(cluster, "two-masters", "lvs1", "lvs2")
    serves_as_before(cluster)


@pytest.mark.wide
def test_a_director_in_fault_and_clients_that_are_refused(cluster):
    def states():
        return {instance["state"] for instance in cluster.module("lvs2", "vrrp_info")["instances"].values()}

    with broken(cluster, "lvs2", "echo 1 > /run/lvs-stand-by", "rm /run/lvs-stand-by"):
        until(lambda: states() == {"fault"}, "lvs2 is in fault")
        named_first(cluster, "instance-fault", "lvs2")
    until(lambda: states() == {"backup"}, "lvs2 is a backup again")
    server = f"ipvsadm -e -t {VIP}:80 -r {cluster.address('web1')}:80 -g -w"
    bound = f"ipvsadm -E -t {VIP}:80 -s sh && {server} 0"
    with broken(cluster, "lvs3", bound, f"{server} 1; ipvsadm -E -t {VIP}:80 -s rr"):
        named_first(cluster, "clients-refused", "lvs3")
    serves_as_before(cluster)


@pytest.mark.wide
def test_directors_that_do_not_hear_or_understand_each_other(cluster, nftables):
    def two():
        until(lambda: len(cluster.holders(VIP)) > 1, "two directors hold the VIP")

    with broken(cluster, "lvs2", FILTER.format(hook="input", rule="ip protocol 112 drop"), UNFILTER, until_broken=two):
        named_first(cluster, "vrrp-blocked", "lvs2")
    serves_as_before(cluster)
    with broken(cluster, "lvs1", FILTER.format(hook="output", rule="ip protocol 112 drop"), UNFILTER, until_broken=two):
        named_first(cluster, "vrrp-blocked", "lvs1")
    serves_as_before(cluster)
    for key, file, script in (
        ("passwords-differ", SECRETS, "s/labpass/another/"),
        ("router-ids-differ", CONFIGURATION, "s/virtual_router_id 100/virtual_router_id 99/"),
        ("adverts-differ", CONFIGURATION, "s/advert_int 1$/advert_int 3/"),
    ):
        with edited(cluster, "lvs2", file, script):
            two()
            named_first(cluster, key, "lvs2")
        serves_as_before(cluster)
    sender = Background(cluster, "client1", "adverts.py", cluster.address("client1"), "100")
    try:
        named_first(cluster, "router-id-shared", "lvs1")
    finally:
        sender.stop()


@pytest.mark.wide
def test_configurations_and_tables(cluster):
    with edited(cluster, "lvs3", CONFIGURATION, "s/weight 3/weight 5/", read="true"):
        named_first(cluster, "not-reloaded", "lvs3")
    with edited(cluster, "lvs3", CONFIGURATION, "s/lvs_sched rr/lvs_sched wlc/"):
        until(lambda: f"-A -t {VIP}:80 -s wlc" in cluster.run("lvs3", "ipvsadm -Sn"), "lvs3 has another scheduler")
        named_first(cluster, "configurations-differ", "lvs3")
    serves_as_before(cluster)
    with broken(cluster, "lvs3", f"ipvsadm -E -t {VIP}:80 -s wlc", f"ipvsadm -E -t {VIP}:80 -s rr"):
        named_first(cluster, "table-differs", "lvs3")
    # With systemctl the reload fails, because keepalived -t refuses this. Without, keepalived takes the port of the service.
    signal = "kill -HUP $(cat /run/keepalived.pid) && touch /run/keepalived.pid"
    wrong = "0,/real_server 172.28.0.21 80 /s//real_server 172.28.0.21 8080 /"
    with ExitStack() as all_directors:
        for director in cluster.group("directors"):
            all_directors.enter_context(edited(cluster, director, CONFIGURATION, wrong, read=signal))
        named_first(cluster, "port-mismatch", "lvs1")
    serves_as_before(cluster)
    module = cluster.run("lvs3", "modinfo --filename ip_vs_rr")
    gone = f"systemctl stop keepalived && ipvsadm -C && rmmod ip_vs_rr && mv {module} /root/ && depmod && systemctl start keepalived"
    back = f"mv /root/ip_vs_rr.ko {module} && depmod && systemctl restart keepalived"
    with broken(cluster, "lvs3", gone, back):
        until(lambda: cluster.table("lvs3"), "lvs3 has the services with other schedulers")
        named_first(cluster, "scheduler-missing", "lvs3")
    serves_as_before(cluster)
    with broken(cluster, "lvs2", "systemctl stop keepalived", "systemctl start keepalived"):
        named_first(cluster, "daemon-stopped", "lvs2")
    serves_as_before(cluster)


@pytest.mark.wide
def test_kernels_and_filters_of_directors(cluster, nftables):
    with sysctl(cluster, "lvs1", "net.ipv4.vs.conn_reuse_mode", 0):
        named_first(cluster, "conn-reuse", "lvs1")
    with filtered(cluster, "lvs1", "input", f"ip daddr {VIP} tcp dport 80 drop"):
        named_first(cluster, "filter-drops", "lvs1")
    tracked = sysctl(cluster, "lvs1", "net.ipv4.vs.conntrack", 1)
    with tracked, filtered(cluster, "lvs1", "input", "ct state invalid drop"):
        named_first(cluster, "conntrack", "lvs1")
    serves_as_before(cluster)


@pytest.mark.wide
def test_checks_and_users_that_see_something_else(cluster, nftables):
    wrong = f"/^virtual_server {VIP} 80 /,/^}}/s,path /$,path /nowhere,"
    with ExitStack() as all_directors:
        for director in cluster.group("directors"):
            all_directors.enter_context(edited(cluster, director, CONFIGURATION, wrong))
        until(lambda: not cluster.table("lvs1").get(f"{VIP}:80"), "no check of the service passes")
        named_first(cluster, "checks-fail")
    serves_as_before(cluster)
    # The real server's port leads to a server that knows only the address that checks ask.
    start = f"cat > /run/picky.py <<'END'\n{PICKY}\nEND\nsystemd-run --unit=picky python3 /run/picky.py"
    redirect = (
        "nft add table ip doctor && nft 'add chain ip doctor c { type nat hook prerouting priority dstnat; }'"
        " && nft 'add rule ip doctor c tcp dport 80 redirect to :8180'"
    )
    with broken(cluster, "web1", f"{start} && {redirect}", "systemctl stop picky; nft delete table ip doctor"):
        until(lambda: "web1 ok" in " ".join(cluster.ask(VIP, count=6)), "web1 answers users with an error")
        named_first(cluster, "users-fail")
    serves_as_before(cluster)
