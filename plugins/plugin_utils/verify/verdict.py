# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole verification: compare all results with the resolved cluster, and report them in lines for people."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ...module_utils.ipvs.types import ServiceKey
from ..cluster.types import ResolvedCluster, Service
from ..owners import holders
from ..tables import service_key
from .by_hand import by_hand
from .drains import drain_findings, drain_lines, serves_nobody
from .finding import Finding
from .hosts import (
    file_findings,
    folder_findings,
    heal_findings,
    host_findings,
    ldirectord_findings,
    link_findings,
    lvs_vip_findings,
    metrics_findings,
    other_stack_findings,
    peer_findings,
    unit_findings,
    units_of,
)
from .routes import routing_findings
from .sync import sync_findings
from .timeouts import timeout_findings
from .traffic import (
    answer_findings,
    asked,
    by_client,
    carried_findings,
    ports_of,
    proportional,
    share_findings,
    shares,
    table_findings,
)
from .vips import arp_findings, holder_findings, split_brain_findings, usable_addresses
from .vrrp import instance_findings, stranger_findings


def judge(cluster: ResolvedCluster, seen: Mapping[str, Any]) -> dict[str, list[str]]:
    """Compare the results with the resolved cluster.

    seen is the result of observations.collect. Missing results are reported: a host that did not answer is a fault, a
    cluster without clients a remark.

    Returns faults and report, both lists of lines.
    """
    nodes = seen["nodes"]
    held = holders(cluster, usable_addresses(nodes))
    served = _served(cluster, held, seen, "connections")
    faults = [
        *_unreached(cluster, seen),
        *_unread(cluster, held, seen),
        *(
            finding
            for name, node in nodes.items()
            if name in cluster["hosts"]
            for finding in (
                *host_findings(name, cluster["hosts"][name], node),
                *link_findings(name, cluster["hosts"][name], node),
                *unit_findings(name, units_of(cluster, name), node),
                *other_stack_findings(name, cluster, node),
                *file_findings(name, seen["expected"].get(name, ()), node),
                *folder_findings(name, cluster, node),
                *heal_findings(name, cluster, node),
                *metrics_findings(name, cluster, node),
                *routing_findings(name, cluster["hosts"][name], node, held),
            )
        ),
        *(finding for name, checked in seen["lvs_vip"].items() for finding in lvs_vip_findings(name, cluster, checked)),
        *(
            finding
            for name, macs in seen["peer_macs"].items()
            for finding in peer_findings(name, cluster["hosts"][name], macs)
        ),
        *(
            finding
            for name, status in seen["ldirectord"].items()
            for finding in ldirectord_findings(name, _serves(cluster, held, name), status)
        ),
        *(finding for director, told in seen["drained"].items() for finding in drain_findings(director, told, cluster)),
        *holder_findings(held, cluster["stack"]),
        *(
            finding
            for director, found in seen["split_brain"].items()
            for finding in split_brain_findings(director, found, cluster["stack"])
        ),
        *arp_findings(held, nodes, seen["arp"]),
        *(
            finding
            for director, state in seen["instances"].items()
            for finding in instance_findings(director, cluster["hosts"][director], state)
        ),
        *stranger_findings(cluster, nodes, seen["vrrp"]),
        *(
            finding
            for director, table in seen["before"].items()
            if _serves(cluster, held, director) or _empties(cluster)
            for finding in table_findings(director, table["services"], cluster, _serves(cluster, held, director))
        ),
        *(
            finding
            for director, table in seen["before"].items()
            for finding in sync_findings(director, table["daemons"], cluster, held)
        ),
        *(
            finding
            for director, table in seen["before"].items()
            for finding in timeout_findings(director, table["timeouts"], cluster)
        ),
        *answer_findings(seen["probes"]),
        *carried_findings(cluster, _served(cluster, held, seen, "packets_in"), seen["probes"]),
        *(share_findings(cluster, served) if seen["probes"] else ()),
    ]
    return {"faults": [str(fault) for fault in faults], "report": list(_report(cluster, held, seen, served))}


def _serves(cluster: ResolvedCluster, held: Mapping[str, list[str]], director: str) -> bool:
    """Whether a director must have the table: with heartbeat only the active one, which has the VIPs."""
    return cluster["stack"] != "ldirectord" or any(director in directors for directors in held.values())


def _empties(cluster: ResolvedCluster) -> bool:
    """Whether a director without the VIPs must have an empty table."""
    return cluster["ldirectord"] is not None and cluster["ldirectord"]["cleanstop"]


def _unreached(cluster: ResolvedCluster, seen: Mapping[str, Any]) -> Iterator[Finding]:
    for name in cluster["hosts"]:
        if name in seen["left_out"]:
            yield Finding(name, "was left out by --limit", "Run verify.yml without --limit: it needs every host")
        elif name not in seen["nodes"]:
            yield Finding(name, "could not be checked", "Check that it is up and answers SSH")


