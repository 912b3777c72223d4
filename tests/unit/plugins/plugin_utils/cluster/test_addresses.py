# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses by their numbers, against what Python's ipaddress says of them."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.addresses import (
    Network,
    exploded,
    known,
    netmask_prefix,
    parse,
)
from hypothesis import given
from hypothesis.strategies import integers, ip_addresses


@pytest.mark.parametrize(
    ("text", "special"),
    [
        ("0.0.0.0", "an unspecified address"),
        ("0.255.255.255", "an unspecified address"),
        ("1.0.0.0", None),
        ("126.255.255.255", None),
        ("127.0.0.0", "a loopback address"),
        ("127.255.255.255", "a loopback address"),
        ("128.0.0.0", None),
        ("169.253.255.255", None),
        ("169.254.0.0", "a link-local address"),
        ("169.254.255.255", "a link-local address"),
        ("169.255.0.0", None),
        ("223.255.255.255", None),
        ("224.0.0.0", "a multicast address"),
        ("239.255.255.255", "a multicast address"),
        ("240.0.0.0", None),
        ("255.255.255.254", None),
        ("255.255.255.255", "the broadcast address"),
        ("::", "an unspecified address"),
        ("::1", "a loopback address"),
        ("::2", None),
        ("::127.0.0.1", None),
        ("::ffff:0.0.0.0", "an IPv4 address written as one of IPv6"),
        ("::ffff:127.0.0.1", "an IPv4 address written as one of IPv6"),
        ("::1:0:0", None),
        ("fe7f:ffff::", None),
        ("fe80::", "a link-local address"),
        ("febf:ffff::1", "a link-local address"),
        ("fec0::", None),
        ("feff::1", None),
        ("ff00::", "a multicast address"),
        ("ffff::1", "a multicast address"),
    ],
)
def test_what_cannot_be_the_address_of_a_host_is_known(text, special):
    assert known(text).special == special


@given(ip_addresses())
def test_an_address_is_the_number_that_it_is_and_back(address):
    parsed = parse(str(address))
    assert (parsed.number, parsed.family) == (int(address), f"ipv{address.version}")
    assert parse(Network("", parsed.family, parsed.number, 1).address) == parsed
    if address.version == 6:
        assert exploded(str(address)) == ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))


@given(ip_addresses(), integers(0, 32))
def test_a_network_is_written_with_its_first_address(address, prefix):
    parsed = parse(str(address))
    network = Network("eth0", parsed.family, parsed.number, prefix)
    assert ipaddress.ip_network(network.cidr) == ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    assert network.holds(parsed)


@given(integers(0, 32))
def test_a_netmask_is_its_prefix(prefix):
    assert netmask_prefix(str(ipaddress.ip_network(f"0.0.0.0/{prefix}").netmask)) == prefix


@pytest.mark.parametrize("mask", ["255.0.255.0", "0.0.0.1", "0.0.0.255", "127.255.255.255", "24", "None", "ffff::"])
def test_what_is_no_netmask_has_no_prefix(mask):
    assert netmask_prefix(mask) is None
