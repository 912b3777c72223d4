# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: status_view
short_description: Merge what the directors know into one view of the cluster
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Each director has checked the real servers itself and has a table of its own. For a service, that of the director counts which holds its VIP.
options:
  _input:
    description: The names of the directors.
    type: list
    elements: str
    required: true
  hostvars:
    description: C(hostvars), in which C(lvs_director_status) is the result of C(lvs-status --json).
    type: dict
    required: true
  asked:
    description: The hosts of the run, without those that C(--limit) leaves out.
    type: list
    elements: str
    required: true
positional: hostvars, asked
"""

EXAMPLES = r"""
- name: Show the cluster as data
  ansible.builtin.debug:
    msg: "{{ groups['directors'] | lvs.cluster.status_view(hostvars, ansible_play_hosts_all) }}"
"""

RETURN = r"""
_value:
  description: The view, as the documentation page about the status explains it.
  type: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.status.directors import status_view


class FilterModule:
    """The filter."""

    def filters(self):
        return {"status_view": status_view}
