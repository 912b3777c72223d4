# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: successor
short_description: Choose the director that takes the VIPs of another one
version_added: 1.0.0
positional: leaving, hostvars
author: lvs.cluster contributors (@lvs-cluster)
description:
  - The first one that is fit, see P(lvs.cluster.planned_move#filter). If none is, the first of the others.
options:
  leaving:
    description: The director that leaves.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with what C(move/look.yml) of the role P(lvs.cluster.director#role) has registered.
    type: dict
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Show who would take the VIPs of lb1
  ansible.builtin.debug:
    msg: "{{ lvs_cluster | lvs.cluster.successor('lb1', hostvars) }}"
"""

RETURN = r"""
_value:
  description: The name of the director.
  type: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.moves import successor


class FilterModule:
    """The filter."""

    def filters(self):
        return {"successor": successor}
