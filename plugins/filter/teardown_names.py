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
    description: C(hostvars), with the facts of M(lvs.cluster.deployed_facts) of the host.
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

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.sharing import (
    default_name,
    names_to_tear_down,
    records_of,
)


def teardown_names(hostvars, groups, host):
    directors, real_servers = (groups.get(group) or [] for group in ("directors", "real_servers"))
    addresses = {name: hostvars[name].get("lvs_address") for name in directors}
    given = (hostvars[name].get("lvs_cluster_name") for name in [*directors, *real_servers])
    name = next((str(one) for one in given if one is not None), default_name(directors))
    return names_to_tear_down(name, addresses, records_of(hostvars[host].get("ansible_facts") or {}))


class FilterModule:
    """The filter."""

    def filters(self):
        return {"teardown_names": teardown_names}
