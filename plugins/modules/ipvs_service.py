#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_service
version_added: 1.0.0
short_description: Manage one virtual service of the IPVS table
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Adds, edits or removes one virtual service. Its real servers are not changed.
  - An option that is left out is set to its default, whatever the service had before.
  - For more than a few entries M(lvs.cluster.ipvs_table) is faster and safer.
options:
  state:
    description:
      - V(present) adds the service or edits it. V(absent) removes it with its real servers.
    type: str
    choices: [present, absent]
    default: present
notes:
  - In check mode on a host that has no C(ipvsadm) or no IPVS in its kernel yet, the table is taken as empty.
seealso:
  - module: lvs.cluster.ipvs_table
  - module: lvs.cluster.ipvs_destination
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.ipvs
  - lvs.cluster.ipvs.service
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Add a web service in which clients stay with their real server for five minutes
  lvs.cluster.ipvs_service:
    address: 192.0.2.100
    port: 80
    scheduler: wrr
    persistence: 300

- name: Add a DNS service that schedules every packet
  lvs.cluster.ipvs_service:
    address: 2001:db8::100
    port: 53
    protocol: udp
    scheduler: rr
    one_packet: true

- name: Remove the service of a firewall mark
  lvs.cluster.ipvs_service:
    fwmark: 80
    state: absent
"""

RETURN = r"""
changes:
  description: The changes made, or in check mode to be made, as lines for C(ipvsadm -R).
  returned: success
  type: list
  elements: str
  sample:
    - -A -t 192.0.2.100:80 -s wrr -p 300
"""

from dataclasses import replace

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.apply import apply_table, start_reading
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.arguments import KEY, SERVICE
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.command import find_ipvsadm
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import Table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_key, read_service
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, fail, mistakes_told


def with_service(table, service):
    """Return the table with the given service and the destinations that it already has."""
    present = table.services.get(service.key)
    kept = present.destinations if present is not None else {}
    return Table({**table.services, service.key: replace(service, destinations=kept)})


def without_service(table, key):
    """Return the table without a service."""
    return Table({other: service for other, service in table.services.items() if other != key})


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            **KEY,
            **SERVICE,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    params = dict(module.params)
    try:
        present = params.pop("state") == "present"
        with mistakes_told():
            wanted = read_service(params) if present else None
            key = wanted.key if wanted else read_key(params)
        ipvsadm = find_ipvsadm(module, runner)
        before = start_reading(ipvsadm)()
        after = with_service(before, wanted) if wanted else without_service(before, key)
        module.exit_json(**apply_table(ipvsadm, before, after, module.check_mode, module._diff))
    except Failure as error:
        fail(module, error)


if __name__ == "__main__":
    main()
