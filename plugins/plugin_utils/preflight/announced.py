# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster announces that somebody has configured by hand, until all its directors are taken over.

The adverts of such a cluster have the VIPs, and those of the roles have an address of the cluster alone (virtual_router.py). A backup
refuses adverts with other addresses than its own, and becomes a second master. So a director that is taken over announces as the
others do. When all are taken over, the masters change first: a backup that knows its master, and skips the check of its adverts
(vrrp_skip_check_adv_addr), follows (vrrp.c, vrrp_state_backup). After a reload a backup checks the first advert, so it comes last.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ...module_utils import deployed
from ..cluster.types import ResolvedCluster
from .told import Hostvars, told

# The addresses that the roles announce
OWN = ("169.254.", "fe80::")


def announced(cluster: ResolvedCluster, hostvars: Hostvars) -> dict[str, list[str]]:
    """The addresses in the adverts of each instance, as its directors have them now; without instances that announce as the roles do.

    An instance is left out, too, if its directors announce what the inventory does not have, which preflight refuses, or do not agree:
    then each of them is a master already.
    """
    found: dict[str, list[str]] = {}
    for instance in cluster["vrrp"]["instances"] if cluster["vrrp"] else []:
        lists = {
            frozenset(one["advertised"])
            for one, is_by_hand in running(cluster, hostvars, instance)
            if is_by_hand or not announced_by_roles(one["advertised"])
        }
        own = {address["address"] for address in [*instance["vips"], *instance["gateways"]]}
        if len(lists) == 1 and (addresses := next(iter(lists))) <= own:
            found[instance["name"]] = sorted(addresses)
    return found


def running(
    cluster: ResolvedCluster, hostvars: Hostvars, instance: Mapping[str, Any]
) -> Iterable[tuple[Mapping[str, Any], bool]]:
    """An instance as its directors have it configured, and whether that was by hand."""
    for director in cluster["directors"]:
        facts = told(hostvars, director)
        for one in facts.get("instances") or ():
            if one["virtual_router_id"] == instance["virtual_router_id"] and one["advertised"]:
                if (":" in one["advertised"][0]) == (instance["family"] == "ipv6"):
                    yield one, by_hand(facts)


def by_hand(facts: Mapping[str, Any]) -> bool:
    """Whether somebody else has written the configuration of a director. It may announce one link-local address, too: another."""
    return deployed.KEEPALIVED in (facts.get("foreign") or ())


def announced_by_roles(addresses: Iterable[str]) -> bool:
    """Whether these are what the roles announce, if they have written the configuration: one link-local address."""
    listed = list(addresses)
    return len(listed) == 1 and listed[0].startswith(OWN)
