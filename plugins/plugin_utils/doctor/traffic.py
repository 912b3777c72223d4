# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether real servers listen where requests arrive, and whether checks and users see the same."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from . import rules
from .finding import Finding
from .services import Check, Service, endpoint
from .sight import Host, Sight, Use, listed

ANY = {"ipv4": ("*", "0.0.0.0"), "ipv6": ("*", "::")}  # noqa: S104 - what ss prints


def findings(sight: Sight) -> Iterator[Finding]:
    """All findings on listening, on checks, and on the requests of clients."""
    yield from _not_listening(sight)
    yield from _checks_fail(sight)
    yield from _users_fail(sight)


def _not_listening(sight: Sight) -> Iterator[Finding]:
    found: dict[tuple[str, int], tuple[Host, list[str], dict[str, None], bool]] = {}
    for use in sight.uses:
        if use.host is None or use.host.seen["listeners"] is None or use.service.key.protocol not in ("tcp", "udp"):
            continue
        for port in use.ports:
            for vip in use.vips:
                others = _listens_elsewhere(use.host, use, vip, port)
                if others is None:
                    continue
                entry = found.setdefault((use.host.name, port), (use.host, [], {}, bool(others)))
                to = use.server.address if use.server.forward == "nat" else vip
                entry[1].append(
                    f"{use.host.name}: ss -Hltun: {use.service.key.protocol} port {port}: {listed(others) or 'nothing'} listens; requests are for {to}"
                )
                entry[2][vip] = None
    for (name, port), (_host, lines, vips, elsewhere) in found.items():
        yield Finding(
            key="not-listening",
            title=f"{name}, a real server, does not listen on port {port} of {'the VIP' if elsewhere else 'any address'}",
            explanation=(
                (
                    "Its server is bound to one address, and with direct routing and tunnels requests arrive for the VIP. Health checks ask"
                    " the host's own address, so they pass while users are refused."
                )
                if elsewhere
                else (
                    f"Requests to port {port} are refused there. The health check should have taken it out of the table; if it has not, it"
                    " asks something else."
                )
            ),
            evidence=tuple(dict.fromkeys(lines)),
            mend=(
                f"{name}: let the server listen on all addresses (0.0.0.0:{port} and [::]:{port}), or on the VIP as well; restart it"
                if elsewhere
                else f"{name}: start the server of port {port}; look at its log",
            ),
            hosts=(name,),
            vips=tuple(vips),
        )


def _listens_elsewhere(host: Host, use: Use, vip: str, port: int) -> list[str] | None:
    """None if a host listens for the requests of a service; else the addresses on which it listens at that port."""
    server, protocol = use.server, use.service.key.protocol
    family = "ipv6" if ":" in server.address else "ipv4"
    redirected = rules.takes_in(host.chains, vip)
    # Rules may send the port somewhere else, as those of containers do.
    if any(
        rule.action in ("dnat", "tproxy") for chain in host.chains if chain.hook == "prerouting" for rule in chain.rules
    ):
        return None
    inner = "ipv6" if ":" in vip and server.forward != "nat" else family
    own = [server.address] if server.forward == "nat" else [vip, *([server.address] if redirected else [])]
    there = [one["address"] for one in host.seen["listeners"] if (one["protocol"], one["port"]) == (protocol, port)]
    if any(address in (*ANY[inner], *own) for address in there):
        return None
    return sorted(set(there))


def _checked(sight: Sight) -> Iterator[tuple[Host, Service, Service | None]]:
    """The services with checks of the directors that have their VIPs, each with what the table has of it."""
    for host in sight.masters():
        table = {service.key: service for service in host.table}
        for service in host.wanted:
            if service.checks and host.runs("keepalived", "ldirectord"):
                yield host, service, table.get(service.key)


def _checks_fail(sight: Sight) -> Iterator[Finding]:
    open_doors = {(door["address"], door["port"]) for door in sight.doors if (door["result"] or {}).get("answered")}
    asked = {(door["address"], door["port"]) for door in sight.doors if "answered" in (door["result"] or {})}
    for host, service, table in _checked(sight):
        if table is None:
            continue
        drained = {address for drain in host.seen["drained"] for address in drain.get("addresses") or ()}
        live = {server.address for server in table.destinations.values() if server.weight}
        out = [one for one in service.destinations.values() if one.weight and one.address not in live | drained]
        # A weight of 0 without quiescence is a drain by hand: the table differs.
        if not service.weights_vary:
            out = [one for one in out if one.address not in {server.address for server in table.destinations.values()}]
        answering = [one for one in out if (one.address, one.port) in open_doors]
        silent = [one for one in out if (one.address, one.port) in asked and one not in answering]
        for servers, is_up in ((answering, True), (silent, False)):
            if servers:
                yield _check_fails(sight, host, service, [endpoint(one.address, one.port) for one in servers], is_up)


