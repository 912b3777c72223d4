# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: leaving_cluster
short_description: Find out which cluster an inventory takes down
version_added: 1.0.0
positional: groups
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Needs no resolved cluster, because the rest of the inventory may be gone by then. What is missing or wrong is left out.
options:
  _input:
    description: C(hostvars), with the facts of the directors if their addresses are not in the inventory.
    type: dict
    required: true
  groups:
    description: The groups of the inventory.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show which cluster would be taken down
  ansible.builtin.debug:
    msg: "{{ hostvars | lvs.cluster.leaving_cluster(groups) }}"
"""

RETURN = r"""
_value:
  description: The cluster, for P(lvs.cluster.teardown_names#filter) and P(lvs.cluster.teardown_refusals#filter).
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    named:
      description: Whether the inventory has C(lvs_cluster_name).
      type: bool
    own:
      description: Its C(directors) with their addresses, C(vips) and C(gateways), as far as they are known.
      type: dict
    take_over:
      description: The value of C(lvs_take_over).
      type: bool
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.leaving import leaving


class FilterModule:
    """The filter."""

    def filters(self):
        return {"leaving_cluster": leaving}
