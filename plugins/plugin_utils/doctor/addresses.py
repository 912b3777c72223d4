# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the VIPs are: missing on a real server, with a wrong prefix, on a wrong interface, on two directors or on none."""

from __future__ import annotations

from typing import Iterator, Sequence

from . import rules
from .arp import answers
from .finding import Finding
from .routing import Packet, way
from .sight import REAL_SERVERS, Host, Sight, listed
from .vrrp import sends


def findings(sight: Sight) -> Iterator[Finding]:
    """All findings on the places of VIPs."""
    yield from _missing(sight)
    for host in sight.hosts.values():
        yield from _wrong_prefix(sight, host)
    for host in sight.directors:
        yield from _wrong_interface(sight, host)
    for vip in sight.vips:
        yield from _wrong_owners(sight, vip)


def takes(host: Host, vip: str) -> bool:
    """Whether a host takes packets to a VIP as its own: it has the VIP, a local route for it, or a rule that redirects it."""
    found = way(host.seen, Packet(vip))
    return host.has(vip) or (found is not None and found.local) or rules.takes_in(host.chains, vip)


def _missing(sight: Sight) -> Iterator[Finding]:
    missing: dict[str, dict[str, None]] = {}
    for use in sight.uses:
        if use.host and use.server.forward in ("dr", "tun"):
            lacking = {vip: None for vip in use.vips if not takes(use.host, vip)}
            missing.setdefault(use.host.name, {}).update(lacking)
    for name, vips in missing.items():
        if vips:
            yield Finding(
                key="vip-missing",
                title=f"{name}, a real server, does not have the VIP {listed(vips)}",
                explanation=(
                    "With direct routing and tunnels the packets that reach a real server still have the VIP as their destination, and a"
                    " host drops what is not for one of its addresses. So every connection that the director gives to"
                    f" {name} times out, while its health checks pass."
                ),
                evidence=tuple(
                    f"{name}: ip address show: no interface has {vip}, and no rule redirects it" for vip in vips
                ),
                mend=tuple(
                    f"{name}: ip address add {vip}/{_whole(vip)} dev {_device(sight, name, vip)}" for vip in vips
                ),
                hosts=(name,),
                vips=tuple(vips),
            )


def _device(sight: Sight, name: str, vip: str) -> str:
    tunnelled = any(
        use.server.forward == "tun" for use in sight.uses if use.host and use.host.name == name and vip in use.vips
    )
    return "tunl0" if tunnelled and ":" not in vip else "lo"


def _whole(vip: str) -> int:
    return 128 if ":" in vip else 32


def _wrong_prefix(sight: Sight, host: Host) -> Iterator[Finding]:
    wrong = [
        (vip, interface, prefix)
        for vip in sight.vips
        for interface, prefix in host.prefixes(vip).items()
        if prefix != _whole(vip)
        and (interface == "lo" or (not host.link(interface).get("arp") and not sight.is_director(host)))
    ]
    if wrong:
        vips = tuple(dict.fromkeys(vip for vip, _interface, _prefix in wrong))
        yield Finding(
            key="wrong-prefix",
            title=f"{host.name} has the VIP {listed(vips)} with a prefix of {listed(dict.fromkeys(f'/{one[2]}' for one in wrong))}",
            explanation=(
                f"With such a prefix {host.name} takes all addresses of this network for its own, or looks for them behind {wrong[0][1]}."
                " So its answers never reach clients, directors or a router in that network."
            ),
            evidence=tuple(f"{host.name}: ip address show dev {name}: {vip}/{prefix}" for vip, name, prefix in wrong),
            mend=tuple(
                f"{host.name}: ip address add {vip}/{_whole(vip)} dev {name}; ip address del {vip}/{prefix} dev {name}"
                for vip, name, prefix in wrong
            ),
            hosts=(host.name,),
            vips=vips,
        )


