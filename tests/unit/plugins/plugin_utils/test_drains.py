# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What drain.yml and undrain.yml do and say, and what the resolved cluster makes of the record."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.drains.record import (
    Drain,
    Record,
    Undrained,
    data_of,
    text_of,
)
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.drain_record import told_record
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.drains import PROGRAM, drain_change, drain_report
from ansible_collections.lvs.cluster.plugins.plugin_utils.updates import update_refusals

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=timezone.utc)
GROUPS = {"directors": ["lb1", "lb2"], "real_servers": ["www1", "www2"]}
ADDRESSES = {"lb1": "10.0.0.11", "lb2": "10.0.0.12", "www1": "10.0.0.21", "www2": "10.0.0.22"}
WEB = {"name": "web", "vip": "10.0.0.100", "port": 80}


def drain(name="www2", service=None, second=1, **more) -> Drain:
    time = f"2026-11-27T07:10:{second:02d}"
    given = {"reason": "disk", "by": "alice@admin1", "since": f"{time}Z", "changed": f"{time}.000000Z"}
    return Drain(name, (ADDRESSES.get(name, "10.0.0.99"),), service, **{**given, **more})


def hostvars(records, services=(WEB,), groups=None, **variables):
    """The hosts of a cluster, whose directors have these records; None for a director that did not answer."""
    found = {}
    for name in dict.fromkeys(name for members in (groups or GROUPS).values() for name in members):
        found[name] = {"lvs_address": ADDRESSES[name], "lvs_services": list(services), **variables}
    for name, record in records.items():
        if record is not None:
            told = json.loads(text_of(record)) if record != Record() else None
            found[name]["ansible_facts"] = {"deployed_lvs": {"drained": told, "heal": {"files": {PROGRAM: "x"}}}}
    return found


def described(records, *services, **variables):
    warned: list[str] = []
    groups = {**GROUPS, **variables.pop("groups", {})}
    cluster = resolve(hostvars(records, services or (WEB,), groups, **variables), groups, warned.append)
    return cluster, warned


def weights(cluster):
    return [[server["weight"] for server in entry["destinations"]] for entry in cluster["table"]]


def test_a_cluster_with_a_drained_real_server():
    cluster, warned = described({"lb1": Record((drain(),)), "lb2": Record()})
    assert weights(cluster) == [[1, 0]]
    assert [server["inventory_weight"] for server in cluster["services"][0]["real_servers"]] == [1, 1]
    assert [server["weight"] for server in cluster["keepalived"]["virtual_servers"][0]["real_servers"]] == [1, 0]
    assert cluster["drained"] == data_of(Record((drain(),)))
    assert warned == []
    assert cluster["hosts"] == described({"lb1": Record(), "lb2": Record()})[0]["hosts"]


@pytest.mark.parametrize(
    ("records", "names"),
    [
        ({"lb1": Record(), "lb2": Record()}, []),
        ({}, []),
        ({"lb1": Record((drain(),)), "lb2": None}, ["www2"]),
        # The latest counts, whoever has it.
        (
            {
                "lb1": Record((drain(),)),
                "lb2": Record(undrained=(Undrained("www2", None, "2026-11-27T07:11:00.000000Z"),)),
            },
            [],
        ),
        ({"lb1": Record((drain("www1"),)), "lb2": Record((drain(),))}, ["www1", "www2"]),
    ],
)
def test_of_several_records_the_latest_counts(records, names):
    assert [one["real_server"] for one in described(records)[0]["drained"]["drains"]] == names


def test_what_was_undrained_is_kept_until_every_director_has_told():
    ended = Record(undrained=(Undrained("www2", None, "2026-11-27T07:11:00.000000Z"),))
    for other, kept in ((Record(), 0), (None, 1)):
        assert len(described({"lb1": ended, "lb2": other})[0]["drained"]["undrained"]) == kept
    # Facts from before there were drains, and of a host that was not asked.
    assert told_record({"lb1": {"deployed_lvs": {}}, "lb2": {}}) == Record()


def test_a_real_server_that_leaves_the_inventory_leaves_the_record():
    cluster, warned = described({"lb1": Record((drain("www9"), drain(service="mail"), drain()))})
    assert [(one["real_server"], one["service"]) for one in cluster["drained"]["drains"]] == [("www2", None)]
    assert warned[0].startswith(
        "forgotten, since no service has this real server any more: www2 is drained in service mail"
    )
    assert len(warned) == 2


