# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of lvs-sync, byte by byte, and read as the kernel reads them."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import Any

import pytest
from messages import Entry, connections_in, encode, messages


def packed(text: str) -> bytes:
    return ip_address(text).packed


TCP = Entry(
    protocol=6,
    flags=0x83,
    state=1,
    client=packed("172.28.0.31"),
    client_port=54321,
    vip=packed("172.28.0.100"),
    vip_port=80,
    server=packed("172.28.0.21"),
    server_port=8080,
    fwmark=10,
    timeout=899,
)
IPV6 = TCP._replace(client=packed("fd00::1f"), vip=packed("fd00::64"), server=packed("fd00::15"))
SIP = TCP._replace(protocol=17, engine=b"sip", engine_data=b"id@b", client_port=0)
# struct ip_vs_sync_v4: type, protocol, ver_size, flags, state, cport, vport, dport, fwmark, timeout, caddr, vaddr, daddr
V4 = "00 06 0024 00000083 0001 d431 0050 1f90 0000000a 00000383 ac1c001f ac1c0064 ac1c0015"
V6 = (
    "01 06 0048 00000083 0001 d431 0050 1f90 0000000a 00000383"
    " fd00000000000000000000000000001f fd000000000000000000000000000064 fd000000000000000000000000000015"
)
# Behind the addresses: IPVS_OPT_PE_DATA and IPVS_OPT_PE_NAME, each with its length
WITH_ENGINE = (
    "00 11 002f 00000083 0001 0000 0050 1f90 0000000a 00000383 ac1c001f ac1c0064 ac1c0015 02 04 69644062 03 03 736970"
)


@pytest.mark.parametrize(("entry", "expected"), [(TCP, V4), (IPV6, V6), (SIP, WITH_ENGINE)])
def test_a_connection_has_the_layout_of_the_kernels_structs(entry: Entry, expected: str) -> None:
    assert encode(entry).hex() == expected.replace(" ", "")


def test_a_message_begins_with_the_kernels_header() -> None:
    # struct ip_vs_sync_mesg: reserved, syncid, size, nr_conns, version, spare
    [message] = messages([TCP, IPV6], syncid=51, longest=1472)
    assert message.hex() == ("00 33 0074 02 01 0000" + V4 + V6).replace(" ", "")
    assert connections_in(message) == 2


def test_each_connection_is_at_a_multiple_of_four_bytes() -> None:
    [message] = messages([SIP, TCP], syncid=51, longest=1472)
    assert message.hex() == ("00 33 005c 02 01 0000" + WITH_ENGINE + "00" + V4).replace(" ", "")


def test_without_connections_there_is_no_message() -> None:
    assert list(messages([], syncid=51, longest=1472)) == []


@pytest.mark.parametrize(
    ("count", "longest", "counts"),
    [
        (40, 8 + 40 * 36, [40]),
        (41, 8 + 40 * 36, [40, 1]),
        (41, 8 + 41 * 36 - 1, [40, 1]),
        (600, 65000, [255, 255, 90]),
        # A message that could have none has one.
        (2, 20, [1, 1]),
    ],
)
def test_a_message_has_what_fits(count: int, longest: int, counts: list[int]) -> None:
    made = list(messages([TCP] * count, syncid=51, longest=longest))
    assert [connections_in(message) for message in made] == counts
    assert [len(message) for message in made] == [8 + number * 36 for number in counts]


def test_the_padding_counts_as_well() -> None:
    whole = 8 + 47 + 1 + 36
    assert [len(message) for message in messages([SIP, TCP], syncid=1, longest=whole)] == [whole]
    assert [len(message) for message in messages([SIP, TCP], syncid=1, longest=whole - 1)] == [8 + 47, 8 + 36]


def test_the_kernel_reads_what_was_written() -> None:
    entries = [TCP, SIP, IPV6, SIP._replace(engine_data=b"x" * 255), TCP._replace(flags=0x1183, client_port=0)] * 20
    read = [entry for message in messages(entries, syncid=51, longest=1472) for entry in kernel_reads(message, 51)]
    assert read == entries


def kernel_reads(message: bytes, syncid: int) -> list[Entry]:
    """ip_vs_process_message and ip_vs_proc_sync_conn, with their checks."""
    reserved, own, size, count, version, spare = struct.unpack_from(">BBHBbH", message)
    assert (reserved, own, size, version, spare) == (0, syncid, len(message), 1, 0)
    found, end = [], 8
    for _number in range(count):
        start = end
        assert start % 4 == 0
        [version_and_size] = struct.unpack_from(">H", message, start + 2)
        assert version_and_size >> 12 == 0
        end = start + (version_and_size & 0x0FFF)
        assert start + 36 <= end <= len(message)
        found.append(kernel_reads_one(message[start:end]))
        end = start + ((version_and_size + 3) & ~3)
    return found


def kernel_reads_one(one: bytes) -> Entry:
    kind, protocol, _size, flags, state, cport, vport, dport, fwmark, timeout = struct.unpack_from(">BBHIHHHHII", one)
    length = {0: 4, 1: 16}[kind]
    client, vip, server = (one[24 + length * number : 24 + length * (number + 1)] for number in range(3))
    rest = one[24 + length * 3 :]
    options: dict[str, Any] = {}
    while rest:
        name = {2: "engine_data", 3: "engine"}[rest[0]]
        assert 0 < rest[1] <= len(rest) - 2
        assert name not in options
        options[name] = rest[2 : 2 + rest[1]]
        rest = rest[2 + rest[1] :]
    return Entry(
        *(protocol, flags, state, client, cport, vip, vport, server, dport, fwmark, timeout),
        **options,
    )
