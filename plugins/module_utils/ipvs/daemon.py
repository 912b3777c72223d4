# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection synchronisation daemon: its options, its comparison, and its arguments for ipvsadm."""

from __future__ import annotations

import os
from dataclasses import astuple
from typing import Any, Mapping

from .address import canonical, is_multicast
from .change import diff
from .preflight import mixed_families
from .types import MAX_PORT, SYNC_GROUP, SYNC_PORT, SYNC_TTL, Daemon, Table

# Maximum UDP payload. The kernel silently clamps larger values, and raises a backup's value to its minimum
# (ip_vs_sync.c, start_sync_thread).
MAX_MAXLEN = {"ipv4": 65535 - 20 - 8, "ipv6": 65535 - 40 - 8}
MIN_MAXLEN = {"master": 1, "backup": 1024}
MAX_INTERFACE = 15  # Characters; IFNAMSIZ less its end. ipvsadm cuts a longer name
INTERFACES = "/sys/class/net"
LIMITS = {"syncid": (0, 255), "port": (1, MAX_PORT), "ttl": (1, 255)}


def read_daemon(params: Mapping[str, Any]) -> Daemon:
    """Return the daemon that the module's options describe. Raises ValueError with a sentence for the user."""
    group, family = canonical(params["group"])
    if not is_multicast(group, family):
        raise ValueError(f"group {group} is not a multicast address")
    limits = {**LIMITS, "maxlen": (MIN_MAXLEN[params["role"]], MAX_MAXLEN[family])}
    for name, (low, high) in limits.items():
        value = params[name]
        if value is not None and not low <= value <= high:
            raise ValueError(f"{name} of a {params['role']} must be {low} to {high}, not {value}")
    if not 0 < len(params["interface"]) <= MAX_INTERFACE:
        raise ValueError(f"interface {params['interface']} must have 1 to {MAX_INTERFACE} characters")
    return Daemon(
        params["role"],
        params["interface"],
        params["syncid"],
        params["maxlen"],
        group,
        params["port"],
        params["ttl"],
    )


def refusal(daemon: Daemon, table: Table) -> str:
    """Return why the kernel would not start a daemon beside a table, or an empty string.

    Call this before a running daemon is stopped, so that the daemon is not lost.
    """
    if not os.path.isdir(f"{INTERFACES}/{daemon.interface}"):
        return f"This host has no interface {daemon.interface} for the {daemon.role} daemon."
    for change in mixed_families(diff(Table(), table)):
        return (
            f"The kernel starts no sync daemon beside real server {change.destination} of service {change.service.key}: a "
            "real server of the other address family cannot be synchronised. Remove it first."
        )
    return ""


def runs_as(live: Daemon | None, wanted: Daemon | None) -> bool:
    """Whether a daemon runs as wanted. Ignores values that are not known."""
    if live is None or wanted is None:
        return live is wanted
    return all(there == want for there, want in zip(astuple(live), astuple(wanted)) if None not in (there, want))


def start_arguments(daemon: Daemon) -> list[str]:
    """Return ipvsadm's arguments that start a daemon.

    Leaves out the kernel's defaults, because ipvsadm has options for them only since 1.29.
    """
    arguments = ["--start-daemon", daemon.role, "--mcast-interface", daemon.interface, "--syncid", str(daemon.syncid)]
    if daemon.maxlen is not None:
        arguments += ["--sync-maxlen", str(daemon.maxlen)]
    for option, value, default in (
        ("group", daemon.group, SYNC_GROUP),
        ("port", daemon.port, SYNC_PORT),
        ("ttl", daemon.ttl, SYNC_TTL),
    ):
        # An older ipvsadm does not print these values.
        if value not in (None, default):
            arguments += [f"--mcast-{option}", str(value)]
    return arguments
