# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table for people: 80 columns, states as words, and what is said of each real server."""

from __future__ import annotations

import re

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status.text import (
    ago,
    explanations,
    lines_of,
    number,
    weights,
)
from ansible_collections.lvs.cluster.plugins.module_utils.status.view import view_of

from .conftest import DRAIN, PROC
from .test_director import FAILED, TLS_OUT, WEB2

DOWN = {
    "director": "lvs3",
    "status": None,
    "state": "unreachable",
    "why": "ssh: connect to host 172.28.0.13 port 22: No route to host",
}


def test_the_whole_table(status):
    proc = TLS_OUT.replace(WEB2, "")
    found = [
        {"director": name, "status": status(name, proc=proc, reasons=FAILED, drains=[{**DRAIN, "service": "web-tls"}])}
        for name in ("lvs1", "lvs2")
    ]
    found[1]["status"]["services"][2]["real_servers"][0]["state"] = "failed"
    assert (
        "\n".join(lines_of(view_of([*found, DOWN])))
        == """\
Cluster lvs1-lvs2-lvs3 (keepalived) 2027-01-15 08:00:00 UTC

DIRECTOR          INSTANCE      SINCE       SYNC               STATE
lvs1              VI_1          2 h         -                  master
lvs2              VI_1          2 h         -                  backup
lvs3              -             -           -                  UNREACHABLE
    ssh: connect to host 172.28.0.13 port 22: No route to host

VIP                                      HELD BY        SINCE       STATE
172.28.0.100                             lvs1           1 h         held
172.28.0.101                             lvs1           1 h         held

SERVICE, REAL SERVERS                  WEIGHT   ACTIVE INACTIVE  CONN/S STATE
web 172.28.0.100:80/tcp                            120     3400      12 degraded
+ web1 172.28.0.21 dr                       1      120     3400      12 up
+ web2 172.28.0.22 dr                     -/1        -        -       0 FAILED
    - TCP_CHECK failed, for 1 min
web-tls 172.28.0.100:443/tcp                        12        1       - up
+ web1 172.28.0.21 dr                       1        7        0       - up
+ web2 172.28.0.22 dr                     0/1        5        1       - drained
    - drained by alice@admin1 2 h 30 min ago: kernel update
dns 172.28.0.101:53/udp                              0        6       - up
+ web2 172.28.0.22 dr                       1        0        2       - up
    - on lvs2 it is failed
+ web3 172.28.0.23 dr                       1        0        4       - up

PROBLEMS
- lvs1, lvs2: web 172.28.0.100:80/tcp: web2 failed: TCP_CHECK failed
- lvs3: unreachable: ssh: connect to host 172.28.0.13 port 22: No route to host"""
    )


def test_without_problems_that_is_said(found):
    assert lines_of(view_of(found))[-1] == "No problems seen."


def test_colours_only_where_they_are_wanted_and_never_instead_of_a_word(status):
    view = view_of([{"director": "lvs1", "status": status(proc=PROC.replace(WEB2, ""))}])
    plain, coloured = lines_of(view), lines_of(view, coloured=True)
    assert "\x1b" not in "".join(plain)
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured] == plain
    assert any("\x1b[31mFAILED\x1b[0m" in line for line in coloured)
    assert any("\x1b[32mmaster\x1b[0m" in line for line in coloured)


def test_nothing_is_wider_than_80_columns(status):
    data = status(drains=[{**DRAIN, "reason": "a very long reason " * 9}])
    data["cluster"] = "c" * 60
    data["instances"][0]["name"] = "an-instance-with-a-long-name"
    data["instances"][0]["vips"][0]["address"] = "2001:db8:1111:2222:3333:4444:5555:6666"
    data["instances"][0]["vips"][0]["gateway"] = True
    data["sync"] = {"sends": True, "receives": True, "wanted": True}
    for service in data["services"]:
        service["name"] = "a-service-with-quite-a-long-name-that-nobody-would-type"
        service["service"] = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535/sctp"
        service["active"] = service["inactive"] = service["rate"] = 10**12
        for server in service["real_servers"]:
            server.update(
                name="www1.department.example.org", address="2001:db8:1111:2222:3333:4444:5555:7777", port=8443
            )
            server.update(weight=65535, weight_wanted=65534, active=9_999_999, inactive=10**8, rate=9_999_999)
    data["director"] = "lvs1.with.a.long.name.example.org"
    found = [{"director": f"{number}.{data['director']}", "status": data} for number in range(4)]
    lines = lines_of(view_of([*found, {**DOWN, "director": "l" * 40, "why": "w" * 200}]))
    assert max(map(len, lines)) <= 80
    # What was too long for its column is there nevertheless.
    assert "2001:db8:1111:2222:3333:4444:5555:6666 gateway" in "\n".join(lines)
    assert "[2001:db8:1111:2222:3333:4444:5555:7777]:8443" in "\n".join(lines)


def test_many_problems_are_not_all_repeated(found):
    found[0]["status"]["problems"] = [f"problem {number}" for number in range(30)]
    lines = lines_of(view_of(found))
    assert lines[-2:] == ["- lvs1: problem 19", "and 10 more"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (7500, "2 h 5 min"), (86400, "1 d"), (100000, "1 d 3 h"), (-5, "0 s")],
)  # fmt: skip
def test_how_long_something_lasts(seconds, text):
    assert ago("2027-01-15T08:00:00Z", 1_800_000_000 + seconds) == text


def test_a_time_that_is_unknown():
    assert (ago(None, 1.0), ago("2027-01-15T08:00:00Z", None)) == ("-", "-")


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0, "0"), (9_999_999, "9999999"), (10_000_000, "10M"), (9_999_499_999, "9999M"), (10**10, "10G")]
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("live", "wanted", "text"), [(1, 1, "1"), (0, 1, "0/1"), (None, 3, "-/3"), (5, None, "5"), (0, 0, "0")]
)
def test_weights(live, wanted, text):
    assert weights({"weight": live, "weight_wanted": wanted}) == text


def test_a_port_is_shown_only_if_it_is_not_that_of_the_service(status):
    data = status()
    data["services"][0]["real_servers"][0]["port"] = 8080
    lines = "\n".join(lines_of(view_of([{"director": "lvs1", "status": data}])))
    assert "+ web1 172.28.0.21:8080 dr" in lines
    assert "+ web2 172.28.0.22 dr" in lines


@pytest.mark.parametrize(
    ("since", "told"),
    [
        ("2027-01-15T05:30:00Z", "drained by alice@admin1 2 h 30 min ago: kernel update"),
        ("2027-01-15T05:30:00.250000Z", "drained by alice@admin1 2 h 30 min ago: kernel update"),
        # Somebody has written the record by hand.
        ("yesterday", "drained by alice@admin1: kernel update"),
        (None, "drained by alice@admin1: kernel update"),
    ],
)
def test_a_drain_in_words(since, told):
    server = {"drain": {**DRAIN, "since": since}, "reason": None, "since": None}
    assert explanations(server, 1_800_000_000) == [told]
    assert explanations({**server, "drain": {"by": None, "since": None, "reason": None}}, None) == ["drained"]