def test_all_real_servers_of_a_service():
    cluster, _warned = described({"lb1": Record((drain("www1"), drain()))})
    assert weights(cluster) == [[0, 0]]
    servers = cluster["keepalived"]["virtual_servers"][0]["real_servers"]
    assert [(server["weight"], server["held"]) for server in servers] == [(1, True), (1, True)]


def test_with_ldirectord_a_service_keeps_what_fails_as_long_as_something_is_drained():
    mail = {**WEB, "name": "mail", "port": 25, "real_servers": ["www1"]}
    options = {"lvs_stack": "ldirectord", "lvs_heartbeat": {"key": "0123456789abcdef"}}
    found = hostvars({"lb1": Record((drain(),))}, (WEB, mail), **options)
    for name, variables in found.items():
        variables.setdefault("ansible_facts", {})["nodename"] = name
    virtuals = resolve(found, GROUPS)["ldirectord"]["virtuals"]
    assert [[real["weight"] for real in virtual["reals"]] for virtual in virtuals] == [[1, 0], [1]]
    assert [virtual["quiescent"] for virtual in virtuals] == [True, False]


def test_a_rolling_update_counts_what_is_drained():
    cluster, _warned = described({"lb1": Record((drain(),))})
    assert update_refusals(cluster, ["www2"]) == []
    assert update_refusals(cluster, ["www1"]) != []


def changed(records, seen=None, play_hosts=("lb1", "lb2"), services=(WEB,), **request):
    """What drain_change finds; `seen` is what was registered on the directors."""
    cluster, _warned = described(records, *services)
    found = hostvars(records, services)
    for name, more in (seen or {}).items():
        found[name].update(more)
    return drain_change(cluster, found, play_hosts, {"real_server": "www2", **request}, NOW)


BOTH = {"lb1": Record(), "lb2": Record()}


def with_vip(name):
    return {name: {"director_drains_addresses": {"stdout": "eth0 UP 10.0.0.11/24 10.0.0.100/32"}}}


@pytest.mark.parametrize(
    ("seen", "play_hosts", "order"),
    [
        ({}, ("lb1", "lb2"), ["lb2", "lb1"]),
        (with_vip("lb1"), ("lb1", "lb2"), ["lb2", "lb1"]),
        (with_vip("lb2"), ("lb1", "lb2"), ["lb1", "lb2"]),
        (with_vip("lb1"), ("lb2",), ["lb2"]),
        (with_vip("lb1"), ("lb1",), ["lb1"]),
    ],
)
def test_the_backups_come_first(seen, play_hosts, order):
    change = changed(BOTH, seen, play_hosts)
    assert change["order"] == order
    assert change["refusals"] == []
    silent = sorted({"lb1", "lb2"} - {*play_hosts})
    assert change["said"] == [
        f"{name} did not answer, or was left out by --limit, and does not know this before the next run of site.yml."
        for name in silent
    ]


def test_the_record_of_a_drain():
    (record,) = changed(BOTH, reason="new disk")["steps"]
    (one,) = record["drains"]
    assert (one["real_server"], one["addresses"], one["service"], one["reason"]) == (
        "www2",
        ["10.0.0.22"],
        None,
        "new disk",
    )
    assert "@" in one["by"] and one["since"] == "2026-11-27T08:00:00Z"


def test_what_others_have_drained_stays():
    mail = {**WEB, "name": "mail", "port": 25}
    (record,) = changed(
        {"lb1": Record(), "lb2": Record((drain("www1", "mail"),))}, services=(WEB, mail), service="web"
    )["steps"]
    assert [(one["real_server"], one["service"]) for one in record["drains"]] == [("www1", "mail"), ("www2", "web")]


@pytest.mark.parametrize(
    ("request_", "refusals"),
    [
        ({"real_server": "www9"}, ["There is no real server www9. There are www1 and www2."]),
        ({"real_server": ""}, ["The name of a real server is missing. There are www1 and www2."]),
        ({"service": "x"}, ["There is no service x. There are web."]),
        ({"undrain": True}, ["www2 is not drained. No real server is drained."]),
        ({"undrain": True, "steps": "many"}, ["The number of steps has to be from 1 to 100."]),
    ],
)
def test_what_is_refused(request_, refusals):
    change = changed(BOTH, **request_)
    assert change["refusals"] == refusals


def test_steps_that_are_no_number():
    change = changed({"lb1": Record((drain(),)), "lb2": Record()}, undrain=True, steps="many")
    assert change["refusals"] == ["The number of steps has to be from 1 to 100."]


