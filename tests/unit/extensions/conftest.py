# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus and Grafana are given: the rules, the dashboard, and the metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.families import METRICS

ROOT = Path(__file__).parents[3]
RULES = ROOT / "extensions/prometheus/lvs.rules.yml"
DASHBOARD = ROOT / "extensions/grafana/lvs.json"
NODE_EXPORTER = ROOT / "tests/unit/plugins/module_utils/metrics/node_exporter.prom"


@pytest.fixture(scope="session")
def rules() -> list[dict[str, Any]]:
    """The alerts."""
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    return found


@pytest.fixture(scope="session")
def dashboard() -> dict[str, Any]:
    """The dashboard."""
    found: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="session")
def known_metrics() -> set[str]:
    """What lvs-metrics writes, what node-exporter has told, and what Prometheus makes itself."""
    node = re.findall(r"(?m)^# TYPE (\S+)", NODE_EXPORTER.read_text(encoding="utf-8"))
    return {*METRICS, *node, "up"}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel of the dashboard, also those in rows that are folded."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def expressions(dashboard: dict[str, Any]) -> list[str]:
    """Every expression of the dashboard, with those of its variables."""
    found = [target["expr"] for panel in panels(dashboard) for target in panel.get("targets", ())]
    queries = [variable["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    return found + [query["query"] if isinstance(query, dict) else query for query in queries]
