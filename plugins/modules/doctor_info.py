#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor_info
short_description: Read everything about a host that can keep a VIP from answering
version_added: 1.0.0
description:
  - Reads addresses, routes, sysctls, packet filters, the IPVS table, daemons and their configuration, in one run, for the filter
    P(lvs.cluster.diagnose#filter). C(doctor.yml) uses it.
  - It needs no inventory of the cluster, and works on hosts that this collection has not deployed.
  - What a host cannot tell is left out, and named in RV(unread). The module does not fail for it.
  - It changes nothing, and loads no kernel module.
requirements:
  - root
  - C(ip) and C(ss) of iproute2 4.20 or later
options:
  salt:
    description:
      - In place of every secret in a configuration stands a hash with this salt, so that hosts can be compared. Use a new
        random one in each run, the same for all hosts.
    type: str
    required: true
  vrrp_timeout:
    description: How long to wait for keepalived to tell the state of its VRRP instances, in seconds.
    type: float
    default: 3
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.attributes.info_module
author:
  - lvs.cluster contributors (@lvs-cluster)
seealso:
  - module: lvs.cluster.arp_probe
  - module: lvs.cluster.vrrp_probe
"""

EXAMPLES = r"""
- name: Read the host
  lvs.cluster.doctor_info:
    salt: "{{ lookup('ansible.builtin.password', '/dev/null', length=32) }}"
  register: seen

- name: Show what listens on the host
  ansible.builtin.debug:
    var: seen.listeners
"""

RETURN = r"""
links:
  description: The interfaces by name, each with C(mac), C(up), C(mtu), C(kind), C(parent) and C(arp).
  returned: success
  type: dict
  sample:
    eth1: {mac: "52:54:00:12:34:56", up: true, mtu: 1500, kind: null, parent: null, arp: true}
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
listeners:
  description: The sockets that listen, TCP and UDP.
  returned: success
  type: list
  elements: dict
  sample:
    - {protocol: tcp, address: 0.0.0.0, port: 80}
filters:
  description: The rules of C(nft), C(iptables), C(ip6tables) and C(arptables), and whether there were C(too_many).
  returned: success
  type: dict
ipvs:
  description: The table as M(lvs.cluster.ipvs_info) returns it, with C(counts), C(stats) and C(daemons). Null without IPVS.
  returned: success
  type: dict
clients:
  description: Some clients of the connections in the table, each with the VIP that it asked.
  returned: success
  type: list
  elements: dict
  sample:
    - {client: 192.0.2.31, vip: 192.0.2.100}
modules:
  description: For each kernel module that matters, whether it is C(loaded), and whether it is C(available) to modprobe.
  returned: success
  type: dict
kernel:
  description: The release of the kernel.
  returned: success
  type: str
hostname:
  description: The name of the host.
  returned: success
  type: str
processes:
  description: The daemons that run, each with C(name), C(pid), C(started) (seconds since boot) and C(arguments).
  returned: success
  type: list
  elements: dict
last_reads:
  description: When each daemon last read its configuration, in seconds since 1970.
  returned: success
  type: dict
configurations:
  description: The configuration of keepalived, ldirectord and heartbeat, without secrets. Null for one that is not there.
  returned: success
  type: dict
vrrp:
  description: The state of each VRRP instance, as M(lvs.cluster.vrrp_info) returns it. Null if keepalived does not tell.
  returned: success
  type: dict
clock:
  description: C(now), C(monotonic), C(uptime), C(synchronized), and C(starts) of some units by both clocks.
  returned: success
  type: dict
selinux:
  description: Whether SELinux enforces its policy. Null on a host without SELinux.
  returned: success
  type: bool
denials:
  description: What SELinux has refused within the last hour.
  returned: success
  type: list
  elements: str
kernel_log:
  description: The last lines of the kernel's log on IPVS, connection tracking and martians, each with its C(seconds) since boot.
  returned: success
  type: list
  elements: dict
drained:
  description: The real servers that C(drain.yml) has drained, from its record.
  returned: success
  type: list
  elements: dict
unread:
  description: What could not be read, and why.
  returned: success
  type: dict
  sample: {ipvs: "The IPVS table cannot be read: use become."}
"""

import json
import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils import vrrp_state
from ansible_collections.lvs.cluster.plugins.module_utils.doctor import configurations, daemons, filters, network, table
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure

NO_CLOCK = {"now": 0.0, "monotonic": 0.0, "uptime": 0.0, "synchronized": None, "starts": []}
DRAINED = "/var/lib/lvs-cluster/drained.json"


def drained(path=DRAINED):
    """The drains that drain.yml has recorded; none if there is no record, or none that can be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return list(json.load(file)["drains"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def gather(runner, salt, vrrp_timeout):
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
    clock = told("clock", lambda: daemons.clock(runner), NO_CLOCK)
    running = told("processes", daemons.processes, [])
    arguments = {one["name"]: one["arguments"] for one in running}
    keepalived = daemons.option(arguments.get("keepalived", []), "-f", "--use-file") or configurations.KEEPALIVED
    pid_file = next((path for path in daemons.PID_FILES["keepalived"] if os.path.exists(path)), None)
    return {
        "links": links,
        "addresses": addresses,
        "routes": routes,
        "rules": rules,
        "sysctls": network.sysctls(),
        "interface_sysctls": told("interface_sysctls", network.interface_sysctls, {}),
        "listeners": told("listeners", lambda: network.listeners(runner), None),
        "filters": told("filters", lambda: filters.packet_filters(runner), None),
        "ipvs": told("ipvs", lambda: table.gather(runner), None),
        "clients": told("clients", table.clients, []),
        "modules": table.modules(),
        "kernel": os.uname().release,
        "hostname": os.uname().nodename,
        "processes": running,
        "last_reads": told("last_reads", lambda: daemons.last_reads(runner, running, clock), {}),
        "configurations": told("configurations", lambda: configurations.configurations(salt, keepalived), {}),
        "vrrp": told("vrrp", lambda: vrrp_state.read(runner, Path(pid_file), vrrp_timeout), None) if pid_file else None,
        "clock": clock,
        "selinux": daemons.selinux(),
        "denials": daemons.denials(),
        "kernel_log": told("kernel_log", lambda: daemons.kernel_log(runner), []),
        "drained": drained(),
        "unread": unread,
    }


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            "salt": {"type": "str", "required": True, "no_log": True},
            "vrrp_timeout": {"type": "float", "default": 3},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **gather(runner, module.params["salt"], module.params["vrrp_timeout"]))


if __name__ == "__main__":
    main()
