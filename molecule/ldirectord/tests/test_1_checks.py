# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ldirectord makes of its configuration and of its checks, and what a client sees of it."""

from __future__ import annotations

import json
from contextlib import contextmanager

import jinja2
import pytest
from cluster import ROOT, flat, until

pytestmark = pytest.mark.usefixtures("fresh")

WWW, SHOP, SIX = VIPS = "172.28.0.100", "172.28.0.101", "fd00:28::100"
# beside the shop, at another port
LOGIN = 8080
WEB1, WEB2 = "172.28.0.21", "172.28.0.22"
PAGES = "/var/www/lvs-test-page"
CLIENTS = ["172.28.0.131", "172.28.0.132"]


def table(cluster):
    return cluster.table("lvs1")


@contextmanager
def page_says(cluster, page, text, *servers):
    """Another text in a page that the checks ask for, on some real servers."""
    for server in servers:
        cluster.run(server, f"cp {PAGES}/{page} /root/{page} && echo '{text}' > {PAGES}/{page}")
    try:
        yield
    finally:
        for server in servers:
            cluster.run(server, f"mv /root/{page} {PAGES}/{page}")


def test_the_table_is_what_the_configuration_says(cluster):
    listed = cluster.run("lvs1", "ipvsadm -Ln").splitlines()
    service = listed.index("TCP  172.28.0.100:80 lblc persistent 100")
    assert [line.split()[:4] for line in listed[service + 1 : service + 3]] == [
        ["->", "172.28.0.21:80", "Route", "1"],
        ["->", "172.28.0.22:80", "Route", "1"],
    ]
    assert cluster.run("lvs2", "ipvsadm -Sn") == ""


def test_one_director_has_everything(cluster):
    assert {vip: cluster.holders(vip) for vip in VIPS} == {vip: ["lvs1"] for vip in VIPS}
    assert "master sync daemon" in cluster.run("lvs1", "ipvsadm -L --daemon")
    assert "backup sync daemon" in cluster.run("lvs2", "ipvsadm -L --daemon")
    for director in cluster.group("directors"):
        assert cluster.run(director, "systemctl is-enabled ldirectord") == "masked"
        assert cluster.run(director, "stat -c %a /etc/ha.d/authkeys") == "600"
        assert cluster.run(director, "ipvsadm -L --timeout") == "Timeout (tcp tcpfin udp): 3600 120 300"


def test_lines_in_the_own_words_of_the_daemons_are_in_their_files(cluster):
    for director in cluster.group("directors"):
        assert cluster.run(director, "tail -n 1 /etc/ha.d/ha.cf") == "deadping 10"
        assert "emailalertfreq=60" in cluster.run(director, "cat /etc/ha.d/ldirectord.cf")


def test_two_ports_by_one_mark_are_one_service(cluster):
    """It takes turns over both ports. Without the mark there is no service at either."""
    answers = [answer for _turn in range(2) for port in (81, 82) for answer in cluster.ask(SHOP, port, count=1)]
    assert answers[:2] == answers[2:]
    assert set(answers) == {"web1", "web2"}
    assert table(cluster)["7"] == {WEB1: 1, WEB2: 1}
    assert {f"{SHOP}:81", f"{SHOP}:82"}.isdisjoint(table(cluster))


def test_nat_leads_to_another_port_and_back_by_the_gateway(cluster):
    assert sorted(cluster.ask(SHOP, 8000, count=4)) == ["web1", "web1", "web2", "web2"]
    assert "-r 172.28.2.21:8001 -m" in cluster.run("lvs1", "ipvsadm -Sn")
    assert cluster.holders("172.28.2.100") == ["lvs1"]
    reply = cluster.run("web1", "ip route get 172.28.0.31 from 172.28.2.21 ipproto 6 sport 8001")
    assert "via 172.28.2.100 dev back0" in reply


def test_ipv6_alternates(cluster):
    assert sorted(cluster.ask(SIX, count=4)) == ["web1", "web1", "web2", "web2"]


