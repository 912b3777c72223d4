# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster announces that somebody has configured by hand, until all its directors are taken over.

The adverts of such a cluster have the VIPs, and those of the roles have an address of the cluster alone (virtual_router.py). A backup
refuses adverts with other addresses than its own, and becomes a second master. So a director that is taken over announces as the
others do. When all are taken over, the masters change first: a backup that knows its master, and skips the check of its adverts
(vrrp_skip_check_adv_addr), follows (vrrp.c, vrrp_state_backup). After a reload a backup checks the first advert, so it comes last.

A run may end in between. Then a backup that announces as before must not read that configuration again, and the next run gives all
directors what the master announces.
"""

from __future__ import annotations

from typing import Any, Collection, Iterable, Iterator, Mapping, NamedTuple

from ...module_utils import deployed
from ..cluster.hosts import read_interfaces
from ..cluster.types import ResolvedCluster
from .told import Hostvars, facts_of, told

# The addresses that the roles announce
OWN = ("169.254.", "fe80::")


class Running(NamedTuple):
    """An instance as a director has it configured. `switched`: keepalived has read that it announces as the roles do."""

    director: str
    advertised: frozenset[str]
    by_hand: bool
    switched: bool

    @property
    def as_before(self) -> bool:
        """Whether these are the adverts of a cluster that somebody has configured by hand."""
        return self.by_hand or not announced_by_roles(self.advertised)


def announced(cluster: ResolvedCluster, hostvars: Hostvars) -> dict[str, list[str]]:
    """The addresses in the adverts of each instance, as its directors have them now; without instances that announce as the roles do.

    An instance is left out, too, if its directors announce what the inventory does not have, which preflight refuses, or do not agree:
    then each of them is a master already.
    """
    found: dict[str, list[str]] = {}
    for instance in cluster["vrrp"]["instances"] if cluster["vrrp"] else []:
        own = {address["address"] for address in [*instance["vips"], *instance["gateways"]]}
        now = list(running(cluster, hostvars, instance))
        lists = {one.advertised for one in now if one.as_before}
        if len(lists) == 1 and (addresses := next(iter(lists))) <= own and not _begun(now, own, hostvars):
            found[instance["name"]] = sorted(addresses)
    return found


def _begun(now: Collection[Running], vips: Collection[str], hostvars: Hostvars) -> bool:
    """Whether an earlier run has ended after the master began to announce as the roles do, and it is the master still."""
    if any(one.by_hand for one in now):
        return False
    holders = [one for one in now if _holds(hostvars, one.director, vips)]
    return any(one.switched for one in holders or now)


def _holds(hostvars: Hostvars, director: str, vips: Collection[str]) -> bool:
    """Whether a director has one of the VIPs, by its facts. On lo it has those that it serves itself."""
    return any(one.address.text in vips and one.name != "lo" for one in read_interfaces(facts_of(hostvars, director)))


def running(cluster: ResolvedCluster, hostvars: Hostvars, instance: Mapping[str, Any]) -> Iterator[Running]:
    """An instance as its directors have it configured now."""
    for director in cluster["directors"]:
        facts = told(hostvars, director)
        for one in facts.get("instances") or ():
            if one["virtual_router_id"] == instance["virtual_router_id"] and one["advertised"]:
                if (":" in one["advertised"][0]) == (instance["family"] == "ipv6"):
                    as_roles = not by_hand(facts) and announced_by_roles(one["advertised"])
                    switched = as_roles and not facts.get("unread")
                    yield Running(director, frozenset(one["advertised"]), by_hand(facts), switched)


def by_hand(facts: Mapping[str, Any]) -> bool:
    """Whether somebody else has written the configuration of a director. It may announce one link-local address, too: another."""
    return deployed.KEEPALIVED in (facts.get("foreign") or ())


def announced_by_roles(addresses: Iterable[str]) -> bool:
    """Whether these are what the roles announce, if they have written the configuration: one link-local address."""
    listed = list(addresses)
    return len(listed) == 1 and listed[0].startswith(OWN)
