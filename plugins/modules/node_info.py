#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: Read the kernel settings, units, addresses and files of a host, now and at the next boot
version_added: 1.0.0
description:
  - Reads kernel parameters, kernel modules, systemd units, addresses, links and routes in one execution, so that you can
    compare them with what an LVS host needs.
  - To find what the next boot sets, it reads the files of sysctl.d and modules-load.d in all their directories, by the rules
    of systemd-sysctl and systemd-modules-load, not only the files that this collection writes.
requirements:
  - C(ip) of iproute2 4.13 or later, of 4.20 or later for O(routes)
  - C(systemctl), for O(units)
options:
  sysctls:
    description: The kernel parameters to read, spelt as sysctl(8) takes them.
    type: list
    elements: str
    default: []
  modules:
    description: The kernel modules to look for.
    type: list
    elements: str
    default: []
  units:
    description: The systemd units to read. A name without a suffix means C(.service).
    type: list
    elements: str
    default: []
  files:
    description: The files to read.
    type: list
    elements: path
    default: []
  folders:
    description: The folders to look for.
    type: list
    elements: path
    default: []
  routes:
    description: Whether to read the routes of all tables, and the rules.
    type: bool
    default: false
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.attributes.info_module
author:
  - lvs.cluster contributors (@lvs-cluster)
seealso:
  - module: lvs.cluster.kernel_settings
"""

EXAMPLES = r"""
- name: Read the settings of a director
  lvs.cluster.node_info:
    sysctls:
      - net.ipv4.ip_forward
      - net.ipv4.vs.expire_nodest_conn
    modules:
      - ip_vs
    units:
      - keepalived
  register: node

- name: The director must forward, now and after a reboot
  ansible.builtin.assert:
    that:
      - node.sysctls['net.ipv4.ip_forward'] == '1'
      - node.sysctls_boot['net.ipv4.ip_forward'] == '1'
"""

RETURN = r"""
sysctls:
  description:
    - The live value of each of O(sysctls), its fields separated by single spaces. Null if the kernel has no such
      parameter, or if it cannot be read.
  returned: success
  type: dict
  sample: {net.ipv4.ip_forward: "1", net.ipv4.vs.sync_threshold: "3 50"}
sysctls_boot:
  description:
    - The value of each of O(sysctls) that the next boot sets, from C(sysctl.d) or from the file that C(ufw) reads when it
      starts. Null if these set none.
    - What something else sets later is not known, such as a network manager, a script, or C(tuned) with C(reapply_sysctl=0).
  returned: success
  type: dict
  sample: {net.ipv4.ip_forward: "0", net.ipv4.vs.sync_threshold: "3 50"}
sysctls_boot_files:
  description: The file that sets each value of RV(sysctls_boot). If several do, the one that prevails.
  returned: success
  type: dict
  sample:
    net.ipv4.ip_forward: /etc/sysctl.d/99-sysctl.conf
    net.ipv4.vs.sync_threshold: /etc/sysctl.d/90-lvs-director.conf
modules:
  description: For each of O(modules), whether it is loaded now, and whether the next boot loads it.
  returned: success
  type: dict
  contains:
    loaded:
      description: Loaded, or built into the kernel.
      type: bool
    boot:
      description: Named in a file of modules-load.d, or built into the kernel.
      type: bool
  sample:
    ip_vs: {loaded: true, boot: true}
units:
  description: For each of O(units), its state.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether systemd has the unit, and the unit is not masked.
      type: bool
    active:
      description: Whether it runs now.
      type: bool
    enabled:
      description: Whether it is enabled to start at boot.
      type: bool
    state:
      description: Systemd's word for what it is now, such as V(active), V(inactive), V(failed) or V(activating).
      type: str
  sample:
    keepalived: {exists: true, active: true, enabled: true, state: active}
files:
  description: For each of O(files), its checksum and its age. Null if it is not there.
  returned: success
  type: dict
  contains:
    checksum:
      description: The SHA-1 of its content, as M(ansible.builtin.stat) returns it.
      type: str
    mtime:
      description: When its content last changed, in seconds since 1970.
      type: float
  sample:
    /etc/keepalived/keepalived.conf: {checksum: 3e7d0c5b8f4b2d6a9d1e8f7c6b5a4938271605f4, mtime: 1772357400.25}
folders:
  description: Whether each folder is there.
  returned: success
  type: dict
  sample:
    /var/lib/lvs: true
