# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes that an inventory can make to a serving cluster, at once and under a stream of requests: nothing is lost."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from cluster import changed

pytestmark = pytest.mark.usefixtures("fresh")
GIVES_BACK = True

WEB, SHOP, API, LOGIN = range(4)
OWN_FILE = "/etc/keepalived/own.conf"
TIMEOUTS = "ipvsadm -L --timeout"
LIMITED = "ipvsadm -Ln --thresholds | grep -cE ' 900 +800 '"
# The dump has a line, or all in one, by version.
WHAT_KEEPALIVED_READ = (
    "rm -f /tmp/keepalived.json; kill -s $(keepalived --signum=JSON) $(cat /run/keepalived.pid); sleep 2;"
    " tr -d ' \\n' < /tmp/keepalived.json | grep -o '\"garp_lower_prio_rep\":[0-9]*'"
)


def only(director):
    """One director, and there keepalived."""
    return ("--limit", director, "--tags", "keepalived")


def state(cluster):
    """What changes when keepalived is restarted or a VIP moves."""
    return {
        director: (
            cluster.run(director, "systemctl show keepalived --property=MainPID,NRestarts"),
            cluster.run(director, "journalctl --unit=keepalived | grep -c 'Entering .* STATE'"),
        )
        for director in cluster.group("directors")
    }


@pytest.fixture
def undisturbed(cluster):
    """During the test no request to web and api fails, no VIP moves and no keepalived is restarted."""
    before = state(cluster)
    with ExitStack() as stack:
        streams = [
            stack.enter_context(cluster.stream(address="172.28.0.100", port=80, rate=20)),
            stack.enter_context(cluster.stream(address="172.28.0.101", port=8080, rate=20)),
        ]
        yield
    for stream in streams:
        assert stream["errors"] == {}, stream
        assert stream["answered"] == stream["requests"] > 100
    assert state(cluster) == before


def web_with(cluster, **weights):
    """The services, with other weights in the first."""
    services = list(cluster.variable("lvs_services"))
    real_servers = [{"host": host, "weight": weights.get(host, 1)} for host in cluster.group("real_servers")]
    services[WEB] = {**services[WEB], "real_servers": real_servers}
    return services


def of_every_director(cluster, command):
    """What a command prints on each director, in one set."""
    return {cluster.run(director, command) for director in cluster.group("directors")}