def _wrong_interface(sight: Sight, host: Host) -> Iterator[Finding]:
    """A director whose VIP is on an interface of another segment than the one that it belongs to."""
    for vip in sight.vips:
        near, having = host.near(vip), host.interfaces(vip)
        right = {host.trunk(name) for name in near}
        if not near or not having or any(host.trunk(name) in right for name in having):
            continue
        if having == ["lo"] and _serves(sight, host):
            continue
        # Linux answers for an address of one interface on another, unless arp_ignore forbids it
        elsewhere = [name for name in having if host.link(name).get("arp")]
        if not elsewhere and not any(host.effective(name, "arp_ignore") for name in near):
            continue
        yield Finding(
            key="vip-wrong-interface",
            title=f"{host.name}, a director, has the VIP {vip} on {listed(having)}, but its network is on {near[0]}",
            explanation=(
                f"The VIP belongs to the network of {near[0]}: there the clients or their router ask for it, and there the director must"
                " announce it when it takes over. On another interface it is not announced there, and may not be answered for."
            ),
            evidence=tuple(
                f"{host.name}: ip address show: {vip} is on {name}; an address of its network is on {near[0]}"
                for name in having
            ),
            mend=(
                f"{host.name}: the interface of {vip} in the configuration of the daemon: dev {near[0]}",
                f"{host.name}: systemctl reload keepalived, or restart heartbeat",
            ),
            hosts=(host.name,),
            vips=(vip,),
        )


def _serves(sight: Sight, host: Host) -> bool:
    """Whether a director is a real server, too, and has VIPs on lo for that."""
    used = any(use.host and use.host.name == host.name and use.server.forward != "nat" for use in sight.uses)
    return used or REAL_SERVERS in host.groups


def _wrong_owners(sight: Sight, vip: str) -> Iterator[Finding]:
    owners = sight.owners(vip)
    if len(owners) > 1:
        yield _two_owners(vip, owners, [host for host in owners if not _holds_rightly(host, vip)])
    elif not owners and not sight.lost and sight.directors and not answers(sight, vip):
        on_lo = [host.name for host in sight.directors if host.has(vip) and not _serves(sight, host)]
        if not on_lo:
            yield _nowhere(sight, vip)


def _holds_rightly(host: Host, vip: str) -> bool:
    """Whether a director's daemon has given it a VIP that it has, as far as that is known."""
    instances = [instance for instance in host.instances if vip in instance.vips]
    if instances:
        return any(sends(host, instance) for instance in instances)
    return host.stack != "ldirectord" or not host.text("haresources") or host.runs("heartbeat")


def _two_owners(vip: str, owners: Sequence[Host], idle: Sequence[Host]) -> Finding:
    names = listed(host.name for host in idle)
    return Finding(
        key="two-masters",
        title=f"{len(owners)} directors have the VIP {vip}: {listed(host.name for host in owners)}",
        explanation=(
            f"{names} {'has' if len(idle) == 1 else 'have'} it without being master: somebody has added it, or a daemon that was killed"
            " has left it there. Clients reach one or the other, and open connections break."
        )
        if idle
        else (
            "Each of them is master and answers for the VIP, so clients reach one or the other and open connections break. The"
            " directors do not hear each other, or do not agree."
        ),
        evidence=(
            *(f"{host.name}: ip address show: {vip} is on {listed(host.carriers(vip))}" for host in owners),
            *(f"{host.name}: {_role(host, vip)}" for host in idle),
        ),
        mend=tuple(
            f"{host.name}: ip address del {vip}/{host.prefixes(vip)[name]} dev {name}"
            for host in idle
            for name in host.carriers(vip)
        )
        or tuple(f"{host.name}: journalctl -u keepalived -u heartbeat -n 50" for host in owners),
        hosts=tuple(host.name for host in owners),
        vips=(vip,),
    )


def _role(host: Host, vip: str) -> str:
    """What a director that has a VIP is instead of its master."""
    states = host.seen["vrrp"] or {}
    told = [
        f"{one.name} is {states[one.name]['state']}" for one in host.instances if vip in one.vips and one.name in states
    ]
    return (
        f"keepalived: instance {listed(told)}"
        if told
        else f"no process {host.stack if host.instances else 'heartbeat'}"
    )


def _nowhere(sight: Sight, vip: str) -> Finding:
    states = [
        f"{host.name}: {name} is {state['state']}"
        for host in sight.directors
        for name, state in (host.seen["vrrp"] or {}).items()
    ]
    return Finding(
        key="no-master",
        title=f"No director has the VIP {vip}",
        explanation=(
            "Nobody answers for the VIP, so every request times out. The daemon that should hold it does not run, waits, or is in fault."
        ),
        evidence=(
            *(f"{host.name}: ip address show: {vip} is on no interface" for host in sight.directors),
            *states,
        ),
        mend=tuple(
            f"{host.name}: systemctl status keepalived heartbeat; journalctl -u keepalived -u heartbeat -n 50"
            for host in sight.directors
        ),
        hosts=tuple(host.name for host in sight.directors),
        vips=(vip,),
    )
