# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts and ports in a configuration, by what the host itself says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from ..cluster.addresses import parse
from ..cluster.types import Family

# Services with their IANA names, for hosts of which /etc/services is not known
PORTS = {
    "domain": 53,
    "ftp": 21,
    "http": 80,
    "http-alt": 8080,
    "https": 443,
    "imap": 143,
    "imap2": 143,
    "imaps": 993,
    "ldap": 389,
    "ldaps": 636,
    "mysql": 3306,
    "nntp": 119,
    "ntp": 123,
    "pop3": 110,
    "pop3s": 995,
    "postgresql": 5432,
    "radius": 1812,
    "sip": 5060,
    "smtp": 25,
    "ssh": 22,
    "submission": 587,
    "syslog": 514,
    "telnet": 23,
    "webcache": 8080,
    "www": 80,
}


@dataclass(frozen=True)
class Names:
    """`hosts` are the texts of the host's /etc/hosts and /etc/services; either may be empty."""

    hosts: Mapping[tuple[str, Family], str]
    ports: Mapping[str, int]

    def address(self, word: str, family: Family) -> str | None:
        """An address as it is, without brackets, or that of a name; None if it is not known or of the other family."""
        known = parse(word.strip("[]"))
        if known is not None:
            return known.text if known.family == family else None
        return self.hosts.get((word.lower(), family))

    def port(self, word: str) -> int | None:
        """A port as it is, or that of a name; None if it is not known."""
        port = int(word) if word.isdigit() else self.ports.get(word.lower())
        return port if port is not None and port <= 65535 else None


def read_names(files: Mapping[str, str]) -> Names:
    """The names in /etc/hosts and /etc/services."""
    hosts: dict[tuple[str, Family], str] = {}
    for words in _words(files.get("/etc/hosts", "")):
        address = parse(words[0])
        if address is None:
            continue
        for word in words[1:]:
            hosts.setdefault((word.lower(), address.family), address.text)
    ports: dict[str, int] = {}
    for words in _words(files.get("/etc/services", "")):
        number = words[1].partition("/")[0] if len(words) > 1 else ""
        for word in (words[0], *words[2:]) if number.isdigit() else ():
            ports.setdefault(word.lower(), int(number))
    return Names(hosts, {**PORTS, **ports})


def _words(text: str) -> list[list[str]]:
    return [words for line in text.splitlines() if (words := line.partition("#")[0].split())]
