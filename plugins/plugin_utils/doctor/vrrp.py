# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether directors agree on their virtual routers, hear each other, and are alone with them on the segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, Mapping

from . import rules
from .finding import Finding
from .keepalived_conf import Instance
from .sight import Host, Sight, listed

GROUPS = {"ipv4": "224.0.0.18", "ipv6": "ff02::12"}
GENERAL = "/etc/keepalived/keepalived.conf"


@dataclass(frozen=True)
class Router:
    """A virtual router: the instances of directors that share a VIP."""

    members: tuple[tuple[Host, Instance], ...]

    @property
    def vips(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(vip for _host, instance in self.members for vip in instance.vips))

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(host.name for host, _instance in self.members)


def findings(sight: Sight) -> Iterator[Finding]:
    """All findings on VRRP and heartbeat."""
    for host in sight.directors:
        yield from _stopped(sight, host)
        yield from _in_fault(host)
    for router in routers(sight):
        yield from _disagreements(router)
        yield from _shared(sight, router)
        yield from _blocked(sight, router)
    yield from _heartbeat_keys(sight)


def routers(sight: Sight) -> list[Router]:
    """The virtual routers of the configurations. Instances of two directors are one router if they have a VIP in common."""
    groups: list[list[tuple[Host, Instance]]] = []
    for host in sight.directors:
        for instance in host.instances:
            for group in groups:
                if any(other is not host and _same(instance, one) for other, one in group):
                    group.append((host, instance))
                    break
            else:
                groups.append([(host, instance)])
    return [Router(tuple(group)) for group in groups]


def _same(one: Instance, other: Instance) -> bool:
    return one.family == other.family and bool(set(one.vips) & set(other.vips))


def _stopped(sight: Sight, host: Host) -> Iterator[Finding]:
    daemon = None
    if host.stack == "keepalived" and not host.runs("keepalived"):
        daemon = "keepalived"
    elif host.stack == "ldirectord":
        vips = [vip for vip in sight.vips if host.carriers(vip)]
        if host.text("haresources") and not host.runs("heartbeat"):
            daemon = "heartbeat"
        elif not host.runs("ldirectord") and (vips or not host.text("haresources")):
            daemon = "ldirectord"
    if daemon:
        yield Finding(
            key="daemon-stopped",
            title=f"{daemon} does not run on {host.name}, a director",
            explanation=(
                f"{host.name} is configured for it, but nothing holds VIPs or checks real servers there. If it was the master, the VIP"
                " has no owner or another director has it; if not, nobody takes over."
            ),
            evidence=(f"{host.name}: no process {daemon}",),
            mend=(f"{host.name}: systemctl start {daemon}", f"{host.name}: journalctl -u {daemon} -n 50"),
            hosts=(host.name,),
        )


def _in_fault(host: Host) -> Iterator[Finding]:
    for name, state in (host.seen["vrrp"] or {}).items():
        if state["state"] != "fault":
            continue
        interface = state.get("interface") or next((one.interface for one in host.instances if one.name == name), None)
        down = bool(interface) and not host.link(str(interface)).get("up")
        yield Finding(
            key="instance-fault",
            title=f"VRRP instance {name} of {host.name} is in the state FAULT",
            explanation=(
                "An interface that it needs is down, or a script, process or file that it watches says that something is wrong."
                f" While that lasts {host.name} holds no VIP, and takes none over."
            ),
            evidence=(
                f"{host.name}: keepalived: instance {name} is in FAULT",
                f"{host.name}: ip link show {interface}: it is {'down' if down else 'up'}",
            ),
            mend=((f"{host.name}: ip link set {interface} up",) if down else ())
            + (f"{host.name}: journalctl -u keepalived -n 50: what has failed",),
            hosts=(host.name,),
            vips=tuple(vip for one in host.instances if one.name == name for vip in one.vips),
        )


def split(values: Mapping[str, Any]) -> list[str]:
    """The hosts that differ from most others; all but the first if none is in a majority."""
    counts = [list(values.values()).count(value) for value in values.values()]
    most = list(values.values())[counts.index(max(counts))] if counts else None
    return [name for name, value in values.items() if value != most]


