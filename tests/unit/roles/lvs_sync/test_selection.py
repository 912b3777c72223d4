# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections lvs-sync tells, and what it says of them that the kernel's list does not."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from connections import Connection, Service, Services
from selection import Mark, Selection, marks


def packed(text: str) -> bytes:
    return ip_address(text).packed


CLIENT, WEB1, WEB2, WEB3 = (packed(f"172.28.0.{number}") for number in (31, 21, 22, 23))
VIP, OTHER, VIP6 = packed("172.28.0.100"), packed("172.28.0.101"), packed("fd00::64")
SERVICES = Services(
    {
        ("TCP", VIP, 80): Service(
            None, {(WEB1, 80): "Route", (WEB2, 80): "Route", (packed("172.28.0.11"), 80): "Local"}
        ),
        ("UDP", VIP, 53): Service(None, {(WEB1, 53): "Tunnel"}),
        ("SCTP", VIP, 36): Service(None, {(WEB1, 36): "Masq"}),
        ("TCP", VIP, 443): Service(300, {(WEB1, 443): "Route"}),
        ("TCP", VIP, 8080): Service(None, {(WEB1, 8080): "Route", (WEB2, 8080): "Masq"}),
        ("TCP", VIP, 21): Service(600, {(WEB1, 21): "Masq"}),
        ("TCP", OTHER, 0): Service(60, {(WEB1, 0): "Route"}),
        ("TCP", VIP6, 80): Service(None, {(packed("fd00::15"), 80): "Route"}),
    },
    {10: Service(360, {(WEB1, 0): "Route"}), 11: Service(360, {(WEB1, 0): "Route"})},
)
MARK = Mark(10, frozenset([VIP]), frozenset(["TCP"]), ((8443, 8443), (9000, 9010)))
HELD = frozenset([VIP, VIP6, OTHER, packed("172.28.0.11")])
OPEN = Connection("TCP", CLIENT, 54321, VIP, 80, WEB1, 80, "ESTABLISHED", 899)
TEMPLATE = OPEN._replace(client_port=0, vip_port=443, server_port=443, state="NONE", expires=20)
MARKED = OPEN._replace(vip_port=8443, server_port=8443)


def flags(connection: Connection) -> int | None:
    entry = Selection(SERVICES, [MARK]).entry(connection, HELD)
    return entry and entry.flags


def test_a_connection_is_told_with_the_time_that_is_left():
    entry = Selection(SERVICES, []).entry(OPEN, HELD)
    assert entry == (6, 0x83, 1, CLIENT, 54321, VIP, 80, WEB1, 80, 0, 899, b"", b"")


@pytest.mark.parametrize(
    ("change", "protocol", "state", "expected"),
    [
        ({"state": "FIN_WAIT"}, 6, 4, 0x183),
        ({"state": "CLOSE_WAIT"}, 6, 7, 0x183),
        ({"protocol": "UDP", "vip_port": 53, "server_port": 53, "state": "UDP"}, 17, 0, 0x182),
        ({"protocol": "SCTP", "vip_port": 36, "server_port": 36}, 132, 8, 0x000),
        ({"server": packed("172.28.0.11")}, 6, 1, 0x081),
        ({"server": WEB2}, 6, 1, 0x083),
    ],
)
def test_states_and_flags_are_the_kernels(change, protocol, state, expected):
    entry = Selection(SERVICES, []).entry(OPEN._replace(**change), HELD)
    assert (entry.protocol, entry.state, entry.flags) == (protocol, state, expected)


@pytest.mark.parametrize(
    "change",
    [
        *({"state": state} for state in ("NONE", "SYN_SENT", "SYN_RECV", "TIME_WAIT", "CLOSE", "LAST_ACK", "LISTEN")),
        {"expires": 0},
        {"vip_port": 81},
        {"vip": packed("172.28.0.102")},
        {"protocol": "UDP", "state": "UDP"},
        {"server": packed("fd00::15")},
        {"server": packed("fd00::15"), "protocol": "UDP", "vip_port": 53, "state": "UDP"},
        {"engine": "sip", "engine_data": "x" * 256},
        {"engine": "sip"},
        {"engine": "x" * 17, "engine_data": "1"},
    ],
    ids=str,
)
def test_what_has_ended_or_cannot_be_told_is_left_out(change):
    assert flags(OPEN._replace(**change)) is None


def test_another_directors_connections_are_its_own():
    select = Selection(SERVICES, [MARK])
    for connection in (OPEN, TEMPLATE, MARKED, MARKED._replace(protocol="IP", client_port=0, vip=packed("0.0.0.10"), vip_port=0, state="NONE")):  # fmt: skip
        assert select.entry(connection, HELD) is not None
        assert select.entry(connection, HELD - {VIP}) is None


