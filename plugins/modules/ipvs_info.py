#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_info
version_added: 1.0.0
short_description: Read the IPVS table, its timeouts, daemons and counters
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Returns the virtual server table of a host as plain data, in the shape that M(lvs.cluster.ipvs_table) takes.
  - On demand it also returns counters, rates, connections, and the table as lines for C(ipvsadm -R).
options:
  gather:
    description:
      - What to return in addition to the table, the timeouts and the daemons. Each costs one more run of C(ipvsadm).
      - V(stats) returns RV(stats), V(rates) returns RV(rates), V(counts) returns RV(counts),
        V(connections) returns RV(connections), which can be as many as the director has clients.
      - V(rules) returns RV(rules), and needs no extra run.
    type: list
    elements: str
    choices: [stats, rates, counts, connections, rules]
    default: []
notes:
  - Fails on a host without C(ipvsadm) or without IPVS in its kernel. In check mode, where both may be about to be
    installed, it returns an empty table with RV(available=false) instead.
seealso:
  - module: lvs.cluster.ipvs_table
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.attributes.info_module
"""

EXAMPLES = r"""
- name: Read the table
  lvs.cluster.ipvs_info:
  register: ipvs

- name: Copy every service of this director to another director
  lvs.cluster.ipvs_table:
    services: "{{ ipvs.services }}"
  delegate_to: lvs2

- name: See how many connections each real server has
  lvs.cluster.ipvs_info:
    gather: [counts]
  register: ipvs

- name: Read the table as restore lines
  lvs.cluster.ipvs_info:
    gather: [rules]
  register: ipvs

- name: Save it for the next boot
  ansible.builtin.copy:
    dest: /etc/ipvsadm.rules
    content: "{{ ipvs.rules | join('\n') ~ '\n' }}"
    mode: "0644"
"""

RETURN = r"""
available:
  description: Whether the host has C(ipvsadm) and IPVS. Always V(true) outside check mode.
  returned: success
  type: bool
  sample: true
services:
  description: The table. Given to M(lvs.cluster.ipvs_table), it changes nothing.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: Virtual address; V(null) for a firewall mark.
      type: str
    port:
      description: Virtual port, V(0) for all; V(null) for a firewall mark.
      type: int
    protocol:
      description: V(tcp), V(udp) or V(sctp); V(null) for a firewall mark.
      type: str
    fwmark:
      description: Firewall mark, or V(null).
      type: int
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    scheduler:
      description: Scheduler.
      type: str
    scheduler_flags:
      description: Flags of the scheduler.
      type: list
      elements: str
    persistence:
      description: Persistence in seconds, or V(null).
      type: int
    persistence_netmask:
      description: Netmask for IPv4, prefix length for IPv6, V(null) if every address counts as one client.
      type: str
    persistence_engine:
      description: Persistence engine, or V(null).
      type: str
    one_packet:
      description: Whether every packet is scheduled on its own.
      type: bool
    destinations:
      description: The real servers.
      type: list
      elements: dict
      contains:
        address:
          description: Address.
          type: str
        port:
          description: Port.
          type: int
        forward:
          description: Forwarding method, V(dr), V(nat) or V(tun).
          type: str
        weight:
          description: Weight; with V(0) it gets no new connections.
          type: int
        upper_threshold:
          description: Upper connection threshold, V(0) for none.
          type: int
        lower_threshold:
          description: Lower connection threshold, V(0) for none.
          type: int
        tunnel:
          description: C(type), C(port) and C(checksum) of the tunnel; V(null) without a tunnel.
          type: dict
  sample:
    - address: 192.0.2.100
      port: 80
      protocol: tcp
      fwmark: null
      family: ipv4
      scheduler: wrr
      scheduler_flags: []
      persistence: null
      persistence_netmask: null
      persistence_engine: null
      one_packet: false
      destinations:
        - address: 192.0.2.21
          port: 80
          forward: dr
          weight: 1
          upper_threshold: 0
          lower_threshold: 0
          tunnel: null
timeouts:
  description: Lifetimes of idle connections in seconds; V(null) with RV(available=false).
  returned: success
  type: dict
  sample: {tcp: 900, tcpfin: 120, udp: 300}
daemons:
  description: The running connection synchronisation daemons.
  returned: success
  type: list
  elements: dict
  sample:
    - {role: master, interface: eth0, syncid: 51, maxlen: 1472, group: 224.0.0.81, port: 8848, ttl: 1}
