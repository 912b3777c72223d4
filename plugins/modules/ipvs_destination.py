#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_destination
version_added: 1.0.0
short_description: Manage, and drain, one real server of one virtual service
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Adds, edits, drains or removes one real server of one service of the IPVS table.
  - With O(state=present) an option that is left out is set to its default, whatever the real server had before.
  - For more than a few entries M(lvs.cluster.ipvs_table) is faster and safer.
options:
  service:
    description: The service, which must be in the table.
    type: dict
    required: true
  state:
    description:
      - V(present) adds the real server or edits it.
      - V(drained) sets its weight to 0 and changes nothing else, so that it gets no new connections. A real
        server that is not in the table is no error.
      - V(absent) removes it. Its connections end, at once or with their next packet.
    type: str
    choices: [present, drained, absent]
    default: present
  wait:
    description: With O(state=drained), wait until its connections have ended. Check mode does not wait.
    type: bool
    default: false
  wait_for:
    description:
      - Which connections must have ended. V(inactive) TCP connections are closed, but the kernel remembers them for up to
        the timeout C(tcpfin). V(persistent) ones are clients bound to the real server, for as long as they return in time.
      - The default is V(active), and for a C(udp) service also V(inactive). All UDP connections are inactive, and the kernel
        forgets them when the timeout C(udp) has passed since their last packet.
    type: list
    elements: str
    choices: [active, inactive, persistent]
  timeout:
    description: For how many seconds to wait. Then the module fails, and names the connections that are left.
    type: int
    default: 300
notes:
  - In check mode a service that is not in the table is no error, since an earlier task may be about to add it.
seealso:
  - module: lvs.cluster.ipvs_table
  - module: lvs.cluster.ipvs_service
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.ipvs.server
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Add a real server by direct routing
  lvs.cluster.ipvs_destination:
    service:
      address: 192.0.2.100
      port: 80
    address: 192.0.2.23
    weight: 2

- name: Drain it, and wait up to ten minutes until nobody is connected
  lvs.cluster.ipvs_destination:
    service:
      address: 192.0.2.100
      port: 80
    address: 192.0.2.23
    state: drained
    wait: true
    timeout: 600

- name: Remove it
  lvs.cluster.ipvs_destination:
    service:
      address: 192.0.2.100
      port: 80
    address: 192.0.2.23
    state: absent
"""

RETURN = r"""
changes:
  description: The changes made, or in check mode to be made, as lines for C(ipvsadm -R).
  returned: success, and when waiting took too long
  type: list
  elements: str
  sample:
    - -e -t 192.0.2.100:80 -r 192.0.2.23:80 -g -w 0
remaining:
  description: The connections that the real server has left.
  returned: with O(state=drained), except in check mode
  type: dict
  sample: {active: 0, inactive: 2, persistent: 0}
"""

from dataclasses import replace
from functools import partial

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.apply import apply_table, start_reading
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.arguments import DESTINATION, KEY
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.command import IpvsError, find_ipvsadm
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.drain import (
    CONNECTION_STATES,
    count_connections,
    default_states,
    describe_remaining,
    wait_until_gone,
)
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import Service, Table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import (
    DESTINATION_OPTIONS,
    read_destination,
    read_destination_key,
    read_key,
)
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, fail, mistakes_told


def read_wanted(params):
    """Return the key of the service and the destination from the options, or raise ValueError."""
    if params["timeout"] < 0:
        raise ValueError(f"timeout must be 0 or more seconds, not {params['timeout']}")
    key = read_key(params["service"])
    options = {name: params[name] for name in DESTINATION_OPTIONS}
    read = read_destination if params["state"] == "present" else read_destination_key
    return key, read(options, key)


def with_destination(table, key, destination, state):
    """Return the table with the destination in the wanted state."""
    service = table.services.get(key)
    if service is None:
        if state == "present":
            raise IpvsError(f"Service {key} is not in the table: add it first (lvs.cluster.ipvs_service).")
        return table
    destinations = dict(service.destinations)
    if state == "present":
        destinations[destination.key] = destination
    elif destination.key in destinations:
        if state == "drained":
            destinations[destination.key] = replace(destinations[destination.key], weight=0)
        else:
            del destinations[destination.key]
    return Table({**table.services, key: replace(service, destinations=destinations)})


def drain(module, ipvsadm, key, destination, result):
    """Wait until the connections have ended or the timeout is over, and exit."""
    kinds = module.params["wait_for"] or default_states(key)
    timeout = module.params["timeout"] if module.params["wait"] else 0
    look = partial(count_connections, ipvsadm, key, destination)
    result["remaining"] = wait_until_gone(look, kinds, timeout, settle=result["changed"])
    rest = describe_remaining(result["remaining"], kinds)
    if module.params["wait"] and rest:
        module.fail_json(msg=f"{destination} of {key} still has {rest} after {timeout} seconds.", **result)
    module.exit_json(**result)


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            "service": {"type": "dict", "required": True, "options": KEY},
            "address": {"type": "str", "required": True},
            "port": {"type": "int"},
            **DESTINATION,
            "state": {"type": "str", "choices": ["present", "drained", "absent"], "default": "present"},
            "wait": {"type": "bool", "default": False},
            "wait_for": {"type": "list", "elements": "str", "choices": list(CONNECTION_STATES)},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    state = module.params["state"]
    try:
        with mistakes_told():
            key, destination = read_wanted(module.params)
        ipvsadm = find_ipvsadm(module, runner)
        before = start_reading(ipvsadm)()
        if module.check_mode and state == "present" and key not in before.services:
            before = Table({**before.services, key: Service(key)})
        after = with_destination(before, key, destination, state)
        result = apply_table(ipvsadm, before, after, module.check_mode, module._diff)
        if state == "drained" and not module.check_mode:
            drain(module, ipvsadm, key, destination, result)
    except Failure as error:
        fail(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
