# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From which of its own addresses a director asks: `source` of a health check."""

from __future__ import annotations

import re
from typing import Iterable

from .addresses import FAMILY_NAMES, family_of
from .drafts import ServiceDraft
from .hosts import Host, Hosts
from .mistakes import listed
from .types import CheckSource, Service, checks_of, health_of


def variable(source: str) -> str:
    """The variable of keepalived.conf that stands for each director's own address."""
    return "CHECK_SOURCE_" + re.sub(r"[.:/]", "_", source)


def check_sources(host: Host, services: Iterable[Service]) -> list[CheckSource]:
    """The sources of all checks as one director has them."""
    sources = dict.fromkeys(check["source"] for service in services for check in checks_of(service))
    found = ((source, host.own_in(source)) for source in sources if source is not None)
    return [{"name": variable(source), "address": own.address} for source, own in found if own is not None]


def check_check_sources(services: Iterable[ServiceDraft], hosts: Hosts) -> None:
    """Every director must have an address from which to ask, and of the family of what it asks."""
    for service in services:
        for server in service.real_servers:
            for check in health_of(server, service.health):
                asked, source = check["address"] or server["address"], check["source"]
                if source is not None and family_of(source) != family_of(asked):
                    way_out = "" if check["address"] else service.way_out
                    service.path.report(
                        f"health source is {source}, but {asked}, which is asked, is {FAMILY_NAMES[family_of(asked)]}{way_out}"
                    )
        for source in dict.fromkeys(check["source"] for check in service.checks):
            lacking = [host.name for host in hosts.directors.values() if source and host.own_in(source) is None]
            if lacking:
                service.path.report(
                    f"health source is {source}, but {listed(lacking)} {'has' if len(lacking) == 1 else 'have'} no such address: give a network that"
                    " holds an address of every director, such as 192.0.2.0/24"
                )
