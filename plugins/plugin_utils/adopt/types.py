# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has told, and what of it became an inventory.

A reader is a function `read(host: HostFacts) -> Adopted`, one for each source: keepalived.conf, the IPVS table, ldirectord.cf, and
heartbeat's files. It reads one host and knows nothing of the others. combine.py merges what all of them say, so a reader
writes addresses of real servers as `{"address": "192.0.2.21"}`, without names of hosts.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

# explained: read as something else than it says, such as a typo. raw: kept in the daemon's own words.
# not_expressed: lost, the reader of the note has to decide.
Level = Literal["explained", "not_expressed", "raw"]


class Note(TypedDict):
    """A sentence about one line of a file. combine.py puts the host's name before `where`."""

    level: Level
    where: str  # "/etc/keepalived/keepalived.conf:29", or the name of a tool such as "ipvsadm"
    text: str


class Adopted(TypedDict):
    """A part of an inventory.

    `variables` are keys of the whole cluster (lvs_services, lvs_vrrp, lvs_stack and so on), just as an inventory has them; keys that
    would have their default may be left out. A value for which schema.py says `secret` stands there in clear text: combine.py moves
    it into the file of secrets.

    `hosts` are variables by host: what the reader says of the host itself (lvs_priority, lvs_filter) has the key "" (the
    combiner knows the host's name), what it says of others has their names as in the files. Keys that begin with `_` are for the
    combiner alone: `_vrrp` of a host, the instances as it has them, and `_interface` of lvs_sync.
    """

    variables: dict[str, Any]
    hosts: dict[str, dict[str, Any]]
    notes: list[Note]


class Running(TypedDict):
    """A daemon that runs."""

    name: str  # keepalived, ldirectord, heartbeat, firewalld and others
    arguments: list[str]


class HostFacts(TypedDict):
    """What lvs.cluster.adopt_info has read on a host. What could not be read is empty or None, and named in `unread`."""

    hostname: str  # uname -n
    files: dict[
        str, str
    ]  # texts by path: keepalived.conf with all that it includes, files of /etc/ha.d, of /etc/default ...
    ipvs: (
        dict[str, Any] | None
    )  # `services` and `timeouts` as lvs.cluster.ipvs_info returns them, and `daemons`; None without ip_vs
    links: dict[str, dict[str, Any]]  # as lvs.cluster.doctor_info returns them, as the next four
    addresses: list[dict[str, Any]]  # address, prefix, interface, family, scope, usable
    routes: list[dict[str, Any]]  # as `ip -j -N route show table all` prints them, with `family`
    rules: list[dict[str, Any]]  # as `ip -j -N rule show` prints them, with `family`
    sysctls: dict[str, str]
    interface_sysctls: dict[str, dict[str, int]]
    filters: dict[str, Any] | None  # as lvs.cluster.doctor_info returns them
    processes: list[Running]
    enabled: list[str]  # units that start at boot, such as keepalived.service
    packages: dict[str, str]  # versions by the name of the package
    ours: list[str]  # files that the roles of this collection have written
    unread: dict[str, str]
