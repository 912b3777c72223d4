# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two instances that move together, with scripts of the user that decide when, and are told about it."""

from __future__ import annotations

import pytest
from cluster import ROOT, until

pytestmark = [pytest.mark.wide, pytest.mark.usefixtures("fresh")]
GIVES_BACK = True

WEB, API = "172.28.0.100", "172.28.0.101"
SCRIPTS = ROOT / "molecule/default/scripts"
FOLDER = "/etc/lvs-cluster/scripts"
NOT_READY, WEIGHT, TOLD = "/run/lab-not-ready", "/var/lib/lab-watched/weight", "/run/lab-told"
PROCESS = "lab-process"
START_PROCESS = f"cp /usr/bin/sleep /run/{PROCESS}; systemd-run --unit={PROCESS} /run/{PROCESS} infinity"
ROUTE, RULE = {"to": "10.77.0.0/16", "via": "172.28.0.31"}, {"from": "10.77.0.0/16", "table": 100, "priority": 1000}
EVENTS = ("master", "backup", "fault", "stop")
VRRP = {
    "auth_pass": "labpass",
    "preempt_delay": 1,
    "startup_delay": 2,
    "vmac": True,
    # The VIPs are the first addresses of keepalived's interfaces, which the facts of the next run show.
    "vip_prefix": 24,
    "track": {
        "scripts": [{"src": str(SCRIPTS / "ready"), "arguments": "nobody", "user": "nobody"}],
        "processes": [{"process": PROCESS, "weight": -20}],
        "files": [{"path": WEIGHT, "init_file": 0}],
    },
    "notify": {event: {"src": str(SCRIPTS / "tell")} for event in EVENTS},
    "instances": [
        {
            "name": "WEB",
            "vips": [WEB],
            "virtual_router_id": 100,
            "routes": [ROUTE],
            "rules": [RULE],
            # In keepalived's own words.
            "raw": ["garp_master_repeat 3"],
        },
        {"name": "API", "vips": [API], "virtual_router_id": 101},
    ],
    "sync_groups": [
        {"name": "ALL", "instances": ["WEB", "API"], "notify": {"master": {"src": str(SCRIPTS / "tell")}}},
    ],
}
# The instances of a running cluster become others.
VARIABLES = {"lvs_vrrp": VRRP, "lvs_keepalived": {"options": ["--log-detail"]}, "lvs_accept_outage": True}
# The real servers have nothing to do with it.
DIRECTORS = ("--limit", "directors")
# The dump has a line, or all in one, by version.
WHAT_KEEPALIVED_READ = (
    "rm -f /tmp/keepalived.json; kill -s $(keepalived --signum=JSON) $(cat /run/keepalived.pid); sleep 2;"
    " tr -d ' \\n' < /tmp/keepalived.json | grep -o '\"garp_rep\":[0-9]*' | sort"
)


@pytest.fixture(scope="module", autouse=True)
def watched(cluster, fresh):
    """The lab with everything that is to be watched, until the last test is over."""
    for director in cluster.group("directors"):
        cluster.run(director, START_PROCESS)
    cluster.play("site", *DIRECTORS, **VARIABLES)
    yield
    for director in cluster.group("directors"):
        cluster.run(director, f"systemctl stop {PROCESS}; rm -f /run/{PROCESS} {NOT_READY} {WEIGHT} {TOLD}")


def both_on(cluster, director):
    """Wait until one director alone holds both VIPs."""
    until(lambda: cluster.holders(WEB) == cluster.holders(API) == [director], f"{director} alone holds both VIPs")


def routed(cluster, director):
    """The route and the rule of the instance WEB, as far as a director has them."""
    return cluster.run(director, "ip route show 10.77.0.0/16; ip rule show from 10.77.0.0/16").splitlines()


def told(cluster, director):
    """What the script on a director was told since `forget`, once each."""
    return set(cluster.run(director, f"cat {TOLD}").splitlines())


def forget(cluster, *directors):
    for director in directors:
        cluster.run(director, f"rm -f {TOLD}")


def words(state, priority):
    return {f"INSTANCE {instance} {state} {priority}" for instance in ("WEB", "API")}


@pytest.fixture(autouse=True)
def starts_with_the_first_director(cluster):
    both_on(cluster, "lvs1")
    forget(cluster, *cluster.group("directors"))
    yield
    # whatever a failed test left undone
    cluster.run("lvs1", f"rm -f {NOT_READY}; echo 0 > {WEIGHT}; {START_PROCESS}; systemctl start keepalived")