def test_a_real_server_that_has_left_was_reached_like_the_others():
    # Without the director itself, which is reached in its own way.
    assert flags(OPEN._replace(server=WEB3)) == 0x83
    # Other ports of the same real server are reached like it.
    assert flags(OPEN._replace(vip_port=8080, server=WEB2, server_port=99)) == 0x000
    # With two ways it is not known.
    assert flags(OPEN._replace(vip_port=8080, server=WEB3)) is None


def test_a_template_is_told_with_the_whole_time_of_its_service():
    entry = Selection(SERVICES, []).entry(TEMPLATE, HELD)
    assert (entry.flags, entry.state, entry.timeout) == (0x1183, 0, 300)
    assert Selection(SERVICES, []).entry(TEMPLATE._replace(state="ASSURED"), HELD).state == 1


def test_what_has_no_client_port_yet_is_no_template():
    assert flags(TEMPLATE._replace(vip_port=80, server_port=80)) is None


def test_what_a_persistence_engine_remembers_is_told():
    entry = Selection(SERVICES, []).entry(TEMPLATE._replace(engine="sip", engine_data="a@b"), HELD)
    assert (entry.engine, entry.engine_data) == (b"sip", b"a@b")


@pytest.mark.parametrize(("port", "mark"), [(8443, 10), (9000, 10), (9010, 10)])
def test_a_marked_connection_is_told_with_its_mark(port, mark):
    assert Selection(SERVICES, [MARK]).entry(MARKED._replace(vip_port=port), HELD).fwmark == mark


def test_a_mark_has_its_ports_vips_and_protocols_only():
    marked = SERVICES._replace(by_address={})
    select = Selection(marked, [MARK])
    assert select.entry(MARKED._replace(vip_port=9011), HELD) is None
    assert select.entry(MARKED._replace(protocol="SCTP"), HELD) is None
    assert select.entry(MARKED._replace(vip=packed("172.28.0.11")), HELD) is None
    # A mark without ports has all.
    assert Selection(marked, [MARK._replace(ports=())]).entry(MARKED._replace(vip_port=9), HELD).fwmark == 10
    # One that the kernel has no service for marks nothing.
    assert Selection(marked, [MARK._replace(number=12)]).entry(MARKED, HELD) is None


def test_the_mark_counts_before_the_port():
    every = MARK._replace(ports=())
    assert Selection(SERVICES, [every]).entry(OPEN, HELD).fwmark == 10
    assert Selection(SERVICES, [MARK]).entry(OPEN, HELD).fwmark == 0


def test_the_template_of_a_mark_has_the_mark_in_place_of_the_vip():
    template = OPEN._replace(
        protocol="IP", client_port=0, vip=packed("0.0.0.10"), vip_port=0, server_port=0, state="NONE"
    )
    entry = Selection(SERVICES, [MARK]).entry(template, HELD)
    assert (entry.protocol, entry.fwmark, entry.timeout, entry.vip) == (0, 10, 360, packed("0.0.0.10"))
    ipv6 = template._replace(client=packed("fd00::1f"), vip=packed("0:a::"), server=packed("fd00::15"))
    assert Selection(SERVICES, [MARK]).entry(ipv6, HELD).fwmark == 10
    # Nobody knows for which VIP it is.
    assert Selection(SERVICES, [MARK]).entry(template._replace(vip=packed("0.0.0.11")), HELD) is None
    assert Selection(SERVICES, [MARK]).entry(template._replace(vip=packed("0.0.0.12")), HELD) is None


def test_port_0_is_a_service_of_all_ports():
    assert flags(OPEN._replace(vip=OTHER, vip_port=7777, server_port=7777)) == 0x83
    assert flags(TEMPLATE._replace(vip=OTHER, vip_port=0, server_port=0)) == 0x1183


def test_ftp_with_nat_is_left_to_the_kernel_which_knows_the_sequence_numbers():
    control = OPEN._replace(vip_port=21, server_port=21)
    assert flags(control) is None
    assert flags(control._replace(vip_port=40000, server_port=40000)) == 0x000
    assert flags(TEMPLATE._replace(vip_port=0, server_port=0)) == 0x1100
    direct = Services({("TCP", VIP, 21): Service(None, {(WEB1, 21): "Route"})}, {})
    assert Selection(direct, []).entry(control, HELD).flags == 0x83


@pytest.mark.parametrize(("port", "expected"), [(20, 0x000), (22, None), (1023, None), (1024, 0x000)])
def test_data_connections_of_ftp_belong_to_its_service(port, expected):
    assert flags(OPEN._replace(vip_port=port, server_port=port)) == expected


def test_ipv6():
    connection = OPEN._replace(client=packed("fd00::1f"), vip=VIP6, server=packed("fd00::15"))
    assert flags(connection) == 0x83


def test_the_marks_of_the_configuration():
    given = [
        {"fwmark": 10, "vips": ["172.28.0.100", "fd00::64"], "protocols": ["tcp", "udp"], "ports": [80, "8000-8010"]}
    ]
    assert marks(given, packed) == [
        Mark(10, frozenset([VIP, VIP6]), frozenset(["TCP", "UDP"]), ((80, 80), (8000, 8010)))
    ]
