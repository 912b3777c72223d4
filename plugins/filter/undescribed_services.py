# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: undescribed_services
short_description: Find services of a table that are not in the cluster
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares the services that M(lvs.cluster.ipvs_info) read with the table of the resolved cluster.
extends_documentation_fragment:
  - lvs.cluster.cluster.live
  - lvs.cluster.cluster.wanted
"""

EXAMPLES = r"""
- name: Read the table
  lvs.cluster.ipvs_info:
  register: ipvs

- name: Remove services that are not in the cluster
  lvs.cluster.ipvs_service:
    address: "{{ item.address | default(omit) }}"
    port: "{{ item.port | default(omit) }}"
    protocol: "{{ item.protocol | default(omit) }}"
    fwmark: "{{ item.fwmark | default(omit) }}"
    state: absent
  loop: "{{ ipvs.services | lvs.cluster.undescribed_services(lvs_cluster.table) }}"
"""

RETURN = r"""
_value:
  description: The options of M(lvs.cluster.ipvs_service) that name each of these services.
  type: list
  elements: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import undescribed_services


class FilterModule:
    """The filter."""

    def filters(self):
        return {"undescribed_services": undescribed_services}
