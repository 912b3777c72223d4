# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers ARP for a VIP: real servers that must not, and hosts that nobody knows."""

from __future__ import annotations

from typing import Iterator

from .finding import Finding
from .sight import REAL_SERVERS, Host, Sight, listed

# RFC 5798, 7.3: the MAC addresses of virtual routers, with the id as the last byte
_VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:")


def findings(sight: Sight) -> Iterator[Finding]:
    """Leaks of real servers, VIPs that strangers have, and real servers that announce a VIP."""
    leaking: set[str] = set()
    for host in _silent_ones(sight):
        on_ethernet = [vip for vip in sight.vips if host.answering(vip) and leaks(sight, host, vip)]
        leaked = [vip for vip in sight.vips if vip not in on_ethernet and leaks(sight, host, vip)]
        if on_ethernet:
            yield _vip_on_ethernet(sight, host, on_ethernet)
        if leaked:
            yield _leak(sight, host, leaked)
        if on_ethernet or leaked:
            leaking.add(host.name)
    yield from (
        _announces(host, vips)
        for host in _silent_ones(sight)
        if host.name not in leaking
        for vips in [_announced(sight, host)]
        if vips
    )
    yield from _strangers(sight)


def _silent_ones(sight: Sight) -> list[Host]:
    """The hosts that must not answer for a VIP: real servers that are no directors."""
    used = {use.host.name for use in sight.uses if use.host}
    return [
        host
        for host in sight.hosts.values()
        if (REAL_SERVERS in host.groups or host.name in used) and not sight.is_director(host)
    ]


def answers(sight: Sight, vip: str) -> dict[str, list[str]]:
    """{MAC: hosts that got an answer from it} for a VIP."""
    found: dict[str, list[str]] = {}
    for asker, told in sight.arp.items():
        for mac in told.get(vip, {}):
            found.setdefault(mac.lower(), []).append(asker)
    return found


def leaks(sight: Sight, host: Host, vip: str) -> bool:
    """Whether a host answers for a VIP that it must not answer for: by what was heard, else by its settings."""
    if host.macs() & set(answers(sight, vip)):
        return True
    near = host.near(vip)
    if not host.has(vip) or not near:
        return False
    asked = any(vip in told for asker, told in sight.arp.items() if asker != host.name)
    if asked or _dropped(host, vip, "INPUT"):
        return False
    if host.answering(vip):
        return True
    return ":" not in vip and any(
        host.link(name).get("arp") and not host.effective(name, "arp_ignore") for name in near
    )


def _dropped(host: Host, vip: str, chain: str) -> bool:
    """Whether arptables keeps questions for a VIP out, or replaces it in the host's own."""
    lines = (host.seen["filters"] or {}).get("arptables", [])
    return any(f"-A {chain} " in line and vip in line and ("DROP" in line or "mangle" in line) for line in lines)


def _evidence(sight: Sight, host: Host, vips: list[str]) -> list[str]:
    lines = []
    for vip in vips:
        for mac, askers in answers(sight, vip).items():
            if mac in host.macs():
                lines.append(f"{listed(askers)}: asked who has {vip}, and {mac} answered, which is {host.name}")
    return lines


def _vip_on_ethernet(sight: Sight, host: Host, vips: list[str]) -> Finding:
    places = [(vip, interface) for vip in vips for interface in host.answering(vip)]
    return Finding(
        key="vip-on-ethernet",
        title=f"{host.name}, a real server, has the VIP {listed(vips)} on {listed(dict.fromkeys(name for _vip, name in places))}",
        explanation=(
            "An address on an Ethernet interface is answered for by ARP, whatever arp_ignore is: so clients or their router send to"
            f" {host.name} instead of the director. They see one real server only, and lose it when it fails."
        ),
        evidence=(
            *(f"{host.name}: ip address show: {vip} is on {name}" for vip, name in places),
            *_evidence(sight, host, vips),
        ),
        mend=tuple(
            f"{host.name}: ip address del {vip}/{host.prefixes(vip)[name]} dev {name}; ip address add {vip}/{128 if ':' in vip else 32} dev lo"
            for vip, name in places
        ),
        hosts=(host.name,),
        vips=tuple(vips),
    )


