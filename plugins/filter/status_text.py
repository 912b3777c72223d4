# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: status_text
short_description: Write the view of a cluster as a table for people
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - The lines are at most 80 characters long.
options:
  _input:
    description: The view that P(lvs.cluster.status_view#filter) returns.
    type: dict
    required: true
seealso:
  - plugin: lvs.cluster.status_view
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the cluster
  ansible.builtin.debug:
    msg: "{{ groups['directors'] | lvs.cluster.status_view(hostvars, ansible_play_hosts_all) | lvs.cluster.status_text }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.module_utils.status.text import lines_of


class FilterModule:
    """The filter."""

    def filters(self):
        return {"status_text": lines_of}
