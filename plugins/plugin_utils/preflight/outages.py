# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a running cluster that leave a VIP without an owner, or with two, until every director is configured."""

from __future__ import annotations

from typing import Any, Collection, Iterable, Iterator, Mapping, Sequence

from ...module_utils import deployed
from ..cluster.addresses import family_of
from ..cluster.mistakes import listed
from ..cluster.types import DirectorInstance, FwmarkRule, Ports, ResolvedCluster
from ..daemon_options import other_options
from .announced import announced_by_roles, by_hand
from .told import Hostvars, facts_of, told

Running = Mapping[str, Any]

OUTAGE = "To do it anyway, run site.yml with -e lvs_accept_outage=true when few clients are connected."


def outages(
    cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]], interfaces: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    """The changes during which a VIP has no owner, or two, until every director is configured.

    `interfaces` are those of each director that have an address.
    """
    running = {name: facts["instances"] for name, facts in found.items() if _counts(cluster, facts)}
    former = {name for name, facts in found.items() if by_hand(facts)}
    said: dict[tuple[str, str], list[str]] = {}
    for name, instances in running.items():
        for wanted in cluster["hosts"][name]["instances"]:
            for what, vips in _changed(wanted, instances, interfaces[name], name in former):
                said.setdefault((what, listed(vips) if vips else "the VIPs"), []).append(name)
    for (what, vips_listed), names in said.items():
        yield _outage(what, vips_listed, names)
    yield from _groups(cluster, running)


def _counts(cluster: ResolvedCluster, facts: Mapping[str, Any]) -> bool:
    """Whether the configuration of a director is one that this run changes. foreign.py refuses what somebody else has written."""
    return cluster["take_over"] or deployed.KEEPALIVED not in facts["foreign"]


def _changed(
    wanted: DirectorInstance, instances: Iterable[Running], interfaces: frozenset[str], former: bool
) -> Iterator[tuple[str, list[str]]]:
    """The settings that would keep a director from understanding the others, in words, with the VIPs concerned."""
    name = f"instance {wanted['name']}"
    family = [one for one in instances if _is_family(one, wanted["family"])]
    same = next((one for one in family if one["virtual_router_id"] == wanted["virtual_router_id"]), None)
    vips = [address["address"] for address in wanted["addresses"]]
    if same and (changes := [*_differences(same, wanted, interfaces), *_not_announced(same, vips, former)]):
        yield f"{name}: {listed(changes)}", vips
    for one in family:
        moved = [vip for vip in vips if vip in one["addresses"] or vip in one["advertised"]]
        if not moved or one is same:
            continue
        ids = f"{_plain(one['virtual_router_id'])} now and would be {wanted['virtual_router_id']}"
        if one["name"] == wanted["name"] and same is None:
            yield f"{name}: virtual_router_id is {ids}", moved
        else:
            yield f"{name}: {listed(moved)} would move there from {one['name']}: virtual_router_id is {ids}", moved


def _differences(now: Running, wanted: DirectorInstance, interfaces: frozenset[str]) -> Iterator[str]:
    """The settings that two directors of one virtual router must have in common, or that move its VIPs to another interface."""
    pairs: list[tuple[str, object, object]] = [
        ("version", now["version"], wanted["version"]),
        ("unicast", now["unicast"], bool(wanted["unicast_peers"])),
        ("vmac", now["vmac"], wanted["vmac"]),
    ]
    # An interface that was renamed, or is part of a bond now, has no address any more: the link is still the same.
    if now.get("interface") in interfaces:
        pairs.append(("interface", now["interface"], wanted["interface"]))
    # Without unicast_src_ip it is the address of the interface
    if now["unicast"] and wanted["unicast_peers"] and now.get("source"):
        pairs.append(("unicast_src_ip", now["source"], wanted["unicast_src"]))
    # RFC 3768, 7.1: an advert with another interval is discarded. In version 3 backups use the master's interval.
    if now["version"] == wanted["version"] == 2:
        pairs.append(("advert_interval", now["advert_interval"], float(wanted["advert_interval"])))
    for words, old, new in pairs:
        if old != new:
            yield f"{words} is {_plain(old)} now and would be {_plain(new)}"
    if now["password"] != (deployed.digest(wanted["auth_pass"]) if wanted["auth_pass"] else None):
        yield "auth_pass would change"


def _not_announced(now: Running, vips: Sequence[str], former: bool) -> Iterator[str]:
    """What an instance announces that the inventory does not have: directors that were taken over could not announce it."""
    lost = [address for address in now["advertised"] if address not in vips]
    if lost and (former or not announced_by_roles(now["advertised"])):
        yield f"its adverts have {listed(lost)}, and would not"


def _is_family(instance: Running, family: str) -> bool:
    """Whether the adverts of an instance are of this address family."""
    return any((":" in address) == (family == "ipv6") for address in instance["advertised"])


def _plain(value: object) -> object:
    """A value as in the inventory; None is what could not be read."""
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value


