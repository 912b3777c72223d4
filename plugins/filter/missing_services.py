# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: missing_services
short_description: Find services of the cluster that are missing in a table
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares the services that M(lvs.cluster.ipvs_info) read with the table of the resolved cluster.
extends_documentation_fragment:
  - lvs.cluster.cluster.live
  - lvs.cluster.cluster.wanted
"""

EXAMPLES = r"""
- name: Wait until the table is complete
  lvs.cluster.ipvs_info:
  register: ipvs
  until: ipvs.services | lvs.cluster.missing_services(lvs_cluster.table) == []
  retries: 10
  delay: 1
"""

RETURN = r"""
_value:
  description: The missing services, such as C(192.0.2.100:80/tcp) or C(fwmark 99).
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import missing_services


class FilterModule:
    """The filter."""

    def filters(self):
        return {"missing_services": missing_services}
