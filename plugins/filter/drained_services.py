# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drained_services
short_description: Set the weight of removed real servers to 0
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Turns the real servers from P(lvs.cluster.removed_real_servers#filter) into the input of M(lvs.cluster.ipvs_table) that
    drains them.

options:
  leaving:
    description: What P(lvs.cluster.removed_real_servers#filter) returned.
    type: list
    elements: dict
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster.live
"""

EXAMPLES = r"""
- name: Send no new connections to the removed real servers
  lvs.cluster.ipvs_table:
    services: "{{ ipvs.services | lvs.cluster.drained_services(leaving) }}"
    purge: none
"""

RETURN = r"""
_value:
  description: The services of these real servers, with only these real servers, at weight 0.
  type: list
  elements: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import drained_services


class FilterModule:
    """The filter."""

    def filters(self):
        return {"drained_services": drained_services}
