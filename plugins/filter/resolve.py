# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: resolve
author: lvs.cluster contributors (@lvs-cluster)
version_added: 0.1.0
short_description: Turn an inventory into the resolved cluster
description:
  - Reads the variables C(lvs_*) of every host of the groups C(directors), C(real_servers) and C(clients),
    validates all of them together, and fills in every address, port, weight, interface and role.
  - Cluster-wide variables are those of the first director; a host that sees another value is a mistake.
  - Every mistake is reported in one error, each with its place in the inventory.
  - Interfaces, and the checks that need them, come from gathered facts. Without facts O(_input) has to hold
    C(lvs_address) for every director and real server, and interfaces are null.
requirements:
  - netaddr (on the controller)
positional: groups
options:
  _input:
    description: Variables of every host, by its name. Usually the variable C(hostvars).
    type: dict
    required: true
  groups:
    description: Host names of every group. Usually the variable C(groups).
    type: dict
    required: true
seealso:
  - module: lvs.cluster.ipvs_table
"""

EXAMPLES = r"""
- name: Resolve the cluster once
  ansible.builtin.set_fact:
    lvs_cluster: "{{ hostvars | lvs.cluster.resolve(groups) }}"
  run_once: true

- name: Show who may hold which VIP
  ansible.builtin.debug:
    msg: "{{ lvs_cluster.vrrp.instances | map(attribute='directors') }}"
"""

RETURN = r"""
_value:
  description: The resolved cluster. Every key is always there; what is absent is null.
  type: dict
  contains:
    stack:
      description: What keeps the table and the VIPs (keepalived, ldirectord, static).
      type: str
    arp:
      description: How real servers keep silent about the VIPs (sysctl, arptables, redirect).
      type: str
    start_at_boot:
      description: Whether the directors' services start at boot.
      type: bool
    test_page:
      description: Whether real servers get a web server with a page that names the host.
      type: bool
    directors:
      description: Names of the directors, the preferred master first.
      type: list
      elements: str
    real_servers:
      description: Names of the real servers.
      type: list
      elements: str
    clients:
      description: Names of the hosts that stand for the users.
      type: list
      elements: str
    vips:
      description: Every VIP with C(address), C(family), C(prefix) and the VRRP C(instance) that moves it.
      type: list
      elements: dict
    services:
      description: Every virtual service as in C(lvs_services), with all defaults filled in and real servers by address.
      type: list
      elements: dict
    table:
      description: The same services as M(lvs.cluster.ipvs_table) takes them.
      type: list
      elements: dict
    vrrp:
      description: VRRP instances with their VIPs and directors; null unless the stack is keepalived.
      type: dict
    sync:
      description: The connection synchronisation daemon (C(id), C(instance)), or null.
      type: dict
    mail:
      description: Mail alerts, or null.
      type: dict
    hosts:
      description: By host name, what each director and real server has to be (role, address, interface, sysctls, kernel modules, VIPs).
      type: dict
"""

from typing import Any, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.addresses import HAS_NETADDR
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve


def resolve_filter(hostvars: Mapping[str, Any], groups: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve a cluster, with its mistakes as an Ansible error."""
    if not HAS_NETADDR:
        raise AnsibleFilterError(
            "lvs.cluster.resolve needs the Python package netaddr where Ansible runs: pip install netaddr"
        )
    try:
        return resolve(hostvars, groups)
    except InventoryMistakes as mistakes:
        raise AnsibleFilterError(str(mistakes)) from None


class FilterModule:
    """The filter lvs.cluster.resolve."""

    def filters(self) -> dict[str, Any]:
        return {"resolve": resolve_filter}
