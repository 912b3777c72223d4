#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_daemon
version_added: 1.0.0
short_description: Manage the connection synchronisation daemons of IPVS
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Starts or stops one of the kernel's two daemons that send (V(master)) and receive (V(backup)) connections,
    so that connections survive a failover. Both daemons can run on one director.
  - A daemon that runs with other settings is stopped and started again.
  - The daemons do not survive a reboot. Where keepalived or heartbeat runs them, do not use this module.
options:
  role:
    description: Which of the two daemons.
    type: str
    choices: [master, backup]
    required: true
  state:
    description: Whether the daemon runs.
    type: str
    choices: [present, absent]
    default: present
  interface:
    description: Network interface for the messages. Needed for O(state=present).
    type: str
  syncid:
    description: Number of the cluster, V(0) to V(255). A backup accepts only messages with its own number, with V(0) all.
    type: int
    default: 0
  maxlen:
    description:
      - Longest message in bytes, V(1) to V(65507), or V(65487) with an IPv6 group. A V(backup) needs at least V(1024).
      - By default the kernel derives it from the MTU, and the value of a running daemon is not changed.
    type: int
  group:
    description: Multicast group, IPv4 or IPv6.
    type: str
    default: 224.0.0.81
  port:
    description: UDP port, V(1) to V(65535).
    type: int
    default: 8848
  ttl:
    description: Time to live of the messages, V(1) to V(255).
    type: int
    default: 1
notes:
  - Before C(ipvsadm) 1.29, O(maxlen) has to be left out, and O(group), O(port) and O(ttl) have to be as by default.
  - In check mode on a host that has no C(ipvsadm) or no IPVS in its kernel yet, no daemon is taken as running.
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
- name: Send this director's connections to the others
  lvs.cluster.ipvs_daemon:
    role: master
    interface: eth0
    syncid: 51

- name: Stop receiving connections
  lvs.cluster.ipvs_daemon:
    role: backup
    state: absent
"""

RETURN = r"""
daemon:
  description: The daemon after the change; V(null) when it does not run.
  returned: success
  type: dict
  sample: {role: master, interface: eth0, syncid: 51, maxlen: 1472, group: 224.0.0.81, port: 8848, ttl: 1}
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.apply import start_reading
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.capabilities import lacking, needs_of_daemon
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.command import IpvsError, find_ipvsadm
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.daemon import (
    read_daemon,
    refusal,
    runs_as,
    start_arguments,
)
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.listing import parse_daemons
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import SYNC_GROUP, SYNC_PORT, SYNC_TTL
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, ToolFailed, fail, mistakes_told


def live(ipvsadm, role):
    """Return the running daemon with this role, or None."""
    daemons = parse_daemons(ipvsadm.output("-Ln", "--daemon")) if ipvsadm else ()
    return next((daemon for daemon in daemons if daemon.role == role), None)


def refuse(ipvsadm, wanted):
    """Raise IpvsError if ipvsadm or the kernel would refuse to start the daemon."""
    reasons = lacking(ipvsadm, needs_of_daemon(wanted))
    reason = refusal(wanted, start_reading(ipvsadm)())
    if reason:
        reasons.append(reason)
    if reasons:
        raise IpvsError("\n".join(reasons))


def start_or_go_back(ipvsadm, before, wanted):
    """Start a daemon. If that fails, start the daemon that was stopped for it, and report what runs now."""
    try:
        ipvsadm.output(*start_arguments(wanted))
    except ToolFailed as error:
        if before is None:
            raise
        try:
            ipvsadm.output(*start_arguments(before))
        except ToolFailed as again:
            raise IpvsError(
                f"{str(error).rstrip('.')}. The {wanted.role} daemon that ran before was stopped, and does not start again: {again}",
                **{**error.facts, "changed": True},
            ) from error
        raise IpvsError(
            f"{str(error).rstrip('.')}. The {wanted.role} daemon that ran before runs again.", **error.facts
        ) from error


def write(ipvsadm, before, wanted, role):
    """Stop the running daemon, start the wanted one and return it. Raise IpvsError if another one runs then."""
    if before is not None:
        ipvsadm.output("--stop-daemon", role)
    if wanted is not None:
        start_or_go_back(ipvsadm, before, wanted)
    now = live(ipvsadm, role)
    if not runs_as(now, wanted):
        raise IpvsError(f"ipvsadm reported success, but the {role} daemon is {now and asdict(now)}.")
    return now


def main(runner=HOST):
    module = AnsibleModule(
        argument_spec={
            "role": {"type": "str", "choices": ["master", "backup"], "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "interface": {"type": "str"},
            "syncid": {"type": "int", "default": 0},
            "maxlen": {"type": "int"},
            "group": {"type": "str", "default": SYNC_GROUP},
            "port": {"type": "int", "default": SYNC_PORT},
            "ttl": {"type": "int", "default": SYNC_TTL},
        },
        required_if=[("state", "present", ["interface"])],
        supports_check_mode=True,
    )
    role = module.params["role"]
    try:
        with mistakes_told():
            wanted = read_daemon(module.params) if module.params["state"] == "present" else None
        ipvsadm = find_ipvsadm(module, runner)
        before = live(ipvsadm, role)
        changed = not runs_as(before, wanted)
        after = wanted if changed else before
        if changed and wanted and ipvsadm:
            refuse(ipvsadm, wanted)
        if changed and not module.check_mode:
            after = write(ipvsadm, before, wanted, role)
    except Failure as error:
        fail(module, error)
    result = {"changed": changed, "daemon": after and asdict(after)}
    if module._diff:
        result["diff"] = {"before": asdict(before) if before else {}, "after": asdict(after) if after else {}}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
