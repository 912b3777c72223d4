# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status.table import (
    Server,
    endpoint_text,
    parse_rates,
    parse_table,
)

TITLE = (
    "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port ...\n"
)
SIX = "[2001:0db8:0000:0000:0000:0000:0000:0021]"


def test_services_by_address():
    table = parse_table(
        f"{TITLE}TCP  AC1C0064:0050 wrr \n  -> AC1C0015:1F90      Masq    3      10         200       \n"
        f"UDP  {SIX}:0035 sh ops \n  -> {SIX}:0035      Tunnel  0      1          2         \n"
        "SCTP AC1C0064:0BB8 rr persistent 300 FFFFFFFF\n"
    )
    assert {key: (one.scheduler, dict(one.servers)) for key, one in table.items()} == {
        "172.28.0.100:80/tcp": ("wrr", {"172.28.0.21:8080": Server("nat", 3, 10, 200)}),
        "[2001:db8::21]:53/udp": ("sh", {"[2001:db8::21]:53": Server("tun", 0, 1, 2)}),
        "172.28.0.100:3000/sctp": ("rr", {}),
    }


@pytest.mark.parametrize(
    ("servers", "known", "key"),
    [
        ("  -> AC1C0015:0000      Route   1      0          0         \n", (), "fwmark 4294967295"),
        (f"  -> {SIX}:0000      Route   1      0          0         \n", (), "fwmark 4294967295 ipv6"),
        ("", (), "fwmark 4294967295"),
        ("", ("fwmark 4294967295 ipv6",), "fwmark 4294967295 ipv6"),
        ("", ("fwmark 4294967295 ipv6", "fwmark 4294967295"), "fwmark 4294967295"),
        # A tunnel may lead to another family than that of the service.
        (
            "  -> AC1C0015:0000      Tunnel  1      0          0         \n",
            ("fwmark 4294967295 ipv6",),
            "fwmark 4294967295 ipv6",
        ),
        # A real server without a tunnel has the family of the service, whatever the inventory has.
        (
            "  -> AC1C0015:0000      Route   1      0          0         \n",
            ("fwmark 4294967295 ipv6",),
            "fwmark 4294967295",
        ),
    ],
)
def test_the_family_of_a_mark(servers, known, key):
    assert list(parse_table(f"{TITLE}FWM  FFFFFFFF rr \n{servers}", known)) == [key]


def test_marks_of_both_families_keep_their_servers():
    table = parse_table(
        f"{TITLE}FWM  00000007 rr \n  -> AC1C0015:0000      Route   1      0          0         \n"
        f"FWM  00000007 rr \n  -> {SIX}:0000      Local   1      0          0         \n"
    )
    assert {key: [*one.servers] for key, one in table.items()} == {
        "fwmark 7": ["172.28.0.21:0"],
        "fwmark 7 ipv6": ["[2001:db8::21]:0"],
    }
    assert table["fwmark 7 ipv6"].servers["[2001:db8::21]:0"].forward == "local"


def test_without_ipvs_there_is_nothing():
    assert (parse_table(""), parse_rates("")) == ({}, {})


def test_rates():
    text = (
        "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port   CPS  InPPS OutPPS InBPS OutBPS\n"
        "  -> RemoteAddress:Port\n"
        "TCP  172.28.0.31:2222                    5        1        1       38       37\n"
        "  -> 172.28.0.21:22                      3        1        1       38       37\n"
        "  -> 172.28.0.22:22                      2        1        1       38       37\n"
        "UDP  [2001:db8::1]:53                    7        0        0        0        0\n"
        "FWM  5                                   4        0        0        0        0\n"
        "FWM  -1 IPv6                             6        0        0        0        0\n"
        "  -> [2001:db8::2]:0                     6        0        0        0        0\n"
    )
    assert parse_rates(text) == {
        "172.28.0.31:2222/tcp": (5, {"172.28.0.21:22": 3, "172.28.0.22:22": 2}),
        "[2001:db8::1]:53/udp": (7, {}),
        "fwmark 5": (4, {}),
        "fwmark 4294967295 ipv6": (6, {"[2001:db8::2]:0": 6}),
    }


def test_an_endpoint_is_canonical():
    assert endpoint_text("[0000:0000:0000:0000:0000:ffff:0a00:0001]:FFFF") == "[::ffff:10.0.0.1]:65535"


def test_a_thousand_services_with_ten_real_servers_each_are_read():
    lines = [TITLE]
    for number in range(1000):
        lines.append(f"TCP  AC10{number:04X}:0050 wrr \n")
        lines += [f"  -> 0A0000{server:02X}:0050      Route   1      12         34        \n" for server in range(10)]
    text = "".join(lines)
    table = parse_table(text)
    assert (len(table), sum(len(service.servers) for service in table.values())) == (1000, 10000)
