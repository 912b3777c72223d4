#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vrrp_probe
short_description: Find out who sends VRRP adverts on a segment
version_added: 1.0.0
description:
  - Listens for VRRP adverts over IPv4 and IPv6, and returns each sender and virtual router. C(site.yml) uses it to find out
    whether another cluster already uses a C(virtual_router_id).
  - It hears only what the host's packet filter lets in. It does not hear clusters that use unicast.
  - Takes all of O(timeout).
requirements:
  - root, or CAP_NET_RAW
options:
  interfaces:
    description: The interfaces to listen on.
    type: list
    elements: str
    required: true
  timeout:
    description: How long to listen, in seconds. A master sends an advert every C(advert_interval), by default every second.
    type: float
    default: 3.5
  frames:
    description: Whether to return RV(frames) as well, the adverts that arrive at the interface, whatever the packet filter does to them.
    type: bool
    default: false
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.attributes.info_module
author:
  - lvs.cluster contributors (@lvs-cluster)
seealso:
  - module: lvs.cluster.arp_probe
"""

EXAMPLES = r"""
- name: Find the virtual routers on the segment
  lvs.cluster.vrrp_probe:
    interfaces: [eth0]
  register: vrrp

- name: Nobody else must use our virtual_router_id
  ansible.builtin.assert:
    that: 100 not in vrrp.adverts | map(attribute='virtual_router_id')
"""

RETURN = r"""
adverts:
  description: Each sender and virtual router once.
  returned: success
  type: list
  elements: dict
  contains:
    interface:
      description: The interface on which the advert was heard.
      type: str
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    source:
      description: The sender's address.
      type: str
    version:
      description: The version of VRRP.
      type: int
    virtual_router_id:
      description: The virtual router.
      type: int
    priority:
      description: The sender's priority.
      type: int
  sample:
    - {interface: eth0, family: ipv4, source: 192.0.2.11, version: 2, virtual_router_id: 100, priority: 200}
frames:
  description:
    - The same for the adverts that arrived at the interface. What is here and not in RV(adverts) was dropped by this host's
      packet filter.
  returned: with O(frames)
  type: list
  elements: dict
  sample:
    - {interface: eth0, family: ipv4, source: 192.0.2.11, version: 2, virtual_router_id: 100, priority: 200}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.vrrp_adverts import listen_twice


def main():
    module = AnsibleModule(
        argument_spec={
            "interfaces": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "float", "default": 3.5},
            "frames": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    timeout = module.params["timeout"]
    if timeout <= 0:
        module.fail_json(msg=f"timeout must be more than 0, not {timeout}.")
    try:
        adverts, frames = listen_twice(module.params["interfaces"], timeout, module.params["frames"])
    except PermissionError:
        module.fail_json(msg="vrrp_probe needs root, or the capability CAP_NET_RAW: use become.")
    except OSError as error:
        module.fail_json(msg=f"No adverts can be heard: {error.strerror or error}.")
    module.exit_json(changed=False, adverts=adverts, **({"frames": frames} if module.params["frames"] else {}))


if __name__ == "__main__":
    main()
