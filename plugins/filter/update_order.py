# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: update_order
short_description: Order the hosts of a rolling update
version_added: 1.0.0
positional: addresses, wanted
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Lists real servers first, then directors. The backups come before those that hold VIPs.
options:
  addresses:
    description: The addresses of each director, by its name.
    type: dict
    required: true
  wanted:
    description: The hosts to update. All if it is empty.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Show the order
  ansible.builtin.debug:
    msg: "{{ lvs_cluster | lvs.cluster.update_order({'lb1': ['192.0.2.100'], 'lb2': []}) }}"
"""

RETURN = r"""
_value:
  description: The names of the hosts.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.updates import update_order


class FilterModule:
    """The filter."""

    def filters(self):
        return {"update_order": update_order}
