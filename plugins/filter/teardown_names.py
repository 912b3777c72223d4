# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: teardown_names
short_description: Find the names under which a host remembers a cluster
version_added: 0.1.0
positional: groups, host
author: lvs.cluster contributors (@lvs-cluster)
description:
  - C(teardown.yml) removes what a host has under these names, and leaves what it has of other clusters.
  - Needs no resolved cluster, because the rest of the inventory may be gone by then.
options:
  _input:
    description: C(hostvars), with the facts of the directors, and of M(lvs.cluster.deployed_facts) of the host.
    type: dict
    required: true
  groups:
    description: The groups of the inventory.
    type: dict
    required: true
  host:
    description: The name of the host.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the names of this cluster on the host
  ansible.builtin.debug:
    msg: "{{ hostvars | lvs.cluster.teardown_names(groups, inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: The names, first the present one.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.leaving import leaving
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.sharing import records_of
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.told import facts_of


def teardown_names(hostvars, groups, host):
    return leaving(hostvars, groups).names_in(records_of(facts_of(hostvars, host)))


class FilterModule:
    """The filter."""

    def filters(self):
        return {"teardown_names": teardown_names}
