# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drain_report
short_description: Say what a drain, or its end, has changed
version_added: 1.0.0
positional: hostvars, change, check
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Puts into words what C(drain.yml) or C(undrain.yml) has done.
options:
  hostvars:
    description: The variables of all hosts, with the results of the directors.
    type: dict
    required: true
  change:
    description: What P(lvs.cluster.drain_change#filter) returned.
    type: dict
    required: true
  check:
    description: Whether nothing was done.
    type: bool
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Say what has happened
  ansible.builtin.debug:
    msg: "{{ lvs_cluster | lvs.cluster.drain_report(hostvars, change, false) }}"
"""

RETURN = r"""
_value:
  description: Lines for people.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.drains import drain_report


class FilterModule:
    """The filter."""

    def filters(self):
        return {"drain_report": drain_report}
