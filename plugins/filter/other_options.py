# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: other_options
short_description: Tell whether keepalived runs with other command line options than those of the inventory
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares the options of the running keepalived with those it should have. It reads its options only when it starts.

options:
  _input:
    description: The C(options) among the facts that M(lvs.cluster.deployed_facts) returns.
    type: dict
    required: true
  wanted:
    description: The options of C(lvs_keepalived). Null for those of the distribution.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: A restart must not be needed
  ansible.builtin.assert:
    that: not ansible_facts.deployed_lvs.options | lvs.cluster.other_options(lvs_cluster.keepalived.options)
"""

RETURN = r"""
_value:
  description: Whether keepalived runs, and has other options.
  type: bool
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.daemon_options import other_options


class FilterModule:
    """The filter."""

    def filters(self):
        return {"other_options": other_options}
