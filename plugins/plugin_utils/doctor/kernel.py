# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel of directors: modules of schedulers, reuse of ports, and clocks."""

from __future__ import annotations

import re
from typing import Iterator

from .finding import Finding
from .sight import Host, Sight, listed

# Since this version a new connection on a port that was just used waits no longer: f0a5e4d7a594 in Linux 5.9.
REUSE_MENDED = (5, 9)
JUMP = 10.0  # s; what NTP corrects slowly is far less


def findings(sight: Sight) -> Iterator[Finding]:
    """All findings on the kernel and the clock."""
    for host in sight.directors:
        yield from _schedulers(host)
        yield from _reuse(host)
    for host in sight.hosts.values():
        yield from _clock(host)


def _schedulers(host: Host) -> Iterator[Finding]:
    table = {service.key for service in host.table}
    wanted = {
        service.scheduler: service.key for service in host.wanted if service.scheduler and service.key not in table
    }
    names = ["ip_vs", *(f"ip_vs_{scheduler}" for scheduler in wanted)] if wanted else []
    modules = host.seen["modules"]
    missing = [name for name in names if not any(modules.get(name, {"loaded": False, "available": False}).values())]
    if missing:
        yield Finding(
            key="scheduler-missing",
            title=f"The kernel of {host.name} has no module {listed(missing)}",
            explanation=(
                "The kernel refuses a service whose scheduler it does not have, so the service is not in the table. Its VIP is held all the"
                " same, and clients are refused."
            ),
            evidence=(
                f"{host.name}: {missing[0]} is neither loaded nor below /lib/modules/{host.seen['kernel']}",
                *(
                    f"{host.name}: {key} is configured with {scheduler}, and not in the table"
                    for scheduler, key in wanted.items()
                ),
            ),
            mend=(
                f"{host.name}: modprobe {missing[0]}",
                f"{host.name}: a kernel that has it (Debian: linux-image-amd64; Red Hat: kernel-modules), or another scheduler",
            ),
            hosts=(host.name,),
            vips=tuple(dict.fromkeys(key.address for key in wanted.values() if key.address)),
        )


def _version(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", release)[:2])


def _reuse(host: Host) -> Iterator[Finding]:
    mode = host.sysctl("net.ipv4.vs.conn_reuse_mode")
    if not (host.table or host.wanted) or mode is None:
        return
    tracks = host.sysctl("net.ipv4.vs.conntrack") == "1"
    old = _version(host.seen["kernel"]) < REUSE_MENDED
    if mode == "0":
        text = (
            "With 0 a new connection from a port that was used a moment ago goes to the real server of the former one, even if that is"
            " drained or gone. Clients with many connections, such as proxies, then hang or reach a server that should get nothing."
        )
    elif tracks and old:
        text = (
            "In kernels before 5.9 with net.ipv4.vs.conntrack, the first packet of a new connection from a port that was used a moment ago"
            " is dropped. The client sends it again after a second, so such connections are one second late."
        )
    else:
        return
    yield Finding(
        key="conn-reuse",
        title=f"conn_reuse_mode is {mode} on {host.name}, a director",
        explanation=text,
        evidence=(
            f"{host.name}: net.ipv4.vs.conn_reuse_mode is {mode}",
            f"{host.name}: net.ipv4.vs.conntrack is {host.sysctl('net.ipv4.vs.conntrack')}, the kernel is {host.seen['kernel']}",
        ),
        mend=(f"{host.name}: sysctl -w net.ipv4.vs.conn_reuse_mode=1",)
        if mode == "0"
        else (f"{host.name}: sysctl -w net.ipv4.vs.conntrack=0, if no rule needs it; else a newer kernel",),
        hosts=(host.name,),
    )


def _clock(host: Host) -> Iterator[Finding]:
    clock = host.seen["clock"]
    now = clock["now"] - clock["monotonic"]
    jumps = [(start["unit"], now - (start["clock"] - start["monotonic"])) for start in clock["starts"]]
    jumped = [(unit, seconds) for unit, seconds in jumps if abs(seconds) > JUMP]
    if not jumped:
        return
    unit, seconds = max(jumped, key=lambda entry: abs(entry[1]))
    daemons = [
        one["name"]
        for one in host.seen["processes"]
        if one["name"] in ("chronyd", "ntpd", "ntpd-rs", "systemd-timesyn")
    ]
    lines = [f"{host.name}: since {unit} started, the clock was set by {seconds:+.0f} s"]
    if len(set(daemons)) > 1:
        lines.append(f"{host.name}: {listed(dict.fromkeys(daemons))} run at the same time")
    if clock["synchronized"] is False:
        lines.append(f"{host.name}: timedatectl: the clock is not synchronized")
    yield Finding(
        key="clock",
        title=f"The clock of {host.name} has jumped by {seconds:+.0f} s",
        explanation=(
            "Certificates seem not valid yet or no longer, and the logs of the hosts cannot be compared. Programs that measure time by the"
            " clock time out at once or never."
        ),
        evidence=tuple(lines),
        mend=(
            f"{host.name}: timedatectl; chronyc tracking; one time daemon only, and for a guest not the hypervisor's as well",
        ),
        hosts=(host.name,),
    )
