# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: undrained_services
short_description: Restore the weights of real servers that an interrupted run has drained
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Finds real servers with weight 0 that an interrupted run was to remove, and that are still in the cluster. Returns the input
    of M(lvs.cluster.ipvs_table) that restores their weights.
  - Skips services with C(on_failure) V(quiesce), since there a failed check may have set the weight to 0.

options:
  noted:
    description: What P(lvs.cluster.removed_real_servers#filter) returned in the run that was interrupted.
    type: list
    elements: dict
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster.live
  - lvs.cluster.cluster.resolved
"""

EXAMPLES = r"""
- name: Restore the weights of real servers that stay
  lvs.cluster.ipvs_table:
    services: "{{ ipvs.services | lvs.cluster.undrained_services(lvs_cluster, noted) }}"
    purge: none
"""

RETURN = r"""
_value:
  description: The services of these real servers, with only these real servers, at their weights in the cluster.
  type: list
  elements: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import undrained_services


class FilterModule:
    """The filter."""

    def filters(self):
        return {"undrained_services": undrained_services}
