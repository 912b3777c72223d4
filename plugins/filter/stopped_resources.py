# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stopped_resources
short_description: Find resources of heartbeat that a director no longer needs
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares a director's C(haresources) with the resources of the resolved cluster.
  - Only resources that move VIPs are found.
options:
  _input:
    description: The text of C(haresources).
    type: str
    required: true
  resources:
    description: The resources that the cluster wants, C(heartbeat.resources) of the resolved cluster.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what stops the resources that are no longer listed
  ansible.builtin.debug:
    msg: "{{ haresources.stdout | lvs.cluster.stopped_resources(lvs_cluster.heartbeat.resources) }}"
"""

RETURN = r"""
_value:
  description: The commands, each a list of words, the last resource first. The first word is a file of C(/etc/ha.d/resource.d).
  type: list
  elements: list
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.resources import stops


class FilterModule:
    """The filter."""

    def filters(self):
        return {"stopped_resources": stops}
