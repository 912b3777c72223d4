# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: undrained_services
short_description: Real servers that an interrupted run has drained, with their weights
version_added: 0.1.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Makes what M(lvs.cluster.ipvs_table) takes of real servers that were to leave, that the cluster has after all, and that have
    weight 0.
  - Passes over services with C(on_failure) V(quiesce), of which weight 0 can come from a check that fails.

options:
  _input:
    description: The RV(lvs.cluster.ipvs_info#module:services) of M(lvs.cluster.ipvs_info).
    type: list
    elements: dict
    required: true
  cluster:
    description: The cluster as P(lvs.cluster.resolve#filter) returns it.
    type: dict
    required: true
  noted:
    description: What P(lvs.cluster.removed_real_servers#filter) returned in the run that was interrupted.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Give those that stay their weight again
  lvs.cluster.ipvs_table:
    services: "{{ ipvs.services | lvs.cluster.undrained_services(lvs_cluster, noted) }}"
    purge: none
"""

RETURN = r"""
_value:
  description: The services of these real servers, with them alone, and with the weights that the cluster gives them.
  type: list
  elements: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import undrained_services


class FilterModule:
    """The filter."""

    def filters(self):
        return {"undrained_services": undrained_services}
