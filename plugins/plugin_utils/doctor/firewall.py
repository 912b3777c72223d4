# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether packet filters, connection tracking or SELinux stand in the way of requests and answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator

from . import rules
from .finding import Finding
from .services import Key
from .sight import Host, Sight, Use, listed

# The table of connections is full, or was within this time (s)
RECENT = 600
# As old as refusals of SELinux may be (s): those before auditd has started stay in the kernel's log
DENIED = 3600
FULL = 0.95
PROGRAMS = ("keepalived", "ldirectord", "heartbeat", "httpd", "nginx", "apache2", "haproxy", "ipvsadm")


def findings(sight: Sight) -> Iterator[Finding]:
    """All findings on packet filters, connection tracking and SELinux."""
    yield from _directors_drop(sight)
    yield from _real_servers_drop(sight)
    yield from _answers_dropped(sight)
    for host in sight.hosts.values():
        yield from _tracking_full(host)
        yield from _selinux(host)


def _packets(sight: Sight, vip: str, key: Key) -> list[rules.Packet]:
    """Packets of a service's clients to a VIP. If one client is let in, the filter lets some in on purpose."""
    if key.port is None or not key.port or key.protocol is None:
        return []
    family = "ipv6" if ":" in vip else "ipv4"
    sources: list[str | None] = [client for client, _how in sight.users(vip)]
    return [rules.Packet(family, key.protocol, vip, source, key.port) for source in sources or [None]]


def _all_drop(host: Host, packets: list[rules.Packet], *hooks: str) -> str | None:
    """The rule that drops all of some packets for sure; None if one of them may pass."""
    results = [rules.verdict(host.chains, packet, *hooks) for packet in packets]
    return results[0].rule if results and all(one.result == "drop" for one in results) else None


def _directors_drop(sight: Sight) -> Iterator[Finding]:
    for host in sight.directors:
        lines: dict[str, tuple[str, Key]] = {}
        tracked: dict[str, str] = {}
        for service in host.table or host.wanted:
            for vip in sight.vips_of(host, service):
                arms = host.carriers(vip) or host.near(vip)[:1]
                packets = [replace(one, iif=arm) for one in _packets(sight, vip, service.key) for arm in arms]
                rule = _all_drop(host, packets, "prerouting", "input")
                if rule:
                    lines[f"{host.name}: {service.key} is dropped by {rule}"] = (vip, service.key)
                    continue
                later = [replace(one, state=_later_state(host)) for one in packets]
                rule = _all_drop(host, later, "prerouting", "input")
                if rule and any(one.forward in ("dr", "tun") for one in service.destinations.values()):
                    tracked[
                        f"{host.name}: packets of {service.key} after the first are '{_later_state(host)}', and dropped by {rule}"
                    ] = vip
        if lines:
            yield _dropping(
                host,
                list(lines),
                [key for _vip, key in lines.values()],
                [vip for vip, _key in lines.values()],
                "a director",
            )
        if tracked:
            yield _in_the_way(host, list(tracked), list(tracked.values()))


def _later_state(host: Host) -> str:
    """What a packet of an open connection is for a director that sees only one direction of it (nf_conntrack_proto_tcp.c)."""
    if host.sysctl("net.ipv4.vs.conntrack") == "1":
        return "invalid"
    return "invalid" if host.sysctl("net.netfilter.nf_conntrack_tcp_loose") == "0" else "new"


def _in_the_way(host: Host, lines: list[str], vips: list[str]) -> Finding:
    return Finding(
        key="conntrack",
        title=f"Connection tracking on {host.name} takes packets of the VIP {listed(dict.fromkeys(vips))} for invalid, and a rule drops them",
        explanation=(
            "IPVS bypasses connection tracking, or lets it see only one direction, so it cannot follow these connections. Connections are"
            " opened and then hang, or are never answered."
        ),
        evidence=tuple(lines),
        mend=(
            f"{host.name}: accept packets to and from the VIPs before the rule that drops 'invalid'",
            f"{host.name}: or for NAT alone: sysctl -w net.ipv4.vs.conntrack=1",
        ),
        hosts=(host.name,),
        vips=tuple(dict.fromkeys(vips)),
    )