def _outage(what: str, vips: str, directors: Sequence[str]) -> str:
    return (
        f"lvs_vrrp {what} (on {listed(directors)}). The directors are changed one after the other. Until the last one is done, they do"
        f" not understand each other: two of them hold {vips}, or none does, and open connections are reset. {OUTAGE}"
    )


def _groups(cluster: ResolvedCluster, running: Mapping[str, Iterable[Running]]) -> Iterator[str]:
    """Instances that would be in another group: a reload of keepalived 2.2.7 that does this gives up their VIPs for seconds."""
    groups = {
        member: group["name"]
        for group in (cluster["vrrp"]["sync_groups"] if cluster["vrrp"] else [])
        for member in group["instances"]
    }
    kept = {instance["name"] for instance in (cluster["vrrp"]["instances"] if cluster["vrrp"] else [])}
    moved = {
        one["name"]: one.get("group")
        for instances in running.values()
        for one in instances
        if one["name"] in kept and one.get("group") != groups.get(one["name"])
    }
    for name, former in moved.items():
        new = f"in group {groups[name]}" if name in groups else "in no group"
        yield (
            f"lvs_vrrp sync_groups: instance {name} is {f'in group {former}' if former else 'in no group'} now and would be {new}."
            f" keepalived gives up the VIPs of an instance for some seconds when a reload changes its group. {OUTAGE}"
        )


def unheard(
    cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]], in_this_run: Collection[str]
) -> Iterator[str]:
    """Directors that those which this run leaves out do not let in yet (lvs_peers_only)."""
    for name in [name for name in found if name not in in_this_run]:
        deployed_there = found[name].get("peers_only") or {}
        let = {line for one in deployed_there.values() for line in one["let"]}
        wanted = cluster["hosts"][name]["peers_only"]
        lacking = [line for line in (wanted["let"] if wanted else ()) if line not in let]
        if deployed_there and lacking:
            yield (
                f"lvs_peers_only: {name} is not in this run, and does not let in {listed(lacking)} of another director yet. Two directors"
                f" could hold the VIPs. Run site.yml on all directors. {OUTAGE}"
            )


