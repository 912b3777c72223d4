# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does exactly one director hold each VIP, and does no other host answer ARP for it?"""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from .finding import Finding
from .hosts import DIRECTOR_UNITS, usable

SPLIT = "Check that the directors hear each other ({}, firewalls), then run site.yml"
SPOKEN = {
    "keepalived": "VRRP, protocol 112",
    "ldirectord": "heartbeat, UDP port 694 or the port of lvs_heartbeat",
}


def usable_addresses(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """The addresses that each host can use, without those of lo, which has the VIPs of a real server."""
    return {
        name: {entry["address"] for entry in node["addresses"] if entry["interface"] != "lo" and usable(entry)}
        for name, node in nodes.items()
    }


def holder_findings(held: Mapping[str, list[str]], stack: str) -> Iterator[Finding]:
    """VIPs that no director holds, or more than one."""
    for vip, directors in held.items():
        if not directors:
            yield Finding(
                "directors",
                f"none of them holds VIP {vip}",
                f"Look at: systemctl status {DIRECTOR_UNITS[stack]}, on each",
            )
        elif len(directors) > 1:
            yield Finding(", ".join(directors), f"hold VIP {vip} at the same time", SPLIT.format(SPOKEN[stack]))


def split_brain_findings(name: str, found: Mapping[str, Mapping[str, Any]], stack: str) -> Iterator[Finding]:
    """VIPs of a director for which another host answers it, by the director's own lvs-heal: {VIP: {macs}}."""
    for vip, seen in found.items():
        remedy = SPLIT.format(SPOKEN[stack]) if stack in SPOKEN else "Remove the address from that host"
        yield Finding(name, f"has VIP {vip}, for which {' and '.join(seen['macs'])} answers it, too", remedy)


def arp_findings(
    held: Mapping[str, list[str]],
    nodes: Mapping[str, Mapping[str, Any]],
    answers: Mapping[str, Mapping[str, Mapping[str, int]]],
) -> Iterator[Finding]:
    """The answers that each client got for each VIP: answers is {client: {VIP: {MAC: replies}}}."""
    owners = _macs(nodes)
    for client, seen in answers.items():
        for vip, macs in seen.items():
            right = {mac for mac, names in owners.items() if names & set(held.get(vip, []))}
            if not macs:
                yield Finding(client, f"nobody answers ARP for VIP {vip}", "Look at the director that should hold it")
            for mac in sorted(set(macs) - right):
                hosts = sorted(owners.get(mac, ()))
                owner = ", ".join(hosts) or "a machine that is not in the inventory"
                remedy = f"Run site.yml --limit {','.join(hosts)}" if hosts else "Remove the address from it"
                yield Finding(owner, f"answers {client}'s ARP for VIP {vip} with {mac}", remedy)


def _macs(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """The hosts that have each MAC: several have a virtual one. The zeros of the loopback device are left out."""
    owners: dict[str, set[str]] = {}
    for host, node in nodes.items():
        for link in node["links"].values():
            if link["mac"] and link["mac"].strip("0:"):
                owners.setdefault(link["mac"], set()).add(host)
    return owners
