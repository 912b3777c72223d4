# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the kernel's table the one described, and do the real servers answer in their proportion?"""

from __future__ import annotations

from math import gcd
from typing import Any, Iterator, Mapping

from ...module_utils.ipvs.types import ServiceKey
from ..cluster.types import ResolvedCluster, Service
from ..tables import destination_key, differences, service_key
from .finding import Finding

# Schedulers whose turns follow the weights alone, so that a share can be foretold: ipvsadm(8).
BY_TURN = ("rr", "wrr")
# At least two whole rounds of the scheduler, and enough requests to tell a share from chance.
ROUNDS, FEWEST, MOST = 2, 12, 120
# What may be missing from a share: other clients' requests shift the turns.
TOLERANCE = 0.25


def table_findings(
    director: str, live: list[Mapping[str, Any]], cluster: ResolvedCluster, serves: bool
) -> Iterator[Finding]:
    """Compare a director's table with the one described, or with none where it does not serve."""
    for key, difference in differences(live, cluster["table"] if serves else []):
        yield Finding(director, f"{key}: {difference}", _remedy(difference, cluster["stack"]))


def probe_plan(cluster: ResolvedCluster) -> list[dict[str, Any]]:
    """What to ask through the VIPs: one probe for each TCP port of each service.

    Each has service (name), address, port, scheme, path, host (a name or null), status (the codes
    that count as an answer) and count.
    """
    return [
        {
            "service": service["name"],
            "address": service["vip"],
            "port": port,
            "scheme": _scheme(service, port, cluster["test_page"] and service["test_page"]),
            "path": service["health"].get("path") or "/",
            "host": service["health"].get("virtualhost"),
            "status": service["health"].get("status") or [200],
            "count": _count(service),
        }
        for service in cluster["services"]
        if service["protocol"] == "tcp"
        for port in _ports(service)
    ]


def answer_findings(probes: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """A service that left a request unanswered; a probe is an entry of the plan with its result."""
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


def shares(
    before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]
) -> dict[ServiceKey, dict[tuple[str, int], int]]:
    """How many connections each real server got between two readings of a director's counters."""
    earlier = {
        (service_key(service), destination_key(destination)): destination["connections"]
        for service in before
        for destination in service["destinations"]
    }
    return {
        service_key(service): {
            destination_key(destination): destination["connections"]
            - earlier.get((service_key(service), destination_key(destination)), 0)
            for destination in service["destinations"]
        }
        for service in after
    }


def share_findings(
    cluster: ResolvedCluster, served: Mapping[ServiceKey, Mapping[tuple[str, int], int]]
) -> Iterator[Finding]:
    """A real server that did not get the share of its weight, where the scheduler goes by turns."""
    for service, entry in zip(cluster["services"], cluster["table"]):
        if service["protocol"] != "tcp" or not proportional(service):
            continue
        counts = served.get(service_key(entry), {})
        weight = sum(server["weight"] for server in service["real_servers"])
        total = sum(counts.values())
        for server in service["real_servers"]:
            got = counts.get((server["address"], server["port"]), 0)
            due = total * server["weight"] / weight if weight else 0
            if abs(got - due) > max(1, TOLERANCE * due):
                yield Finding(
                    server["host"] or server["address"],
                    f"got {got} of {total} connections to {service['name']}, and its weight is due {due:.0f}",
                    "Look at the weights in: ipvsadm -Ln",
                )


def proportional(service: Service) -> bool:
    """Whether one client's connections are spread by the weights alone."""
    return service["scheduler"] in BY_TURN and service["persistence"] is None


def _count(service: Service) -> int:
    """Enough requests for whole rounds: a round is the sum of the weights in lowest terms."""
    weights = [server["weight"] for server in service["real_servers"] if server["weight"]]
    if not weights or not proportional(service):
        return FEWEST
    once = sum(weights) // gcd(*weights)
    rounds = max(ROUNDS, -(-FEWEST // once))
    return min(once * rounds, MOST)


def _ports(service: Service) -> list[int]:
    if service["fwmark"] is None:
        return [service["port"] or 0]
    # Of a range, its first port stands for all
    return [int(str(port).partition("-")[0]) for port in service["ports"] or ()]


def _scheme(service: Service, port: int, test_page: bool) -> str:
    kind = service["health"]["type"]
    web = kind in ("http", "https")
    # What checks one port of a mark says nothing of the others.
    if web and service["fwmark"] is None:
        return kind
    if web or test_page:
        return "https" if port == 443 else "http"
    return "tcp"


def _remedy(difference: str, stack: str) -> str:
    if difference.startswith("real server") and stack != "static":
        # What checks the real servers leaves a weight alone that somebody else has set to 0
        log = {"keepalived": "journalctl -u keepalived", "ldirectord": "ldirectord's log"}[stack]
        return (
            f"Look whether its health check passes ({log}); if so, it was drained by hand or by a "
            "run that was cut short: put it back with lvs.cluster.ipvs_destination"
        )
    return "Run site.yml, and look for hands or tools that change the table"
