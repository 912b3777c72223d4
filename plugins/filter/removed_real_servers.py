# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: removed_real_servers
short_description: Find real servers in a director's table that its services no longer have
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares the services that M(lvs.cluster.ipvs_info) read with the resolved cluster.
  - Skips a service that would be left without any weight, a service that is removed as a whole, and a sorry server.
extends_documentation_fragment:
  - lvs.cluster.cluster.live
  - lvs.cluster.cluster.resolved
"""

EXAMPLES = r"""
- name: Show the removed real servers
  ansible.builtin.debug:
    msg: "{{ ipvs.services | lvs.cluster.removed_real_servers(lvs_cluster) | map(attribute='label') }}"
"""

RETURN = r"""
_value:
  description: A list of C(service), C(address) and C(port), as M(lvs.cluster.ipvs_destination) takes them, and C(label), the real server in words.
  type: list
  elements: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import removed_real_servers


class FilterModule:
    """The filter."""

    def filters(self):
        return {"removed_real_servers": removed_real_servers}