def mac_of(cluster, vip):
    """The MAC address that the client has for a VIP, asked for now."""
    cluster.run("client1", f"ip neighbour flush to {vip}; ping -c 1 -W 2 {vip}")
    return cluster.run("client1", f"ip neighbour show to {vip}").partition("lladdr ")[2].split(" ")[0]


def test_the_scripts_are_there_and_only_root_can_change_them(cluster):
    for director in cluster.group("directors"):
        for name in ("ready", "tell"):
            script = cluster.host(director).file(f"{FOLDER}/{name}")
            assert (script.user, script.group, script.mode) == ("root", "root", 0o755)
            assert script.content_string == (SCRIPTS / name).read_text()


def test_the_daemon_has_its_options_and_the_lines_in_its_own_words(cluster):
    for director in cluster.group("directors"):
        running = cluster.run(director, "tr '\\0' ' ' < /proc/$(cat /run/keepalived.pid)/cmdline")
        assert "--log-detail" in running.split()
    assert cluster.run("lvs1", WHAT_KEEPALIVED_READ).splitlines() == ['"garp_rep":3', '"garp_rep":5']


def test_a_script_that_fails_moves_both_vips_with_their_routes_and_all_are_told(cluster):
    def routes_are_on(director):
        others = set(cluster.group("directors")) - {director}
        return len(routed(cluster, director)) == 2 and not any(routed(cluster, other) for other in others)

    until(lambda: routes_are_on("lvs1"), "lvs1 alone has the route and the rule")
    with cluster.one_owner(WEB), cluster.one_owner(API):
        macs = [mac_of(cluster, vip) for vip in (WEB, API)]
        # The virtual MAC addresses of the routers 100 and 101, whoever is the master.
        assert macs == ["00:00:5e:00:01:64", "00:00:5e:00:01:65"]
        cluster.run("lvs1", f"touch {NOT_READY}")
        both_on(cluster, "lvs2")
        assert [mac_of(cluster, vip) for vip in (WEB, API)] == macs
        until(lambda: routes_are_on("lvs2"), "lvs2 alone has the route and the rule")
        until(lambda: told(cluster, "lvs1") == words("FAULT", 200), "lvs1 is told of its fault")
        taken = words("MASTER", 190) | {"GROUP ALL MASTER 0"}
        until(lambda: told(cluster, "lvs2") == taken, "lvs2 is told that it is the master")
        forget(cluster, "lvs1", "lvs2")
        cluster.run("lvs1", f"rm {NOT_READY}")
        both_on(cluster, "lvs1")
    taken = words("MASTER", 200) | {"GROUP ALL MASTER 0"}
    until(lambda: told(cluster, "lvs1") >= taken, "lvs1 is told that it is the master again")
    until(lambda: told(cluster, "lvs2") == words("BACKUP", 190), "lvs2 is told that it is a backup")


def test_the_number_in_a_file_changes_the_priority_of_both(cluster):
    with cluster.one_owner(WEB), cluster.one_owner(API):
        cluster.run("lvs1", f"echo -15 > {WEIGHT}")
        both_on(cluster, "lvs2")
        instances = cluster.module("lvs1", "vrrp_info")["instances"]
        assert {name: (one["state"], one["priority"]) for name, one in instances.items()} == {
            "WEB": ("backup", 185),
            "API": ("backup", 185),
        }
        cluster.run("lvs1", f"echo 0 > {WEIGHT}")
        both_on(cluster, "lvs1")


def test_a_process_that_ends_moves_both_and_brings_them_back(cluster):
    cluster.run("lvs1", f"systemctl stop {PROCESS}")
    both_on(cluster, "lvs2")
    cluster.run("lvs1", START_PROCESS)
    both_on(cluster, "lvs1")


def test_a_stop_is_told_and_verify_finds_nothing_wrong_after_it(cluster):
    cluster.run("lvs1", "systemctl stop keepalived")
    both_on(cluster, "lvs2")
    # Before it stops it gives up the VIPs.
    until(lambda: told(cluster, "lvs1") >= words("FAULT", 200) | words("STOP", 200), "lvs1 is told of both")
    cluster.run("lvs1", "systemctl start keepalived")
    both_on(cluster, "lvs1")
    cluster.play("verify", **VARIABLES)


def test_scripts_that_leave_the_inventory_leave_the_directors(cluster):
    cluster.play("site", *DIRECTORS, lvs_accept_outage=True)
    for director in cluster.group("directors"):
        assert cluster.run(director, f"ls -d {FOLDER} /etc/lvs-cluster 2>/dev/null") == ""
        assert cluster.run(director, "ip -brief link show type macvlan") == ""
        assert "vrrp_script" not in cluster.host(director).file("/etc/keepalived/keepalived.conf").content_string
    both_on(cluster, "lvs1")
