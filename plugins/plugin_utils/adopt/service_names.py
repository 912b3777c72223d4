# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for services that have none: a person goes on with the inventory."""

from __future__ import annotations

import re
from typing import Any, Container, Mapping

# IANA's names of the usual ports
PORTS = {
    20: "ftp-data",
    21: "ftp",
    22: "ssh",
    25: "smtp",
    53: "dns",
    80: "http",
    110: "pop3",
    123: "ntp",
    143: "imap",
    389: "ldap",
    443: "https",
    465: "smtps",
    514: "syslog",
    587: "submission",
    636: "ldaps",
    993: "imaps",
    995: "pop3s",
    1812: "radius",
    3306: "mysql",
    3389: "rdp",
    5060: "sip",
    5432: "postgresql",
    6379: "redis",
    8080: "http-alt",
}


def service_name(service: Mapping[str, Any], taken: Container[str]) -> str:
    """A name that no other service has: of the port, and of the VIP if that is not enough."""
    protocol = service.get("protocol") or "tcp"
    protocols = protocol if isinstance(protocol, list) else [protocol]
    port = service.get("port")
    first = port[0] if isinstance(port, list) else port
    if service.get("fwmark") is not None:
        plain = f"mark{service['fwmark']}"
    elif not first:
        plain = f"{protocols[0]}-all"
    elif first in PORTS:
        plain = PORTS[first] if protocols[0] == "tcp" or first == 53 else f"{PORTS[first]}-{protocols[0]}"
    else:
        plain = f"{protocols[0]}-{first}"
    vip = service.get("vip")
    address = vip[0] if isinstance(vip, list) and vip else vip or ""
    candidates = [plain, f"{plain}-{re.sub(r'[^0-9a-fA-F]+', '-', str(address)).strip('-')}"]
    number = 1
    while candidates[0] in taken:
        candidates = candidates[1:]
        if not candidates:
            number += 1
            candidates = [f"{plain}-{number}"]
    return candidates[0]
