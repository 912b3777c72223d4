# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`raw`: lines in the daemon's own words, for what has no key here.

The daemon checks them before they replace anything. What is checked here is that they stay where they are put.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator

from .mistakes import InventoryPath, nearest

# What keepalived skips when it looks for braces: quoted text, comments, references of definitions.
_TOKEN = re.compile(r'"[^"]*"|\$\{\w*\}|[#!].*|[{}]')
# The directives of ha.cf: ha.cf(5) and config.c of heartbeat 3.0.6, which has no check of its own.
HA_CF = re.findall(
    r"\w+",
    "apiauth autojoin auto_failback baud bcast cluster compression compression_threshold conn_logd_time coredumps coreroot_dir"
    " crm deadping deadtime debug debugfile enable_config_writes env hbaping hbgenmethod hopfudge initdead keepalive"
    " logfacility logfile log_badpack max_rexmit_delay mcast mcast6 memreserve msgfmt nice_failback node normalpoll"
    " pacemaker ping ping6 ping_group quorum_server rds realtime record_config_changes record_pengine_inputs respawn rtprio"
    " serial stonith stonith_host syslogmsgfmt traditional_compression ucast udp udpport use_apphbd use_logd uuidfrom warntime"
    " watchdog",
)


def check_block(lines: Iterable[str], block: str, path: InventoryPath) -> None:
    """Report lines of keepalived.conf that would end the block around them, or leave one open."""
    depth = 0
    for line in lines:
        for brace in _braces(line):
            depth += 1 if brace == "{" else -1
            if depth < 0:
                path.report(f"raw has a }} too many, which would end the block {block}: {line}")
                return
    if depth:
        path.report("raw opens a block with { and does not close it: add a line with }")


def check_instance(lines: Iterable[str], path: InventoryPath) -> None:
    """Report lines of a vrrp_instance that would end it, show a password, or change what later runs compare."""
    lines = list(lines)
    check_block(lines, "vrrp_instance", path)
    words = [match[1] for line in lines if (match := re.match(r"\s*(?:@\S+\s+)?(\w+)", line))]
    if "use_vmac" in words:
        path.report("raw has use_vmac, which later runs would take for a change: set vmac")
    if word := next((word for word in words if word in ("authentication", "auth_pass")), None):
        path.report(
            f"raw has {word}, which would show the password to all who read keepalived.conf, or its changes in --diff: set"
            " auth_pass, for authentication by PASS. There is no other: keepalived does not recommend AH"
        )


def _braces(line: str) -> Iterator[str]:
    return (match.group() for match in _TOKEN.finditer(line) if match.group() in "{}")


def check_ldirectord_lines(lines: Iterable[str], path: InventoryPath) -> None:
    """Report a line of ldirectord.cf that would begin a service."""
    for line in lines:
        if re.match(r"\s*virtual6?\s*=", line):
            path.report(f"raw has {line}, which begins a service: list it in lvs_services")


def check_ha_cf(lines: Iterable[str], path: InventoryPath) -> None:
    """Report lines of ha.cf that heartbeat does not know: heartbeat would not start with them."""
    for line in lines:
        word = line.split()[0]
        if word not in HA_CF and not word.startswith("#"):
            near = nearest(word, HA_CF)
            path.report(
                f"raw has {word}, which is no directive of ha.cf" + (f": the nearest is {near}" if near else "")
            )