def test_everything_changes_at_once_and_back(cluster, undisturbed):
    """Services, weights and real servers come and go, and what is no service changes; open connections go on, also to a drained server.

    web1 gets three of five, web3 nothing new of web, and it leaves the other services.
    """
    script = r"vrrp_script own {\n script /usr/bin/true\n}\n"
    of_every_director(cluster, f"printf '{script}' > {OWN_FILE}")
    services = web_with(cluster, web1=3, web3=0)
    # keepalived itself would not change the thresholds of a real server that is there
    limited = {"host": "web1", "weight": 1, "upper_threshold": 900, "lower_threshold": 800}
    shop = {**services[SHOP], "real_servers": [limited, {"host": "web2", "weight": 1}]}
    # with it web3 has nothing left to do on port 443
    del shop["sorry_server"]
    api = {**services[API], "real_servers": ["web1", "web2"]}
    extra = {"name": "extra", "vip": "172.28.0.102", "port": 80, "scheduler": "rr"}
    with cluster.connections("172.28.0.100", count=6) as connections:
        cluster.play(
            "site",
            lvs_services=[services[WEB], shop, api, extra],
            lvs_mail={**cluster.variable("lvs_mail"), "to": ["other@lab.example"]},
            lvs_timeouts={"tcp": 7200},
            lvs_keepalived={"include": [OWN_FILE]},
            lvs_vrrp={**cluster.variable("lvs_vrrp"), "raw": ["garp_lower_prio_repeat 3"]},
        )
        table = cluster.table("lvs1")
        assert "172.28.0.101:80" not in table
        assert table["172.28.0.100:80"] == {"172.28.0.21": 3, "172.28.0.22": 1, "172.28.0.23": 0}
        assert "web3" not in cluster.ask("172.28.0.100", count=8)
        assert table["172.28.0.100:443"] == table["172.28.0.101:8080"] == {"172.28.0.21": 1, "172.28.0.22": 1}
        assert of_every_director(cluster, LIMITED) == {"1"}
        assert cluster.run("web3", "ss -Hltn sport = :443") == ""
        assert set(cluster.ask("172.28.0.102", count=6)) == {"web1", "web2", "web3"}
        assert of_every_director(cluster, TIMEOUTS) == {"Timeout (tcp tcpfin udp): 7200 120 300"}
        assert of_every_director(cluster, "grep includea /etc/keepalived/keepalived.conf") == {f"includea {OWN_FILE}"}
        assert of_every_director(cluster, WHAT_KEEPALIVED_READ) == {'"garp_lower_prio_rep":3'}

        cluster.play("site")
        table = cluster.table("lvs1")
        assert "172.28.0.102:80" not in table
        assert set(table["172.28.0.100:80"].values()) == {1}
        assert len(table["172.28.0.101:8080"]) == 3
        assert cluster.run("web1", "ip -o address show to 172.28.0.102/32") == ""
        assert cluster.ask("172.28.0.101", count=1)[0] in ("web1", "web2")
        assert of_every_director(cluster, TIMEOUTS) == {"Timeout (tcp tcpfin udp): 900 120 300"}
        assert of_every_director(cluster, LIMITED) == {"0"}
    assert [connection["error"] for connection in connections] == [None] * 6
    assert {connection["server"] for connection in connections} == {"web1", "web2", "web3"}
    assert of_every_director(cluster, f"rm {OWN_FILE} && echo it was there") == {"it was there"}


def test_a_line_that_keepalived_refuses_changes_nothing(cluster):
    files = "ls /etc/keepalived; cat /etc/keepalived/keepalived.conf /etc/systemd/system/keepalived.service.d/*"
    before = state(cluster), of_every_director(cluster, files)
    lines = {"raw": ["router_idd lvs"], "options": ["--log-detail"]}
    said = cluster.fail("site", *only("lvs3"), lvs_keepalived=lines, lvs_accept_outage=True)
    assert "Unknown keyword 'router_idd'" in said
    # The configuration itself is the same.
    options = {"options": ["--no-such-option"]}
    said = cluster.fail("site", *only("lvs3"), lvs_keepalived=options, lvs_accept_outage=True)
    assert "--no-such-option" in said
    assert (state(cluster), of_every_director(cluster, files)) == before


def test_a_reload_by_hand_of_a_wrong_configuration_changes_nothing(cluster):
    before = state(cluster), cluster.table("lvs1")
    cluster.run(
        "lvs1", "cp -p /etc/keepalived/keepalived.conf /root/kept && echo '}' >> /etc/keepalived/keepalived.conf"
    )
    assert cluster.host("lvs1").run("systemctl reload keepalived").rc != 0
    assert (state(cluster), cluster.table("lvs1")) == before
    cluster.run("lvs1", "mv /root/kept /etc/keepalived/keepalived.conf && systemctl reload keepalived")
    assert cluster.table("lvs1") == before[1]


def test_check_and_diff_tell_the_change_and_make_none(cluster):
    before = state(cluster), cluster.table("lvs1")
    configuration = "sha256sum /etc/keepalived/keepalived.conf"
    was = cluster.run("lvs1", configuration)
    told = cluster.play("site", *only("lvs1"), "--check", "--diff", lvs_services=web_with(cluster, web1=7))
    assert changed(told)["lvs1"] > 0
    assert "+        weight 7" in told
    assert "labpass" not in told
    assert (state(cluster), cluster.table("lvs1")) == before
    assert cluster.run("lvs1", configuration) == was
