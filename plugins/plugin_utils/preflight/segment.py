# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions on the segment before new VIPs and virtual routers are deployed, and what the answers forbid."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping

from ..cluster.mistakes import listed
from ..cluster.types import ResolvedCluster
from .told import Hostvars, facts_of, told


def questions(cluster: ResolvedCluster, hostvars: Hostvars) -> dict[str, list[Any]]:
    """What to ask on the segment: `vips`, and `routers` by their ids. Usually empty."""
    return {"vips": new_vips(cluster, hostvars), "routers": new_routers(cluster, hostvars)}


def unasked(
    cluster: ResolvedCluster, hostvars: Hostvars, asked: Mapping[str, Any], heard: Mapping[str, Any]
) -> Iterator[str]:
    """What could not be asked, and why; `asked` is the result of arp_probe, `heard` that of vrrp_probe."""
    wanted = questions(cluster, hostvars)
    if wanted["vips"] and "answers" not in asked:
        yield f"It could not be checked whether another host already has {listed(wanted['vips'])}: {asked.get('msg')}"
    if wanted["routers"] and "adverts" not in heard:
        yield (
            "It could not be checked whether another cluster already uses virtual_router_id"
            f" {listed(wanted['routers'])}: {heard.get('msg')}"
        )


def new_vips(cluster: ResolvedCluster, hostvars: Hostvars) -> list[str]:
    """The VIPs and gateways of NAT that are not deployed on a director yet, and that no host is known to have."""
    known = {vip for name in cluster["directors"] for vip in told(hostvars, name).get("vips") or ()}
    for host in cluster["hosts"]:
        facts = facts_of(hostvars, host)
        known.update(facts.get("all_ipv4_addresses") or (), facts.get("all_ipv6_addresses") or ())
    return [vip["address"] for vip in cluster["vips"] if vip["address"] not in known]


def strangers(cluster: ResolvedCluster, hostvars: Hostvars, answers: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The VIPs that a host outside the cluster has; `answers` are those of arp_probe, {VIP: {MAC: replies}}."""
    # A director that did not answer may have them, and its interfaces are not known.
    if not all(told(hostvars, name) for name in cluster["directors"]):
        return []
    own = {mac for host in cluster["hosts"] for mac in _macs(facts_of(hostvars, host))}
    found = []
    for vip, macs in answers.items():
        if others := sorted(mac for mac in macs if mac.lower() not in own):
            found.append(
                f"{_place(cluster, vip)} {vip} is in use: {listed(others)} answers for it, and no host of this cluster has that MAC"
                " address. Choose another VIP, or find the other host (arping on the segment, or the switch's MAC table) and remove"
                " the address there."
            )
    return found


def _macs(facts: Mapping[str, Any]) -> Iterator[str]:
    for name in facts.get("interfaces") or ():
        fact = facts.get(name) or facts.get(str(name).replace("-", "_")) or {}
        if fact.get("macaddress"):
            yield str(fact["macaddress"]).lower()


def _place(cluster: ResolvedCluster, vip: str) -> str:
    """Where the inventory has an address."""
    names = [service["name"] for service in cluster["services"] if vip in service["vips"]]
    if names:
        return f'lvs_services "{names[0]}": VIP'
    gateway = any(entry["gateway"] for entry in cluster["vips"] if entry["address"] == vip)
    return "lvs_nat: gateway" if gateway else "lvs_vrrp: VIP"


def new_routers(cluster: ResolvedCluster, hostvars: Hostvars) -> list[int]:
    """The virtual routers that no director runs yet, by their ids."""
    known = {
        instance["virtual_router_id"]
        for name in cluster["directors"]
        for instance in told(hostvars, name).get("instances") or ()
    }
    instances = cluster["vrrp"]["instances"] if cluster["vrrp"] else []
    return sorted({one["virtual_router_id"] for one in instances} - known)


def rivals(cluster: ResolvedCluster, hostvars: Hostvars, adverts: Iterable[Mapping[str, Any]]) -> list[str]:
    """The new virtual routers that another cluster already has; `adverts` are those that vrrp_probe has heard."""
    new = new_routers(cluster, hostvars)
    # IPv6 adverts come from link-local addresses. Their hosts are known only if every director has answered.
    asked = all(told(hostvars, name) for name in cluster["directors"])
    found = []
    for one in cluster["vrrp"]["instances"] if cluster["vrrp"] else []:
        own = {director["address"] for director in one["directors"]}
        found += [
            f"lvs_vrrp instance {one['name']}: virtual_router_id {one['virtual_router_id']} is in use on the segment, by"
            f" {advert['source']}, which is no director of this inventory. Set another virtual_router_id."
            for advert in adverts
            if one["virtual_router_id"] == advert["virtual_router_id"]
            and one["virtual_router_id"] in new
            and one["family"] == advert["family"]
            and advert["source"] not in own
            and (asked or one["family"] == "ipv4")
        ]
    return list(dict.fromkeys(found))
