#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_settings
short_description: Set kernel modules and parameters, now and at boot
version_added: 1.0.0
description:
  - Loads kernel modules and sets kernel parameters (sysctls), in the running kernel and for every boot.
    Modules come first, because they add parameters. C(net.ipv4.vs.*) exists only once C(ip_vs) is loaded.
  - Remembers the value that each parameter had before. Restores it when the parameter is removed from O(sysctls), or
    with O(state=absent).
  - A module that is removed from O(modules) is not loaded at the next boot. With O(state=absent) this holds for all
    modules. Modules are never unloaded, because others may use them.
  - Warns if a file that is read later at boot sets a parameter to another value.
options:
  name:
    description:
      - The name of these settings.
      - The files are C(/etc/modules-load.d/NAME.conf), C(/etc/sysctl.d/90-NAME.conf) and, for the former values,
        C(/var/lib/lvs-cluster/NAME.json).
    type: str
    required: true
  modules:
    description:
      - The kernel modules, by their own names, not by an alias.
      - A module that is built into the kernel, or that a container's host has loaded, counts as loaded.
    type: list
    elements: str
    default: []
  sysctls:
    description:
      - The kernel parameters with their values, set in this order.
      - Names are spelt as in sysctl(8), so that C(net.ipv4.conf.eth0/100.rp_filter) and
        C(net/ipv4/conf/eth0.100/rp_filter) are the same parameter of the interface C(eth0.100).
      - A value of several fields is compared field by field (C(3 50)).
    type: dict
    default: {}
  purge:
    description:
      - Whether to restore parameters set by an earlier run that are no longer in O(sysctls).
      - With V(false) they stay until a run with V(true). RV(leaving) names them.
    type: bool
    default: true
  keep:
    description:
      - Parameters that are not restored when they are removed, because something else needs their present value by now. They
        are no longer set at boot.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) sets the modules and parameters.
      - V(absent) removes the files and restores the former values. O(modules) and O(sysctls) are ignored.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - lvs.cluster.attributes
attributes:
  check_mode:
    support: full
    details:
      - Runs C(modprobe --dry-run) to see whether the modules can be loaded, if modprobe is installed.
      - A parameter that does not exist while modules are still to be loaded counts as one that would change.
  diff_mode:
    support: full
  idempotent:
    support: full
author:
  - lvs.cluster contributors (@lvs-cluster)
seealso:
  - module: lvs.cluster.node_info
"""

EXAMPLES = r"""
- name: Prepare a director's kernel
  lvs.cluster.kernel_settings:
    name: lvs-director
    modules:
      - ip_vs
      - ip_vs_wrr
    sysctls:
      net.ipv4.ip_forward: 1
      net.ipv4.vs.expire_nodest_conn: 1
      net.ipv4.vs.sync_threshold: 3 50

- name: Keep a real server from answering ARP for the VIP
  lvs.cluster.kernel_settings:
    name: lvs-real-server-shop
    sysctls:
      net.ipv4.conf.all.arp_ignore: 1
      net.ipv4.conf.all.arp_announce: 2

- name: Restore the former values
  lvs.cluster.kernel_settings:
    name: lvs-director
    state: absent
"""

RETURN = r"""
modules_loaded:
  description: The modules that this run has loaded.
  returned: success
  type: list
  elements: str
  sample: [ip_vs, ip_vs_wrr]
sysctls_set:
  description:
    - The parameters that this run has set, each with its value before and after.
    - In check mode RV(ignore:before) is null for a parameter whose module is not loaded yet.
  returned: success
  type: dict
  sample:
    net.ipv4.ip_forward: {before: "0", after: "1"}
sysctls_restored:
  description: The parameters that were removed, and set to their former values.
  returned: success
  type: dict
  sample:
    net.ipv4.conf.all.rp_filter: {before: "0", after: "2"}
leaving:
  description: The parameters that an earlier run has set and that are no longer in O(sysctls).
  returned: success
  type: list
  elements: str
  sample: [net.ipv4.conf.all.arp_ignore]
files_changed:
  description: The files that were written or removed.
  returned: success
  type: list
  elements: str
  sample: [/etc/modules-load.d/lvs-director.conf, /etc/sysctl.d/90-lvs-director.conf]
overridden:
  description:
    - The parameters that the next boot will set to another value, because systemd-sysctl or C(ufw) reads another file
      later.
  returned: success
  type: list
  elements: dict
  contains:
    key:
      description: The parameter.
      type: str
    value:
      description: The value that the boot will set.
      type: str
    file:
      description: The file that sets it.
      type: str
  sample:
    - {key: net.ipv4.ip_forward, value: "0", file: /etc/sysctl.d/99-sysctl.conf}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.kernel_settings import run
from ansible_collections.lvs.cluster.plugins.module_utils.kernel_settings_plan import settings_from
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, fail, mistakes_told


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "modules": {"type": "list", "elements": "str", "default": []},
            "sysctls": {"type": "dict", "default": {}},
            "purge": {"type": "bool", "default": True},
            "keep": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    params = module.params
    present = params["state"] == "present"
    try:
        with mistakes_told():
            settings = settings_from(
                params["name"], params["modules"] if present else [], params["sysctls"] if present else {}
            )
        result = run(module, runner, settings, params["purge"] or not present, params["keep"])
    except Failure as error:
        fail(module, error)
    for entry in result["overridden"]:
        module.warn(
            f"The next boot will set {entry['key']} to {entry['value']}, because {entry['file']} is read after "
            "this module's file: remove it there."
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
