# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: heal_settings
short_description: Choose what lvs-heal keeps of a cluster on one host
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Makes the content of C(/etc/lvs-heal-CLUSTER.json). The rest lvs-heal reads from files that are on the host anyway.
options:
  _input:
    description: The resolved cluster.
    type: dict
    required: true
  host:
    description: The host.
    type: str
    required: true
  os_family:
    description: The family of its distribution, as in the facts.
    type: str
    required: true
  program:
    description: A word that changes with the program, so that check mode reports an update.
    type: str
    required: true
positional: host, os_family, program
seealso:
  - plugin: lvs.cluster.resolve
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write what lvs-heal keeps of this cluster
  ansible.builtin.copy:
    content: "{{ lvs_cluster | lvs.cluster.heal_settings(inventory_hostname, ansible_facts.os_family, '1') | to_nice_json }}\n"
    dest: /etc/lvs-heal-{{ lvs_cluster.name }}.json
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The settings.
  type: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings


class FilterModule:
    """The filter."""

    def filters(self):
        return {"heal_settings": heal_settings}
