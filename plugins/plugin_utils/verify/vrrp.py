# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Could every director take over, and does a host outside the cluster take part in a virtual router of this cluster?"""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ..cluster.types import HostPart, ResolvedCluster
from .finding import Finding

LOOK = "Look at: journalctl -u keepalived"
STAND_BY = "/run/lvs-stand-by"


def instance_findings(name: str, wanted: HostPart, state: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare a director's instances with what keepalived reports; `state` is the result of vrrp_info."""
    if not state.get("running", True):
        return
    if "instances" not in state:
        yield Finding(
            name, f"the state of its VRRP instances could not be read ({state.get('msg', 'no reason given')})", LOOK
        )
        return
    for instance in (instance["name"] for instance in wanted["instances"]):
        found = state["instances"].get(instance)
        if found is None:
            yield Finding(name, f"keepalived has no VRRP instance {instance}", "Run site.yml")
        elif found["state"] == "fault":
            yield Finding(
                name,
                f"VRRP instance {instance} is in the state fault, so this director does not take over",
                f"If there is a file {STAND_BY}, remove it. {LOOK}",
            )


def stranger_findings(
    cluster: ResolvedCluster, nodes: Mapping[str, Mapping[str, Any]], heard: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """Adverts for one of our virtual routers from an address that no director has; `heard` is {director: vrrp_probe}.

    IPv6 adverts come from link-local addresses. These are known only for directors that answered.
    """
    all_seen = all(director in nodes for director in cluster["directors"])
    own = {
        entry["address"]
        for director in cluster["directors"]
        if director in nodes
        for entry in nodes[director]["addresses"]
    }
    said: set[tuple[int, str]] = set()
    for director, result in heard.items():
        for advert in result.get("adverts") or []:
            for instance in cluster["vrrp"]["instances"] if cluster["vrrp"] else []:
                number, source = instance["virtual_router_id"], advert["source"]
                addresses = own | {member["address"] for member in instance["directors"] if member["address"]}
                if (
                    (number, instance["family"]) == (advert["virtual_router_id"], advert["family"])
                    and source not in addresses
                    and (all_seen or instance["family"] == "ipv4")
                    and (number, source) not in said
                ):
                    said.add((number, source))
                    yield Finding(
                        director,
                        f"hears adverts of {source} for virtual router {number} of instance {instance['name']}, but no director of the"
                        " inventory has this address",
                        "If it is another cluster, give one of the two another virtual_router_id. If it is a director that left the"
                        " inventory without teardown.yml, stop keepalived there",
                    )