def _check_fails(sight: Sight, host: Host, service: Service, servers: list[str], is_up: bool) -> Finding:
    checks = ", ".join(dict.fromkeys(_check_text(check) for check in service.checks))
    vips = sight.vips_of(host, service)
    named = {
        use.host.name
        for use in sight.uses
        if use.host and use.service.key == service.key and endpoint(use.server.address, use.server.port) in servers
    }
    if is_up:
        title = f"{service.key}: the check of {listed(servers)} fails, but the server answers"
        text = (
            "The director has taken the real server out, because the answer to its check is not what the configuration expects. Look at"
            " what the check asks for: path, virtual host, status, text, or the time that it waits."
        )
    else:
        title = f"{service.key}: {listed(servers)} does not answer, and was taken out"
        text = "The director cannot connect to the real server. Its host or its server is down, or something on the way drops packets."
    return Finding(
        key="checks-fail",
        title=title,
        explanation=text,
        evidence=(
            *(f"{host.name}: {one} is configured, and not in use" for one in servers),
            *(f"{host.name}: a connection to {one} {'is accepted' if is_up else 'fails'}" for one in servers),
            f"{host.name}: the check is {checks}",
        ),
        mend=(
            f"{host.name}: journalctl -u {host.stack} -n 50: why the check failed",
            f"{host.name}: curl --verbose http://{servers[0]}/"
            if is_up
            else f"{host.name}: nc -vz {servers[0].replace(']:', '] ').rpartition(':')[0] or servers[0]}",
        ),
        hosts=tuple(sorted(named)) or (host.name,),
        vips=tuple(vips),
    )


def _check_text(check: Check) -> str:
    place = f" of {check.address or 'port'} {check.port or ''}".rstrip() if check.address or check.port else ""
    return f"{check.kind}{place}{f' {check.path}' if check.path else ''}"


def _failed(result: Mapping[str, Any] | None) -> int:
    return int(result["requests"]) - int(result["answered"]) if result and "requests" in result else 0


def _users_fail(sight: Sight) -> Iterator[Finding]:
    for one in sight.asked:
        failed = _failed(one["result"])
        if not failed:
            continue
        vip, port, result = one["vip"], one["port"], one["result"]
        live = {
            endpoint(server.address, server.port): host.name
            for host in sight.masters()
            for service in host.table
            if (service.key.address, service.key.port) == (vip, port)
            for server in service.destinations.values()
            if server.weight
        }
        errors = ", ".join(
            f"{count} {kind} ({(result.get('error_messages') or {}).get(kind, '')})".replace(" ()", "")
            for kind, count in result["errors"].items()
        )
        answered = ", ".join(f"{count} by {name}" for name, count in result["answers"].items())
        yield Finding(
            key="users-fail",
            title=f"Requests to {endpoint(vip, port)} fail"
            + (", while the checks of its real servers pass" if live else ""),
            explanation=(
                (
                    "The director sends requests to real servers that it takes for healthy, and some get no good answer. The check asks"
                    " another address, port or page than users do, or too little: it only connects, and the server does not answer."
                )
                if live
                else "No real server of this service is in use, so every request is refused. The checks of all of them fail, or all are drained."
            ),
            evidence=(
                f"{one['client']}: {failed} of {result['requests']} requests failed: {errors}",
                *([f"{one['client']}: answered: {answered}"] if answered else []),
                f"table: in use are {listed(live) or 'none'}",
            ),
            mend=tuple(
                f"{name}: curl --verbose --resolve x:{port}:{server.rpartition(':')[0]} {one['scheme'] if one['scheme'] != 'tcp' else 'http'}://x:{port}/"
                for server, name in live.items()
            )[:4]
            or ("the director: ipvsadm -Ln; journalctl -n 50: why the checks fail",),
            vips=(vip,),
        )
