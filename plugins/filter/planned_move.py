# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: planned_move
short_description: Decide whether a director is fit for all VIPs
version_added: 1.0.0
positional: target, hostvars
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares what was read on the directors before a planned move of the VIPs. The director that is to hold them needs a running daemon,
    a table that serves no less than that of the present master, and the open connections if these are synchronised.
options:
  target:
    description: The director that is to hold the VIPs.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with what C(move/look.yml) of the role P(lvs.cluster.director#role) has registered.
    type: dict
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster
"""

EXAMPLES = r"""
- name: Refuse a director that is not fit
  ansible.builtin.assert:
    that: (lvs_cluster | lvs.cluster.planned_move('lb2', hostvars)).reasons == []
"""

RETURN = r"""
_value:
  description: The decision.
  type: dict
  contains:
    target:
      description: The director that is to hold the VIPs.
      type: str
    impossible:
      description: Why there can be no such move, whatever the state of the directors.
      type: list
      elements: str
    reasons:
      description: Why it is refused now.
      type: list
      elements: str
    masters:
      description: The other directors that hold VIPs.
      type: list
      elements: str
    needed:
      description: Whether there is something to do.
      type: bool
    keeps:
      description: Whether the director keeps the VIPs without a raised priority.
      type: bool
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.moves import planned_move


class FilterModule:
    """The filter."""

    def filters(self):
        return {"planned_move": planned_move}