@pytest.mark.parametrize("pause", ["30s", "-1", "soon"])
def test_a_pause_that_is_no_number(pause):
    drained = {"lb1": Record((drain(),)), "lb2": Record()}
    assert changed(drained, undrain=True, steps="2", pause=pause)["refusals"] == [
        f"pause is {pause}, and has to be a number of seconds, such as 30."
    ]
    for right in (0, 30, "0.5"):
        assert changed(drained, undrain=True, steps="2", pause=right)["refusals"] == []


@pytest.mark.parametrize("force", [False, True])
def test_the_last_real_server_needs_force(force):
    change = changed({"lb1": Record((drain("www1"),)), "lb2": Record()}, force=force)
    told = "Without www2 service web would have no real server with a weight, since www1 is drained."
    assert (told in change["refusals"], told in change["said"]) == (not force, force)
    assert force or "-e force=true" in change["refusals"][1]


def table(*weights_):
    servers = [
        {"address": address, "port": 80, "weight": weight}
        for address, weight in zip(("10.0.0.21", "10.0.0.22"), weights_)
    ]
    service = {"address": "10.0.0.100", "port": 80, "protocol": "tcp", "fwmark": None, "destinations": servers}
    return {"director_drains_table": {"services": [service]}}


@pytest.mark.parametrize(
    ("seen", "refused"),
    [
        ({"lb1": table(1, 1)}, False),
        ({"lb1": table(0, 1)}, True),
        ({"lb1": table(1, 1), "lb2": table(0, 1)}, True),
        # With ldirectord a backup has no table.
        ({"lb1": table(1, 1), "lb2": {"director_drains_table": {"services": []}}}, False),
    ],
)
def test_the_last_real_server_by_the_tables_needs_force(seen, refused):
    assert bool(changed(BOTH, seen)["refusals"]) == refused


@pytest.mark.parametrize(
    ("scheduler", "flags", "refused"), [("sh", None, True), ("mh", ["mh-fallback"], False), ("wrr", None, False)]
)
def test_a_scheduler_that_would_refuse_the_clients_needs_force(scheduler, flags, refused):
    service = {**WEB, "scheduler": scheduler, **({"scheduler_flags": flags} if flags else {})}
    change = changed(BOTH, services=(service,))
    told = f"Service web has the scheduler {scheduler}: the clients that it gives to www2 would be refused"
    assert any(text.startswith(told) for text in change["refusals"]) == refused
    assert changed(BOTH, services=(service,), force=True)["refusals"] == []


def test_directors_without_the_program():
    cluster, _warned = described(BOTH)
    change = drain_change(cluster, hostvars({}), ["lb1", "lb2"], {"real_server": "www2"}, NOW)
    assert change["refusals"] == ["lb2 and lb1 have no lvs-drain yet: run site.yml first."]


def test_drained_already():
    change = changed({"lb1": Record((drain(),)), "lb2": Record()})
    assert change["steps"] == [data_of(Record((drain(),)))]
    assert change["said"] == ["www2 is drained already: by alice@admin1 since 2026-11-27T07:10:01Z because: disk."]


def test_steps_of_an_end():
    change = changed({"lb1": Record((drain(),)), "lb2": Record()}, undrain=True, steps="2")
    assert [[one["weight"] for one in step["drains"]] for step in change["steps"]] == [[50], []]


def reported(records, check=False, results=None, **request):
    cluster, _warned = described(records)
    change = changed(records, play_hosts=("lb1",), **request)
    found = hostvars(records)
    for name, result in (results or {}).items():
        found[name]["director_drains_result"] = result
    return drain_report(cluster, found, change, check)


def test_the_report_of_a_drain():
    done = {"changed": True, "failing": ["www1 in web (10.0.0.100:80/tcp)"], "connections": {"www2": 3}}
    lines = reported(BOTH, results={"lb1": done})
    assert lines[0].startswith("www2 is drained in all its services by ")
    assert lines[1:] == [
        "lb1 has 3 active connections with www2.",
        "lb1: a check fails, or has not passed yet, of www1 in web (10.0.0.100:80/tcp).",
        "lb2 did not answer, or was left out by --limit, and does not know this before the next run of site.yml.",
    ]


def test_the_report_of_an_end_and_of_a_director_that_failed():
    lines = reported({"lb1": Record((drain(),)), "lb2": Record()}, undrain=True)
    assert lines[:3] == [
        "No longer: www2 is drained in all its services by alice@admin1 since 2026-11-27T07:10:01Z because: disk.",
        "No real server is drained.",
        "lb1 could not be changed: see above. The next run of site.yml does it.",
    ]


def test_a_preview():
    assert reported(BOTH, check=True)[-1] == "This was a preview. Nothing was changed."
