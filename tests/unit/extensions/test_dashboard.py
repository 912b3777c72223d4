# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dashboard and the rules ask for metrics and labels that there are. A test on nodes holds them against real ones."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.director import SERVICE_STATES
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.families import METRICS

from .conftest import expressions, panels
from .test_alerts import PROMTOOL, needs_promtool

# Labels of node-exporter's IPVS metrics, and those that Prometheus sets
OTHER_LABELS = {
    "instance",
    "job",
    "local_address",
    "local_port",
    "proto",
    "local_mark",
    "remote_address",
    "remote_port",
}
LABEL_LISTS = re.compile(r"\b(?:by|on|ignoring|group_left|group_right|without) \(([^)]*)\)")
SELECTORS = re.compile(r"(\w+)\{([^}]*)\}")


def metrics_of(expression: str) -> set[str]:
    """The metrics that an expression names."""
    return set(re.findall(r"\b(?:lvs|node)_\w+|\bup\b(?= [=!])", LABEL_LISTS.sub("", expression)))


@pytest.fixture
def asked(rules, dashboard) -> list[str]:
    """Every expression."""
    return [rule["expr"] for rule in rules] + expressions(dashboard)


def test_expressions_name_metrics_that_there_are(asked, known_metrics):
    named = set().union(*map(metrics_of, asked))
    assert named <= known_metrics
    assert {"lvs_vip_held", "node_ipvs_backend_connections_active", "up"} <= named


def test_expressions_name_labels_that_there_are(asked):
    known = OTHER_LABELS | {label for metric in METRICS.values() for label in metric.labels}
    lists = {label.strip() for one in asked for found in LABEL_LISTS.findall(one) for label in found.split(",")}
    assert lists <= known
    for one in asked:
        for metric, inside in SELECTORS.findall(one):
            labels = set(re.findall(r"(\w+)(?=!?=)", inside))
            assert labels <= {*(METRICS[metric].labels if metric in METRICS else ()), *OTHER_LABELS}, one


@pytest.mark.parametrize("metric", METRICS)
def test_what_nobody_asks_for_is_only_for_people(metric, asked):
    """A metric that is neither in a rule nor on the dashboard is one to look at by hand."""
    by_hand = {
        "lvs_metrics_read_duration_seconds",
        "lvs_vrrp_state_since_timestamp_seconds",
        "lvs_vrrp_priority",
        "lvs_vrrp_released_master_total",
        "lvs_vip_held_since_timestamp_seconds",
        "lvs_sync_heard_timestamp_seconds",
        "lvs_service_incoming_packets_total",
        "lvs_service_outgoing_packets_total",
        "lvs_real_server_incoming_packets_total",
        "lvs_real_server_incoming_bytes_total",
        "lvs_real_server_outgoing_packets_total",
        "lvs_real_server_outgoing_bytes_total",
    }
    assert any(metric in metrics_of(one) for one in asked) == (metric not in by_hand)


def test_legends_name_labels_that_there_are(dashboard):
    known = OTHER_LABELS | {label for metric in METRICS.values() for label in metric.labels}
    for panel in panels(dashboard):
        for target in panel.get("targets", ()):
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= known, panel["title"]


def test_panels_do_not_overlap_and_have_what_grafana_needs(dashboard):
    shown = list(panels(dashboard))
    assert len({panel["id"] for panel in shown}) == len(shown)
    taken: set[tuple[int, int]] = set()
    for panel in shown:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"].endswith("."), panel["title"]
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["targets"]
    assert json.loads(json.dumps(dashboard)) == dashboard


def test_colours_of_states_are_of_states_that_there_are(dashboard):
    table = next(panel for panel in panels(dashboard) if panel["title"].startswith("Services on the director"))
    mapping = table["fieldConfig"]["overrides"][0]["properties"][1]["value"][0]["options"]
    assert {*mapping} == {*SERVICE_STATES}


@needs_promtool
def test_prometheus_understands_the_expressions_of_the_dashboard(dashboard, tmp_path: Path):
    """As recording rules, which promtool checks."""
    told = [one for one in expressions(dashboard) if not one.startswith("label_values")]
    rules = [
        {"record": f"panel:{number}", "expr": one.replace("$__rate_interval", "1m").replace("$cluster", ".*")}
        for number, one in enumerate(told)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    ran = subprocess.run([PROMTOOL, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"SUCCESS: {len(told)} rules found" in ran.stdout
