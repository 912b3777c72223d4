#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: arp_probe
short_description: Find out which hosts on a segment answer for an address
version_added: 1.0.0
description:
  - Broadcasts ARP requests (for IPv6 sends neighbour solicitations) for some addresses, and returns every MAC address
    that answers. For a VIP only the master should answer. A second answer comes from a real server that must not answer,
    or from a second master.
  - Bypasses the host's own neighbour table, and does not change it.
  - Takes all of O(timeout), because a second answer can follow the first.
requirements:
  - root, or CAP_NET_RAW
  - C(ip) of iproute2 4.13 or later
options:
  addresses:
    description: The addresses to ask for. An address of the host itself gets no answer.
    type: list
    elements: str
    required: true
  interface:
    description:
      - The interface to send from. The default is the interface that has O(source), or else the interface whose network
        holds the address.
    type: str
  source:
    description: The sender address, for the addresses of its family. The default is an address of the interface.
    type: str
  count:
    description: How often to ask for each address, spread evenly over O(timeout).
    type: int
    default: 1
  timeout:
    description: How long to listen in total, in seconds.
    type: float
    default: 1
  skip_far:
    description: Whether to skip addresses that are in no network of this host, instead of failing.
    type: bool
    default: false
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.attributes.info_module
author:
  - lvs.cluster contributors (@lvs-cluster)
seealso:
  - module: lvs.cluster.vip_probe
"""

EXAMPLES = r"""
- name: Ask who has the VIP
  lvs.cluster.arp_probe:
    addresses:
      - 172.28.0.100
    count: 3
  register: arp

- name: Only one host must answer for the VIP
  ansible.builtin.assert:
    that: arp.answers['172.28.0.100'] | length == 1

- name: Ask for two VIPs on the segment of the host's own address
  lvs.cluster.arp_probe:
    addresses:
      - 172.28.0.100
      - 2001:db8::100
    source: 172.28.0.31
    timeout: 2
"""

RETURN = r"""
answers:
  description: For each of O(addresses), how many replies came from each MAC address. Empty if nobody answered.
  returned: success
  type: dict
  sample:
    172.28.0.100: {"52:54:00:12:34:56": 3}
    172.28.0.101: {}
asked:
  description: How each address was asked for.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The address.
      type: str
    interface:
      description: The interface that the question was sent from.
      type: str
    source:
      description: The sender address, V(0.0.0.0) if the interface has no IPv4 address.
      type: str
  sample:
    - {address: 172.28.0.100, interface: eth1, source: 172.28.0.31}
"""

import ipaddress
import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.node import output_of, parse_addresses, parse_links
from ansible_collections.lvs.cluster.plugins.module_utils.segment_probe import ask_segment, questions
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, fail, mistakes_told


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            "addresses": {"type": "list", "elements": "str", "required": True},
            "interface": {"type": "str"},
            "source": {"type": "str"},
            "count": {"type": "int", "default": 1},
            "timeout": {"type": "float", "default": 1},
            "skip_far": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    for name in ("count", "timeout"):
        if params[name] <= 0:
            module.fail_json(msg=f"{name} must be more than 0, not {params[name]}.")
    try:
        links = json.loads(output_of(runner, "ip", ["-j", "address"], "iproute2 4.13 or later"))
        with mistakes_told():
            asked = questions(
                params["addresses"],
                parse_addresses(links),
                parse_links(links),
                params["interface"],
                params["source"],
                params["skip_far"],
            )
        answers = ask_segment(asked, params["count"], params["timeout"])
    except Failure as error:
        fail(module, error)
    except PermissionError:
        module.fail_json(msg="arp_probe needs root, or the capability CAP_NET_RAW: use become.")
    except OSError as error:
        module.fail_json(msg=f"The segment can't be asked: {error.strerror or error}.")
    module.exit_json(
        changed=False,
        answers={
            address: answers[key]
            for address in params["addresses"]
            for key in [str(ipaddress.ip_address(address))]
            if key in answers
        },
        asked=[{"address": one.target, "interface": one.interface, "source": one.source} for one in asked],
    )


if __name__ == "__main__":
    main()
