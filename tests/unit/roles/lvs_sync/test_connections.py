# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lvs-sync reads from the kernel's tables, as ip_vs_conn_seq_show and ip_vs_info_seq_show print them."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from connections import Connection, Service, connection, services

HEADING = "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n"
SERVICES = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  AC1C0064:0050 rr\x20
  -> AC1C0015:0050      Route   1      2          0
  -> AC1C0016:0050      Local   0      0          1
UDP  AC1C0064:13C4 wlc ops\x20
TCP  [fd00:0000:0000:0000:0000:0000:0000:0064]:01BB wlc persistent 300 00000080
  -> [fd00:0000:0000:0000:0000:0000:0000:0015]:01BB      Masq    1      0          0
SCTP  AC1C0065:0024 rr\x20
  -> AC1C0015:0024      Tunnel  1      0          0
FWM  0000000A rr persistent 360 FFFFFFFF
  -> AC1C0015:0000      Route   1      0          0
FWM  0000000A rr persistent 360 00000080
  -> [fd00:0000:0000:0000:0000:0000:0000:0015]:0000      Route   1      0          0
"""


def packed(text: str) -> bytes:
    return ip_address(text).packed


WEB1, WEB1_6 = packed("172.28.0.21"), packed("fd00::15")
VIP, VIP6 = packed("172.28.0.100"), packed("fd00::64")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "TCP AC1C001F D431 AC1C0064 0050 AC1C0015 1F90 ESTABLISHED     899\n",
            Connection("TCP", packed("172.28.0.31"), 54321, VIP, 80, WEB1, 8080, "ESTABLISHED", 899),
        ),
        (
            "UDP AC1C001F D431 AC1C0064 0035 AC1C0015 0035 UDP             299\n",
            Connection("UDP", packed("172.28.0.31"), 54321, VIP, 53, WEB1, 53, "UDP", 299),
        ),
        (
            "TCP fd00:0000:0000:0000:0000:0000:0000:001f D431 fd00:0000:0000:0000:0000:0000:0000:0064 01BB"
            " fd00:0000:0000:0000:0000:0000:0000:0015 01BB FIN_WAIT        119\n",
            Connection("TCP", packed("fd00::1f"), 54321, VIP6, 443, WEB1_6, 443, "FIN_WAIT", 119),
        ),
        # IPv4 in a tunnel of IPv6
        (
            "TCP AC1C001F D431 AC1C0064 0050 fd00:0000:0000:0000:0000:0000:0000:0015 0050 ESTABLISHED     899\n",
            Connection("TCP", packed("172.28.0.31"), 54321, VIP, 80, WEB1_6, 80, "ESTABLISHED", 899),
        ),
        # a template of a firewall mark
        (
            "IP  AC1C001F 0000 0000000A 0000 AC1C0015 0000 ASSURED         345\n",
            Connection("IP", packed("172.28.0.31"), 0, packed("0.0.0.10"), 0, WEB1, 0, "ASSURED", 345),
        ),
        # a template of a persistence engine
        (
            "UDP AC1C001F 0000 AC1C0064 13C4 AC1C0015 13C4 NONE            345 sip a84b4c76e66710@client 1\n",
            Connection(
                "UDP", packed("172.28.0.31"), 0, VIP, 5060, WEB1, 5060, "NONE", 345, "sip", "a84b4c76e66710@client 1"
            ),
        ),
        (HEADING, None),
        ("", None),
        ("TCP AC1C001F D431 AC1C0064 0050 AC1C0015\n", None),
        ("TCP AC1C00XX D431 AC1C0064 0050 AC1C0015 1F90 ESTABLISHED     899\n", None),
    ],
    ids=["tcp", "udp", "ipv6", "ipv4_in_ipv6", "mark", "engine", "heading", "empty", "cut", "no_address"],
)
def test_a_line_of_the_connection_table(line: str, expected: Connection | None) -> None:
    assert connection(line) == expected


def test_the_virtual_services() -> None:
    found = services(SERVICES.splitlines(keepends=True))
    assert found.by_address == {
        ("TCP", VIP, 80): Service(None, {(WEB1, 80): "Route", (packed("172.28.0.22"), 80): "Local"}),
        ("UDP", VIP, 5060): Service(None, {}),
        ("TCP", VIP6, 443): Service(300, {(WEB1_6, 443): "Masq"}),
        ("SCTP", packed("172.28.0.101"), 36): Service(None, {(WEB1, 36): "Tunnel"}),
    }
    # One mark may have a service of each family.
    assert found.by_mark == {10: Service(360, {(WEB1, 0): "Route", (WEB1_6, 0): "Route"})}


def test_no_services() -> None:
    assert services(SERVICES.splitlines()[:3]) == ({}, {})