def _unread(cluster: ResolvedCluster, held: Mapping[str, list[str]], seen: Mapping[str, Any]) -> Iterator[Finding]:
    """What could not be read on a host that answered: unknown does not count as right."""
    remedy = "Look in the output of verify.yml for the task that failed there"
    for name in (name for name in cluster["hosts"] if name in seen["nodes"]):
        if "lvs-vip.service" in units_of(cluster, name) and name not in seen["lvs_vip"]:
            yield Finding(name, "lvs-vip check could not be run", remedy)
        if name not in cluster["directors"]:
            continue
        if name not in seen["before"]:
            yield Finding(name, "its table could not be read", remedy)
        elif seen["probes"] and name not in seen["after"] and any(name in directors for directors in held.values()):
            yield Finding(name, "its counters could not be read again: it is not proven what it carries", remedy)
        if not seen["expected"].get(name):
            yield Finding(name, "its configuration could not be compared with the inventory", remedy)
        if cluster["stack"] == "keepalived" and name not in seen["instances"]:
            yield Finding(name, "the state of its VRRP instances could not be read", remedy)
        if cluster["stack"] == "ldirectord" and name not in seen["ldirectord"]:
            yield Finding(name, "it could not be checked whether ldirectord runs", remedy)
    for client, reasons in seen["unasked"].items():
        for what, why in reasons.items():
            yield Finding(client, f"could not ask {what}: {why}", remedy)


def _served(
    cluster: ResolvedCluster, held: Mapping[str, list[str]], seen: Mapping[str, Any], counter: str
) -> dict[ServiceKey, dict[tuple[str, int], int]]:
    """The connections or packets each real server got, from the directors that hold the service's VIPs."""
    counted = {
        director: shares(seen["before"][director]["stats"], after["stats"], counter)
        for director, after in seen["after"].items()
        if director in seen["before"]
    }
    served: dict[ServiceKey, dict[tuple[str, int], int]] = {}
    for service, entry in zip(cluster["services"], cluster["table"]):
        key = service_key(entry)
        for director in {one for vip in service["vips"] for one in held.get(vip, [])[:1]} & counted.keys():
            totals = served.setdefault(key, {})
            for destination, count in counted[director].get(key, {}).items():
                totals[destination] = totals.get(destination, 0) + count
    return served


def _report(
    cluster: ResolvedCluster,
    held: Mapping[str, list[str]],
    seen: Mapping[str, Any],
    served: Mapping[ServiceKey, Mapping[tuple[str, int], int]],
) -> Iterator[str]:
    names = {
        address: name for name, host in cluster["hosts"].items() for address in (host["address"], host["address6"])
    }
    for vip, directors in held.items():
        yield f"VIP {vip} is held by {' and '.join(directors) or 'nobody'}{_arp(vip, seen['arp'])}"
    for director in seen["preferred"]:
        yield f"{director} is preferred by a planned move: to end that, run failover.yml with the director of the highest priority"
    yield from drain_lines(cluster)
    for director, table in seen["before"].items():
        yield f"table of {director}: {len(table['services'])} services, {_destinations(table)} real servers"
    for service, entry in zip(cluster["services"], cluster["table"]):
        probes = [probe["result"] for probe in seen["probes"] if asked(service, probe)]
        counts = served.get(service_key(entry), {})
        if not probes:
            yield f"{service['name']} {service['label']} was not asked: {_why_not(cluster, service)}"
            continue
        spread = ", ".join(f"{names.get(address, address)} {count}" for (address, port), count in counts.items())
        rule = f"weights {_weights(service)}" if proportional(service) else _rule(service)
        answered, requests = (sum(probe[field] for probe in probes) for field in ("answered", "requests"))
        yield f"{service['name']} {service['label']} answered {answered} of {requests} requests: {spread} ({rule})"
    if not cluster["clients"]:
        yield from by_hand(cluster)


def _destinations(table: Mapping[str, Any]) -> int:
    return sum(len(service["destinations"]) for service in table["services"])


def _weights(service: Service) -> str:
    return ":".join(str(server["weight"]) for server in service["real_servers"])


def _rule(service: Service) -> str:
    rule = "persistence" if service["persistence"] is not None else service["scheduler"]
    if by_client(service) and len(service["real_servers"]) > 1:
        return f"by {rule}, which keeps one client on one real server: the others were not asked"
    return f"by {rule}"


def _arp(vip: str, answers: Mapping[str, Mapping[str, Mapping[str, int]]]) -> str:
    """Who answered for a VIP; also reports if no client asked."""
    if not answers:
        return ""
    clients = [client for client, seen in answers.items() if vip in seen]
    if not clients:
        return f"; ARP was not asked: the VIP is in no network of {', '.join(answers)}"
    macs = sorted({mac for client in clients for mac in answers[client][vip]})
    return f"; ARP from {', '.join(clients)} is answered by {', '.join(macs) or 'nobody'}"


def _why_not(cluster: ResolvedCluster, service: Service) -> str:
    if "tcp" not in service["protocols"]:
        return f"only TCP is asked, and the protocol is {' and '.join(service['protocols'])}"
    if not ports_of(service):
        return "the service has no port of its own"
    if serves_nobody(service):
        return "all of its real servers are drained"
    return "no host of the group clients could be reached" if cluster["clients"] else "the group clients is empty"