stats:
  description:
    - Counters by service and by real server, since each was added or its counters were set to zero.
    - Each service has the keys of RV(services) that name it, and C(destinations), each named by address and port.
  returned: with O(gather) V(stats)
  type: list
  elements: dict
  sample:
    - address: 192.0.2.100
      port: 80
      protocol: tcp
      fwmark: null
      family: ipv4
      connections: 4
      packets_in: 24
      packets_out: 0
      bytes_in: 1598
      bytes_out: 0
      destinations:
        - address: 192.0.2.21
          port: 80
          connections: 4
          packets_in: 24
          packets_out: 0
          bytes_in: 1598
          bytes_out: 0
rates:
  description: The same keys as RV(stats), each per second as the kernel estimates it.
  returned: with O(gather) V(rates)
  type: list
  elements: dict
counts:
  description: Weight and current connections of every real server, by service.
  returned: with O(gather) V(counts)
  type: list
  elements: dict
  sample:
    - address: 192.0.2.100
      port: 80
      protocol: tcp
      fwmark: null
      family: ipv4
      destinations:
        - {address: 192.0.2.21, port: 80, weight: 1, persistent: 0, active: 3, inactive: 9}
connections:
  description:
    - The connections that the director knows; C(expires) is in seconds.
    - An entry with source port 0 is a persistence template. The template of a firewall mark has protocol V(ip), and the
      mark in place of the virtual address.
  returned: with O(gather) V(connections)
  type: list
  elements: dict
  sample:
    - protocol: tcp
      expires: 118
      state: FIN_WAIT
      source_address: 192.0.2.31
      source_port: 49152
      virtual_address: 192.0.2.100
      virtual_port: 80
      destination_address: 192.0.2.21
      destination_port: 80
rules:
  description:
    - The table as lines for C(ipvsadm -R).
    - Unlike the lines of C(ipvsadm -Sn), they have the thresholds, and correct firewall marks where it prints negative ones.
  returned: with O(gather) V(rules)
  type: list
  elements: str
  sample:
    - -A -t 192.0.2.100:80 -s wrr
    - -a -t 192.0.2.100:80 -r 192.0.2.21:80 -g -w 1
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.command import find_ipvsadm
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.export import table_data
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.listing import (
    parse_connections,
    parse_counts,
    parse_daemons,
    parse_timeouts,
    parse_traffic,
)
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import restore_lines
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, fail

NOTHING = {
    "available": False,
    "services": [],
    "timeouts": None,
    "daemons": [],
    "stats": [],
    "rates": [],
    "counts": [],
    "connections": [],
    "rules": [],
}
BASICS = ("available", "services", "timeouts", "daemons")
LISTINGS = {
    "stats": (["-Ln", "--stats", "--exact"], parse_traffic),
    "rates": (["-Ln", "--rate", "--exact"], parse_traffic),
    "counts": (["-Ln", "--persistent-conn"], parse_counts),
    "connections": (["-Lnc"], parse_connections),
}


def gather(ipvsadm, wanted):
    """Return the module's result for a host with IPVS."""
    table = parse_table(ipvsadm.output("-Sn"), ipvsadm.output("-Ln", "--thresholds"))
    found = {
        "available": True,
        "services": table_data(table),
        "timeouts": asdict(parse_timeouts(ipvsadm.output("-Ln", "--timeout"))),
        "daemons": [asdict(daemon) for daemon in parse_daemons(ipvsadm.output("-Ln", "--daemon"))],
    }
    for name in wanted:
        if name == "rules":
            found[name] = restore_lines(table)
        else:
            arguments, parse = LISTINGS[name]
            found[name] = parse(ipvsadm.output(*arguments))
    return found


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            "gather": {"type": "list", "elements": "str", "choices": [*LISTINGS, "rules"], "default": []},
        },
        supports_check_mode=True,
    )
    wanted = module.params["gather"]
    try:
        ipvsadm = find_ipvsadm(module, runner)
        if ipvsadm is None:
            module.exit_json(changed=False, **{name: NOTHING[name] for name in (*BASICS, *wanted)})
        module.exit_json(changed=False, **gather(ipvsadm, wanted))
    except Failure as error:
        fail(module, error)


if __name__ == "__main__":
    main()
