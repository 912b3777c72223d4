# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: adopted
short_description: Make an inventory of what the hosts of a cluster tell
version_added: 1.0.0
positional: groups, hostvars
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Makes the inventory of a cluster that was configured by hand, for C(adopt.yml). It runs on the controller.
  - Passwords are only in RV(_value) C(secrets), and in the input. Set C(no_log) for the task.
options:
  _input:
    description: What M(lvs.cluster.adopt_info) has returned, by host.
    type: dict
    required: true
  groups:
    description: The groups C(directors) and C(real_servers), with the names of their hosts.
    type: dict
    required: true
  hostvars:
    description: The variables of the hosts. Those of the connection, such as C(ansible_host), go into the new inventory.
    type: dict
    default: {}
seealso:
  - plugin: lvs.cluster.resolve
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Make the inventory
  ansible.builtin.set_fact:
    adopted: "{{ {'lb1': seen} | lvs.cluster.adopted(groups) }}"
  no_log: true
"""

RETURN = r"""
_value:
  description:
    - C(files), the texts of the inventory by path; C(secrets), the text of the file of passwords, empty without any; C(notes), each
      with its C(level) (V(explained), V(raw) or V(not_expressed)), C(where) and C(text); C(report), the notes as lines of text.
  type: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt import render
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.combine import CONNECTION, combine
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.vault import taken_out
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.variables import plain


def adopted(facts, groups, hostvars=None):
    """Make the inventory, as texts of files."""
    told = plain(facts)
    given = {
        name: {key: plain(hostvars[name][key]) for key in CONNECTION if key in hostvars[name]}
        for name in told
        if hostvars and name in hostvars
    }
    found = combine(told, plain(dict(groups)), given)
    variables, secrets = taken_out(found.variables)
    report = render.report(found.notes)
    return {
        "files": {
            render.HOSTS: render.hosts(found.groups, found.hosts),
            render.CLUSTER: render.cluster(variables),
            render.NOTES: "\n".join(report) + "\n",
        },
        "secrets": render.secrets(secrets) if secrets else "",
        "notes": found.notes,
        "report": report,
    }


class FilterModule:
    """The filter."""

    def filters(self):
        return {"adopted": adopted}
