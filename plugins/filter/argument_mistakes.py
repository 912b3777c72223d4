# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: argument_mistakes
short_description: Find mistyped arguments of a playbook
version_added: 1.0.0
positional: others
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares the names that were given with C(-e) with those that the playbook understands.
options:
  _input:
    description: The arguments of the playbook, each with what it may be.
    type: dict
    required: true
  others:
    description: Arguments of other playbooks, which are a mistake here.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Refuse wrong arguments
  ansible.builtin.assert:
    that: "{'doctor_format': 'text or json'} | lvs.cluster.argument_mistakes == []"
"""

RETURN = r"""
_value:
  description: The mistakes, and then what is valid. Empty if all is right.
  type: list
  elements: str
"""

from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars
from ansible_collections.lvs.cluster.plugins.plugin_utils.arguments import argument_mistakes


def argument_mistakes_filter(valid, others=()):
    """Find what is wrong with the names given on the command line."""
    return argument_mistakes(valid, load_extra_vars(DataLoader()), others)


class FilterModule:
    """The filter."""

    def filters(self):
        return {"argument_mistakes": argument_mistakes_filter}
