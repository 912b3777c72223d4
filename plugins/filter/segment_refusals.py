# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: segment_refusals
short_description: Find VIPs and virtual routers that others on the segment use
version_added: 0.1.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Names the new VIPs that a host outside the cluster has, and the new virtual routers that another cluster has.

options:
  answers:
    description: The RV(lvs.cluster.arp_probe#module:answers) of M(lvs.cluster.arp_probe).
    type: dict
    required: true
  adverts:
    description: The RV(lvs.cluster.vrrp_probe#module:adverts) of M(lvs.cluster.vrrp_probe).
    type: list
    elements: dict
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
  - lvs.cluster.cluster.hostvars
"""

EXAMPLES = r"""
- name: Refuse a VIP that is in use
  ansible.builtin.assert:
    that: lvs_cluster | lvs.cluster.segment_refusals(hostvars, arp.answers, vrrp.adverts) == []
"""

RETURN = r"""
_value:
  description: One message for each.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.segment import rivals, strangers


def segment_refusals(cluster, hostvars, answers, adverts):
    """Everything on the segment that forbids a deployment."""
    return strangers(cluster, hostvars, answers) + rivals(cluster, hostvars, adverts)


class FilterModule:
    """The filter."""

    def filters(self):
        return {"segment_refusals": segment_refusals}
