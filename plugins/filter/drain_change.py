# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drain_change
short_description: Find what a drain, or its end, changes on the directors
version_added: 1.0.0
positional: hostvars, play_hosts, request
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Checks what somebody has asked C(drain.yml) or C(undrain.yml) for, and makes the record that the directors are to have.
options:
  hostvars:
    description: The variables of all hosts, with what was read on the directors.
    type: dict
    required: true
  play_hosts:
    description: The directors of this run that have answered.
    type: list
    elements: str
    required: true
  request:
    description:
      - C(real_server), C(service), C(reason), C(force) and, to end a drain, C(undrain), C(steps) and C(pause).
    type: dict
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Find what a drain of web2 changes
  ansible.builtin.debug:
    msg: "{{ lvs_cluster | lvs.cluster.drain_change(hostvars, ansible_play_hosts, {'real_server': 'web2'}) }}"
"""

RETURN = r"""
_value:
  description:
    - C(refusals), why it is refused; C(steps), the records; C(order), the directors in their order; C(said), what there is to know.
  type: dict
"""

from datetime import datetime, timezone

from ansible_collections.lvs.cluster.plugins.plugin_utils.drains import drain_change


def drain_change_filter(cluster, hostvars, play_hosts, request):
    """Find what is changed now."""
    return drain_change(cluster, hostvars, play_hosts, request, datetime.now(timezone.utc))


class FilterModule:
    """The filter."""

    def filters(self):
        return {"drain_change": drain_change_filter}
