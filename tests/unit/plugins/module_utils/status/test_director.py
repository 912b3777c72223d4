# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a director's table, daemons and logs mean. web is 172.28.0.100:80, web-tls keeps failed real servers in the table."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status.addresses import Address
from ansible_collections.lvs.cluster.plugins.module_utils.status.director import director_status, doubtful, record_from
from ansible_collections.lvs.cluster.plugins.module_utils.status.reasons import Reason
from ansible_collections.lvs.cluster.plugins.module_utils.status.table import parse_table
from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings

from .conftest import DRAIN, NOW, PROC, RATES, model, record, seen

WEB2 = "  -> AC1C0016:0050      Route   1      3          12        \n"
QUIESCED = PROC.replace(WEB2, WEB2.replace("1  ", "0  ", 1))
TLS2 = "  -> AC1C0016:01BB      Route   1      5          1         \n"
ASIDE = "  -> AC1C0017:0050      Route   1      8          9         \n"
WEB, TLS, DNS = "172.28.0.100:80/tcp", "172.28.0.100:443/tcp", "172.28.0.101:53/udp"
FAILED = {("172.28.0.22", 80): Reason("TCP_CHECK failed", NOW - 60)}


def service(status, key=WEB):
    return next(one for one in status["services"] if one["service"] == key)


def server(status, name="web2", key=WEB):
    return next(one for one in service(status, key)["real_servers"] if one["name"] == name)


def test_a_healthy_master(status):
    found = status()
    assert {key: found[key] for key in ("version", "at", "director", "directors", "cluster", "stack", "problems")} == {
        "version": 1,
        "at": "2027-01-15T08:00:00Z",
        "director": "lvs1",
        "directors": ["lvs1", "lvs2", "lvs3"],
        "cluster": "lvs1-lvs2-lvs3",
        "stack": "keepalived",
        "problems": [],
    }
    assert found["instances"] == [
        {
            "name": "VI_1",
            "state": "master",
            "since": "2027-01-15T06:00:00Z",
            "priority": 200,
            "interface": "eth1",
            "transitions": 1,
            "vips": [
                {"address": f"172.28.0.{host}", "gateway": False, "held": True, "interface": "eth1", "since": "2027-01-15T07:00:00Z"}
                for host in (100, 101)
            ],
        }
    ]  # fmt: skip
    assert [one["service"] for one in found["services"]] == [WEB, TLS, DNS]
    web = service(found)
    assert {key: web[key] for key in web if key != "real_servers"} == {
        "name": "web",
        "service": WEB,
        "vips": ["172.28.0.100"],
        "state": "up",
        "scheduler": "wrr",
        "checks": ["http"],
        "active": 123,
        "inactive": 3412,
        "rate": 12,
        "sorry_server": {"name": "web3", "address": "172.28.0.23", "port": 80, "in_use": False, "active": None, "inactive": None, "rate": None},
    }  # fmt: skip
    assert server(found, "web1") == {
        "name": "web1",
        "address": "172.28.0.21",
        "port": 80,
        "forward": "dr",
        "state": "up",
        "reason": None,
        "since": None,
        "drain": None,
        "weight_wanted": 1,
        "weight": 1,
        "active": 120,
        "inactive": 3400,
        "rate": 12,
    }


def test_a_healthy_backup_is_no_problem(status):
    found = status("lvs2")
    assert found["problems"] == []
    assert [vip["held"] for vip in found["instances"][0]["vips"]] == [False, False]


