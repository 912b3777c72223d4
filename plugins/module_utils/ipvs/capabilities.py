# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the installed ipvsadm can do. It is asked only if an option is wanted that some version since 1.26 does not know.

ipvsadm prints its usage for an unknown option, and `ipvsadm -R` then ends in the middle of the changes.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, NamedTuple, Tuple

from .change import Change
from .command import Ipvsadm
from .types import SYNC_GROUP, SYNC_PORT, SYNC_TTL, Daemon


class Ability(NamedTuple):
    """Something that not every ipvsadm can do.

    `shown` is in the output of `ipvsadm --help` if it can. This is more reliable than the version, because distributions
    add patches.
    """

    option: str
    shown: str
    since: str


# Sources: ipvsadm.c and the announcements of the releases.
SCHED_FLAGS = Ability("--sched-flags", "--sched-flags", "1.27")
SCTP = Ability("--sctp-service", "--sctp-service", "1.28")
SYNC_MAXLEN = Ability("--sync-maxlen", "--sync-maxlen", "1.29")
MCAST_GROUP = Ability("--mcast-group", "--mcast-group", "1.29")
MCAST_PORT = Ability("--mcast-port", "--mcast-port", "1.29")
MCAST_TTL = Ability("--mcast-ttl", "--mcast-ttl", "1.29")
MH_FLAGS = Ability("--sched-flags mh-fallback,mh-port", "|mh", "1.30")  # They came with the scheduler's name
TUNNELS = Ability("--tun-type", "--tun-type", "1.31")

# An ability, and what needs it.
Need = Tuple[Ability, str]


def needs_of_changes(changes: Iterable[Change]) -> Iterator[Need]:
    """Yield the abilities of ipvsadm that changes of the table need."""
    for change in changes:
        service, destination = change.service, change.destination
        if service.key.protocol == "sctp":
            yield SCTP, f"service {service.key}"
        if change.action == "delete":
            continue
        if destination is None:
            if service.scheduler_flags:
                yield MH_FLAGS if service.scheduler == "mh" else SCHED_FLAGS, f"service {service.key}"
        elif destination.tunnel is not None and destination.tunnel.type != "ipip":
            yield TUNNELS, f"real server {destination} of service {service.key}"


def needs_of_daemon(daemon: Daemon) -> Iterator[Need]:
    """Yield the abilities of ipvsadm that starting a daemon needs. The kernel's defaults need no option."""
    who = f"the {daemon.role} daemon"
    if daemon.maxlen is not None:
        yield SYNC_MAXLEN, f"maxlen of {who}"
    for ability, name, value, default in (
        (MCAST_GROUP, "group", daemon.group, SYNC_GROUP),
        (MCAST_PORT, "port", daemon.port, SYNC_PORT),
        (MCAST_TTL, "ttl", daemon.ttl, SYNC_TTL),
    ):
        if value not in (None, default):
            yield ability, f"{name} of {who}"


def lacking(ipvsadm: Ipvsadm, needs: Iterable[Need]) -> list[str]:
    """Return a sentence for each needed ability that ipvsadm lacks. If nothing is needed, ipvsadm is not called."""
    wanted: dict[Ability, str] = {}
    for ability, who in needs:
        wanted.setdefault(ability, who)
    if not wanted:
        return []
    known = ipvsadm.output("--help")
    version = re.search(r"ipvsadm v([0-9.]+)", known)
    installed = version.group(1) if version else "of an unknown version"
    return [
        f"ipvsadm {installed} of this host does not know {ability.option}, which {who} needs: install ipvsadm "
        f"{ability.since} or later."
        for ability, who in wanted.items()
        if ability.shown not in known
    ]
