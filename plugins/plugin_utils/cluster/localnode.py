# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that direct and serve: in both groups, which IPVS calls local nodes.

All directors have the same table, so one that serves would forward again what another one has forwarded to it, for ever. So
packets for a VIP that come from the Ethernet address of another director get a firewall mark. A service of IPVS for this mark,
which goes before those of addresses, has only the host itself, where IPVS delivers locally (ip_vs_xmit.c). The table of the
services stays as it is everywhere, and clients' packets have no mark.

Two rules go with it. A connection that a former master remembers may still lead to another director: IPVS looks for
connections before services. So what has the mark is dropped instead of sent away again. And what the host itself asks of a
VIP gets the mark, too: IPVS would send it elsewhere with the VIP as its source, from where no answer can come back.
"""

from __future__ import annotations

from itertools import count
from typing import Iterable, Sequence

from .addresses import family_of
from .drafts import InstanceDraft, ServiceDraft
from .host_part import tools_of
from .hosts import Host, Hosts
from .keepalived import marked_service
from .mistakes import InventoryPath, Mistakes, listed
from .real_servers import called
from .through_vip import Way, asks_vip, table_of_ways
from .types import Family, Forward, Localnode, OwnPart, Service, Stack, health_of, servers_of

# Below the marks of checks through a VIP, and far from those that people choose.
FIRST_MARK = 1 << 29
BOTH = "in both groups, directors and real_servers"
STACKS: dict[Stack, str] = {
    "static": "take it out of real_servers, and list it by its address in the real_servers of a service",
    "ldirectord": (
        "heartbeat would take the VIP that a real server has on lo for its own. Set lvs_stack to keepalived, or use separate"
        " hosts"
    ),
}
SILENCES = {
    "arptables": "that would silence the director that holds the VIP, too",
    "redirect": "that would take the clients' packets from IPVS on the director that holds the VIP",
}
FORWARDS: dict[Forward, str] = {
    "nat": (
        "its answers would not go back through the director that has to translate them, unless that hid the clients by masquerading"
    ),
    "tun": "packets out of a tunnel do not show that a director has sent them, so it would forward them again",
}


def check_localnodes(
    services: Iterable[ServiceDraft],
    instances: Iterable[InstanceDraft],
    hosts: Hosts,
    stack: Stack,
    arp: str,
    mistakes: Mistakes,
) -> None:
    """Report what does not work on hosts that direct and serve."""
    names = list(hosts.both)
    for name in names if stack in STACKS else ():
        InventoryPath(f"host {name}", mistakes).report(f"is {BOTH}: {STACKS[stack]}")
    if stack in STACKS or not names:
        return
    if arp in SILENCES:
        InventoryPath("lvs_arp", mistakes).report(
            f"is {arp}, but {listed(names)} {'is' if len(names) == 1 else 'are'} {BOTH}: {SILENCES[arp]}. Use sysctl"
        )
    for instance in instances:
        if instance.vmac and (own := [one["host"] for one in instance.directors if one["host"] in hosts.both]):
            instance.path.report(
                f"vmac is true, but {listed(own)} {'is' if len(own) == 1 else 'are'} {BOTH}: a backup has the virtual MAC address,"
                " too, and with the VIP on lo it would also answer those requests that a switch sends to all its ports. Remove vmac,"
                " or use separate hosts"
            )
    for service in services:
        _check_servers(service, hosts)
    for host in hosts.both.values():
        _check_peers(host, hosts, mistakes)


def _check_servers(service: ServiceDraft, hosts: Hosts) -> None:
    """Report what does not work for the real servers of a service that are directors as well."""
    for server in service.servers:
        host = hosts.both.get(server["host"] or "")
        if host is None:
            continue
        if server["forward"] in FORWARDS:
            service.path.report(
                f"forward is {server['forward']}, but {called(server)} is also a director: {FORWARDS[server['forward']]}."
                " Use dr"
            )
        main = host.addresses.get(family_of(server["address"]))
        if main != server["address"]:
            service.path.report(
                f"address is {server['address']}, but {host.name} is also a director, which serves at {main}: leave address out"
            )
    for server in service.real_servers:
        if server["host"] in hosts.both and any(map(asks_vip, health_of(server, service.health))):
            service.path.report(
                f"health via is vip, but {called(server)} is also a director, which has the VIP itself: what it asks there"
                " takes another way than a client's request. Remove via from the check"
            )


def _check_peers(host: Host, hosts: Hosts, mistakes: Mistakes) -> None:
    """The Ethernet address of every other director must be known (with facts)."""
    asked = any(director.facts for director in hosts.directors.values())
    for peer in hosts.directors.values():
        lacking = [device for device in peer.devices_towards(host) if not peer.macs_of(device)]
        if not asked or peer is host or not lacking or _deployed(host):
            continue
        if peer.facts:
            why = f"{listed(device or 'an unknown interface' for device in lacking)} of director {peer.name} has none. Use separate hosts"
        else:
            why = f"director {peer.name} did not answer when asked for it. Repair it, or take {host.name} out of real_servers"
        InventoryPath(f"host {host.name}", mistakes).report(
            f"is {BOTH}, so it has to know the other directors' packets by their Ethernet address, but {why}"
        )


def _deployed(host: Host) -> list[str]:
    """The Ethernet addresses of other directors that the last run has deployed on a host."""
    return list((host.facts.get("deployed_lvs") or {}).get("peer_macs") or ())


def localnode_part(
    director: OwnPart, server: OwnPart, host: Host, hosts: Hosts, services: Sequence[Service]
) -> OwnPart:
    """The part of a host that directs and serves, from its parts as a director and as a real server."""
    part = director.copy()
    part["vips"], part["listen"] = server["vips"], server["listen"]
    part["firewall_openings"] = [
        *director["firewall_openings"],
        *(one for one in server["firewall_openings"] if one not in director["firewall_openings"]),
    ]
    part["modules"] = list(dict.fromkeys([*director["modules"], *server["modules"]]))
    part["sysctls"] = {**server["sysctls"], **director["sysctls"]}
    part["localnode"] = _localnode(server, host, hosts, services)
    part["tools"] = tools_of(part)
    return part


def _localnode(part: OwnPart, host: Host, hosts: Hosts, services: Sequence[Service]) -> Localnode | None:
    """How a host delivers to itself what other directors forward to it; None if it serves nothing."""
    if not part["vips"]:
        return None
    taken = {service["fwmark"] for service in services}
    mark = next(number for number in count(FIRST_MARK) if number not in taken)
    ways: dict[Family, Way] = {}
    for service in services:
        for server in servers_of(service):
            if server["host"] == host.name:
                own = Way(mark, service["vips"][0], service["family"], service["scheduler"], server)
                ways.setdefault(own.family, own)
    return {
        "mark": mark,
        "vips": [vip["address"] for vip in part["vips"]],
        "macs": _peer_macs(host, hosts),
        "table": table_of_ways(ways.values()),
        "virtual_servers": [marked_service(way, "what other directors forward to this one") for way in ways.values()],
    }


def _peer_macs(host: Host, hosts: Hosts) -> list[str]:
    """The Ethernet addresses of the other directors. Of one that did not answer, those that are deployed count on."""
    peers = [peer for peer in hosts.directors.values() if peer is not host]
    known = [peer.macs_of(device) for peer in peers for device in peer.devices_towards(host)]
    found = [mac for macs in known for mac in macs]
    return list(dict.fromkeys([*found, *(_deployed(host) if () in known else ())]))
