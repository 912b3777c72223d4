# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether packets get from the director to the real servers, and the answers back: rp_filter, forwarding, the way back, ports, MTU."""

from __future__ import annotations

from typing import Iterator

from . import rules
from .finding import Finding
from .routing import Packet, Way, way
from .services import Key, endpoint
from .sight import Host, Sight, Use, listed

TUNNELS = ("ipip", "sit", "ip6tnl", "gre", "ip6gre", "gretap", "ip6gretap", "fou")
# Bytes around a packet: the outer header, and the smallest that each kind of tunnel adds (RFC 2003, RFC 2784, include/net/gue.h)
OUTER = {"ipv4": 20, "ipv6": 40}
INNER = {"ipv4": 40, "ipv6": 60}
# An address of documentation stands for any client, where none is known: RFC 5737, RFC 3849
ANYBODY = {"ipv4": "203.0.113.7", "ipv6": "2001:db8:ffff::7"}


def findings(sight: Sight) -> Iterator[Finding]:
    """All findings on the way of packets."""
    yield from _tunnels_missing(sight)
    yield from _rp_filter(sight)
    yield from _forward_off(sight)
    yield from _ways_back(sight)
    yield from _port_mismatches(sight)
    yield from _tunnel_mtu(sight)


def _family(address: str) -> str:
    return "ipv6" if ":" in address else "ipv4"


def _by_host(sight: Sight, *forwards: str) -> Iterator[tuple[Host, list[Use]]]:
    """The real servers that were read, with their uses by some forwarding methods."""
    found: dict[str, tuple[Host, list[Use]]] = {}
    for use in sight.uses:
        if use.host and use.server.forward in forwards:
            found.setdefault(use.host.name, (use.host, []))[1].append(use)
    yield from found.values()


def _tunnel_devices(host: Host) -> list[str]:
    return [name for name, link in host.seen["links"].items() if link["kind"] in TUNNELS and link["up"]]


def _tunnels_missing(sight: Sight) -> Iterator[Finding]:
    for host, uses in _by_host(sight, "tun"):
        down: dict[str, str] = {}
        for vip in (one for use in uses for one in use.vips):
            having = [name for name in host.carriers(vip) if host.link(name).get("kind") in TUNNELS]
            if sight.is_director(host) and host.carriers(vip):
                continue
            if having and not any(host.link(name)["up"] for name in having):
                down[vip] = f"{host.name}: ip link show {having[0]}: the tunnel interface with {vip} is down"
            elif not _tunnel_devices(host):
                down[vip] = f"{host.name}: ip -d link show: no interface of the kinds {listed(TUNNELS)} is up"
        if down:
            yield Finding(
                key="tunnel-missing",
                title=f"{host.name}, a real server behind a tunnel, has no tunnel interface that is up",
                explanation=(
                    "The director wraps each packet into another one, and nothing unpacks it here. Connections that the director gives to"
                    f" {host.name} time out, while its health checks pass."
                ),
                evidence=tuple(dict.fromkeys(down.values())),
                mend=(f"{host.name}: modprobe ipip; ip link set tunl0 up",),
                hosts=(host.name,),
                vips=tuple(down),
            )


def _rp_filter(sight: Sight) -> Iterator[Finding]:
    for host, uses in _by_host(sight, "dr", "tun"):
        lines: dict[str, None] = {}
        vips: dict[str, None] = {}
        for use in uses:
            for vip in (one for one in use.vips if ":" not in one):
                said = list(_strict(sight, host, use, vip))
                lines.update(dict.fromkeys(said))
                vips.update({vip: None} if said else {})
        if lines:
            yield _drops_sources(host, list(lines), list(vips), "the connections that the director gives to")
    for host in sight.directors:
        for vip in (one for one in sight.service_vips if ":" not in one):
            for interface in host.carriers(vip):
                said = list(_reversed(sight, host, vip, host.trunk(interface), only_told=True))
                if said:
                    yield _drops_sources(host, said, [vip], "requests of these clients to")


def _strict(sight: Sight, host: Host, use: Use, vip: str) -> Iterator[str]:
    """What shows that a real server drops packets for a VIP because of where they come from."""
    if use.server.forward == "tun":
        having = [name for name in host.carriers(vip) if host.link(name).get("kind") in TUNNELS]
        for name in having or [one for one in _tunnel_devices(host) if host.link(one)["kind"] == "ipip"]:
            if host.effective(name, "rp_filter") == 1:
                yield f"{host.name}: rp_filter of {name} is 1 (the higher one of all and {name})"
        return
    if sight.is_director(host) and host.carriers(vip):
        return
    for interface in host.interfaces(use.server.address):
        yield from _reversed(sight, host, vip, interface)


def _reversed(sight: Sight, host: Host, vip: str, interface: str, only_told: bool = False) -> Iterator[str]:
    """Clients to which a host's way is another interface than the one where their packets arrive, where that is strict."""
    if host.effective(interface, "rp_filter") != 1:
        return
    for client, how in sight.users(vip):
        back = way(host.seen, Packet(client, vip))
        # Who is in the table has got in.
        if back and not back.local and back.device and back.device != interface and not (only_told and "table" in how):
            yield (
                f"{host.name}: rp_filter of {interface} is 1, but the way to {client} ({how}) is {back.device}:"
                f" ip route get {client} from {vip}"
            )