def _real_servers_drop(sight: Sight) -> Iterator[Finding]:
    found: dict[str, tuple[Host, list[str], list[Key], list[str]]] = {}
    for use in sight.uses:
        host = use.host
        if host is None or (sight.is_director(host) and any(host.carriers(vip) for vip in use.vips)):
            continue
        for vip in use.vips:
            rule, port = _drop_at(sight, host, use, vip)
            if rule:
                entry = found.setdefault(host.name, (host, [], [], []))
                where = use.server.address if use.server.forward == "nat" else vip
                entry[1].append(f"{host.name}: {use.service.key.protocol} to {where} port {port} is dropped by {rule}")
                entry[2].append(use.service.key._replace(port=port))
                entry[3].append(vip)
    for host, lines, keys, vips in found.values():
        yield _dropping(host, list(dict.fromkeys(lines)), keys, vips, "a real server")


def _drop_at(sight: Sight, host: Host, use: Use, vip: str) -> tuple[str | None, int | None]:
    """The rule of a real server that drops requests to a VIP or the answers, and the port."""
    server, key = use.server, use.service.key
    port = server.port if server.forward == "nat" else key.port
    to = server.address if server.forward == "nat" else vip
    if not port or key.protocol is None:
        return None, None
    if server.forward != "nat" and rules.takes_in(host.chains, vip):
        to = server.address
    arms: list[str | None] = [*host.interfaces(server.address)] if server.forward != "tun" else [*host.carriers(vip)]
    requests = [
        replace(one, daddr=to, dport=port, iif=arm) for one in _packets(sight, vip, key) for arm in arms or [None]
    ]
    answers = [
        replace(one, daddr=one.saddr, saddr=to, dport=None, sport=port, iif=None, state="established")
        for one in requests
    ]
    if server.forward == "tun" and (rule := _outer_drop(host, use, vip)):
        return rule, port
    rule = _all_drop(host, requests, "prerouting", "input") or _all_drop(host, answers, "output", "postrouting")
    return rule, port


def _outer_drop(host: Host, use: Use, vip: str) -> str | None:
    """The rule that drops the packets of a tunnel, whatever is in them. UDP ports of GUE are not asked: the table has them alone."""
    address = use.server.address
    family = "ipv6" if ":" in address else "ipv4"
    kinds = {host.link(name).get("kind") for name in host.carriers(vip)}
    protocols = {"ipip": "ipip", "sit": "ipv6", "gre": "gre", "ip6gre": "gre"}
    known = [protocols[str(kind)] for kind in kinds if kind in protocols]
    packets = [
        rules.Packet(family, protocol, address, iif=arm) for protocol in known for arm in host.interfaces(address)
    ]
    # Services by other kinds of tunnels may use the same device.
    return (
        _all_drop(host, packets, "prerouting", "input")
        if len(known) == 1 and use.server.tunnel in (None, "ipip", "gre")
        else None
    )


def _dropping(host: Host, lines: list[str], keys: list[Key], vips: list[str], what: str) -> Finding:
    ports = dict.fromkeys(f"{key.port}/{key.protocol}" for key in keys)
    if host.runs("firewalld"):
        mend = [
            f"{host.name}: firewall-cmd --add-port={port}; firewall-cmd --permanent --add-port={port}" for port in ports
        ]
    else:
        mend = [
            f"{host.name}: remove that rule, or: iptables -I INPUT -p {port.partition('/')[2]} --dport {port.partition('/')[0]} -j ACCEPT"
            for port in ports
        ]
    return Finding(
        key="filter-drops",
        title=f"The packet filter of {host.name}, {what}, drops requests to {listed(ports)}",
        explanation=(
            f"Packets reach {host.name}, and one of its own rules drops them. Clients time out or are refused, depending on the rule, for"
            " as long as it is there."
        ),
        evidence=tuple(lines),
        mend=tuple(mend),
        hosts=(host.name,),
        vips=tuple(dict.fromkeys(vips)),
    )


