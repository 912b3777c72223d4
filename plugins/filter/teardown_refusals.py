# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: teardown_refusals
short_description: Find reasons not to take a cluster down on a host
version_added: 1.0.0
positional: records, host, groups
author: lvs.cluster contributors (@lvs-cluster)
description:
  - A director of another cluster, or a host that serves another cluster of the same name, is not taken down.
options:
  _input:
    description: The result of P(lvs.cluster.leaving_cluster#filter).
    type: dict
    required: true
  records:
    description: C(clusters) of the facts of M(lvs.cluster.deployed_facts) of the host.
    type: dict
    required: true
  host:
    description: The name of the host.
    type: str
    required: true
  groups:
    description: The groups of the inventory.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse to take another cluster down
  ansible.builtin.assert:
    that: hostvars | lvs.cluster.leaving_cluster(groups)
      | lvs.cluster.teardown_refusals(ansible_facts.deployed_lvs.clusters, inventory_hostname, groups) == []
"""

RETURN = r"""
_value:
  description: One message for each, with what to do.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.teardown import teardown_refusals


class FilterModule:
    """The filter."""

    def filters(self):
        return {"teardown_refusals": teardown_refusals}
