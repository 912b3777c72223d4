# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: teardown_refusals
short_description: Find reasons not to take a cluster down on a host
version_added: 0.1.0
positional: groups, host
author: lvs.cluster contributors (@lvs-cluster)
description:
  - A director of another cluster, or a host that serves another cluster of the same name, is not taken down.
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
- name: Refuse to take another cluster down
  ansible.builtin.assert:
    that: hostvars | lvs.cluster.teardown_refusals(groups, inventory_hostname) == []
"""

RETURN = r"""
_value:
  description: One message for each, with what to do.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.leaving import leaving
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.sharing import records_of
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.teardown import teardown_refusals as refusals
from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.told import facts_of


def teardown_refusals(hostvars, groups, host):
    records = records_of(facts_of(hostvars, host))
    return list(refusals(leaving(hostvars, groups), host, host in (groups.get("directors") or []), records))


class FilterModule:
    """The filter."""

    def filters(self):
        return {"teardown_refusals": teardown_refusals}