@pytest.mark.parametrize(
    ("case", "more", "state", "reason"),
    [
        ("removed", {"proc": PROC.replace(WEB2, ""), "reasons": FAILED}, "failed", "TCP_CHECK failed"),
        ("removed, and nothing is known", {"proc": PROC.replace(WEB2, "")}, "failed", "its check fails (http); the log tells no more"),
        (
            "healthy without a quorum",
            {"proc": PROC.replace(WEB2, ""), "alive": {(WEB, "172.28.0.22:80"): True}},
            "waiting",
            "its checks pass, but the service has not reached its quorum",
        ),
        ("drained by hand", {"proc": QUIESCED}, "quiesced", "weight 0 set by hand"),
        ("drained by hand, and it has failed before", {"proc": QUIESCED, "reasons": FAILED}, "quiesced", "weight 0 set by hand"),
        ("drained", {"proc": QUIESCED, "drains": [DRAIN]}, "drained", None),
        ("drained from all", {"proc": QUIESCED, "drains": [{**DRAIN, "service": None}]}, "drained", None),
        ("drained from another", {"proc": QUIESCED, "drains": [{**DRAIN, "service": "web-tls"}]}, "quiesced", "weight 0 set by hand"),
        ("another one is drained", {"drains": [{**DRAIN, "addresses": ["172.28.0.21"]}]}, "up", None),
        ("drained and failed", {"proc": PROC.replace(WEB2, ""), "drains": [DRAIN], "reasons": FAILED}, "failed", "TCP_CHECK failed"),
        ("comes back in steps", {"drains": [{**DRAIN, "weight": 50}]}, "drained", "back at 50 % of its weight"),
        ("drained on record alone", {"drains": [DRAIN]}, "up", "recorded as drained, but has weight 1"),
    ],
)  # fmt: skip
def test_the_state_of_a_real_server(status, case, more, state, reason):
    web2 = server(status(**more))
    assert (web2["state"], web2["reason"]) == (state, reason), case
    if web2["drain"]:
        told = {key: DRAIN[key] for key in ("reason", "by", "since")}
        assert web2["drain"] == {**told, "weight": more["drains"][0]["weight"]}


def test_a_weight_that_a_check_chooses_is_not_taken_for_one_set_by_hand():
    cluster = model("lab")
    cluster["services"][0]["health"][0]["dynamic_weight"] = True
    wanted = record_from(heal_settings(cluster, "lvs1", "Debian", "1"))
    web2 = server(director_status(wanted, seen(wanted, QUIESCED)))
    assert (web2["state"], web2["reason"]) == ("quiesced", "weight 0 chosen by a check, or set by hand")


def test_a_failed_real_server_is_out_since_the_daemon_said_so(status):
    found = status(proc=PROC.replace(WEB2, ""), reasons=FAILED)
    assert server(found)["since"] == "2027-01-15T07:59:00Z"
    assert (server(found)["weight"], server(found)["weight_wanted"]) == (None, 1)
    assert service(found)["state"] == "degraded"
    assert found["problems"] == [f"web {WEB}: web2 failed: TCP_CHECK failed"]


TLS_OUT = PROC.replace(TLS2, TLS2.replace("1  ", "0  ", 1))


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"alive": {(TLS, "172.28.0.22:443"): False}}, "failed"),
        ({"reasons": {("172.28.0.22", 443): Reason("x", None)}}, "failed"),
        # keepalived itself knows better than its former lines.
        ({"alive": {(TLS, "172.28.0.22:443"): True}, "reasons": {("172.28.0.22", 443): Reason("x", None)}}, "quiesced"),
        ({}, "quiesced"),
        # What is said of port 80 is not said of port 443.
        ({"reasons": FAILED}, "quiesced"),
        # What is said of a port that the table does not have is: with dr, keepalived may check another one.
        ({"reasons": {("172.28.0.22", 8443): Reason("x", None)}}, "failed"),
    ],
)
def test_where_failed_real_servers_stay_in_the_table_weight_0_is_not_enough(status, more, state):
    assert server(status(proc=TLS_OUT, **more), key=TLS)["state"] == state


def test_only_what_the_table_does_not_tell_is_asked_for():
    wanted = record()
    assert doubtful(wanted, parse_table(PROC)) == []
    assert doubtful(wanted, parse_table(TLS_OUT)) == [(TLS, "172.28.0.22:443")]
    assert doubtful(wanted, parse_table(PROC.replace(WEB2, ""))) == [(WEB, "172.28.0.22:80")]
    # web removes what fails, so weight 0 was a hand.
    assert doubtful(wanted, parse_table(QUIESCED)) == []
    # Nothing at all is there: the daemon does not run.
    assert doubtful(wanted, {}) == []


def test_a_sorry_server_that_answers(status):
    found = status(
        proc=PROC.replace(WEB2, ASIDE).replace("  -> AC1C0015:0050      Route   1", "  -> AC1C0018:0050      Route   0")
    )
    web = service(found)
    assert web["state"] == "sorry"
    assert (web["sorry_server"]["in_use"], web["sorry_server"]["active"], web["sorry_server"]["inactive"]) == (
        True,
        8,
        9,
    )
    assert f"web {WEB} is answered by its sorry server web3" in found["problems"]
    # 172.28.0.24 is in no inventory.
    assert {**server(found, "172.28.0.24"), "active": 0, "inactive": 0} == {
        "name": "172.28.0.24", "address": "172.28.0.24", "port": 80, "forward": "dr", "state": "foreign",
        "reason": "not in the inventory", "since": None, "drain": None, "weight_wanted": None, "weight": 0,
        "active": 0, "inactive": 0, "rate": None,
    }  # fmt: skip