def test_each_client_stays_with_its_real_server(cluster):
    with cluster.client_addresses(CLIENTS):
        first, second = (set(cluster.ask(SHOP, LOGIN, count=4, source=client)) for client in CLIENTS)
        assert len(first) == len(second) == 1
        assert first | second == {"web1", "web2"}
        assert [set(cluster.ask(SHOP, LOGIN, count=4, source=client)) for client in CLIENTS] == [first, second]


def test_a_page_that_says_something_else_removes_or_quiesces(cluster):
    with page_says(cluster, "ok.html", "KO", "web1"):
        until(lambda: table(cluster)[f"{SHOP}:80"] == {WEB2: 2}, "web1 is removed")
        until(lambda: table(cluster)[f"{SHOP}:{LOGIN}"] == {WEB1: 0, WEB2: 1}, "web1 is quiesced")
        assert set(cluster.ask(SHOP, count=4)) == {"web2"}
    until(lambda: table(cluster)[f"{SHOP}:80"] == {WEB1: 2, WEB2: 2}, "web1 is back")
    until(lambda: table(cluster)[f"{SHOP}:{LOGIN}"] == {WEB1: 1, WEB2: 1}, "web1 has its weight back")
    assert set(cluster.ask(SHOP, count=4)) == {"web1", "web2"}


def test_nobody_left_brings_the_page_of_the_director(cluster):
    with page_says(cluster, "check.txt", "no", "web1", "web2"):
        until(lambda: set(table(cluster)[f"{WWW}:80"]) == {"127.0.0.1"}, "the page of the director takes over")
        assert set(cluster.ask(WWW, count=3)) == {"sorry from lvs1"}
    until(lambda: set(table(cluster)[f"{WWW}:80"]) == {WEB1, WEB2}, "the real servers are back")
    assert set(cluster.ask(WWW, count=3)) <= {"web1", "web2"}


def test_ldirectord_takes_every_kind_of_service_and_check(cluster):
    resolved = json.loads((ROOT / "tests/unit/plugins/plugin_utils/cluster/right/ldirectord.json").read_text())
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "roles/ldirectord/templates"),
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template("ldirectord.cf.j2").render(lvs_cluster=resolved, ansible_managed="")
    checked = cluster.run(
        "lvs1",
        f"cat > /root/every.cf <<'END'\n{text}\nEND\nldirectord /root/every.cf status; echo $?; rm /root/every.cf",
    )
    # 3: taken, and not running; 2 would be a mistake in it.
    assert checked.splitlines()[-1] == "3"


def test_what_ldirectord_refuses_never_reaches_it(cluster):
    state = "cat /run/ldirectord.ldirectord.cf.pid; sha256sum /etc/ha.d/ldirectord.cf"
    before = cluster.run("lvs1", state)
    assert "unable to open logfile" in flat(cluster.fail("site", lvs_ldirectord={"log": "/nowhere/ldirectord.log"}))
    assert cluster.run("lvs1", state) == before
    assert set(cluster.ask(SHOP, count=4)) == {"web1", "web2"}


@pytest.mark.wide
def test_services_come_and_go_while_the_others_serve(cluster):
    daemon = cluster.run("lvs1", "cat /run/ldirectord.ldirectord.cf.pid")
    services = cluster.variable("lvs_services")
    shop = next(service for service in services if service["name"] == "shop")
    more = {**shop, "name": "more", "port": 8081}
    with cluster.stream(address=SHOP, port=80, rate=20, timeout=2) as stream:
        cluster.play("site", lvs_services=[service for service in services if service["name"] != "six"] + [more])
        assert table(cluster)[f"{SHOP}:8081"] == {WEB1: 2, WEB2: 2}
        assert set(cluster.ask(SHOP, 8081, count=4)) == {"web1", "web2"}
        assert f"[{SIX}]:80" not in table(cluster)
        assert cluster.holders(SIX) == []
        cluster.play("site")
        until(lambda: set(cluster.ask(SIX, count=4)) == {"web1", "web2"}, "the service of IPv6 is back")
    assert f"{SHOP}:8081" not in table(cluster)
    assert cluster.run("lvs1", "cat /run/ldirectord.ldirectord.cf.pid") == daemon
    assert stream["errors"] == {}, stream
    assert stream["answered"] == stream["requests"] > 200
