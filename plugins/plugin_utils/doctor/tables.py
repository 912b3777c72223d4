# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the configurations agree with each other, with what their daemons have read, and with the kernel's table."""

from __future__ import annotations

import ipaddress
import shlex
from typing import Any, Iterator, Sequence

from . import ldirectord_conf
from .finding import Finding
from .services import Key, Service, endpoint
from .sight import Host, Sight, listed
from .vrrp import split

MOST_LINES = 6
FILES = {"keepalived": "/etc/keepalived/keepalived.conf", "ldirectord": "/etc/ha.d/ldirectord.cf"}


def findings(sight: Sight) -> Iterator[Finding]:
    """All findings on configurations and tables."""
    for host in sight.directors:
        yield from _not_reloaded(host)
        yield from _table_differs(host)
        yield from _clients_refused(host)
    yield from _configurations_differ(sight)


def _not_reloaded(host: Host) -> Iterator[Finding]:
    daemon = host.stack
    if daemon is None or not host.runs(daemon):
        return
    configuration = host.seen["configurations"].get(daemon) or {"files": []}
    read = host.seen["last_reads"].get(daemon)
    newer = [file["path"] for file in configuration["files"] if read and file["mtime"] > read + 1]
    if daemon == "ldirectord" and ldirectord_conf.autoreload(host.text("ldirectord") or ""):
        newer = []
    lines = [f"{host.name}: {path} has changed since {daemon} read it" for path in newer]
    lines += _other_values(host) if daemon == "keepalived" else []
    if lines:
        yield Finding(
            key="not-reloaded",
            title=f"{daemon} on {host.name} has not read its configuration since it changed",
            explanation=(
                "What is in the file is not what runs: real servers, weights, VIPs or passwords may be others. It takes effect at the"
                " next start, perhaps in a failover, when nobody expects it."
            ),
            evidence=tuple(lines),
            mend=(f"{host.name}: keepalived --config-test && systemctl reload keepalived",)
            if daemon == "keepalived"
            else tuple(f"{host.name}: {command}" for command in _ldirectord_reloads(host)),
            hosts=(host.name,),
        )


def _ldirectord_reloads(host: Host) -> list[str]:
    """The commands that let each ldirectord of a host read its configuration: as it was started, since its pid file has that name.

    ldirectord reads the file itself before, and leaves the daemon alone if it is wrong.
    """
    running = [one for one in host.seen["processes"] if one["name"] == "ldirectord"]
    return [_ldirectord_reload(one["arguments"]) or f"kill -HUP {one['pid']}" for one in running]


def _ldirectord_reload(arguments: Sequence[str]) -> str | None:
    program = next((at for at, word in enumerate(arguments) if word.rpartition("/")[2] == "ldirectord"), len(arguments))
    *configuration, command = arguments[program + 1 :] or [""]
    # With an option it runs without a pid file.
    if command not in ("start", "restart", "try-restart") or any(word.startswith("-") for word in configuration):
        return None
    return shlex.join([arguments[program], *configuration, "reload"])


def _other_values(host: Host) -> list[str]:
    """VRRP instances that run with another id or priority than the file has."""
    lines = []
    for instance in host.instances:
        state = (host.seen["vrrp"] or {}).get(instance.name)
        if not state:
            continue
        for name, running, written in (
            ("virtual_router_id", state["virtual_router_id"], instance.router_id),
            ("priority", state["base_priority"], instance.priority),
        ):
            # An owner of the address (255) and what is not written are the daemon's affair.
            if written is not None and running != written and 255 not in (running, written):
                lines.append(
                    f"{host.name}: VRRP instance {instance.name} runs with {name} {running}; the file has {written}"
                )
    return lines


def _members(service: Service) -> set[Any]:
    """The real servers of a service, as they are compared: with a mark the kernel does not tell every port as it was given."""
    if service.key.fwmark is not None:
        return {server.address for server in service.destinations.values()}
    return set(service.destinations)


def _table_differs(host: Host) -> Iterator[Finding]:
    daemon = host.stack
    if daemon is None or not host.runs(daemon) or (host.seen["ipvs"] is None and not host.wanted):
        return
    # The passive director of heartbeat has no ldirectord, and no table.
    if daemon == "ldirectord" and not host.runs("ldirectord"):
        return
    wanted = {service.key: service for service in host.wanted}
    table = {service.key: service for service in host.table}
    lines = [f"{host.name}: {key} is configured, and not in the table" for key in wanted if key not in table]
    lines += [f"{host.name}: {key} is in the table, and not configured" for key in table if key not in wanted]
    for key in (one for one in wanted if one in table):
        lines += [f"{host.name}: {key}: {text}" for text in _differences(host, wanted[key], table[key])]
    if lines:
        yield Finding(
            key="table-differs",
            title=f"The table of {host.name} is not what {FILES[daemon]} says",
            explanation=(
                "Somebody has changed the table by hand, or the daemon could not make it so. Neither keepalived nor ldirectord puts back"
                " what others have changed, so it stays until the next start."
            ),
            evidence=_shortened(lines),
            mend=(
                f"{host.name}: ipvsadm -Ln; compare it with {FILES[daemon]}",
                f"{host.name}: systemctl restart {'keepalived' if daemon == 'keepalived' else 'heartbeat'} (on a backup, or after a planned failover)",
            ),
            hosts=(host.name,),
            vips=tuple(dict.fromkeys(key.address for key in (*wanted, *table) if key.address)),
        )


