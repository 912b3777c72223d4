# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the kernel's table as in the resolved cluster, and do the real servers answer in proportion to their weights?"""

from __future__ import annotations

from math import gcd
from typing import Any, Iterator, Mapping, Sequence

from ...module_utils.ipvs.change import Change
from ...module_utils.ipvs.render import change_line
from ...module_utils.ipvs.types import ServiceKey
from ..cluster.drain_record import is_drained
from ..cluster.types import (
    ResolvedCluster,
    Service,
    Status,
    TableDestination,
    TableService,
    checks_of,
    client_ports,
    servers_of,
)
from ..tables import destination_key, differences, service_key
from .drains import serves_nobody
from .finding import Finding

# Schedulers whose shares depend only on the weights, so that they can be predicted: ipvsadm(8).
BY_TURN = ("rr", "wrr")
# Schedulers that send one client to one real server, so that one client proves one real server: ipvsadm(8).
BY_CLIENT = ("sh", "mh", "dh", "lblc", "lblcr")
# At least two whole rounds of the scheduler, and enough requests to tell a share from chance. More than FEW requests are
# made only for one whole round, which reaches every real server, and never more than MOST.
ROUNDS, FEWEST, FEW, MOST = 2, 12, 120, 2000
# Packets for each answer. A connection takes one more at least: SYN, ACK, and FIN or RST.
FEWEST_PACKETS = 2
# How much may be missing from a share: other clients' requests shift the turns.
TOLERANCE = 0.25


def table_findings(
    director: str, live: list[Mapping[str, Any]], cluster: ResolvedCluster, serves: bool
) -> Iterator[Finding]:
    """Compare a director's table with the resolved cluster, or with an empty table if the director does not serve."""
    for change, difference in differences(live, _expected(director, live, cluster) if serves else []):
        yield Finding(director, f"{change.service.key}: {difference}", _remedy(change, cluster["stack"]))
    for key in _without_weight(live, cluster) if serves else ():
        yield Finding(
            director,
            f"{key}: none of its real servers has a weight, so it serves nobody",
            "Look at what its health checks say: the exit codes of their scripts, the numbers in their files",
        )


def _without_weight(live: list[Mapping[str, Any]], cluster: ResolvedCluster) -> Iterator[ServiceKey]:
    """The services whose checks have given all real servers the weight 0. A sorry server serves in their place."""
    found = {service_key(service): service["destinations"] for service in live}
    for service, entry in zip(cluster["services"], cluster["table"]):
        key = service_key(entry)
        weights = [there["weight"] for there in found.get(key, ())]
        moved = weights_move(service) and not serves_nobody(service)
        if weights and not any(weights) and moved and not service["sorry_server"]:
            yield key


def _expected(director: str, live: list[Mapping[str, Any]], cluster: ResolvedCluster) -> list[TableService]:
    """A director's resolved table, with the live weights of those real servers whose weight their checks choose.

    Where all real servers are drained, what is there counts: a sorry server may stand in, and the others leave the table then.
    """
    weights = {
        (service_key(service), destination_key(there)): there["weight"]
        for service in live
        for there in service["destinations"]
    }
    served: dict[ServiceKey, list[TableDestination]] = {
        service_key(service): list(service["destinations"]) for service in live
    }
    expected: list[TableService] = []
    for service, entry in zip(cluster["services"], cluster["table"]):
        key, destinations = service_key(entry), entry["destinations"]
        if weights_move(service):
            destinations = [
                there
                if is_drained(server)
                else {**there, "weight": weights.get((key, destination_key(there)), there["weight"])}
                for server, there in zip(service["real_servers"], destinations)
            ]
        if serves_nobody(service) and service["sorry_server"] and key in served:
            destinations = served[key]
        expected.append({**entry, "destinations": destinations})
    # Beyond the services there are the ways by which checks go through a VIP, and that of a director to itself.
    localnode = cluster["hosts"][director]["localnode"]
    return expected + cluster["table"][len(expected) :] + (localnode["table"] if localnode else [])


