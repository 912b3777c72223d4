# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: answering_addresses
short_description: Find VIPs of a real server on interfaces that answer ARP for them
version_added: 1.0.0
positional: hostvars, host
author: lvs.cluster contributors (@lvs-cluster)
description:
  - A real server that was configured by hand may have a VIP on its network interface. C(site.yml) moves it to C(lo) when it takes the
    cluster over.
options:
  hostvars:
    description: C(hostvars), with the network facts of the hosts.
    type: dict
    required: true
  host:
    description: The name of the real server.
    type: str
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Show VIPs for which this real server answers ARP
  ansible.builtin.debug:
    msg: "{{ lvs_cluster | lvs.cluster.answering_addresses(hostvars, inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: Each as C(address), with its prefix length, and C(device).
  type: list
  elements: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.foreign import answering_addresses


def answering(cluster, hostvars, host):
    """Find them by the facts of a host."""
    found = answering_addresses(cluster, hostvars, host)
    return [{"address": address, "device": device} for address, device in found]


class FilterModule:
    """The filter."""

    def filters(self):
        return {"answering_addresses": answering}
