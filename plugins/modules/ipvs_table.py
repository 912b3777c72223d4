#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_table
version_added: 1.0.0
short_description: Manage the IPVS table of a director as a whole
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Changes the virtual server table to what O(services) says, by the smallest change and in one C(ipvsadm) process.
  - In every service new real servers come first, then weights that rise, then the other edits, then removals. A
    service that keeps a real server is never without one.
  - Afterwards the module reads the table again. It fails and names every entry that is not as it should be.
  - The table does not survive a reboot. See the role P(lvs.cluster.director#role) for a table that is
    restored at boot.
options:
  purge:
    description:
      - Which entries that O(services) does not have are removed.
      - V(none) removes nothing. V(services) removes the other real servers of the services listed, and leaves the
        other services alone. V(all) removes the other services too.
    type: str
    choices: [none, services, all]
    default: services
  keep_weights:
    description:
      - Whether to keep the weights of real servers that are already in the table. Then a drained real server stays
        drained, and a weight that a health check has set stays.
    type: bool
    default: false
notes:
  - In check mode on a host that has no C(ipvsadm) or no IPVS in its kernel yet, the table is taken as empty.
  - Where keepalived or ldirectord manages the table, change their configuration instead.
seealso:
  - module: lvs.cluster.ipvs_info
  - module: lvs.cluster.ipvs_service
  - module: lvs.cluster.ipvs_destination
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.ipvs.table
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Balance a web site over two real servers by direct routing
  lvs.cluster.ipvs_table:
    services:
      - address: 192.0.2.100
        port: 80
        scheduler: wrr
        destinations:
          - address: 192.0.2.21
            weight: 3
          - address: 192.0.2.22

- name: Set exactly these services, and keep drained real servers drained
  lvs.cluster.ipvs_table:
    purge: all
    keep_weights: true
    services:
      - address: 192.0.2.100
        port: 443
        scheduler: sh
        scheduler_flags: [sh-port]
        persistence: 300
        persistence_netmask: 255.255.255.0
        destinations:
          - address: 10.0.0.21
            port: 8443
            forward: nat
            upper_threshold: 1000
            lower_threshold: 800
      - fwmark: 80
        family: ipv6
        scheduler: wlc
        destinations:
          - address: 2001:db8::21
            forward: tun
            tunnel:
              type: gue
              port: 6080

- name: Empty the table
  lvs.cluster.ipvs_table:
    services: []
    purge: all
"""

RETURN = r"""
changes:
  description:
    - The changes in the order in which they were made, or in check mode would be made, as lines for C(ipvsadm -R).
    - C(-A), C(-E) and C(-D) add, edit and delete a service, C(-a), C(-e) and C(-d) a real server.
  returned: success
  type: list
  elements: str
  sample:
    - -a -t 192.0.2.100:80 -r 192.0.2.23:80 -g -w 1
    - -d -t 192.0.2.100:80 -r 192.0.2.21:80
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.apply import apply_table, start_reading
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.change import PURGES, target_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.command import find_ipvsadm
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_table
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, fail, mistakes_told


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            # read_table checks the contents, because the argument spec takes seconds for 10,000 real servers.
            "services": {"type": "list", "elements": "dict", "required": True},
            "purge": {"type": "str", "choices": list(PURGES), "default": "services"},
            "keep_weights": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
        no_log=True,  # Nothing is secret, but a table of 10,000 entries does not belong in the journal
    )
    params = module.params
    # This replaces the default invocation, which would send every service back to the controller and into its log.
    invocation = {"module_args": {**params, "services": f"{len(params['services'])} services"}}
    try:
        ipvsadm = find_ipvsadm(module, runner)
        reading = start_reading(ipvsadm)
        with mistakes_told():
            wanted = read_table(params["services"])
        before = reading()
        after = target_table(before, wanted, params["purge"], params["keep_weights"])
        result = apply_table(ipvsadm, before, after, module.check_mode, module._diff)
    except Failure as error:
        fail(module, error, invocation=invocation)
    module.exit_json(invocation=invocation, **result)


if __name__ == "__main__":
    main()
