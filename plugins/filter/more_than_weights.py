# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: more_than_weights
short_description: Tell whether a configuration would change by more than the weights of real servers
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares the configuration that is on a director with the one that is to be written, both without weights.

options:
  _input:
    description: What is on the director, C(keepalived.conf), C(ldirectord.cf), or the file that restores a static table.
    type: str
    required: true
  wanted:
    description: What is to be written.
    type: str
    required: true
  stack:
    description: The C(lvs_stack).
    type: str
    choices: [keepalived, ldirectord, static]
    required: true
"""

EXAMPLES = r"""
- name: Nothing but weights must change
  ansible.builtin.assert:
    that: not there.content | b64decode | lvs.cluster.more_than_weights(lookup('template', 'keepalived.conf.j2'), 'keepalived')
"""

RETURN = r"""
_value:
  description: Whether they differ by more than weights.
  type: bool
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.weights import more_than_weights


class FilterModule:
    """The filter."""

    def filters(self):
        return {"more_than_weights": more_than_weights}
