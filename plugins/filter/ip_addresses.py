# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ip_addresses
short_description: Find the addresses in the output of ip
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Reads the output of C(ip address), also with C(-brief) or C(-oneline).

options:
  _input:
    description: The output.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Wait until the host has the VIP
  ansible.builtin.command: ip -brief address
  register: looked
  until: "'192.0.2.100' in looked.stdout | lvs.cluster.ip_addresses"
  changed_when: false
"""

RETURN = r"""
_value:
  description: The addresses, without prefix lengths.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.owners import ip_addresses


class FilterModule:
    """The filter."""

    def filters(self):
        return {"ip_addresses": ip_addresses}
