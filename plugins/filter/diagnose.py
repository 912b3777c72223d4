# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: diagnose
short_description: Find out why a cluster does not serve
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Reads what C(doctor.yml) has registered on each host, and returns what is wrong, the most probable cause first.
  - It needs no inventory but the groups C(directors), C(real_servers) and C(clients), each of which may be missing.

options:
  _input:
    description:
      - C(hostvars), with C(doctor_seen) of M(lvs.cluster.doctor_info) on each host.
      - Also C(doctor_arp) of M(lvs.cluster.arp_probe), C(doctor_heard) of M(lvs.cluster.vrrp_probe), and the loops
        C(doctor_asked) and C(doctor_doors) of M(lvs.cluster.vip_probe).
    type: dict
    required: true
  groups:
    description: C(groups) of the inventory.
    type: dict
    required: true
  play_hosts:
    description: The hosts that were asked, C(ansible_play_hosts_all), whether or not they answered.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ (hostvars | lvs.cluster.diagnose(groups, ansible_play_hosts_all)).report }}"
"""

RETURN = r"""
_value:
  description:
    - C(findings), each with C(rank), C(key), C(title), C(explanation), C(evidence), C(mend), C(hosts), C(vips), and the keys of the findings
      that it C(follows_from).
    - C(unread), the hosts that did not answer and why, C(looked_at), the C(hosts) and C(vips), and C(report), lines for people.
  type: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor import diagnosis


def diagnose(hostvars, groups, play_hosts):
    """The findings of everything that was registered on the hosts."""
    return diagnosis.diagnose(diagnosis.sight_of(hostvars, groups, play_hosts))


class FilterModule:
    """The filter."""

    def filters(self):
        return {"diagnose": diagnose}