def _disagreements(router: Router) -> Iterator[Finding]:
    """What the directors of a virtual router have to have in common, and have not."""
    members = router.members
    old = all(instance.version == 2 for _host, instance in members)
    differ = {host.name: instance.router_id for host, instance in members}
    if odd := split(differ):
        yield _differs(
            router,
            "router-ids-differ",
            odd,
            "The directors have different ids for the virtual router of {vips}",
            "A director takes only adverts with its own virtual_router_id, so these take each other for absent."
            " Each of them becomes master, and the VIP has two owners.",
            {name: f"virtual_router_id {value}" for name, value in differ.items()},
            "virtual_router_id",
        )
        return
    secrets = {host.name: instance.secret for host, instance in members}
    if old and (odd := split(secrets)):
        yield _differs(
            router,
            "passwords-differ",
            odd,
            "The directors have different passwords for virtual router {id}",
            "A director drops adverts with another auth_pass than its own, so these take each other for absent."
            " Each of them becomes master, and the VIP has two owners.",
            {name: "no auth_pass" if value is None else f"auth_pass {value}" for name, value in secrets.items()},
            "auth_pass",
        )
    facts: dict[str, list[str]] = {host.name: [f"version {instance.version}"] for host, instance in members}
    for host, instance in members:
        if old:
            facts[host.name].append(f"advert_int {instance.advert_interval:g}")
        facts[host.name].append("unicast" if instance.peers else "multicast")
        facts[host.name].append(f"addresses {' '.join(sorted(instance.advertised))}")
    common = [fact for fact in facts[members[0][0].name] if all(fact in own for own in facts.values())]
    if odd := split({name: tuple(own) for name, own in facts.items()}):
        yield _differs(
            router,
            "adverts-differ",
            odd,
            "The directors of virtual router {id} have different settings for their adverts",
            "A director drops adverts with another version, interval or list of addresses than its own, so these take each other for"
            " absent. Each of them becomes master, and the VIP has two owners.",
            {name: ", ".join(fact for fact in own if fact not in common) for name, own in facts.items()},
            "version, advert_int, unicast_peer and virtual_ipaddress",
        )


def _differs(
    router: Router, key: str, odd: list[str], title: str, explanation: str, values: Mapping[str, str], what: str
) -> Finding:
    _host, instance = router.members[0]
    return Finding(
        key=key,
        title=title.format(vips=listed(router.vips), id=instance.router_id),
        explanation=explanation,
        evidence=tuple(f"{name}: {GENERAL}: {value}" for name, value in values.items()),
        mend=tuple(
            f"{name}: {what} in {GENERAL} as on the others; keepalived -t && systemctl reload keepalived"
            for name in odd
        ),
        hosts=router.hosts,
        vips=router.vips,
    )


def sends(host: Host, instance: Instance) -> bool:
    """Whether a director is master of an instance, and so sends adverts. Who has a VIP need not be: it may be left over."""
    state = (host.seen["vrrp"] or {}).get(instance.name)
    holds = host.runs("keepalived") and any(host.carriers(vip) for vip in instance.vips)
    return holds and (state is None or state["state"] == "master")


def _heard(sight: Sight, host: Host, how: str) -> list[dict[str, Any]]:
    told = sight.heard.get(host.name) or {}
    return list(told.get(how) or [])


def _fits(host: Host, instance: Instance, advert: Mapping[str, Any]) -> bool:
    interface = host.trunk(instance.interface or "")
    return (advert["virtual_router_id"], advert["family"], advert["interface"]) == (
        instance.router_id,
        instance.family,
        interface,
    )


def _addresses(host: Host) -> set[str]:
    return {entry["address"] for entry in host.seen["addresses"]}


def _shared(sight: Sight, router: Router) -> Iterator[Finding]:
    """Adverts of the virtual router from hosts that are none of its directors."""
    # A director that could not be read may be the sender.
    if sight.lost:
        return
    own = {address for host, _instance in router.members for address in _addresses(host)}
    own |= {peer for _host, instance in router.members for peer in instance.peers}
    strangers: dict[str, dict[str, None]] = {}
    for host, instance in router.members:
        for advert in _heard(sight, host, "adverts") + _heard(sight, host, "frames"):
            if _fits(host, instance, advert) and advert["source"] not in own:
                heard = (
                    f"{host.name}: hears adverts of virtual router {advert['virtual_router_id']} from {advert['source']}, "
                    f"priority {advert['priority']}, on {advert['interface']}"
                )
                strangers.setdefault(advert["source"], {})[heard] = None
    if strangers:
        number = router.members[0][1].router_id
        yield Finding(
            key="router-id-shared",
            title=f"Others on the segment use virtual router {number}, too: {listed(strangers)}",
            explanation=(
                "Two clusters with the same virtual_router_id take each other's adverts for their own, and the one with the lower"
                " priority gives its VIPs up or fills the logs. If the sender is a director of this cluster, it is missing in the"
                " inventory."
            ),
            evidence=tuple(line for lines in strangers.values() for line in lines),
            mend=tuple(
                f"{host.name}: another virtual_router_id in {GENERAL}, the same on all directors; then reload all at once"
                for host, _one in router.members
            ),
            hosts=router.hosts,
            vips=router.vips,
        )