def _drops_sources(host: Host, lines: list[str], vips: list[str], what: str) -> Finding:
    return Finding(
        key="rp-filter",
        title=f"rp_filter on {host.name} drops packets to the VIP {listed(vips)}",
        explanation=(
            "With rp_filter at 1 the kernel drops a packet that arrives on another interface than the one that leads back to its sender."
            f" So {what} {host.name} time out, without a trace unless log_martians is on."
        ),
        evidence=tuple(lines),
        mend=(
            f"{host.name}: sysctl -w net.ipv4.conf.all.rp_filter=2",
            f"{host.name}: the same line in /etc/sysctl.d/90-lvs.conf, for the next boot",
        ),
        hosts=(host.name,),
        vips=tuple(vips),
    )


def _nat_uses(sight: Sight) -> list[Use]:
    return [use for use in sight.uses if use.server.forward == "nat"]


def _forward_off(sight: Sight) -> Iterator[Finding]:
    for host in sight.directors:
        known = {service.key for service in (*host.table, *host.wanted)}
        for family, key in (("ipv4", "net.ipv4.ip_forward"), ("ipv6", "net.ipv6.conf.all.forwarding")):
            uses = [
                use
                for use in _nat_uses(sight)
                if use.service.key in known
                and _family(use.server.address) == family
                and not host.has(use.server.address)
            ]
            arms = {name for use in uses for name in host.near(use.server.address)}
            by_interface = any(host.seen["interface_sysctls"].get(name, {}).get("forwarding") for name in arms)
            if uses and host.sysctl(key) == "0" and not (family == "ipv4" and by_interface):
                yield Finding(
                    key="forward-off",
                    title=f"{host.name}, a director with NAT, does not forward packets",
                    explanation=(
                        "With NAT the answers of real servers come back through the director, which sends them on to the clients. While"
                        f" {key} is 0 it drops them, so connections time out although the real server has answered."
                    ),
                    evidence=(
                        f"{host.name}: {key} is 0",
                        f"{host.name}: {uses[0].service.key} goes by NAT to {listed(dict.fromkeys(use.server.address for use in uses))}",
                    ),
                    mend=(
                        f"{host.name}: sysctl -w {key}=1",
                        f"{host.name}: the same line in /etc/sysctl.d/90-lvs.conf, for the next boot",
                    ),
                    hosts=(host.name,),
                    vips=tuple(dict.fromkeys(vip for use in uses for vip in use.vips)),
                )


def _ways_back(sight: Sight) -> Iterator[Finding]:
    if any(rules.masquerades(host.chains) and host.sysctl("net.ipv4.vs.conntrack") == "1" for host in sight.directors):
        return
    for host, uses in _by_host(sight, "nat"):
        if sight.is_director(host):
            continue
        lines: dict[str, None] = {}
        for use in uses:
            lines.update(dict.fromkeys(_past_the_director(sight, host, use)))
        if lines:
            vips = tuple(dict.fromkeys(vip for use in uses for vip in use.vips))
            gateway = _gateway(sight, uses[0])
            yield Finding(
                key="way-back",
                title=f"The answers of {host.name}, a real server with NAT, do not go back through the director",
                explanation=(
                    "The director has to make the VIP the source of each answer again. An answer that goes another way reaches the client"
                    " from an address that it has not asked, and is dropped there, so connections time out."
                ),
                evidence=tuple(lines),
                mend=(
                    f"{host.name}: ip route replace default via {gateway}",
                    f"{host.name}: a client in the network of {host.name} itself cannot be served by NAT without masquerading",
                ),
                hosts=(host.name,),
                vips=vips,
            )


def _gateway(sight: Sight, use: Use) -> str:
    """An address of the director in the network of a real server, one that moves if there is one."""
    for host in [owner for vip in use.vips for owner in sight.owners(vip)] or sight.directors:
        inside = host.near(use.server.address)
        own = [
            entry["address"]
            for entry in host.seen["addresses"]
            if entry["interface"] in inside and entry["family"] == _family(use.server.address)
        ]
        moving = [address for address in own if address in sight.vips]
        if own:
            return str((moving or own)[0])
    return "ADDRESS_OF_THE_DIRECTOR"


