# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: refusals
short_description: Find reasons not to deploy a cluster
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Finds files that somebody else has written, and changes that leave a VIP without an owner or with two.
extends_documentation_fragment:
  - lvs.cluster.cluster
  - lvs.cluster.cluster.hostvars
"""

EXAMPLES = r"""
- name: Refuse to overwrite files or lose a VIP
  ansible.builtin.assert:
    that: lvs_cluster | lvs.cluster.refusals(hostvars) == []
"""

RETURN = r"""
_value:
  description: One message for each, with what to do.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.refusals import refusals


class FilterModule:
    """The filter."""

    def filters(self):
        return {"refusals": refusals}