def unheard_until_changed(cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """New directors, while lvs_peers_only is turned off: the others do not let them in before their own turn comes."""
    new = [name for name, facts in found.items() if not facts["stacks"] and not facts["instances"]]
    deaf = [
        name for name, facts in found.items() if facts.get("peers_only") and not cluster["hosts"][name]["peers_only"]
    ]
    if new and deaf:
        yield (
            f"lvs_peers_only would be false, and {listed(new)} would be a new director. Until {listed(deaf)} {_is(deaf)} changed,"
            f" nothing of it is heard there, and two directors could hold the VIPs. Do one after the other. {OUTAGE}"
        )


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def added_again(cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Services whose addresses keepalived would remove and add again: those of one with several addresses, when some of them change."""
    if not cluster["keepalived"]:
        return
    for service in cluster["keepalived"]["virtual_servers"]:
        wanted = service["group"]["addresses"] if service["group"] else [service["at"]]
        again = {
            address
            for facts in found.values()
            if _counts(cluster, facts)
            for now in facts["virtual_servers"]
            if now["protocol"] == service["protocol"] and now["at"] != service["at"]
            for address in now["addresses"]
            if address in wanted
        }
        if again:
            yield (
                f'lvs_services "{service["name"]}": its VIPs or ports change. keepalived removes'
                f" {listed([address for address in wanted if address in again])} and adds them again: new connections are refused"
                " for a moment, open ones may end, and real servers that are down get requests until they are checked. To add"
                f" addresses without that, write another service for them, or set fwmark from the start. {OUTAGE}"
            )


def other_marks(cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Services whose firewall mark becomes another one: packets get it before the table has a service for it, or after.

    A mark whose service stays, and gets some more packets, has its service all the time.
    """
    changes: dict[str, list[str]] = {}
    for name, facts in found.items():
        pairs = list(_marked_again(facts.get("marks") or (), cluster["hosts"][name]["fwmark_rules"]))
        staying = {new for _vip, old, new in pairs if old == new}
        for vip, old, new in pairs:
            if old != new and new not in staying:
                changes.setdefault(f"{old} now and would be {new}", []).append(vip)
    for change, vips in changes.items():
        yield (
            f"lvs_services: fwmark of {listed(list(dict.fromkeys(vips)))} is {change}. New connections are refused until both the rules"
            " that mark packets and the table have changed. To avoid that, change the service to a port first, where it can have one,"
            f" and run site.yml. {OUTAGE}"
        )


def _marked_again(now: Iterable[str], wanted: Iterable[FwmarkRule]) -> Iterator[tuple[str, int, int]]:
    """The VIP of packets that are marked and would be, with the mark that they get now and the wanted one."""
    rules = [line.split() for line in now]
    for rule in wanted:
        for vip, protocol, ports, mark in rules:
            if (vip, protocol) == (rule["vip"], rule["protocol"]) and _meet(ports.split(","), rule["ports"]):
                yield vip, int(mark), rule["fwmark"]


def _meet(some: Iterable[Ports], others: Iterable[Ports]) -> bool:
    """Whether two lists of ports, and ranges of ports as in 8000-8010, have one in common."""
    spans = [[(int(one.split("-")[0]), int(one.split("-")[-1])) for one in map(str, ports)] for ports in (some, others)]
    return any(low <= other_high and other_low <= high for low, high in spans[0] for other_low, other_high in spans[1])


def lost_gateways(cluster: ResolvedCluster, hostvars: Hostvars) -> Iterator[str]:
    """Changed gateways of NAT: the real servers send answers to the new one before a director has it."""
    if not any(told(hostvars, name) for name in cluster["directors"]):
        return
    ready = {address for name in cluster["directors"] for address in _addresses(hostvars, name)}
    for gateway in (vip for vip in cluster["vips"] if vip["gateway"] and vip["address"] not in ready):
        left = sorted(address for address in _former(cluster, hostvars) if family_of(address) == gateway["family"])
        if left:
            yield (
                f"lvs_nat: gateway {gateway['address']} would replace {listed(left)}. The real servers send their answers to the new"
                f" gateway before the directors have it: until then no service with forward nat answers. {OUTAGE}"
            )


def _former(cluster: ResolvedCluster, hostvars: Hostvars) -> set[str]:
    """The gateways that the real servers use now. If none was asked, what the directors move and the cluster has no more."""
    asked = [facts for name in cluster["real_servers"] if (facts := told(hostvars, name))]
    if asked:
        return {gateway for facts in asked for gateway in facts["gateways"]}
    kept = {vip["address"] for vip in cluster["vips"]}
    directors = [facts for name in cluster["directors"] if (facts := told(hostvars, name))]
    advertised = {vip for facts in directors for one in facts["instances"] for vip in one["advertised"]}
    # foreign.py reports what somebody else has written.
    moved = {vip for facts in directors if not facts["foreign"] for vip in facts["vips"]}
    return moved - kept - advertised


def _addresses(hostvars: Hostvars, name: str) -> Iterator[str]:
    """The addresses that a director has now or may take."""
    facts = facts_of(hostvars, name)
    for key in ("all_ipv4_addresses", "all_ipv6_addresses"):
        yield from facts.get(key) or ()
    yield from told(hostvars, name).get("vips") or ()


def restarts(cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Other options of a running keepalived, which reads them only when it starts."""
    wanted = cluster["keepalived"]["options"] if cluster["keepalived"] else None
    names = [name for name, facts in found.items() if cluster["keepalived"] and _restarts(facts, wanted)]
    if names:
        yield (
            f"lvs_keepalived: options would be {' '.join(wanted) if wanted else 'left to the distribution'} (on {listed(names)})."
            " keepalived reads its options only when it starts, so site.yml would restart it, the backups first. The VIPs of a"
            " director that restarts have no owner until another director takes them, and without lvs_sync their open connections"
            f" are reset. {OUTAGE}"
        )


def _restarts(facts: Mapping[str, Any], wanted: Sequence[str] | None) -> bool:
    """Whether a director's keepalived, which is ours, has to be restarted for its options."""
    return "keepalived.service" in facts["stacks"] and other_options(facts["options"], wanted)


def left_macvlans(cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Other stacks after keepalived with `vmac`: it is killed so that its VIPs go on serving, and its macvlan interface would stay."""
    if cluster["stack"] == "keepalived":
        return
    names = [
        name
        for name, facts in found.items()
        if "keepalived.service" in facts["stacks"] and any(one["vmac"] for one in facts["instances"])
    ]
    if names:
        yield (
            f"lvs_stack would be {cluster['stack']}, but vmac is true for keepalived (on {listed(names)}). Only keepalived removes its"
            " macvlan interface, so the VIPs would stay on it. Before you change lvs_stack, run site.yml with vmac: false and"
            " -e lvs_accept_outage=true"
        )


def own_macs(cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Instances whose `vmac` has a MAC address that somebody has chosen.

    A reload that changes it deletes the interface with its VIPs. keepalived 2.2.7 does not add them to the new one: they are gone until
    it is restarted, however long that takes (vrrp.c, vrrp_complete_instance and clear_diff_vrrp).
    """
    wanted = {
        instance["name"] for instance in (cluster["vrrp"]["instances"] if cluster["vrrp"] else []) if instance["vmac"]
    }
    had: dict[tuple[str, str], list[str]] = {}
    for director, facts in found.items():
        for one in facts["instances"] if _counts(cluster, facts) else ():
            if one["name"] in wanted and one.get("vmac_address"):
                had.setdefault((one["name"], one["vmac_address"]), []).append(director)
    for (name, address), directors in had.items():
        yield (
            f"lvs_vrrp vmac: instance {name} has the MAC address {address} (on {listed(directors)}), and would have that of its virtual"
            " router. A reload of keepalived that changes it loses the VIPs. Remove the address behind use_vmac from keepalived.conf on all"
            " directors, and restart keepalived on each, the backups first. Then run site.yml again"
        )