def _past_the_director(sight: Sight, host: Host, use: Use) -> Iterator[str]:
    """What shows that answers of a real server do not reach the director that has the VIP."""
    server = use.server
    owners = [owner for vip in use.vips for owner in sight.owners(vip)]
    # A director that could not be read may have the VIP, and the gateway with it.
    if not owners and sight.lost:
        return
    owners = owners or sight.directors
    doors = {entry["address"] for owner in owners for entry in owner.seen["addresses"]}
    users = {
        client: how
        for vip in use.vips
        for client, how in sight.users(vip)
        if _family(client) == _family(server.address)
    }
    anybody = ANYBODY[_family(server.address)]
    if not users and owners and way(owners[0].seen, Packet(anybody)):
        users = {anybody: "any address outside"}
    through = listed(dict.fromkeys(owner.name for owner in owners))
    for client, how in users.items():
        for protocol, port in _answered_from(sight, use):
            back = way(host.seen, Packet(client, server.address, protocol, port))
            if back is None or (not back.local and back.via not in doors):
                command = f"ip route get {client} from {server.address} ipproto {protocol}" + (
                    f" sport {port}" if port else ""
                )
                yield f"{host.name}: {command}: {_told(back)}, not through {through}; {client} is {how}"


def _answered_from(sight: Sight, use: Use) -> list[tuple[str, int | None]]:
    """The protocols and ports from which a real server answers: rules may route these alone. Of a mark, by the rules that make it."""
    key, port = use.service.key, use.server.port or None
    if key.protocol is not None:
        return [(key.protocol, port)]
    marked = [
        (one.protocol, port or (one.ports[0][0] if one.ports else None))
        for director in sight.directors
        for one in rules.marks(director.chains)
        if one.mark == key.fwmark and one.protocol
    ]
    return list(dict.fromkeys(marked))


def _told(back: Way | None) -> str:
    if back is None:
        return "no route"
    return f"via {back.via} dev {back.device}" if back.via else f"dev {back.device}, straight to the client"


def _port_mismatches(sight: Sight) -> Iterator[Finding]:
    wrong: dict[Key, list[Use]] = {}
    for use in sight.uses:
        key = use.service.key
        if use.server.forward in ("dr", "tun") and key.port and use.server.port != key.port:
            wrong.setdefault(key, []).append(use)
    for key, uses in wrong.items():
        servers = listed(dict.fromkeys(endpoint(use.server.address, use.server.port) for use in uses))
        yield Finding(
            key="port-mismatch",
            title=f"{key}: a real server has another port, which direct routing and tunnels cannot translate",
            explanation=(
                f"Only NAT changes ports: packets reach the real server at port {key.port}, whatever the table says. Health checks ask the"
                " other port, so they pass while users are refused, or fail while users would be served."
            ),
            evidence=tuple(
                f"{'table' if use.live else 'configuration'}: {key} has {endpoint(use.server.address, use.server.port)} by {use.server.forward}"
                for use in uses
            ),
            mend=(
                f"configuration of the directors: port {key.port} for {servers}, or NAT as the forwarding method of this service",
            ),
            hosts=tuple(dict.fromkeys(host.name for host in sight.directors)),
            vips=tuple(dict.fromkeys(vip for use in uses for vip in use.vips)),
        )


def _tunnel_mtu(sight: Sight) -> Iterator[Finding]:
    for host, uses in _by_host(sight, "tun"):
        lines: dict[str, None] = {}
        vips: dict[str, None] = {}
        for use in uses:
            for vip in use.vips:
                said = _too_large(sight, host, use, vip)
                if said:
                    lines[said], vips[vip] = None, None
        if lines:
            yield Finding(
                key="tunnel-mtu",
                title=f"Large packets to {host.name} do not fit into the tunnel",
                explanation=(
                    "A tunnel puts another header around each packet, so a client's full segments are larger than the network allows."
                    " Small requests are answered, while uploads and long cookies hang, unless every router and filter on the way passes"
                    " ICMP."
                ),
                evidence=tuple(lines),
                mend=tuple(
                    f"{host.name}: iptables -t mangle -A OUTPUT -s {vip} -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400"
                    for vip in vips
                    if ":" not in vip
                )
                or (
                    f"{host.name}: ip6tables -t mangle -A OUTPUT -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1380",
                ),
                hosts=(host.name,),
                vips=tuple(vips),
            )


def _too_large(sight: Sight, host: Host, use: Use, vip: str) -> str | None:
    """What shows that the segments announced for a VIP are larger than what the way from the director carries."""
    inner, outer = _family(vip), _family(use.server.address)
    limits = rules.segment_limits(host.chains, vip)
    used = way(host.seen, Packet((sight.users(vip) or [(ANYBODY[inner], "")])[0][0], vip))
    own = host.link(used.device).get("mtu") if used and used.device else None
    segment = min([*limits, *([own - INNER[inner]] if own else [])], default=None)
    room = [
        (int(mtu), director.name, found.device)
        for director in sight.owners(vip)
        for found in [way(director.seen, Packet(use.server.address))]
        if found and found.device and not found.local
        for mtu in [director.link(found.device).get("mtu")]
        if mtu
    ]
    if segment is None or not room:
        return None
    mtu, director, device = min(room, key=lambda entry: entry[0])
    needed = segment + INNER[inner] + OUTER[outer]
    if needed <= mtu:
        return None
    limit = (
        f"a rule limits segments to {segment} bytes"
        if limits and segment == min(limits)
        else f"segments are {segment} bytes, as no rule limits them"
    )
    return f"{host.name}: {vip}: {limit}; with both headers {needed} bytes, and {device} of {director} carries {mtu}"
