#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_timeouts
version_added: 1.0.0
short_description: Manage how long IPVS remembers idle connections
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Sets the lifetimes of idle connections, for all services at once. A timeout that is left out is not changed.
  - The timeouts do not survive a reboot. The roles set those of the inventory variable C(lvs_timeouts), also at each boot. Do not
    use this module on their directors.
options:
  state:
    description:
      - V(present) sets the timeouts that are given. V(absent) restores the kernel's defaults, 900, 120 and 300 seconds, and takes no
        timeouts.
    type: str
    choices: [present, absent]
    default: present
  tcp:
    description: Seconds for an idle established TCP connection, V(1) to V(2147483).
    type: int
  tcpfin:
    description: Seconds for a TCP connection that has received a FIN.
    type: int
  udp:
    description: Seconds since the last UDP packet.
    type: int
notes:
  - In check mode on a host that has no C(ipvsadm) or no IPVS in its kernel yet, the kernel's defaults are assumed.
seealso:
  - module: lvs.cluster.ipvs_info
extends_documentation_fragment:
  - lvs.cluster.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Keep idle TCP connections for an hour
  lvs.cluster.ipvs_timeouts:
    tcp: 3600

- name: Restore the kernel's default timeouts
  lvs.cluster.ipvs_timeouts:
    state: absent
"""

RETURN = r"""
timeouts:
  description: The timeouts in seconds, after the change.
  returned: success
  type: dict
  sample: {tcp: 3600, tcpfin: 120, udp: 300}
"""

from dataclasses import asdict, astuple, replace

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.command import IpvsError, find_ipvsadm
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.listing import parse_timeouts
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import DEFAULT_TIMEOUTS, MAX_IDLE
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, fail, mistakes_told

NAMES = ("tcp", "tcpfin", "udp")


def read_wanted(params):
    """Return the timeouts that the kernel should have; those that are left out stay. Raise ValueError for wrong ones."""
    wanted = {name: params[name] for name in NAMES if params[name] is not None}
    if params["state"] == "absent":
        if wanted:
            raise ValueError(f"state absent restores the defaults of all timeouts: leave out {', '.join(wanted)}")
        return asdict(DEFAULT_TIMEOUTS)
    for name, seconds in wanted.items():
        if not 1 <= seconds <= MAX_IDLE:  # 0 means "unchanged" to ipvsadm --set
            raise ValueError(f"{name} must be 1 to {MAX_IDLE} seconds, not {seconds}")
    return wanted


def live(ipvsadm):
    """Return the kernel's timeouts."""
    return parse_timeouts(ipvsadm.output("-Ln", "--timeout")) if ipvsadm else DEFAULT_TIMEOUTS


def write(ipvsadm, after):
    """Set the timeouts, and raise IpvsError if the kernel has others then."""
    ipvsadm.output("--set", *map(str, astuple(after)))
    now = live(ipvsadm)
    if now != after:
        raise IpvsError(f"ipvsadm --set reported success, but the timeouts are {asdict(now)}, not {asdict(after)}.")


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            **{name: {"type": "int"} for name in NAMES},
        },
        required_if=[("state", "present", NAMES, True)],
        supports_check_mode=True,
    )
    try:
        with mistakes_told():
            wanted = read_wanted(module.params)
        ipvsadm = find_ipvsadm(module, runner)
        before = live(ipvsadm)
        after = replace(before, **wanted)
        if after != before and not module.check_mode:
            write(ipvsadm, after)
    except Failure as error:
        fail(module, error)
    result = {"changed": after != before, "timeouts": asdict(after)}
    if module._diff:
        result["diff"] = {"before": asdict(before), "after": asdict(after)}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