def _clients_refused(host: Host) -> Iterator[Finding]:
    found = [
        (service, place)
        for service in host.table
        if service.binds
        for place, server in service.destinations.items()
        if server.weight == 0
    ]
    lines = [
        f"{host.name}: {service.key}: real server {endpoint(*place)} has weight 0, and the scheduler is {service.scheduler}"
        for service, place in found
    ]
    if lines:
        yield Finding(
            key="clients-refused",
            title=f"{host.name} refuses the clients of real servers with weight 0",
            explanation=(
                "The schedulers dh, sh and mh keep the place of a real server without weight. They give its clients to no other one,"
                " unless sh and mh have their fallback flag: a part of the clients is refused, always the same ones."
            ),
            evidence=_shortened(lines),
            mend=(
                f"{host.name}: take the real server out of the service (ipvsadm -d) or give it a weight (ipvsadm -e -w 1)",
                "in the inventory: scheduler_flags: [sh-fallback] or [mh-fallback], or remove the real server; then site.yml",
            ),
            hosts=(host.name,),
            vips=tuple(dict.fromkeys(service.key.address for service, _place in found if service.key.address)),
        )


def _differences(host: Host, wanted: Service, table: Service) -> Iterator[str]:
    if wanted.scheduler and table.scheduler and wanted.scheduler != table.scheduler:
        yield f"the scheduler is {table.scheduler}, not {wanted.scheduler}"
    if wanted.persistence != table.persistence:
        yield f"persistence is {table.persistence or 'off'}, not {wanted.persistence or 'off'}"
    drained = {address for drain in host.seen["drained"] for address in drain.get("addresses") or ()}
    allowed = _members(wanted)
    for place, server in table.destinations.items():
        known = server.address if wanted.key.fwmark is not None else place
        sorry = wanted.sorry is not None and (place == wanted.sorry or server.address == wanted.sorry[0])
        if known not in allowed and not sorry:
            yield f"real server {endpoint(*place)} is in the table, and not configured"
        configured = wanted.destinations.get(place)
        if configured is None or sorry or server.address in drained:
            continue
        if configured.forward and server.forward in ("dr", "nat", "tun") and configured.forward != server.forward:
            yield f"real server {endpoint(*place)} is forwarded by {server.forward}, not {configured.forward}"
        if configured.weight != server.weight and not wanted.weights_vary:
            yield f"real server {endpoint(*place)} has weight {server.weight}, not {configured.weight}"
    if not wanted.checks:
        for place, server in wanted.destinations.items():
            if server.address not in {one.address for one in table.destinations.values()}:
                yield f"real server {endpoint(*place)} has no check, and is not in the table"


def _shortened(lines: list[str]) -> tuple[str, ...]:
    more = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], *([f"and {more} more"] if more > 0 else []))


def _configurations_differ(sight: Sight) -> Iterator[Finding]:
    hosts = [host for host in sight.directors if host.stack and host.wanted]
    stacks = {host.stack for host in hosts}
    if len(hosts) < 2 or len(stacks) != 1:
        return
    daemon = str(hosts[0].stack)
    described = {host.name: _described(host) for host in hosts}
    keys = dict.fromkeys(key for own in described.values() for key in own)
    lines: list[str] = []
    odd: dict[str, None] = {}
    for key in keys:
        values = {name: own.get(key) for name, own in described.items()}
        for name in split(values):
            odd[name] = None
            other = next((one for one in values if values[one] != values[name]), name)
            lines.append(
                f"{key}: {name} has {values[name] or 'no such service'}; {other} has {values[other] or 'no such service'}"
            )
    if daemon == "ldirectord":
        texts = {host.name: _words(host.text("haresources")) for host in hosts}
        for name in split(texts):
            odd[name] = None
            lines.append(f"{name}: /etc/ha.d/haresources is another one than on the other director")
    if lines:
        yield Finding(
            key="configurations-differ",
            title=f"The directors have different configurations: {FILES[daemon]} of {listed(odd)}",
            explanation=(
                "Each director makes its table from its own file. So users are served differently after a failover, or not at all."
            ),
            evidence=_shortened(lines),
            mend=tuple(f"{name}: {FILES[daemon]} as on the others; then reload" for name in odd),
            hosts=tuple(host.name for host in hosts),
            vips=tuple(dict.fromkeys(key.address for key in keys if key.address)),
        )


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word for line in (text or "").splitlines() for word in line.partition("#")[0].split())


def _described(host: Host) -> dict[Key, str]:
    """Every service of a host's configuration in words that can be compared. Marks of a director that also serves are its own."""
    serving = {
        server.address for one in host.wanted for server in one.destinations.values() if host.has(server.address)
    }
    found = {}
    for service in host.wanted:
        if service.key.fwmark is not None and serving:
            continue
        servers = [
            f"{endpoint(one.address, one.port)} {one.forward or ''} weight {one.weight}".replace("  ", " ")
            for one in service.destinations.values()
            if not ipaddress.ip_address(one.address).is_loopback
        ]
        persistence = f", persistence {service.persistence}" if service.persistence else ""
        found[service.key] = f"{service.scheduler}{persistence}, {', '.join(sorted(servers)) or 'no real server'}"
    return found
