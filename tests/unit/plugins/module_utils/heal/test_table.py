# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is missing or changed in a table, and when it is worth a comparison: by texts of /proc/net/ip_vs and ipvsadm."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal.table import changes, described, drained, shape
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import change_line

PROC = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  AC1C0064:0050 wrr  
  -> AC1C0016:0050      Route   1      0          3         
  -> AC1C0015:0050      Route   1      12         0         
TCP  [2001:0db8:0000:0000:0000:0000:0000:0100]:01BB rr persistent 300 FFFFFFFF
  -> [2001:0db8:0000:0000:0000:0000:0000:0021]:20FB      Masq    1      0          0         
FWM  00000007 sh  
"""  # noqa: W291 - as the kernel prints it
WANTED = """\
-A -t 172.28.0.100:80 -s wrr
-a -t 172.28.0.100:80 -r 172.28.0.21:80 -g -w 3 -x 100 -y 50
-a -t 172.28.0.100:80 -r 172.28.0.22:80 -g -w 1
-A -u 172.28.0.100:53 -s rr -p 300 -o
-a -u 172.28.0.100:53 -r 172.28.0.21:53 -i -w 1
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Route   1      0          3 ", "Route   1      900        3 "),
        ("Route   1      0 ", "Route   10     0 "),
        ("Masq    1      0          0 ", "Masq    100    17         2 "),
    ],
    ids=["connections", "weight", "both"],
)
def test_weights_and_connections_are_no_reason_to_compare(old, new):
    assert old in PROC
    assert shape(PROC.replace(old, new)) == shape(PROC)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  -> AC1C0016:0050      Route   1      0          3         \n", ""),
        ("AC1C0016:0050      Route", "AC1C0016:0050      Masq "),
        ("0050 wrr", "0050 rr"),
        ("FWM  00000007 sh  \n", ""),
        ("persistent 300", "persistent 60"),
        ("Route   1      0 ", "Route   0      0 "),
    ],
    ids=["real_server", "method", "scheduler", "service", "persistence", "drained"],
)
def test_what_else_differs_is_one(old, new):
    assert old in PROC
    assert shape(PROC.replace(old, new)) != shape(PROC)


def test_an_empty_table_has_another_shape_than_none():
    assert shape("".join(PROC.splitlines(keepends=True)[:3])) != shape("")


def todo(now: str, wanted: str = WANTED) -> list[str]:
    return [change_line(change) for change in changes(parse_table(now), parse_table(wanted))]


def without(*gone: int) -> str:
    return "".join(line for number, line in enumerate(WANTED.splitlines(keepends=True)) if number not in gone)


# ipvsadm -Sn prints no thresholds.
THERE = WANTED.replace(" -x 100 -y 50", "")


def test_a_right_table_needs_nothing():
    assert todo(THERE) == []


def test_after_a_flush_everything_is_added_in_order():
    assert todo("") == WANTED.splitlines()


def test_a_deleted_service_comes_with_its_real_servers():
    assert todo(without(3, 4)) == WANTED.splitlines()[3:]


def test_a_deleted_real_server_comes_with_its_thresholds():
    assert todo(without(1)) == WANTED.splitlines()[1:2]


def test_another_scheduler_is_set_right_without_touching_the_real_servers():
    assert todo(THERE.replace("-s wrr", "-s rr")) == ["-E -t 172.28.0.100:80 -s wrr"]


def test_another_method_is_set_right_and_the_weight_stays():
    assert todo(THERE.replace("172.28.0.22:80 -g -w 1", "172.28.0.22:80 -m -w 8")) == [
        "-e -t 172.28.0.100:80 -r 172.28.0.22:80 -g -w 8"
    ]
    assert todo(THERE.replace("-i -w 1", "-i -w 1 --tun-type gre --tun-nocsum")) == [
        "-e -u 172.28.0.100:53 -r 172.28.0.21:53 -i -w 1"
    ]


def test_weights_and_what_is_there_too_much_are_left_alone():
    more = "-A -t 172.28.0.109:80 -s rr\n-a -t 172.28.0.109:80 -r 172.28.0.29:80 -g -w 1\n"
    assert todo(THERE.replace("-w 3", "-w 0") + more) == []


def test_faults_are_named():
    found = [
        described(change) for change in changes(parse_table(THERE.replace("-s wrr", "-s rr")), parse_table(WANTED))
    ]
    assert found == ["changed service 172.28.0.100:80/tcp"]
    found = [described(change) for change in changes(parse_table(""), parse_table(WANTED))]
    assert found[:2] == [
        "missing service 172.28.0.100:80/tcp",
        "missing real server 172.28.0.21:80 of service 172.28.0.100:80/tcp",
    ]


def test_drained_real_servers_are_those_with_weight_0():
    table = parse_table(THERE.replace("-w 3", "-w 0"))
    assert drained(table) == [(next(iter(table.services)), "172.28.0.21:80")]