def weights_move(service: Service) -> bool:
    """Whether a check of the service changes weights, so that they are not those of the inventory."""
    return any(check["dynamic_weight"] or check["weight"] for check in checks_of(service))


def probe_plan(cluster: ResolvedCluster) -> list[dict[str, Any]]:
    """The requests through the VIPs: one probe for each VIP and TCP port of each service.

    Each has service (name), address, port, scheme, path, host (a name or null), status (the codes that count as an
    answer), count, and names: the hosts whose pages are right, null if any page is.
    """
    return [
        {
            "service": service["name"],
            "address": vip,
            "port": port,
            **_question(service, port, cluster["test_page"] and service["test_page"]),
            "count": _count(service),
        }
        for service in cluster["services"]
        if "tcp" in service["protocols"] and not serves_nobody(service)
        for vip in service["vips"]
        for port in ports_of(service)
    ]


def asked(service: Service, probe: Mapping[str, Any]) -> bool:
    """Whether a probe asked a service."""
    named = probe["service"] == service["name"] and probe["address"] in service["vips"]
    return named and probe["port"] in ports_of(service)


def _question(service: Service, port: int, test_page: bool) -> dict[str, Any]:
    """The request for a port. A health check of another port says nothing about this one."""
    check = next((one for one in service["health"] if one["urls"] and one["port"] in (None, port)), None)
    scheme = check["type"] if check else "tcp" if not test_page else "https" if port == 443 else "http"
    if check and check["sensitive"]:
        # What it sends is for the directors alone. Whoever says no to a stranger has answered.
        return {"scheme": scheme, "path": "/", "host": None, "status": _codes(["200-499"]), "names": None}
    path = check["urls"][0]["path"] if check else "/"
    return {
        "scheme": scheme,
        "path": path,
        "host": check["virtualhost"] if check else None,
        "status": _codes(check["urls"][0]["status"]) if check else [200],
        # The test page is one line, the name of its host. Other ports may have other pages.
        "names": _names(service) if test_page and scheme != "tcp" and path == "/" else None,
    }


def _codes(status: Sequence[Status]) -> list[int]:
    """Every status code of a list that may have ranges."""
    ends = [str(one).partition("-") for one in status]
    return [code for first, _dash, last in ends for code in range(int(first), int(last or first) + 1)]


def _names(service: Service) -> list[str]:
    names = [server["host"] for server in servers_of(service)]
    # A real server outside the inventory has another page.
    return [] if None in names else [str(name) for name in names]


def answer_findings(probes: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """Services that did not answer every request; a probe is an entry of the plan with its result."""
    for probe in probes:
        result = probe["result"]
        lost = result["requests"] - result["answered"]
        if lost:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(result["errors"].items()))
            where = f"{probe['address']}:{probe['port']}"
            yield Finding(
                probe["service"],
                f"{lost} of {result['requests']} requests to {where} failed ({kinds})",
                "Ask each of its real servers directly, and look for a firewall or a missing VIP",
            )
        strangers = (
            sorted(set(result.get("answers") or ()) - set(probe.get("names") or ())) if probe.get("names") else []
        )
        if strangers:
            yield Finding(
                probe["service"],
                f"{probe['address']}:{probe['port']} was answered by {', '.join(map(repr, strangers))}, but its real"
                f" servers are {', '.join(probe['names'])}",
                "Find out what answers on that port: another virtual host, or something between the client and the directors",
            )


def carried_findings(
    cluster: ResolvedCluster,
    packets: Mapping[ServiceKey, Mapping[tuple[str, int], int]],
    probes: Sequence[Mapping[str, Any]],
) -> Iterator[Finding]:
    """Answers that did not go through IPVS: it counted fewer packets to a service than so many requests take.

    Connections prove less: if a client uses a port again within two minutes, IPVS counts no new one. A client that asks a lot
    does.
    """
    for service, entry in zip(cluster["services"], cluster["table"]):
        answered = sum(probe["result"]["answered"] for probe in probes if asked(service, probe))
        key = service_key(entry)
        carried = sum(packets[key].values()) if key in packets else None
        if answered and carried is not None and carried < FEWEST_PACKETS * answered:
            yield Finding(
                service["name"],
                f"{answered} requests were answered, but IPVS carried only {carried} packets to {service['label']}",
                "Find out what answers for the VIP: a real server that answers ARP, or a server on the director itself. With a"
                " firewall mark, check that the packets are marked",
            )


