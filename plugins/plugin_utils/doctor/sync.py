# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the directors tell each other of their connections, and hear it."""

from __future__ import annotations

from typing import Any, Iterator

from . import rules
from .finding import Finding
from .sight import Host, Sight, listed
from .vrrp import split

GROUP, PORT = "224.0.0.81", 8848


def findings(sight: Sight) -> Iterator[Finding]:
    """A sync daemon that is missing, has other settings, or is not heard."""
    known = [
        (host, list(host.seen["ipvs"]["daemons"]))
        for host in sight.directors
        if host.seen["ipvs"] and host.seen["ipvs"]["daemons"] is not None
    ]
    wanted = [host for host, daemons in known if daemons or _wants(host)]
    if not wanted or len(sight.directors) < 2:
        return
    lines = [
        f"{host.name}: ipvsadm -Ln --daemon: no sync daemon"
        for host, daemons in known
        if not daemons and _may_run(host)
    ]
    roles = {daemon["role"] for _host, daemons in known for daemon in daemons}
    lines += [
        f"no director runs a {role} daemon"
        for role in ("master", "backup")
        # It may be one that could not be read.
        if not lines and len(known) > 1 and role not in roles and not sight.lost
    ]
    settings = {
        host.name: tuple(sorted({(one["syncid"], one["group"] or GROUP, one["port"] or PORT) for one in daemons}))
        for host, daemons in known
        if daemons
    }
    if split(settings):
        lines += [
            f"{name}: its sync daemons have {'; '.join(f'syncid {one[0]}, group {one[1]}, port {one[2]}' for one in own)}"
            for name, own in settings.items()
        ]
    if lines:
        yield Finding(
            key="sync-missing",
            title="Connections are not told to all directors",
            explanation=(
                "A director only knows the connections of another one if that runs a sync daemon as master, and it one as backup with the"
                " same syncid. Without it open connections break at a failover, and only then."
            ),
            evidence=tuple(lines),
            mend=(
                "the director with the VIP: ipvsadm --start-daemon master --mcast-interface INTERFACE --syncid ID",
                "the others: ipvsadm --start-daemon backup --mcast-interface INTERFACE --syncid ID",
                "or lvs_sync_daemon in the global_defs of all directors; then reload keepalived",
            ),
            hosts=tuple(host.name for host, _daemons in known),
        )
    yield from _blocked(known)


def _wants(host: Host) -> bool:
    if host.stack == "ldirectord":
        return "LVSSyncDaemon" in (host.text("haresources") or "")
    return bool(host.keepalived and host.keepalived.sync and host.stack == "keepalived")


def _may_run(host: Host) -> bool:
    """heartbeat starts the daemon of a passive director only if there is a resource for both."""
    return host.runs("keepalived", "heartbeat") or host.stack is None


def _blocked(known: list[tuple[Host, list[dict[str, Any]]]]) -> Iterator[Finding]:
    lines = {}
    for host, daemons in known:
        for daemon in daemons:
            packet = rules.Packet(
                "ipv6" if ":" in (daemon["group"] or GROUP) else "ipv4",
                "udp",
                daddr=daemon["group"] or GROUP,
                dport=daemon["port"] or PORT,
            )
            inward = rules.Packet(**{**packet.__dict__, "iif": daemon["interface"]})
            outward = rules.Packet(**{**packet.__dict__, "oif": daemon["interface"]})
            result = (
                rules.verdict(host.chains, inward, "prerouting", "input")
                if daemon["role"] == "backup"
                else rules.verdict(host.chains, outward, "output", "postrouting")
            )
            if result.result == "drop":
                lines[
                    f"{host.name}: its packet filter drops UDP port {packet.dport} of the {daemon['role']} daemon on {daemon['interface']}: {result.rule}"
                ] = (host.name, packet.dport)
    if lines:
        hosts = dict.fromkeys(name for name, _port in lines.values())
        yield Finding(
            key="sync-blocked",
            title=f"A packet filter on {listed(hosts)} keeps connections from being told",
            explanation=(
                "The sync daemons send by UDP multicast, and a filter drops these packets. Open connections break at a failover, and only"
                " then."
            ),
            evidence=tuple(lines),
            mend=tuple(
                f"{name}: iptables -I INPUT -p udp --dport {port} -j ACCEPT; the same for OUTPUT"
                for name, port in dict.fromkeys(lines.values())
            ),
            hosts=tuple(hosts),
        )
