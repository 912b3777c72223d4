# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: update_refusals
short_description: Find hosts that a cluster cannot do without
version_added: 1.0.0
positional: hosts
author: lvs.cluster contributors (@lvs-cluster)
description:
  - A real server without which a service would have no weight left or less than its quorum, and the only director.
options:
  hosts:
    description: The names of the hosts.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Refuse to update what the cluster cannot do without
  ansible.builtin.assert:
    that: lvs_cluster | lvs.cluster.update_refusals(['www1']) == []
"""

RETURN = r"""
_value:
  description: One message for each.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.updates import update_refusals


class FilterModule:
    """The filter."""

    def filters(self):
        return {"update_refusals": update_refusals}
