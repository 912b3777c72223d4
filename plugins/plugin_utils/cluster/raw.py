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

# Keywords of each block that would contradict a key, with that key. For others keepalived takes a second line, or says itself
# that it does not.
_AUTHENTICATION = dict.fromkeys(("authentication", "auth_type", "auth_pass"), "auth_pass")
KEYS: dict[str, dict[str, str]] = {
    "vrrp_instance": {
        **_AUTHENTICATION,
        "state": "priority",
        "interface": "lvs_vrrp_address",
        "version": "version",
        "virtual_router_id": "virtual_router_id",
        "priority": "priority",
        "advert_int": "advert_interval",
        "down_timer_adverts": "down_timer_adverts",
        "preempt": "preempt",
        "nopreempt": "preempt",
        "preempt_delay": "preempt_delay",
        "use_vmac": "vmac",
        "use_vmac_addr": "vmac",
        "unicast_src_ip": "lvs_vrrp_address",
        "unicast_peer": "unicast",
        "virtual_ipaddress": "vip of lvs_services",
        "lvs_sync_daemon_interface": "lvs_sync",
        "notify_master": "notify master",
        "notify_backup": "notify backup",
        "notify_fault": "notify fault",
        "notify_stop": "notify stop",
        "notify_master_rx_lower_pri": "notify lower_priority",
    },
    "vrrp_sync_group": {"group": "instances"},
    "virtual_server": {
        "protocol": "protocol",
        "lvs_sched": "scheduler",
        "lb_algo": "scheduler",
        **dict.fromkeys(
            ("flag-1", "flag-2", "flag-3", "sh-port", "sh-fallback", "mh-port", "mh-fallback"), "scheduler_flags"
        ),
        "ops": "one_packet",
        "lvs_method": "forward",
        "lb_kind": "forward",
        "persistence_timeout": "persistence",
        "persistence_granularity": "persistence_netmask",
        "persistence_engine": "persistence_engine",
        "sorry_server": "sorry_server",
        "real_server": "real_servers",
    },
    "real_server": {
        "weight": "weight",
        "lvs_method": "forward",
        "uthreshold": "upper_threshold",
        "lthreshold": "lower_threshold",
    },
    "global_defs": {
        "lvs_sync_daemon": "lvs_sync",
        "lvs_timeouts": "lvs_timeouts",
        "vrrp_startup_delay": "startup_delay of lvs_vrrp",
        **{
            f"{process}_{word}": f"{key} of lvs_vrrp"
            for process in ("vrrp", "checker", "bfd")
            for word, key in (
                ("rt_priority", "realtime_priority"),
                ("rlimit_rttime", "realtime_priority"),
                ("rlimit_rtime", "realtime_priority"),
                ("no_swap", "no_swap"),
            )
        },
    },
}
_TO_EVERYBODY = (
    "in raw the password would be in a file that everybody can read, and in the differences that site.yml shows"
)
_OF_A_KEY = "site.yml and verify.yml know only what the keys say"
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
    """Report lines of keepalived.conf that would end the block around them, leave one open, or contradict a key."""
    for keyword in dict.fromkeys(_keywords(lines)):
        if key := KEYS.get(block, {}).get(keyword):
            why = _TO_EVERYBODY if keyword in _AUTHENTICATION else _OF_A_KEY
            path.report(f"raw has {keyword}: use the key {key} instead, since {why}")
    depth = 0
    for line in lines:
        for brace in _braces(line):
            depth += 1 if brace == "{" else -1
            if depth < 0:
                path.report(f"raw has a }} too many, which would end the block {block}: {line}")
                return
    if depth:
        path.report("raw opens a block with { and does not close it: add a line with }")


def _braces(line: str) -> Iterator[str]:
    return (match.group() for match in _TOKEN.finditer(line) if match.group() in "{}")


def _keywords(lines: Iterable[str]) -> Iterator[str]:
    """The first word of each statement that is in no inner block, without the host that it is for (`@lb1 debug 1`)."""
    depth = 0
    for line in lines:
        for part in re.split("([{}])", _TOKEN.sub(_bare, line)):
            words = part.split()
            if part in ("{", "}"):
                depth += 1 if part == "{" else -1
            elif depth == 0 and (keyword := next((word for word in words if word[0] != "@"), None)):
                yield keyword


def _bare(token: re.Match[str]) -> str:
    """A brace as it is, a comment as nothing, and anything else as what stands in its quotes or braces."""
    text = token.group()
    return text if text in "{}" else re.sub(r'[{}"]|^[#!].*', "", text)


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
