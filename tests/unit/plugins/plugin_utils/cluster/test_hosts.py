# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible's network facts tell of a host's addresses, and what they leave out."""

from __future__ import annotations

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.hosts import read_interfaces


def test_an_address_without_its_network_tells_nothing() -> None:
    facts = {
        "interfaces": ["eth0", "eth1", "br-lan", "gone"],
        "eth0": {"ipv4": {"address": "10.0.0.1"}},
        "eth1": {
            "ipv4": {"address": "10.0.1.1", "netmask": "255.255.255.0"},
            "ipv6": [{"address": "x", "prefix": "64"}],
        },
        "br_lan": {"ipv4_secondaries": [{"address": "10.0.2.1", "prefix": "24"}]},
    }
    found = [(one.name, one.address.text, one.prefix, one.primary) for one in read_interfaces(facts)]
    assert found == [("eth1", "10.0.1.1", 24, True), ("br-lan", "10.0.2.1", 24, False)]
