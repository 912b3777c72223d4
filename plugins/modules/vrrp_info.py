#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vrrp_info
short_description: Read the state of keepalived's VRRP instances
version_added: 1.0.0
description:
  - Asks the running keepalived for its VRRP instances, and returns which is master, since when, with which priority, and its
    counters. C(verify.yml) uses it to find a director that would not take over.
  - A keepalived without VRRP instances does not answer, so the module fails after O(timeout).
  - keepalived writes its state into the file C(keepalived.json) in its directory for temporary files. The module reads that
    file and removes it. keepalived logs one line each time.
requirements:
  - root
  - keepalived 2.0 or later, built with JSON, as Debian, Ubuntu and Red Hat build it
options:
  pid_file:
    description: The file with keepalived's process ID.
    type: path
    default: /run/keepalived.pid
  timeout:
    description: How long to wait for keepalived's answer, in seconds.
    type: float
    default: 5.0
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.attributes.info_module
author:
  - lvs.cluster contributors (@lvs-cluster)
seealso:
  - module: lvs.cluster.vrrp_probe
"""

EXAMPLES = r"""
- name: Read the state of the VRRP instances
  lvs.cluster.vrrp_info:
  register: vrrp

- name: No instance may be in the state fault
  ansible.builtin.assert:
    that: "'fault' not in vrrp.instances.values() | map(attribute='state')"
"""

RETURN = r"""
running:
  description: Whether keepalived runs.
  returned: success
  type: bool
instances:
  description: The VRRP instances, by name. Empty if keepalived does not run.
  returned: success
  type: dict
  contains:
    state:
      description:
        - V(master) holds the VIPs. V(backup) waits. V(fault) cannot take over, because an interface or something else that it
          tracks has failed. V(init) and V(stop) are short.
      type: str
      choices: [master, backup, fault, init, stop, unknown]
    since:
      description: When this state began, in seconds since 1970. Null if there was no change since keepalived started.
      type: float
    interface:
      description: The interface of VRRP.
      type: str
    virtual_router_id:
      description: The virtual router.
      type: int
    priority:
      description: The priority now. What the instance tracks can change it.
      type: int
    base_priority:
      description: The priority in the configuration.
      type: int
    adverts_sent:
      description: Number of adverts sent since keepalived started, like all other counters.
      type: int
    adverts_received:
      description: Number of adverts received.
      type: int
    became_master:
      description: How many times it became master.
      type: int
    released_master:
      description: How many times it ceased to be master.
      type: int
    authentication_failures:
      description: Number of adverts with a wrong password.
      type: int
    authentication_type_mismatches:
      description: Number of adverts with another type of authentication.
      type: int
    interval_mismatches:
      description: Number of adverts with another C(advert_interval).
      type: int
    address_list_mismatches:
      description: Number of adverts for other VIPs.
      type: int
  sample:
    VI_1:
      state: master
      since: 1772357400.25
      interface: eth0
      virtual_router_id: 100
      priority: 200
      base_priority: 200
      adverts_sent: 86400
      adverts_received: 2
      became_master: 1
      released_master: 0
      authentication_failures: 0
      authentication_type_mismatches: 0
      interval_mismatches: 0
      address_list_mismatches: 0
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils import vrrp_state
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, fail


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            "pid_file": {"type": "path", "default": "/run/keepalived.pid"},
            "timeout": {"type": "float", "default": 5.0},
        },
        supports_check_mode=True,
    )
    try:
        instances = vrrp_state.read(runner, Path(module.params["pid_file"]), module.params["timeout"])
    except PermissionError:
        module.fail_json(msg="vrrp_info needs root: use become.")
    except Failure as error:
        fail(module, error)
    module.exit_json(changed=False, running=instances is not None, instances=instances or {})


if __name__ == "__main__":
    main()