def test_a_service_without_any_weight_is_down(status):
    proc = PROC.replace("Route   1      0          2 ", "Route   0      0          2 ").replace(
        "Route   1      0          4 ", "Route   0      0          4 "
    )
    found = status(proc=proc)
    assert service(found, DNS)["state"] == "down"
    assert found["problems"] == [f"dns {DNS} has no real server with a weight"]


def test_a_service_that_nobody_has_described(status):
    found = status(proc=PROC + "TCP  0A000001:1F90 rr \n" + WEB2)
    foreign = service(found, "10.0.0.1:8080/tcp")
    assert (foreign["state"], foreign["name"], foreign["vips"]) == ("foreign", "10.0.0.1:8080/tcp", ["10.0.0.1"])
    assert foreign["real_servers"][0]["state"] == "foreign"
    assert found["problems"] == []


def test_a_service_that_is_missing(status):
    start = PROC.index("UDP")
    found = status(proc=PROC[:start])
    assert service(found, DNS)["state"] == "missing"
    assert {one["state"] for one in service(found, DNS)["real_servers"]} == {"missing"}
    assert found["problems"] == [f"dns {DNS} is not in the table"]


def test_a_keepalived_that_does_not_run_is_one_problem(status):
    found = status(proc="", master=False, runs={"keepalived": False, "lvs-heal": True}, vrrp=None)
    assert found["problems"] == ["keepalived does not run"]
    assert found["instances"][0]["state"] == "stopped"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"runs": {"keepalived": True, "lvs-heal": False}}, "lvs-heal does not run: nothing mends what is removed by mistake, or sees a second owner of a VIP"),
        ({"vrrp": {"VI_1": {"state": "fault"}}, "master": False}, "VI_1 is in the state fault: this director would not take over"),
        ({"addresses": [Address("172.28.0.100", "eth1", NOW)]}, "VI_1 lacks 172.28.0.101"),
        # On lo has a host that also serves the VIP, whoever holds it.
        ({"addresses": [Address("172.28.0.100", "lo", NOW), Address("172.28.0.101", "eth1", NOW)]}, "VI_1 lacks 172.28.0.100"),
        ({"vrrp": {"VI_1": {"state": "backup"}}}, "VI_1 is not master here, but this director has 172.28.0.100, 172.28.0.101"),
        (
            {"heal": {"split_brain": {"172.28.0.100": {"macs": ["52:54:00:00:00:01"], "since": NOW}}}},
            "split brain: this director has VIP 172.28.0.100, and 52:54:00:00:00:01 answers for it, too",
        ),
        ({"notes": ["keepalived did not report"]}, "keepalived did not report"),
        ({"drains": [DRAIN]}, f"web {WEB}: web2 is recorded as drained, but has weight 1"),
    ],
)  # fmt: skip
def test_a_problem_is_said_in_words(status, more, problem):
    assert status(**more)["problems"] == [problem]


@pytest.mark.parametrize("state", ["init", None])
def test_an_instance_that_cannot_be_asked_is_unknown(status, state):
    found = status(vrrp={"VI_1": {"state": state}} if state else None)
    assert found["instances"][0]["state"] == (state or "unknown")


def test_lvs_heal_is_not_missed_where_it_is_not_wanted():
    wanted = record()
    told = seen(wanted, runs={"keepalived": True, "lvs-heal": False})
    assert director_status(type(wanted)({**wanted.data, "heal": False}, wanted.table), told)["problems"] == []


