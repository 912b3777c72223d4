# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: status_page
short_description: Write the view of a cluster as a page of HTML
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - The page has the topology as a picture. It fetches nothing and runs no script.
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
- name: Write a page
  ansible.builtin.copy:
    content: "{{ groups['directors'] | lvs.cluster.status_view(hostvars, ansible_play_hosts_all) | lvs.cluster.status_page }}"
    dest: /var/www/html/lvs.html
    mode: "0644"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description: The page.
  type: str
"""

from ansible_collections.lvs.cluster.plugins.module_utils.status.page import page


class FilterModule:
    """The filter."""

    def filters(self):
        return {"status_page": page}
