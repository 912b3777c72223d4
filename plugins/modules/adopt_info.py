#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt_info
short_description: Read a cluster that was configured by hand
version_added: 1.0.0
description:
  - Reads everything that says what a host does in an LVS cluster, in one run, for the filter P(lvs.cluster.adopted#filter).
    C(adopt.yml) uses it.
  - These are the IPVS table, the configuration of keepalived with all files that it includes, of ldirectord and heartbeat,
    addresses, routes, sysctls, packet filters, daemons, and packages.
  - It changes nothing, and loads no kernel module. What a host cannot tell is left out, and named in RV(unread). The module
    does not fail for it.
  - RV(files) has the passwords of the configuration in clear text. Set C(no_log) for the task.
requirements:
  - root
  - C(ip) of iproute2 4.20 or later
options: {}
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.attributes.info_module
author:
  - lvs.cluster contributors (@lvs-cluster)
seealso:
  - module: lvs.cluster.doctor_info
  - module: lvs.cluster.deployed_facts
"""

EXAMPLES = r"""
- name: Read what the host does in a cluster
  lvs.cluster.adopt_info:
  register: seen
  no_log: true

- name: Show which daemons run
  ansible.builtin.debug:
    msg: "{{ seen.processes | map(attribute='name') }}"
"""

RETURN = r"""
hostname:
  description: The name of the host.
  returned: success
  type: str
  sample: lb1
files:
  description: The texts of the configuration files, by path. Passwords are in clear text.
  returned: success
  type: dict
  sample:
    /etc/keepalived/keepalived.conf: "vrrp_instance VI_1 {\n}\n"
ipvs:
  description:
    - The table as M(lvs.cluster.ipvs_info) returns it, with C(timeouts) and C(daemons). Null on a host whose kernel has no C(ip_vs).
    - Timeouts and daemons are null without C(ipvsadm).
  returned: success
  type: dict
links:
  description: The interfaces by name, as M(lvs.cluster.doctor_info) returns them.
  returned: success
  type: dict
addresses:
  description: The addresses, as M(lvs.cluster.node_info) returns them.
  returned: success
  type: list
  elements: dict
routes:
  description: The routes of all tables as C(ip -j -N route) prints them, with their C(family).
  returned: success
  type: list
  elements: dict
rules:
  description: The routing rules as C(ip -j -N rule) prints them, with their C(family).
  returned: success
  type: list
  elements: dict
sysctls:
  description: The sysctls of the host that matter, by key.
  returned: success
  type: dict
  sample: {net.ipv4.ip_forward: "0"}
interface_sysctls:
  description: The sysctls of each interface in C(net.ipv4.conf) that matter.
  returned: success
  type: dict
  sample:
    all: {arp_ignore: 1, arp_announce: 2, rp_filter: 0}
filters:
  description: The rules of the packet filters, as M(lvs.cluster.doctor_info) returns them.
  returned: success
  type: dict
processes:
  description: The daemons that run, each with C(name) and C(arguments).
  returned: success
  type: list
  elements: dict
  sample:
    - {name: keepalived, arguments: [/usr/sbin/keepalived, --dont-fork]}
enabled:
  description: The units that start at boot, of those that matter.
  returned: success
  type: list
  elements: str
  sample: [keepalived.service]
packages:
  description: The versions of the installed packages that matter.
  returned: success
  type: dict
  sample: {keepalived: "1:2.2.7-1+b2"}
ours:
  description: The files that the roles of this collection have written.
  returned: success
  type: list
  elements: str
unread:
  description: What could not be read, and why.
  returned: success
  type: dict
  sample: {ipvs: "The IPVS table cannot be read: use become."}
"""

import os
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils import adopt
from ansible_collections.lvs.cluster.plugins.module_utils.doctor import daemons, filters, network, table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.command import Ipvsadm
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.listing import parse_timeouts
from ansible_collections.lvs.cluster.plugins.module_utils.node import output_of, parse_units, systemctl_show
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure


def ipvs(runner):
    """The table, with the timeouts. None on a host without IPVS."""
    found = table.gather(runner)
    if found is None:
        return None
    path = runner.find("ipvsadm")
    live = asdict(parse_timeouts(Ipvsadm(runner, path).output("-Ln", "--timeout"))) if path else None
    return {"services": found["services"], "daemons": found["daemons"], "timeouts": live}


def enabled(runner):
    """The units that start at boot."""
    units = [f"{name}.service" for name in adopt.UNITS]
    printed = output_of(runner, "systemctl", systemctl_show(units), "a host booted with systemd")
    return [name for name, unit in parse_units(units, printed, lambda _unit: True).items() if unit["enabled"]]


def gather(runner):
    """Everything that the host tells. What it cannot tell is named with the reason in `unread`."""
    unread = {}

    def told(name, question, otherwise):
        try:
            return question()
        except (Failure, OSError, ValueError, KeyError) as error:
            unread[name] = str(error)
            return otherwise

    families = ["ipv4", *(["ipv6"] if os.path.isdir("/proc/sys/net/ipv6") else [])]
    links, addresses = told("addresses", lambda: network.links_and_addresses(runner), ({}, []))
    routes, rules = told("routes", lambda: network.routing(runner, families), ([], []))
    running = told("processes", daemons.processes, [])
    keepalived = [one["arguments"] for one in running if one["name"] == "keepalived"]
    hostname = os.uname().nodename
    files = adopt.texts(adopt.configuration_of(keepalived), adopt.config_id(keepalived, hostname))
    return {
        "hostname": hostname,
        "files": files,
        "ipvs": told("ipvs", lambda: ipvs(runner), None),
        "links": links,
        "addresses": addresses,
        "routes": routes,
        "rules": rules,
        "sysctls": network.sysctls(),
        "interface_sysctls": told("interface_sysctls", network.interface_sysctls, {}),
        "filters": told("filters", lambda: filters.packet_filters(runner), None),
        "processes": [{"name": one["name"], "arguments": one["arguments"]} for one in running],
        "enabled": told("enabled", lambda: enabled(runner), []),
        "packages": told("packages", lambda: adopt.packages(runner), {}),
        "ours": adopt.ours(files),
        "unread": unread,
    }


def main(runner=HOST):
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(changed=False, **gather(runner))


if __name__ == "__main__":
    main()
