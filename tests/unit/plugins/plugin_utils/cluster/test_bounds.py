# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bounds of what an inventory may hold, where no other test comes to them."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import schema, validators
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.addresses import parse
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes, shown
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.types import Health
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.vrrp import vip_prefix

LONGEST = ".".join(["a" * 63] * 3 + ["a" * 61])  # 253 characters


@pytest.mark.parametrize(
    ("validator", "value"),
    [
        (validators.VIRTUAL_HOST, "www.example.com:1"),
        (validators.VIRTUAL_HOST, "www.example.com:65535"),
        (validators.VIRTUAL_HOST, LONGEST),
        (validators.VIRTUAL_HOST, "[2001:db8::1]"),
        (validators.DOMAIN, LONGEST),
        (validators.DOMAIN, "a.example.com."),
        (validators.NAMED, 7),
        (validators.ANSWERING_ADDRESS, "127.0.0.1"),
        (validators.AUTH_PASS, "12345678"),
        (validators.DESTINATION, "default"),
        (validators.DESTINATION, "0.0.0.0/0"),
        (validators.DESTINATION, "192.0.2.1/32"),
        (validators.DESTINATION, "2001:db8::1/128"),
        (validators.INTERFACE, "a" * 15),
        (validators.INTERFACE, "eth0.100"),
        (validators.SCRIPT_FILE, "../my scripts/check-1.sh"),
        (validators.PROCESS, "haproxy -f /etc/h"),
    ],
)
def test_accepted(validator, value):
    assert validator.read(value) == str(value)


@pytest.mark.parametrize(
    ("validator", "value"),
    [
        (validators.VIRTUAL_HOST, "www.example.com:0"),
        (validators.VIRTUAL_HOST, "www.example.com:65536"),
        (validators.VIRTUAL_HOST, f"{LONGEST}a"),
        (validators.VIRTUAL_HOST, "[www.example.com]"),
        (validators.VIRTUAL_HOST, "www.example.com:"),
        (validators.DOMAIN, f"{LONGEST}a"),
        (validators.DOMAIN, ".."),
        (validators.NAMED, True),
        (validators.ANSWERING_ADDRESS, "0.0.0.0"),
        (validators.ANSWERING_ADDRESS, "fe80::1"),
        (validators.HOST_ADDRESS6, "fe80::1"),
        (validators.AUTH_PASS, 12345678),
        (validators.AUTH_PASS, "123456789"),
        (validators.SECRET, 1234567890123456),
        (validators.DESTINATION, "192.0.2.0/33"),
        (validators.DESTINATION, "2001:db8::/129"),
        (validators.DESTINATION, "192.0.2.1/31"),
        (validators.DESTINATION, "192.0.2.0/"),
        (validators.DESTINATION, "all"),
        (validators.INTERFACE, "a" * 16),
        (validators.INTERFACE, "a/b"),
        (validators.SCRIPT_FILE, "scripts/"),
        (validators.SCRIPT_FILE, "a b"),
        (validators.PROCESS, " "),
    ],
)
def test_refused(validator, value):
    with pytest.raises(ValueError):
        validator.read(value)


@pytest.mark.parametrize(
    ("address", "special"),
    [
        ("0.1.2.3", "an unspecified address"),
        ("::", "an unspecified address"),
        ("::5", None),
        ("127.9.9.9", "a loopback address"),
        ("::ffff:192.0.2.1", "an IPv4 address written as one of IPv6"),
        ("255.255.255.255", "the broadcast address"),
        ("169.254.0.1", "a link-local address"),
        ("192.0.2.1", None),
    ],
)
def test_what_an_address_is_besides_a_hosts(address, special):
    assert parse(address).special == special


@pytest.mark.parametrize(("given", "ipv4", "ipv6"), [(None, 32, 128), (24, 24, 128), (32, 32, 128), (33, 32, 33)])
def test_a_prefix_length_is_of_one_family(given, ipv4, ipv6):
    assert (vip_prefix(given, "ipv4"), vip_prefix(given, "ipv6")) == (ipv4, ipv6)


def test_a_long_value_is_shown_in_part():
    assert shown("x" * 58) == '"' + "x" * 58 + '"'
    assert shown("x" * 59) == '"' + "x" * 56 + "..."


@pytest.mark.parametrize(("count", "mistakes"), [(247, 0), (248, 1)])
def test_status_codes_fit_into_a_line_of_keepalived(inventory, count, mistakes):
    hostvars, groups = inventory({"service": {"health": {"type": "http", "status": list(range(200, 200 + count))}}})
    told = []
    try:
        resolve(hostvars, groups)
    except InventoryMistakes as found:
        told = found.messages
    said = (
        f'lvs_services[0] "web" health: status has {count} codes, too many for a line of keepalived.conf: write ranges'
        " (200-299)"
    )
    assert told == [said] * mistakes


def test_every_option_of_a_check_is_resolved_or_part_of_another():
    options = {name for keys in schema.HEALTH.values() for name in keys}
    resolved = set(Health.__annotations__)
    assert options - resolved == {"profile", "path", "status", "digest", "src", "arguments", "user"}
    assert resolved - options == {"type", "reply", "as_root"}
