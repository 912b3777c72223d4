# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: wrong_daemons
short_description: Find daemons of the connection synchronisation that do not run as in the inventory
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares the running daemons of a director with the settings of its part of the cluster.

options:
  _input:
    description: The C(daemons) that M(lvs.cluster.ipvs_info) returns.
    type: list
    elements: dict
    required: true
  sync:
    description: The key C(sync) of the director in the cluster that P(lvs.cluster.resolve#filter) returns.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Every daemon must run as in the inventory
  ansible.builtin.assert:
    that: not (info.daemons | lvs.cluster.wrong_daemons(lvs_cluster.hosts[inventory_hostname].sync)).missing
"""

RETURN = r"""
_value:
  description: What is wrong.
  type: dict
  contains:
    stop:
      description: The roles of the daemons that should not run, or have other settings.
      type: list
      elements: str
    missing:
      description: Whether a daemon with the right settings does not run.
      type: bool
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.daemons import wrong_daemons


class FilterModule:
    """The filter."""

    def filters(self):
        return {"wrong_daemons": wrong_daemons}
