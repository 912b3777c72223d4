# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: segment_questions
short_description: Find what to ask on a segment before a cluster is deployed
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Returns the VIPs and virtual routers that are not deployed on any director yet.
extends_documentation_fragment:
  - lvs.cluster.cluster
  - lvs.cluster.cluster.hostvars
"""

EXAMPLES = r"""
- name: Ask who has the VIPs
  lvs.cluster.arp_probe:
    addresses: "{{ (lvs_cluster | lvs.cluster.segment_questions(hostvars)).vips }}"
"""

RETURN = r"""
_value:
  description: C(vips), a list of addresses, and C(routers), a list of ids.
  type: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.segment import questions


class FilterModule:
    """The filter."""

    def filters(self):
        return {"segment_questions": questions}
