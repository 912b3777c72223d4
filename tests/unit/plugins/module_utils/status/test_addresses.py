# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import struct

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status import addresses
from ansible_collections.lvs.cluster.plugins.module_utils.status.addresses import Address, age_at, parse

DONE = struct.pack("=IHHII", 20, 3, 2, 1, 0) + bytes(4)


def attribute(kind: int, data: bytes) -> bytes:
    padded = data + bytes(-len(data) % 4)
    return struct.pack("=HH", 4 + len(data), kind) + padded


def message(family: int, index: int, *attributes: bytes) -> bytes:
    body = struct.pack("=BBBBI", family, 32, 0, 0, index) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body


def given(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def dated(created: int) -> bytes:
    return attribute(6, struct.pack("=IIII", 0xFFFFFFFF, 0xFFFFFFFF, created, 0))


def test_addresses_with_their_age():
    datagram = (
        # A label has an odd length; what is behind it has to be found.
        message(
            socket.AF_INET,
            2,
            attribute(1, given("10.0.0.9")),
            attribute(3, b"eth1:1\0"),
            attribute(2, given("10.0.0.1")),
            dated(4000),
        )
        + message(socket.AF_INET6, 3, attribute(1, given("2001:db8::1")), dated(9900))
        + message(7, 2, attribute(1, b"12345678"))
        + DONE
    )
    assert list(parse(datagram, {2: "eth1", 3: "eth2"}, age_at(10000), 1000.0)) == [
        # The local address, not that of the other end.
        Address("10.0.0.1", "eth1", 940.0),
        Address("2001:db8::1", "eth2", 999.0),
    ]
    assert addresses._ends(datagram)
    assert not addresses._ends(datagram[: -len(DONE)])


@pytest.mark.parametrize(("now", "created", "age"), [(10000, 9000, 10.0), (100, 0xFFFFFFFF - 99, 2.0), (100, 102, 0.0)])
def test_the_clock_of_the_kernel_begins_again_and_may_be_ahead(now, created, age):
    assert age_at(now)(created) == age


def test_this_host_has_a_loopback_address_or_none():
    found = addresses.read()
    assert all(one.since > 0 for one in found)
    assert {one.interface for one in found if one.address == "127.0.0.1"} <= {"lo"}
