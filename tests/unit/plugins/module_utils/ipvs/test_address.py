# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses the kernel takes for a real server, and how ipvsadm prints netmasks: the edges of both."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.address import (
    canonical_netmask,
    is_multicast,
    is_unicast,
)


@pytest.mark.parametrize(
    ("address", "family", "unicast", "multicast"),
    [
        ("223.255.255.255", "ipv4", True, False),
        ("224.0.0.0", "ipv4", False, True),
        ("239.255.255.255", "ipv4", False, True),
        ("240.0.0.0", "ipv4", True, False),
        ("0.0.0.0", "ipv4", False, False),
        ("255.255.255.255", "ipv4", False, False),
        ("2001:db8::1", "ipv6", True, False),
        ("::1", "ipv6", True, False),
        ("::", "ipv6", False, False),
        ("::ffff:192.0.2.1", "ipv6", False, False),
        ("::ffff:0:1", "ipv6", True, False),
        ("fe80::1", "ipv6", False, False),
        ("febf::1", "ipv6", False, False),
        ("fec0::1", "ipv6", True, False),
        ("ff02::1", "ipv6", False, True),
    ],
)
def test_kinds_of_addresses(address, family, unicast, multicast):
    assert (is_unicast(address, family), is_multicast(address, family)) == (unicast, multicast)


@pytest.mark.parametrize(
    ("text", "family", "mask"),
    [
        ("32", "ipv4", None),
        ("255.255.255.255", "ipv4", None),
        ("31", "ipv4", "255.255.255.254"),
        ("/24", "ipv4", "255.255.255.0"),
        ("255.255.128.0", "ipv4", "255.255.128.0"),
        ("0", "ipv4", "0.0.0.0"),
        ("0.0.0.0", "ipv4", "0.0.0.0"),
        ("128", "ipv6", None),
        ("/64", "ipv6", "64"),
        ("1", "ipv6", "1"),
    ],
)
def test_a_netmask_in_ipvsadms_spelling(text, family, mask):
    assert canonical_netmask(text, family) == mask


@pytest.mark.parametrize(
    ("text", "family", "error"),
    [
        ("33", "ipv4", "33 is not an IPv4 netmask"),
        ("255.0.255.0", "ipv4", "255.0.255.0 is not an IPv4 netmask"),
        ("0.0.0.255", "ipv4", "0.0.0.255 is not an IPv4 netmask"),
        ("0", "ipv6", "0 is not an IPv6 prefix length (1 to 128)"),
        ("129", "ipv6", "129 is not an IPv6 prefix length (1 to 128)"),
        ("ffff::", "ipv6", "ffff:: is not an IPv6 prefix length (1 to 128)"),
    ],
)
def test_what_is_no_netmask(text, family, error):
    with pytest.raises(ValueError) as wrong:
        canonical_netmask(text, family)
    assert str(wrong.value) == error
