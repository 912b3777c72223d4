# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel's messages are about."""

from __future__ import annotations

import socket
import struct
import time

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal.events import ADDRESSES, RULES, Events, kinds

ROUTE, NETFILTER = 0, 12


def message(kind: int, body: bytes = b"") -> bytes:
    """A message with a body that is padded to four bytes, as the kernel does."""
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body + bytes(-len(body) % 4)


def link(flags: int, changed: int) -> bytes:
    return message(16, struct.pack("=BxHiII", 0, 1, 2, flags, changed))


def route(kind: int, table: int) -> bytes:
    return message(kind, struct.pack("=8BI", 2, 0, 0, 0, table, 4, 0, 1, 0))


@pytest.mark.parametrize(
    ("family", "datagram", "about"),
    [
        (ROUTE, message(20, bytes(8)), {ADDRESSES}),
        (ROUTE, message(21, bytes(8)), {ADDRESSES, RULES}),
        (ROUTE, message(33, bytes(12)), {RULES}),
        (ROUTE, message(32, bytes(12)), set()),
        (ROUTE, route(25, 112), {RULES}),
        (ROUTE, route(25, 254), set()),
        (ROUTE, route(24, 112), set()),
        (ROUTE, link(0x82, 0x41), {RULES}),
        (ROUTE, link(0xC3, 0x41), set()),
        (ROUTE, link(0x1002, 0x40), set()),
        (NETFILTER, message(10 << 8 | 8, bytes(4)), {RULES}),
        (NETFILTER, message(10 << 8 | 2, bytes(4)), {RULES}),
        (NETFILTER, message(10 << 8 | 5, bytes(4)), {RULES}),
        (NETFILTER, message(10 << 8 | 6, bytes(4)), set()),
        (NETFILTER, message(10 << 8 | 12, bytes(4)), set()),
        (NETFILTER, message(1 << 8 | 2, bytes(4)), set()),
        (ROUTE, b"", set()),
        (ROUTE, b"\0" * 40, set()),
    ],
    ids=[
        "address_added",
        "address_deleted",
        "rule_deleted",
        "rule_added",
        "own_route_deleted",
        "route_of_another_table",
        "own_route_added",
        "device_down",
        "device_up",
        "device_down_without_a_carrier",
        "nft_rule_deleted",
        "nft_table_deleted",
        "nft_chain_deleted",
        "nft_rule_added",
        "nft_set_element",
        "another_subsystem",
        "nothing",
        "nonsense",
    ],
)
def test_what_a_message_is_about(family, datagram, about):
    assert kinds(family, datagram) == about


def test_every_message_of_a_datagram_counts():
    many = message(10 << 8 | 6, b"odd") + message(10 << 8 | 15, bytes(5)) + message(10 << 8 | 8, bytes(4))
    assert kinds(NETFILTER, many) == {RULES}


@pytest.fixture
def told():
    """The events of a host, and the end at which its kernel tells of addresses, routes and devices."""
    here, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    here.setblocking(False)
    events = Events()
    events._sockets = {here: ROUTE}
    with here, kernel:
        yield events, kernel


def test_what_is_of_no_interest_does_not_end_the_wait(told):
    """A director whose routes change all the time would look all the time."""
    events, kernel = told
    kernel.send(route(24, 254))
    began = time.monotonic()
    assert events.wait(0.2) == set()
    assert time.monotonic() - began >= 0.2


def test_what_is_of_interest_ends_the_wait(told):
    events, kernel = told
    kernel.send(route(24, 254))
    kernel.send(message(20, bytes(8)))
    assert events.wait(60) == {ADDRESSES}
    assert events.wait(0) == set()