def _answers_dropped(sight: Sight) -> Iterator[Finding]:
    """Answers of real servers with NAT, which a director forwards."""
    for host in sight.directors:
        dropped: dict[str, tuple[str, Key]] = {}
        tracked: dict[str, str] = {}
        for use in sight.uses:
            server, key = use.server, use.service.key
            if server.forward != "nat" or not server.port or key.protocol is None or host.has(server.address):
                continue
            for vip in use.vips:
                arms = host.near(server.address)[:1]
                sources: list[str | None] = [client for client, _how in sight.users(vip)]
                answer = [
                    rules.Packet(
                        "ipv6" if ":" in vip else "ipv4",
                        key.protocol,
                        client,
                        server.address,
                        sport=server.port,
                        iif=arm,
                        state="established",
                    )
                    for client in sources or [None]
                    for arm in arms
                ]
                rule = _all_drop(host, answer, "forward")
                if rule:
                    dropped[f"{host.name}: answers of {server.address} port {server.port} are dropped by {rule}"] = (
                        vip,
                        key,
                    )
                elif host.sysctl("net.ipv4.vs.conntrack") != "1":
                    rule = _all_drop(host, [replace(one, state="invalid") for one in answer], "forward")
                    if rule:
                        tracked[
                            f"{host.name}: answers of {server.address} port {server.port} are 'invalid', and dropped by {rule}"
                        ] = vip
        if dropped:
            yield replace(
                _dropping(host, list(dropped), [], [vip for vip, _key in dropped.values()], "a director"),
                title=f"The packet filter of {host.name}, a director with NAT, drops the answers of real servers",
                mend=(
                    f"{host.name}: remove that rule, or: iptables -I FORWARD -s NETWORK_OF_THE_REAL_SERVERS -j ACCEPT",
                ),
            )
        if tracked:
            yield _in_the_way(host, list(tracked), list(tracked.values()))


def _tracking_full(host: Host) -> Iterator[Finding]:
    count, most = (host.sysctl(f"net.netfilter.nf_conntrack_{name}") for name in ("count", "max"))
    lines = []
    if count and most and int(most) and int(count) >= FULL * int(most):
        lines.append(f"{host.name}: net.netfilter.nf_conntrack_count is {count}, net.netfilter.nf_conntrack_max {most}")
    since = host.seen["clock"]["uptime"] - RECENT
    full = [
        entry["text"]
        for entry in host.seen["kernel_log"]
        if "table full" in entry["text"] and entry["seconds"] >= since
    ]
    lines += [f"{host.name}: dmesg: {text}" for text in full[-1:]]
    if lines:
        yield Finding(
            key="conntrack",
            title=f"The table of connection tracking on {host.name} is full",
            explanation=(
                "The kernel drops packets of every new connection while this table has no room, also those that IPVS would forward. Users"
                " see time-outs under load, and nothing when there is little."
            ),
            evidence=tuple(lines),
            mend=(
                f"{host.name}: sysctl -w net.netfilter.nf_conntrack_max={2 * int(most or 131072)}",
                f"{host.name}: or no tracking of the VIPs: iptables -t raw -A PREROUTING -d VIP -j CT --notrack",
            ),
            hosts=(host.name,),
        )


def _selinux(host: Host) -> Iterator[Finding]:
    since = host.seen["clock"]["uptime"] - DENIED
    logged = [
        entry["text"] for entry in host.seen["kernel_log"] if "denied" in entry["text"] and entry["seconds"] >= since
    ]
    said = host.seen["denials"] + logged
    lines = [text for text in said if any(f'comm="{name}' in text for name in PROGRAMS) and "permissive=1" not in text]
    if host.seen["selinux"] and lines:
        yield Finding(
            key="selinux",
            title=f"SELinux on {host.name} refuses something to a daemon of the cluster",
            explanation=(
                "The policy does not allow what the daemon tried, such as a script, another port or a file. A check or a notification then"
                " fails although the same command works in a shell."
            ),
            evidence=tuple(f"{host.name}: {text}" for text in list(dict.fromkeys(lines))[-3:]),
            mend=(
                f"{host.name}: ausearch -m avc -ts recent | audit2why",
                f"{host.name}: to be sure that this is it: setenforce 0, try again, setenforce 1",
            ),
            hosts=(host.name,),
        )