def shares(
    before: list[Mapping[str, Any]], after: list[Mapping[str, Any]], counter: str
) -> dict[ServiceKey, dict[tuple[str, int], int]]:
    """How many connections or packets each real server got between two readings of a director's counters."""
    earlier = {
        (service_key(service), destination_key(destination)): destination[counter]
        for service in before
        for destination in service["destinations"]
    }
    return {
        service_key(service): {
            destination_key(destination): destination[counter]
            - earlier.get((service_key(service), destination_key(destination)), 0)
            for destination in service["destinations"]
        }
        for service in after
    }


def share_findings(
    cluster: ResolvedCluster, served: Mapping[ServiceKey, Mapping[tuple[str, int], int]]
) -> Iterator[Finding]:
    """Real servers that did not get the share of their weights, for schedulers that take turns."""
    for service, entry in zip(cluster["services"], cluster["table"]):
        if "tcp" not in service["protocols"] or not proportional(service):
            continue
        counts = served.get(service_key(entry), {})
        weights = _weights(service)
        total = sum(counts.values())
        for server, weight in zip(service["real_servers"], weights):
            got = counts.get((server["address"], server["port"]), 0)
            due = total * weight / sum(weights) if weight else 0
            never = not got and weight > 0 and total >= _round(service)
            if never or abs(got - due) > max(1, TOLERANCE * due):
                yield Finding(
                    server["host"] or server["address"],
                    f"got {got} of {total} connections to {service['name']} {service['label']}, but {due:.0f} are due to its weight",
                    "Look at the weights in: ipvsadm -Ln",
                )


def proportional(service: Service) -> bool:
    """Whether one client's connections are spread only by the weights."""
    return service["scheduler"] in BY_TURN and service["persistence"] is None and not weights_move(service)


def by_client(service: Service) -> bool:
    """Whether one client's connections all go to one real server."""
    return service["scheduler"] in BY_CLIENT or service["persistence"] is not None


def _weights(service: Service) -> list[int]:
    """The weights as the scheduler uses them: for rr, only whether a real server has a weight."""
    given = [server["weight"] for server in service["real_servers"]]
    return [min(weight, 1) for weight in given] if service["scheduler"] == "rr" else given


def _round(service: Service) -> int:
    """After how many connections a scheduler that takes turns has reached every real server: the weights in lowest terms."""
    weights = [weight for weight in _weights(service) if weight]
    return sum(weights) // gcd(*weights) if weights else 1


def _count(service: Service) -> int:
    """A number of requests that makes whole rounds."""
    if not any(server["weight"] for server in service["real_servers"]) or not proportional(service):
        return FEWEST
    once = _round(service)
    rounds = max(ROUNDS, -(-FEWEST // once))
    return once * rounds if once * rounds <= FEW else min(max(once, FEW), MOST)


def ports_of(service: Service) -> list[int]:
    """The ports to send requests to; none if the service has no port of its own."""
    # Only the first port of a range.
    return [int(str(port).partition("-")[0]) for port in client_ports(service)]


def _remedy(change: Change, stack: str) -> str:
    if change.destination is None or stack == "static":
        return "Run site.yml, and find out who or what else changes the table"
    log = {"keepalived": "journalctl -u keepalived", "ldirectord": "ldirectord's log"}[stack]
    command = f"ipvsadm {change_line(change)}"
    if change.action == "delete":
        return f"Check whether it is a sorry server, in use because all checks fail ({log}). If not: {command}"
    if change.destination.weight == 0:
        return f"It is to get no new connections: {command}"
    # keepalived and ldirectord leave a weight alone that somebody else has set to 0
    return f"Check whether its health check passes ({log}). If it does, it was drained by hand or by an interrupted run: {command}"
