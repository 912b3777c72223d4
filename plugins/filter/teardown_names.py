# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: teardown_names
short_description: Find the names under which a host remembers a cluster
version_added: 1.0.0
positional: records
author: lvs.cluster contributors (@lvs-cluster)
description:
  - C(teardown.yml) removes what a host has under these names, and leaves what it has of other clusters.
options:
  _input:
    description: The result of P(lvs.cluster.leaving_cluster#filter).
    type: dict
    required: true
  records:
    description: C(clusters) of the facts of M(lvs.cluster.deployed_facts) of the host.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the names of this cluster on the host
  ansible.builtin.debug:
    msg: "{{ hostvars | lvs.cluster.leaving_cluster(groups) | lvs.cluster.teardown_names(ansible_facts.deployed_lvs.clusters) }}"
"""

RETURN = r"""
_value:
  description: The names, first the present one.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.leaving import names_in


class FilterModule:
    """The filter."""

    def filters(self):
        return {"teardown_names": names_in}
