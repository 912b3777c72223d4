# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: doctor_questions
short_description: Find out what to ask on the wire for a diagnosis
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Reads what M(lvs.cluster.doctor_info) has found on each host, registered as C(doctor_seen), and returns what hosts are to ask next.

options:
  _input:
    description:
      - C(hostvars), with C(doctor_seen) of M(lvs.cluster.doctor_info) on each host.
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
- name: Ask who has the VIPs
  lvs.cluster.arp_probe:
    addresses: "{{ (hostvars | lvs.cluster.doctor_questions(groups, ansible_play_hosts_all)).vips }}"
    skip_far: true
"""

RETURN = r"""
_value:
  description:
    - C(vips) to ask for by ARP, C(interfaces) on which each director listens for VRRP adverts, and for how many seconds (C(listen)).
    - C(requests) of clients through the VIPs, and C(doors), the real servers that each director asks itself.
  type: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor.diagnosis import sight_of
from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor.questions import questions


def doctor_questions(hostvars, groups, play_hosts):
    """What to ask on the wire, by what the hosts have told."""
    return questions(sight_of(hostvars, groups, play_hosts))


class FilterModule:
    """The filter."""

    def filters(self):
        return {"doctor_questions": doctor_questions}
