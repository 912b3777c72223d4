# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: segment_refusals
short_description: Find VIPs and virtual routers that others on the segment use
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Names the new VIPs that a host outside the cluster has, and the new virtual routers that another cluster has.
  - Gives a warning for what could not be asked.

options:
  asked:
    description: The result of M(lvs.cluster.arp_probe), even if it failed.
    type: dict
    required: true
  heard:
    description: The result of M(lvs.cluster.vrrp_probe), even if it failed or was skipped.
    type: dict
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
  - lvs.cluster.cluster.hostvars
"""

EXAMPLES = r"""
- name: Refuse a VIP that is in use
  ansible.builtin.assert:
    that: lvs_cluster | lvs.cluster.segment_refusals(hostvars, arp, vrrp) == []
"""

RETURN = r"""
_value:
  description: One message for each.
  type: list
  elements: str
"""

from ansible.utils.display import Display
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.segment import rivals, strangers, unasked


def segment_refusals(cluster, hostvars, asked, heard):
    """Everything on the segment that forbids a deployment; a warning for what could not be asked."""
    for warning in unasked(cluster, hostvars, asked, heard):
        Display().warning(warning)
    return strangers(cluster, hostvars, asked.get("answers", {})) + rivals(cluster, hostvars, heard.get("adverts", []))


class FilterModule:
    """The filter."""

    def filters(self):
        return {"segment_refusals": segment_refusals}