def _leak(sight: Sight, host: Host, vips: list[str]) -> Finding:
    settings = [
        f"{host.name}: arp_ignore of {name} is {host.effective(name, 'arp_ignore')} (the higher one of all and {name})"
        for name in dict.fromkeys(name for vip in vips for name in host.near(vip))
    ]
    return Finding(
        key="arp-leak",
        title=f"{host.name}, a real server, answers ARP for the VIP {listed(vips)}",
        explanation=(
            f"Only the director may answer, but whoever hears {host.name} first sends its packets there, past the director. Some clients"
            " then reach a single real server and others the cluster, and it changes with every ARP cache."
        ),
        evidence=(*_evidence(sight, host, vips), *settings),
        mend=(
            f"{host.name}: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2",
            f"{host.name}: the same two lines in /etc/sysctl.d/90-lvs.conf, for the next boot",
            "router and clients: ip neigh flush to " + " to ".join(vips[:1]),
        ),
        hosts=(host.name,),
        vips=tuple(vips),
    )


def _announced(sight: Sight, host: Host) -> list[str]:
    """The VIPs that a real server may put into its own ARP questions."""
    return [
        vip
        for vip in sight.vips
        if ":" not in vip and host.has(vip) and not host.answering(vip) and not _dropped(host, vip, "OUTPUT")
        if any(host.link(name).get("arp") and host.effective(name, "arp_announce") < 2 for name in host.near(vip))
    ]


def _announces(host: Host, vips: list[str]) -> Finding:
    names = dict.fromkeys(name for vip in vips for name in host.near(vip))
    return Finding(
        key="arp-announce",
        title=f"{host.name}, a real server, may announce the VIP {listed(vips)} as its own",
        explanation=(
            "It does not answer ARP for the VIP, but when it asks for its router itself, the question may have the VIP as its sender. The"
            f" router then keeps the MAC address of {host.name} for the VIP, now and then, for minutes."
        ),
        evidence=tuple(
            f"{host.name}: arp_announce of {name} is {host.effective(name, 'arp_announce')} (the higher one of all and {name})"
            for name in names
        ),
        mend=(
            f"{host.name}: sysctl -w net.ipv4.conf.all.arp_announce=2",
            f"{host.name}: the same line in /etc/sysctl.d/90-lvs.conf, for the next boot",
        ),
        hosts=(host.name,),
        vips=tuple(vips),
    )


def _strangers(sight: Sight) -> Iterator[Finding]:
    members = {host.name for host in (*sight.directors, *_silent_ones(sight))}
    for vip in sight.vips:
        unknown = {
            mac: askers
            for mac, askers in answers(sight, vip).items()
            if not any(host.name in members for host in sight.named(mac)) and not mac.startswith(_VIRTUAL)
        }
        # Without an answer of a known host, the one that could not be read may have the VIP, and rightly.
        if unknown and not (sight.unread and len(answers(sight, vip)) == len(unknown)):
            yield _stranger(sight, vip, [_unknown(sight, vip, mac, askers) for mac, askers in unknown.items()])
            continue
        refused = [
            f"{host.name}: {entry['address']} on {entry['interface']} is marked dadfailed: another host has answered for it"
            for host in sight.directors
            for entry in host.seen["addresses"]
            if entry["address"] == vip and not entry["usable"]
        ]
        if refused:
            yield _stranger(sight, vip, refused)


def _unknown(sight: Sight, vip: str, mac: str, askers: list[str]) -> str:
    unread = f" ({listed(sight.unread)} could not be read)" if sight.unread else ""
    named = [host.name for host in sight.named(mac)]
    whose = f"which is {listed(named)}, no director" if named else f"which no known host has{unread}"
    return f"{listed(askers)}: asked who has {vip}, and {mac} answered, {whose}"


def _stranger(sight: Sight, vip: str, evidence: list[str]) -> Finding:
    asker = next(iter(sight.arp), "a host of the segment")
    tool = f"ip -6 neigh show to {vip}" if ":" in vip else f"arping -c 3 {vip}"
    return Finding(
        key="vip-stranger",
        title=f"A host that is no director has the VIP {vip}",
        explanation=(
            "Another host on the segment answers for the VIP as well. Clients reach it or the director, whichever their ARP cache has"
            " heard of last."
        ),
        evidence=tuple(evidence),
        mend=(f"{asker}: {tool}", "the switch: find the port of this MAC address, and remove the VIP from that host"),
        vips=(vip,),
    )
