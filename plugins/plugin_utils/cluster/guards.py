# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What directors let in from each other alone, if `lvs_peers_only` is true: VRRP, connection synchronisation, heartbeats.

None of them proves who has sent it: whoever is let in can take the VIPs, or make connections up.
"""

from __future__ import annotations

from itertools import chain
from typing import Iterable, Literal, Mapping, Sequence

from .addresses import LINK_LOCAL, family_of, known, parse
from .drafts import ServiceDraft
from .hosts import Host, Hosts, read_interfaces
from .mistakes import InventoryPath, Mistakes
from .sync import sync_interface
from .types import FAMILIES, DirectorInstance, DirectorSync, Family, Heartbeat, PeersOnly, Ports, Sync

VRRP = "vrrp"
# The packets of these media come back to who has sent them.
HEARD_BY_THE_SENDER = ("mcast", "bcast")
# The directives of ha.cf for a link: bcast has any number of interfaces, the others have one.
MEDIA = ("ucast", "mcast", "bcast")


def peers_only(
    host: Host,
    hosts: Hosts,
    instances: Sequence[DirectorInstance],
    sync: DirectorSync | None,
    network: str | None,
    heartbeat: Heartbeat | None,
) -> PeersOnly:
    """What one director lets in from the others alone.

    `instances` are its VRRP instances, `network` is that of the synchronisation.
    """
    peers = [peer for peer in hosts.directors.values() if peer is not host]
    guards = []
    multicast = {(VRRP, instance["family"]) for instance in instances if not instance["unicast_src"]}
    if speaks := {instance["family"] for instance in instances}:
        sources = [_sources(peer, peer.vrrp.interface, peer.vrrp.addresses) for peer in peers]
        guards.append((VRRP, speaks, sources))
    if sync:
        what = f"{sync['port']}/udp"
        told = {family_of(address) for address in (sync["group"], sync["address"]) if address}
        sources = [_sources(peer, sync_interface(peer, network), peer.addresses) for peer in peers]
        guards.append((what, told, [sync["peers"], *sources]))
        multicast.add((what, family_of(sync["group"])))
    if heartbeat:
        heard = [*peers, host] if heartbeat["transport"] in HEARD_BY_THE_SENDER else peers
        sources = [_sources(other, other.interface, other.addresses) for other in heard]
        guards.append((f"{heartbeat['port']}/udp", {"ipv4"}, [*sources, *_other_links(heartbeat, hosts)]))
    # Of a director that did not answer not every address is known, so all that are let in now count on.
    answered = all(peer.facts.get("interfaces") for peer in peers)
    deployed = [] if answered else _deployed(host, "let")
    # It sends multicast of IPv6 from an address that only it can tell. Until it does, the others go on hearing it.
    unknown = set() if answered else {one for one in multicast if one[1] == "ipv6"}
    unknown -= {(what, "ipv6") for family, what in _deployed(host, "only") if family == "ipv6"}
    return {
        "let": [
            f"{source} {what}"
            for what, spoken, found in guards
            for source in _sorted([*chain(*found), *(address for address, known in deployed if known == what)])
            if family_of(source) in spoken
        ],
        "only": [
            f"{family} {what}"
            for what, spoken, _found in guards
            for family in FAMILIES
            if family in spoken and (what, family) not in unknown
        ],
    }


def _sorted(addresses: Iterable[str]) -> list[str]:
    return sorted(set(addresses), key=lambda text: (family_of(text), known(text).number))


def _sources(peer: Host, interface: str | None, addresses: Mapping[Family, str]) -> list[str]:
    """The addresses from which a director may send on an interface.

    The kernel and keepalived send multicast from the first IPv4 address of the interface, which may be another than that of the
    inventory, or from its link-local address of IPv6.
    """
    found = [
        one.address.text
        for one in read_interfaces(peer.facts)
        if one.name == interface and one.primary
        if (one.address.special == LINK_LOCAL if one.address.family == "ipv6" else not one.address.special)
    ]
    # keepalived gives the interface that it makes for `vmac` the address that is made of the Ethernet address of the one below.
    made = [_link_local(mac) for mac in peer.macs_of(interface)] if interface else []
    return [*addresses.values(), *found, *made]


def _other_links(heartbeat: Heartbeat, hosts: Hosts) -> list[list[str]]:
    """The addresses of the directors on the links that `raw` of lvs_heartbeat adds: ha.cf has the same lines on both."""
    media = [words for line in heartbeat["raw"] if (words := line.split()) and words[0] in MEDIA]
    devices = dict.fromkeys(word for words in media for word in (words[1:] if words[0] == "bcast" else words[1:2]))
    named = [known(word).text for words in media if words[0] == "ucast" for word in words[2:3] if parse(word)]
    return [named, *(_sources(host, device, {}) for device in devices for host in hosts.directors.values())]


def _link_local(mac: str) -> str:
    """The link-local address that is made of an Ethernet address: RFC 4291, appendix A."""
    first, *rest = (int(part, 16) for part in mac.split(":"))
    parts = [first ^ 2, rest[0], rest[1], 0xFF, 0xFE, *rest[2:]]
    words = [f"{high << 8 | low:x}" for high, low in zip(parts[::2], parts[1::2])]
    return known(f"fe80::{':'.join(words)}").text


def _deployed(host: Host, kind: Literal["let", "only"]) -> list[list[str]]:
    """What the last run has let in on a host: addresses, or families of those that are dropped, each with what."""
    lists: Mapping[str, PeersOnly] = (host.facts.get("deployed_lvs") or {}).get("peers_only") or {}
    return [line.split() for one in lists.values() for line in one[kind]]


def check_guards(
    services: Iterable[ServiceDraft], sync: Sync | None, heartbeat: Mapping[str, object], mistakes: Mistakes
) -> None:
    """No service may have a UDP port that is let in from directors alone."""
    guarded = {"lvs_sync": sync["port"] if sync else None, "lvs_heartbeat": heartbeat.get("port")}
    for service in services:
        for name, port in guarded.items():
            if "udp" in service.protocols and any(_holds(ports, port) for ports in service.ports or ()):
                InventoryPath("lvs_peers_only", mistakes).report(
                    f"is true, but {service.path} has UDP port {port}, which is also that of {name} and would be closed to clients:"
                    f" set another port of {name}"
                )


def _holds(ports: Ports, port: object) -> bool:
    first, _dash, last = str(ports).partition("-")
    return isinstance(port, int) and int(first) <= port <= int(last or first)
