# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_plan
short_description: Plan the requests to a cluster through its VIPs
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Lists one probe for each TCP port of each service, with enough requests to show the shares of the weights.
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Ask every service
  lvs.cluster.vip_probe:
    address: "{{ item.address }}"
    port: "{{ item.port }}"
    count: "{{ item.count }}"
  loop: "{{ lvs_cluster | lvs.cluster.probe_plan }}"
  delegate_to: client1
"""

RETURN = r"""
_value:
  description: A list of C(service), C(address), C(port), C(scheme), C(path), C(host), C(status), C(count), and C(names), the hosts whose pages are right.
  type: list
  elements: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.traffic import probe_plan


class FilterModule:
    """The filter."""

    def filters(self):
        return {"probe_plan": probe_plan}
