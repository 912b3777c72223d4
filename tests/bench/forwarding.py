# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What crosses the director, and how many requests a second are served, by NAT, direct routing and tunnels in turn.

Runs on the nodes of Molecule's scenario "forwarding" once site.yml has run there: make bench-forwarding.
"""

from __future__ import annotations

import re
import sys

from figure import Figure, Unavailable
from lab_run import ROOT

sys.path[:0] = [str(ROOT / "molecule/shared"), str(ROOT / "molecule")]

from cluster import Cluster  # noqa: E402

METHODS = {"NAT": "172.28.1.100", "direct routing": "172.28.1.104", "a tunnel": "172.28.1.101"}
DIRECTOR, CLIENT, PAGE = "lvs1", "client1", "/var/www/lvs-test-page/ten-megabytes"
BYTES = 10_000_000
ROUNDS, REQUESTS, AT_ONCE = 3, 300, 8
# Of what is delivered: the client's acknowledgements.
ACKNOWLEDGEMENTS = 0.1


def figures() -> list[Figure]:
    """Download through each VIP, then ask each as fast as it answers, in turn."""
    cluster = Cluster(ROOT / "molecule/forwarding/inventory")
    if set(cluster.ask(METHODS["NAT"], count=4)) != {"web1", "web2"}:
        raise Unavailable("the nodes of the scenario forwarding do not serve: make bench-forwarding")
    for node in cluster.group("real_servers"):
        cluster.run(node, f"head -c {BYTES} /dev/zero > {PAGE}")
    cluster.run(CLIENT, "apt-get install --yes --no-install-recommends apache2-utils")
    crossing = {method: _download(cluster, vip) for method, vip in METHODS.items()}
    rates = dict.fromkeys(METHODS, 0.0)
    for _round in range(ROUNDS):
        for method, vip in METHODS.items():
            rates[method] = max(rates[method], _requests_per_second(cluster, vip))
    for node in cluster.group("real_servers"):
        cluster.run(node, f"rm {PAGE}")
    found = []
    for method, (received, returned) in crossing.items():
        direct = method != "NAT"
        found += [
            Figure(f"{method}: received by the director", received, "of a byte", ACKNOWLEDGEMENTS if direct else None),
            Figure(f"{method}: returned through it", returned, "of a byte", 0.0 if direct else None),
        ]
    found += [Figure(f"{method}: requests", rate, "a second") for method, rate in rates.items()]
    found += [
        Figure(f"{method}: requests, in proportion to NAT", rates[method] / rates["NAT"], "times")
        for method in list(METHODS)[1:]
    ]
    return found


def _download(cluster: Cluster, vip: str) -> tuple[float, float]:
    """Bytes that the director's interfaces received, and that IPVS saw come back, for each byte delivered."""
    before = _received(cluster), _returned(cluster, vip)
    got = cluster.run(
        CLIENT, f"curl --silent --output /dev/null --write-out '%{{size_download}}' http://{vip}/ten-megabytes"
    )
    if got != str(BYTES):
        raise Unavailable(f"{vip} delivered {got} bytes of {BYTES}")
    cluster.run(DIRECTOR, "sleep 3")  # until the kernel has summed up its counters
    after = _received(cluster), _returned(cluster, vip)
    return (after[0] - before[0]) / BYTES, (after[1] - before[1]) / BYTES


def _received(cluster: Cluster) -> int:
    """Bytes that the director has received on both arms."""
    counters = "/sys/class/net/{front0,back0}/statistics/rx_bytes"
    return sum(map(int, cluster.run(DIRECTOR, f"bash -c 'cat {counters}'").split()))


def _returned(cluster: Cluster, vip: str) -> int:
    """Bytes of a service that came back through the director's IPVS."""
    line = cluster.run(DIRECTOR, f"ipvsadm -Ln --stats --exact -t {vip}:80 | grep -e '^TCP'")
    return int(line.split()[-1])


def _requests_per_second(cluster: Cluster, vip: str) -> float:
    said = cluster.run(CLIENT, f"ab -n {REQUESTS} -c {AT_ONCE} http://{vip}/ 2>&1")
    if not (found := re.search(r"Requests per second:\s+([\d.]+)", said)):
        raise Unavailable(f"ab had no figure for {vip}: {said[-200:]}")
    return float(found[1])