def _blocked(sight: Sight, router: Router) -> Iterator[Finding]:
    """Directors that do not hear a master of their virtual router."""
    lines: dict[str, None] = {}
    mend: dict[str, None] = {}
    hosts: dict[str, None] = {}
    for master, sending in router.members:
        if not sends(master, sending):
            continue
        for host, instance in router.members:
            told = sight.heard.get(host.name) or {}
            if host.name == master.name or "adverts" not in told or instance.router_id != sending.router_id:
                continue
            own = _addresses(master)
            if any(_fits(host, instance, advert) and advert["source"] in own for advert in told["adverts"]):
                continue
            arrived = any(
                _fits(host, instance, advert) and advert["source"] in own for advert in told.get("frames") or []
            )
            for line, command, name in _culprit(master, sending, host, instance, arrived):
                lines[line], mend[command], hosts[name] = None, None, None
    if lines:
        yield Finding(
            key="vrrp-blocked",
            title=f"VRRP adverts of virtual router {router.members[0][1].router_id} do not reach {listed(hosts)}",
            explanation=(
                "A director that hears no adverts takes the master for dead, and becomes master, too. Adverts are packets of IP protocol"
                " 112 (vrrp), to 224.0.0.18 or ff02::12 unless unicast is configured."
            ),
            evidence=tuple(lines),
            mend=tuple(mend),
            hosts=router.hosts,
            vips=router.vips,
        )


def _culprit(
    master: Host, sending: Instance, host: Host, instance: Instance, arrived: bool
) -> Iterator[tuple[str, str, str]]:
    """Why a director does not hear a master: (what shows it, what mends it, which director)."""
    number, unicast = sending.router_id, bool(sending.peers)
    source = sending.source or next(iter(_own_address(master, sending)), None)
    to = GROUPS[sending.family] if not unicast else next(iter(_own_address(host, instance)), None)
    inward = rules.Packet(instance.family, "vrrp", to, source, iif=instance.interface)
    outward = rules.Packet(sending.family, "vrrp", to, source, oif=sending.interface)
    dropped = rules.verdict(host.chains, inward, "prerouting", "input")
    kept = rules.verdict(master.chains, outward, "output", "postrouting")
    if arrived or dropped.result == "drop":
        if dropped.result != "accept":
            rule = f": {dropped.rule}" if dropped.rule else ""
            line = f"{host.name}: adverts of {master.name} arrive on {instance.interface}, and its packet filter drops them{rule}"
            yield line if arrived else line.replace("arrive", "would arrive"), _let_in(host, dropped.rule), host.name
        return
    if kept.result == "drop":
        yield (
            f"{master.name}: its packet filter drops the adverts that it sends: {kept.rule}",
            _let_in(master).replace("INPUT", "OUTPUT").replace("input", "output"),
            host.name,
        )
        return
    yield (
        f"{host.name}: no advert of {master.name} for virtual router {number} arrives on {instance.interface}",
        f"{host.name}: tcpdump -n -i {instance.interface} ip proto 112; then the switch between them (IGMP snooping, VLAN), or unicast_peer",
        host.name,
    )


def _own_address(host: Host, instance: Instance) -> list[str]:
    return [
        entry["address"]
        for entry in host.seen["addresses"]
        if entry["interface"] == instance.interface
        and entry["family"] == instance.family
        and entry["address"] not in instance.vips
    ]


def _let_in(host: Host, rule: str = "") -> str:
    if "table lvs_cluster" in rule:
        return f"{host.name}: lvs_peers_only lets in the directors of the inventory alone: run site.yml on all of them"
    if host.runs("firewalld"):
        return f"{host.name}: firewall-cmd --add-protocol=vrrp; firewall-cmd --permanent --add-protocol=vrrp"
    return f"{host.name}: remove that rule, or: iptables -I INPUT -p vrrp -j ACCEPT"


def _heartbeat_keys(sight: Sight) -> Iterator[Finding]:
    keys = {
        host.name: host.text("authkeys")
        for host in sight.directors
        if host.stack == "ldirectord" and host.text("haresources")
    }
    given = {name: (text or "").split() for name, text in keys.items()}
    odd = split({name: tuple(words) for name, words in given.items()})
    if odd:
        yield Finding(
            key="passwords-differ",
            title="The directors have different keys for heartbeat",
            explanation=(
                "A director drops the other's heartbeats if they are signed with another key, so each takes the other for dead. Both"
                " take the VIPs, which then have two owners."
            ),
            evidence=tuple(
                f"{name}: /etc/ha.d/authkeys: {' '.join(words) or 'not there'}" for name, words in given.items()
            ),
            mend=tuple(
                f"{name}: /etc/ha.d/authkeys as on the other director; systemctl reload heartbeat" for name in odd
            ),
            hosts=tuple(keys),
            vips=tuple(sight.vips),
        )