routes:
  description: The unicast routes of all tables.
  returned: if O(routes)
  type: list
  elements: dict
  contains:
    to:
      description: The network, the address, or C(default).
      type: str
    via:
      description: The router. Null for a network that the host is in.
      type: str
    source:
      description: The address that the host sends from. Null if the route has none.
      type: str
    table:
      description: The number of the table. 254 is the main one.
      type: int
    metric:
      description: The metric.
      type: int
    device:
      description: The interface. Null if the route has several.
      type: str
  sample:
    - {to: 10.1.0.0/16, via: 172.28.0.1, source: null, table: 254, metric: 0, device: eth1}
rules:
  description: The rules that choose a table.
  returned: if O(routes)
  type: list
  elements: dict
  contains:
    from:
      description: The network or address of senders. Null for all.
      type: str
    to:
      description: The network or address of recipients. Null for all.
      type: str
    table:
      description: The number of the table.
      type: int
    priority:
      description: The priority.
      type: int
  sample:
    - {from: 10.1.0.0/16, to: null, table: 100, priority: 1000}
addresses:
  description: All addresses of the host.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The address.
      type: str
    prefix:
      description: The length of its prefix.
      type: int
    interface:
      description: The interface that has it.
      type: str
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    scope:
      description: V(global), V(link), V(host) or V(site).
      type: str
    usable:
      description: Whether the host can use it. If another host has answered for an IPv6 address, the kernel keeps it but does not use it.
      type: bool
  sample:
    - {address: 172.28.0.11, prefix: 24, interface: eth1, family: ipv4, scope: global, usable: true}
    - {address: 172.28.0.100, prefix: 32, interface: eth1, family: ipv4, scope: global, usable: true}
links:
  description: The network interfaces, by name.
  returned: success
  type: dict
  contains:
    mac:
      description: Its Ethernet address. Null where it has none.
      type: str
    up:
      description: Whether it is up and has a carrier.
      type: bool
  sample:
    eth1: {mac: "52:54:00:12:34:56", up: true}
    lo: {mac: null, up: true}
"""

import glob
import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.conf_files import conf_files, ufw_files
from ansible_collections.lvs.cluster.plugins.module_utils.kernel_modules import module_states
from ansible_collections.lvs.cluster.plugins.module_utils.node import (
    ROUTES,
    RULES,
    output_of,
    parse_addresses,
    parse_links,
    parse_routes,
    parse_rules,
    parse_units,
    systemctl_show,
)
from ansible_collections.lvs.cluster.plugins.module_utils.sysctl_files import boot_values, key_path, live_or_none
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, fail


def starts_by_script(service):
    return bool(glob.glob(f"/etc/rc[2-5].d/S[0-9][0-9]{glob.escape(service)}"))


def read_units(runner, units):
    if not units:
        return {}
    out = output_of(runner, "systemctl", systemctl_show(units), "a host booted with systemd")
    return parse_units(units, out, starts_by_script)


def read_routing(runner):
    """The routes and rules of the address families that the kernel has."""
    families = ["-4", *(["-6"] if os.path.isdir("/proc/sys/net/ipv6") else [])]

    def asked(question):
        commands = (["-j", "-N", family, *question] for family in families)
        outputs = [output_of(runner, "ip", command, "iproute2 4.20 or later") for command in commands]
        return [entry for output in outputs for entry in json.loads(output or "[]")]

    return {"routes": parse_routes(asked(ROUTES)), "rules": parse_rules(asked(RULES))}


def read_file(module, path):
    try:
        return {"checksum": module.sha1(path), "mtime": os.stat(path).st_mtime}
    except OSError:
        return None


def main(runner=HOST):
    names = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            "sysctls": dict(names),
            "modules": dict(names),
            "units": dict(names),
            "files": {**names, "elements": "path"},
            "folders": {**names, "elements": "path"},
            "routes": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    sysctls = {key: key_path(key) for key in module.params["sysctls"]}
    at_boot = boot_values(conf_files("sysctl.d"), sysctls.values(), ufw_files())
    try:
        links = json.loads(output_of(runner, "ip", ["-j", "address"], "iproute2 4.13 or later"))
        units = read_units(runner, list(dict.fromkeys(module.params["units"])))
        routing = read_routing(runner) if module.params["routes"] else {}
    except Failure as error:
        fail(module, error)
    module.exit_json(
        changed=False,
        sysctls={key: live_or_none(path) for key, path in sysctls.items()},
        sysctls_boot={key: at_boot[path] and at_boot[path][0] for key, path in sysctls.items()},
        sysctls_boot_files={key: at_boot[path] and at_boot[path][1] for key, path in sysctls.items()},
        modules=module_states(module.params["modules"], conf_files("modules-load.d"), conf_files("modprobe.d")),
        units=units,
        files={path: read_file(module, path) for path in module.params["files"]},
        folders={path: os.path.isdir(path) for path in module.params["folders"]},
        addresses=parse_addresses(links),
        links=parse_links(links),
        **routing,
    )


if __name__ == "__main__":
    main()
