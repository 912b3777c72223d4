# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_destinations
short_description: Find where a drained host is in a table
version_added: 1.0.0
positional: cluster, host
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Lists the places of a host whose weight is 0 in the resolved cluster.
options:
  host:
    description: The name of the host.
    type: str
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster.live
  - lvs.cluster.cluster.resolved
"""

EXAMPLES = r"""
- name: Show where www1 is drained
  ansible.builtin.debug:
    msg: "{{ ipvs.services | lvs.cluster.host_destinations(lvs_cluster, 'www1') | map(attribute='label') }}"
"""

RETURN = r"""
_value:
  description: A list of C(service), C(address) and C(port), as M(lvs.cluster.ipvs_destination) takes them, and C(label).
  type: list
  elements: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.updates import host_destinations


class FilterModule:
    """The filter."""

    def filters(self):
        return {"host_destinations": host_destinations}