@pytest.mark.parametrize(
    ("both", "sends", "receives", "runs", "problems"),
    [
        (True, True, True, True, []),
        (True, True, False, True, ["the kernel's sync daemon that receives is missing"]),
        (True, False, True, True, ["the kernel's sync daemon that sends is missing"]),
        (False, False, True, True, []),
        (False, False, False, True, ["connections are not synchronised: the kernel runs no sync daemon"]),
        (True, True, True, False, ["lvs-sync does not run: other directors are not told connections that are idle"]),
    ],
)
def test_sync(both, sends, receives, runs, problems):
    wanted = record()
    data = {**wanted.data, "sync": {"id": 7, "interface": "eth1", "both": both}}
    told = seen(
        wanted,
        sends=sends,
        receives=receives,
        sync_told={"heard": {"172.28.0.12": {"at": NOW - 1, "connections": 5}}},
        runs={"keepalived": True, "lvs-heal": True, "lvs-sync": runs},
    )
    found = director_status(type(wanted)(data, wanted.table), told)
    assert found["problems"] == problems
    assert found["sync"] == {
        "wanted": True,
        "id": 7,
        "interface": "eth1",
        "sends": sends,
        "receives": receives,
        "heard": {"172.28.0.12": {"at": "2027-01-15T07:59:59Z", "connections": 5}},
    }


def test_no_sync_is_nothing_unless_the_kernel_does_it():
    wanted = record()
    assert director_status(wanted, seen(wanted))["sync"] is None
    assert director_status(wanted, seen(wanted, sends=True))["sync"]["wanted"] is False


HEARTBEAT = model("ldirectord")


@pytest.mark.parametrize(
    ("held", "runs", "state", "services", "problems"),
    [
        ("all", {"heartbeat": True, "ldirectord": True}, "master", {"missing"}, None),
        ("none", {"heartbeat": True, "ldirectord": False}, "backup", {"standby"}, []),
        ("none", {"heartbeat": False, "ldirectord": False}, "stopped", {"standby"}, ["heartbeat does not run"]),
        ("some", {"heartbeat": True, "ldirectord": False}, "fault", {"standby"}, None),
    ],
)
def test_heartbeat(held, runs, state, services, problems):
    wanted = record(case="ldirectord")
    vips = list(wanted.data["vips"])
    assert len(vips) > 1
    there = {"all": vips, "none": [], "some": vips[:1]}[held]
    addresses = [Address(vip, "eth0", NOW - at) for at, vip in enumerate(there)]
    found = director_status(wanted, seen(wanted, proc="", addresses=addresses, runs={"lvs-heal": True, **runs}))
    (instance,) = found["instances"]
    assert (instance["name"], instance["state"]) == ("heartbeat", state)
    # Since it has the last of them.
    assert instance["since"] == ("2027-01-15T08:00:00Z" if held == "all" else None)
    assert {one["state"] for one in found["services"]} == services
    if problems is not None:
        # The directors of this inventory synchronise their connections.
        assert [text for text in found["problems"] if "sync" not in text] == problems


def test_a_static_director_holds_all_vips_or_lacks_some():
    wanted = record(case="static")
    vips = list(wanted.data["vips"])
    all_there = [Address(vip, "eth0", NOW) for vip in vips]
    found = director_status(wanted, seen(wanted, proc="", addresses=all_there, runs={"lvs-heal": True}))
    assert [(one["name"], one["state"]) for one in found["instances"]] == [("static", "master")]
    lacking = director_status(wanted, seen(wanted, proc="", addresses=all_there[1:], runs={"lvs-heal": True}))
    assert lacking["instances"][0]["state"] == "fault"
    assert f"static lacks {vips[0]}" in lacking["problems"]


def test_what_nothing_checks_is_missing_and_not_failed():
    wanted = record()
    data = {**wanted.data, "checks": {}}
    found = director_status(type(wanted)(data, wanted.table), seen(wanted, proc=PROC.replace(WEB2, "")))
    assert server(found)["state"] == "missing"
    assert found["problems"] == [f"web {WEB}: web2 missing: not in the table, though nothing checks it"]


@pytest.mark.parametrize("case", ["fwmark", "localnode", "nat_gateway", "lists", "no_services", "tun"])
def test_any_cluster_has_a_status_and_names(case):
    try:
        wanted = record(case=case)
    except FileNotFoundError:
        pytest.skip(f"no model {case}")
    found = director_status(wanted, seen(wanted, proc=""))
    assert len(found["services"]) == len(model(case)["services"])
    assert all(one["vips"] for one in found["services"])
    assert {one["name"] for one in found["services"]} == {one["name"] for one in model(case)["services"]}


def test_rates_that_are_unknown_are_null(status):
    assert {one["rate"] for one in service(status(rates={}))["real_servers"]} == {None}
    assert RATES
