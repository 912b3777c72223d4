# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: status_mistakes
short_description: Check the arguments of status.yml
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Returns what is wrong with the arguments, followed by those that are valid.
options:
  _input:
    description: The names of all variables that begin with C(status).
    type: list
    elements: str
    required: true
  format:
    description: The value of C(status_format).
    type: str
    required: true
  file:
    description: The value of C(status_file), empty if there is none.
    type: str
    required: true
positional: format, file
"""

EXAMPLES = r"""
- name: Refuse wrong arguments
  ansible.builtin.assert:
    that: query('ansible.builtin.varnames', '^status') | lvs.cluster.status_mistakes('json', '') == []
"""

RETURN = r"""
_value:
  description: The mistakes.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.status.arguments import status_mistakes


class FilterModule:
    """The filter."""

    def filters(self):
        return {"status_mistakes": status_mistakes}
