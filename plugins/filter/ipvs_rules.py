# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ipvs_rules
short_description: Turn an IPVS table into the lines that ipvsadm restores
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Makes the content of the file from which a host restores its table at boot. Unlike C(ipvsadm -S), it includes thresholds.

options:
  _input:
    description: Services as M(lvs.cluster.ipvs_table) takes them.
    type: list
    elements: dict
    required: true
seealso:
  - module: lvs.cluster.ipvs_table
"""

EXAMPLES = r"""
- name: Save the table for the next boot
  ansible.builtin.copy:
    content: "{{ lvs_cluster.table | lvs.cluster.ipvs_rules | join('\n') }}\n"
    dest: /etc/ipvsadm.rules
    mode: "0644"
"""

RETURN = r"""
_value:
  description: One line for each service and each of its destinations.
  type: list
  elements: str
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import restore_lines
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_table


def ipvs_rules(services):
    """Render services as restore lines; what is wrong with the services becomes an Ansible error."""
    try:
        return restore_lines(read_table(services))
    except ValueError as mistakes:
        raise AnsibleFilterError(str(mistakes)) from None


class FilterModule:
    """The filter."""

    def filters(self):
        return {"ipvs_rules": ipvs_rules}
