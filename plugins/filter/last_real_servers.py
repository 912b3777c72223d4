# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: last_real_servers
short_description: Find services in which only one host gets connections
version_added: 1.0.0
positional: cluster, host
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares the services that M(lvs.cluster.ipvs_info) read with the resolved cluster.
options:
  host:
    description: The name of the host.
    type: str
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster.live
  - lvs.cluster.cluster.resolved
"""

EXAMPLES = r"""
- name: Refuse to drain the last real server
  ansible.builtin.assert:
    that: ipvs.services | lvs.cluster.last_real_servers(lvs_cluster, 'www1') == []
"""

RETURN = r"""
_value:
  description: One message for each service.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.updates import last_real_servers


class FilterModule:
    """The filter."""

    def filters(self):
        return {"last_real_servers": last_real_servers}
