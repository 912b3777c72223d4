# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: wrong_thresholds
short_description: Find real servers whose connection thresholds are not those of the inventory
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares the thresholds that M(lvs.cluster.ipvs_info) read with those of the resolved cluster. C(keepalived) does not set
    the thresholds of a real server that is in the table already.
  - Leaves out real servers that are not in the table, such as those whose health check fails.
extends_documentation_fragment:
  - lvs.cluster.cluster.live
  - lvs.cluster.cluster.resolved
"""

EXAMPLES = r"""
- name: Set the thresholds that have changed
  lvs.cluster.ipvs_table:
    services: "{{ ipvs.services | lvs.cluster.wrong_thresholds(lvs_cluster) }}"
    purge: none
    keep_weights: true
"""

RETURN = r"""
_value:
  description: The services of these real servers, with only these real servers, as in the cluster.
  type: list
  elements: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import wrong_thresholds


class FilterModule:
    """The filter."""

    def filters(self):
        return {"wrong_thresholds": wrong_thresholds}
