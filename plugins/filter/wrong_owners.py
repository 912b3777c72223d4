# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: wrong_owners
short_description: Find VIPs that no director holds, or more than one
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Looks for each VIP of the cluster in the addresses of its directors.

options:
  looks:
    description: The results of a loop of C(ip -brief address) over the directors.
    type: list
    elements: dict
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Each VIP must have one owner
  ansible.builtin.assert:
    that: lvs_cluster | lvs.cluster.wrong_owners(looked.results) == []
"""

RETURN = r"""
_value:
  description: One message for each, with what to look at.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.owners import wrong_owners


class FilterModule:
    """The filter."""

    def filters(self):
        return {"wrong_owners": wrong_owners}
