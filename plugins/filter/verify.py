# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: verify
short_description: Compare a live cluster with the resolved cluster
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares what the modules of this collection found on the hosts with the resolved cluster.

options:
  hostvars:
    description:
      - C(hostvars), with the results that C(verify.yml) registered on each host.
      - These are C(lvs_node) of M(lvs.cluster.node_info), C(lvs_vip_check) of C(lvs-vip check), C(lvs_vrrp_state) of
        M(lvs.cluster.vrrp_info), C(lvs_vrrp_heard) of M(lvs.cluster.vrrp_probe), C(lvs_before) and C(lvs_after) of
        M(lvs.cluster.ipvs_info) with stats, C(lvs_arp_answers) of M(lvs.cluster.arp_probe), and C(lvs_probes), a loop of
        M(lvs.cluster.vip_probe) over P(lvs.cluster.probe_plan#filter). With ldirectord also C(lvs_ldirectord_status).
      - On directors also C(director_expected_files), the files that C(site.yml) would write.
    type: dict
    required: true
  play_hosts:
    description:
      - The hosts of the play, C(ansible_play_hosts_all), whether or not they answered.
      - A host of the cluster that is not among them was left out by C(--limit), and the faults say so.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Show the faults
  ansible.builtin.debug:
    msg: "{{ (lvs_cluster | lvs.cluster.verify(hostvars, ansible_play_hosts_all)).faults }}"
"""

RETURN = r"""
_value:
  description: C(faults), each with the host and what to do, and C(report), what was proven. Both are lists of lines.
  type: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.observations import collect
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.verdict import judge


def verify(cluster, hostvars, play_hosts):
    """Compare the results that were registered on the hosts with the resolved cluster."""
    return judge(cluster, collect(hostvars, cluster, play_hosts))


class FilterModule:
    """The filter."""

    def filters(self):
        return {"verify": verify}
