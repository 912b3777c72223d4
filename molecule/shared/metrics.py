# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask node-exporter as Prometheus does, and compare what it tells with the kernel, the rules and the dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import endpoint
from cluster import ROOT, Cluster

SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
RULES, DASHBOARD = ROOT / "extensions/prometheus/lvs.rules.yml", ROOT / "extensions/grafana/lvs.json"
# Those of Prometheus itself
OWN = {"up"}


class Series(NamedTuple):
    """One value of a metric."""

    name: str
    labels: dict[str, str]
    value: float


def scraped(cluster: Cluster, node: str, client: str = "client1") -> list[Series]:
    """What the node-exporter of a node answers."""
    url = f"http://{cluster.address(node)}:9100/metrics"
    text = cluster.host(client).run_expect([0], f"curl --silent --show-error --fail --max-time 10 {url}").stdout
    return [
        Series(name, dict(LABEL.findall(labels or "")), float(value)) for name, labels, value in SERIES.findall(text)
    ]


def values(found: list[Series], metric: str, *names: str, **wanted: str) -> dict[Any, float]:
    """The values of a metric whose series have these labels, by other labels of it: one as it is, several as a tuple."""
    chosen = [one for one in found if one.name == metric and wanted.items() <= one.labels.items()]
    if len(names) == 1:
        return {one.labels[names[0]]: one.value for one in chosen}
    return {tuple(one.labels[name] for name in names): one.value for one in chosen}


def state(found: list[Series], metric: str, **wanted: str) -> list[str]:
    """The states of what has these labels."""
    return [
        one.labels["state"]
        for one in found
        if one.name == metric and one.value and wanted.items() <= one.labels.items()
    ]


def table_of_lvs_metrics(found: list[Series]) -> dict[str, dict[str, float]]:
    """The weights by lvs-metrics, as Cluster.table has them."""
    table: dict[str, dict[str, float]] = {}
    weights = values(found, "lvs_real_server_weight", "virtual_server", "address")
    for (service, address), weight in weights.items():
        table.setdefault(service.rpartition("/")[0], {})[address.rpartition(":")[0]] = weight
    return table


def table_of_node_exporter(found: list[Series]) -> dict[str, dict[str, float]]:
    """The weights by node-exporter, as Cluster.table has them, without firewall marks."""
    table: dict[str, dict[str, float]] = {}
    for one in found:
        if one.name == "node_ipvs_backend_weight" and not one.labels["local_mark"]:
            service = endpoint(one.labels["local_address"], int(one.labels["local_port"]))
            server = endpoint(one.labels["remote_address"], 0).rpartition(":")[0]
            table.setdefault(service, {})[server] = one.value
    return table


def asked() -> set[str]:
    """The metrics that the rules and the dashboard name."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    rules = RULES.read_text(encoding="utf-8")
    expressions += re.findall(r"(?ms)^ +expr: (.*?)\n +(?:for|labels|#)", rules)
    return {name for one in expressions for name in re.findall(r"\b(?:lvs|node_ipvs)_\w+", without_labels(one))}


def without_labels(expression: str) -> str:
    """An expression without what is between braces, and the labels after by, on and the like."""
    return re.sub(r"\{[^}]*\}|\b(?:by|on|ignoring|group_left|without) \([^)]*\)", "", expression)


def names(found: list[Series]) -> Iterator[str]:
    """The metrics of which there are values."""
    yield from dict.fromkeys(one.name for one in found)
