# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a running cluster that leave a VIP without an owner, or with two, until every director has been told."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping

from ...module_utils import deployed
from ..cluster.mistakes import listed
from ..cluster.types import DirectorInstance, ResolvedCluster

Running = Mapping[str, Any]

OUTAGE = "With -e lvs_accept_outage=true site.yml does it all the same"


def outages(cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The changes by which a VIP has no owner or two until all directors have been told."""
    running = {
        name: facts["instances"]
        for name, facts in found.items()
        # Of what somebody else has written foreign.py tells.
        if deployed.KEEPALIVED not in facts["foreign"]
    }
    said: dict[str, None] = {}
    for name, instances in running.items():
        for wanted in cluster["hosts"][name]["instances"]:
            said.update(dict.fromkeys(_changed(wanted, name, instances)))
    yield from said
    yield from _gateways(cluster, running)


def _changed(wanted: DirectorInstance, host: str, instances: Iterable[Running]) -> Iterator[str]:
    family = [one for one in instances if _is_family(one, wanted["family"])]
    same = next((one for one in family if one["virtual_router_id"] == wanted["virtual_router_id"]), None)
    vips = [address["address"] for address in wanted["addresses"]]
    if same:
        changes = [
            f"{words} would be {_plain(new)}, and {host} runs with {_plain(old)}"
            for words, old, new in (
                ("version", same["version"], wanted["version"]),
                # RFC 3768, 7.1: an advert with another interval is discarded. In version 3 the master's counts.
                *(
                    [("advert_interval", same["advert_interval"], float(wanted["advert_interval"]))]
                    if same["version"] == wanted["version"] == 2
                    else []
                ),
                ("unicast", same["unicast"], bool(wanted["unicast_peers"])),
            )
            if old != new
        ]
        if same["password"] != (deployed.digest(wanted["auth_pass"]) if wanted["auth_pass"] else None):
            changes.append(f"auth_pass is another one than {host} runs with")
        if changes:
            yield _outage(f"instance {wanted['name']}: {listed(changes)}", vips)
    for one in family:
        moved = [vip for vip in vips if vip in one["addresses"]]
        if not moved or one is same:
            continue
        if one["name"] == wanted["name"] and same is None:
            what = f"virtual_router_id would be {wanted['virtual_router_id']}, and {host} runs with {one['virtual_router_id']}"
            yield _outage(f"instance {wanted['name']}: {what}", moved)
        else:
            what = f"virtual router {one['virtual_router_id']} to {wanted['virtual_router_id']}"
            yield _outage(
                f"instance {wanted['name']}: {listed(moved)} would move there from {one['name']}, {what}", moved
            )


def _is_family(instance: Running, family: str) -> bool:
    """Whether the adverts of an instance are of a family."""
    return any((":" in address) == (family == "ipv6") for address in instance["advertised"])


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value


def _outage(what: str, vips: Iterable[str]) -> str:
    return (
        f"lvs_vrrp {what}. The directors are told one after the other, and do not understand each other meanwhile: for as long as"
        f" that takes, two of them hold {listed(vips) if vips else 'the VIPs'}, or none, and open connections are reset."
        f" {OUTAGE}: do so when few clients are there."
    )


def _gateways(cluster: ResolvedCluster, running: Mapping[str, Iterable[Running]]) -> Iterator[str]:
    """A gateway of NAT in the place of another: the real servers send answers to it before a director has it."""
    before = {address for instances in running.values() for one in instances for address in one["addresses"]}
    kept = {vip["address"] for vip in cluster["vips"]}
    for gateway in (vip for vip in cluster["vips"] if vip["gateway"] and vip["address"] not in before):
        left = sorted(address for address in before - kept if (":" in address) == (gateway["family"] == "ipv6"))
        if left:
            yield (
                f"lvs_nat: the gateway {gateway['address']} is new, and {listed(left)} leaves. The real servers send their answers"
                " to the new gateway before the directors have it: until then no service with forward nat answers."
                f" {OUTAGE}: do so when few clients are there."
            )
