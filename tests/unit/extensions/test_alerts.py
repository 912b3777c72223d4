# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each alert fires for its fault, after its time and not before, and no other alert does; a healthy cluster causes none.

The series are those that lvs-metrics writes of two directors and a real server. A case changes some of them after five minutes.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Mapping, NamedTuple

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.exposition import Sample, series
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.families import METRICS
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.host import real_server_samples, sysctl_samples
from ansible_collections.lvs.cluster.tests.unit.plugins.module_utils.metrics import example

from .conftest import ROOT, RULES

PROMTOOL = shutil.which("promtool") or str(ROOT / "build/packages/prometheus/usr/bin/promtool")
needs_promtool = pytest.mark.skipif(not Path(PROMTOOL).exists(), reason="promtool is not in build/packages: make deps")

CLUSTER = "lvs1-lvs2-lvs3"
BEFORE = "x19"  # The samples of five minutes: a case changes what follows.
AFTER = "xAFTER"  # As many as the case needs
ARP_IGNORE = "net.ipv4.conf.all.arp_ignore"
SYNC = {"sync": {"id": 51, "interface": "eth1", "both": True}}
SORRY = {"sorry_servers": {example.WEB: "172.28.0.23:80"}}
WEB = {"cluster": CLUSTER, "service": "web", "virtual_server": example.WEB}
WEB2 = {**WEB, "real_server": "web2", "address": "172.28.0.22:80"}


class Change(NamedTuple):
    """The series of a metric with these labels get other values; "stale" ends them. Without a series, one is added."""

    metric: str
    values: str
    labels: Mapping[str, str]


def to(metric: str, values: str, **labels: str) -> Change:
    return Change(metric, values if not values.isdigit() else f"{values}{AFTER}", labels)


def state(metric: str, new: str, old: str = "up", **labels: str) -> list[Change]:
    """Another state."""
    return [to(metric, "0", state=old, **labels), to(metric, "1", state=new, **labels)]


class Case(NamedTuple):
    """What changes, and which alerts fire then, each with its own labels besides the severity."""

    name: str
    changes: list[Change]
    fires: Mapping[str, list[dict[str, str]]] = {}
    # Minutes after the change, if the alert's own time is not enough
    minutes: int | None = None


LVS1, LVS2 = ({"instance": name, "job": "lvs"} for name in ("lvs1", "lvs2"))
WEB1 = {"instance": "web1", "job": "lvs"}
VIP = {"cluster": CLUSTER, "vip": "172.28.0.100"}
INSTANCE = {"cluster": CLUSTER, "vrrp_instance": "VI_1"}
HOST = {"cluster": CLUSTER, "host": "lvs2", "role": "director", "stack": "keepalived", **LVS2}
SILENT = [to("up", "0", instance="lvs2"), *[to(name, "stale", instance="lvs2") for name in METRICS]]
CASES = [
    Case("nothing", [], minutes=32),
    Case("no owner", [to("lvs_vip_held", "0", vip=VIP["vip"])], {"LvsVipHeldByNobody": [VIP]}),
    Case(
        "a planned move",
        [
            *state("lvs_vrrp_state", "backup", "master", **LVS1),
            *state("lvs_vrrp_state", "master", "backup", **LVS2),
            to("lvs_vip_held", "0", instance="lvs1"),
            to("lvs_vip_held", "1", instance="lvs2"),
            to("lvs_service_active", "0", instance="lvs1"),
            to("lvs_service_active", "1", instance="lvs2"),
            to("lvs_vrrp_became_master_total", "3", instance="lvs2"),
        ],
        minutes=16,
    ),
    Case("two owners", [to("lvs_vip_held", "1", vip=VIP["vip"])], {"LvsSplitBrain": [VIP]}),
    Case("two owners for a moment", [to("lvs_vip_held", f"1x2 0{AFTER}", instance="lvs2")], minutes=3),
    Case("a stranger answers", [to("lvs_vip_split_brain", "1", vip=VIP["vip"], **LVS1)], {"LvsSplitBrain": [VIP]}),
    Case(
        "an old file says that it has the VIP",
        [to("lvs_vip_held", "1", instance="lvs2"), to("lvs_metrics_written_timestamp_seconds", "285", instance="lvs2")],
        {"LvsMetricsStale": [LVS2]},
        minutes=12,
    ),
    Case(
        "no real server",
        state("lvs_service_state", "down", **WEB, **LVS1),
        {"LvsServiceDown": [{**WEB, "state": "down", **LVS1}]},
    ),
    Case("no real server, as a backup sees it", state("lvs_service_state", "down", **WEB, **LVS2), minutes=16),
    Case(
        "not in the table",
        [
            *state("lvs_service_state", "missing", **WEB, **LVS1),
            *state("lvs_real_server_state", "missing", **WEB, **LVS1),
        ],
        {"LvsServiceMissing": [{**WEB, "state": "missing", **LVS1}]},
        minutes=16,
    ),
    Case(
        "keepalived is stopped, and the other director takes over",
        [
            *state("lvs_service_state", "missing", **LVS1),
            *state("lvs_vrrp_state", "stopped", "master", **LVS1),
            to("lvs_daemon_running", "0", daemon="keepalived", **LVS1),
            *state("lvs_vrrp_state", "master", "backup", **LVS2),
            to("lvs_vip_held", "1", instance="lvs2"),
            to("lvs_vip_held", "0", instance="lvs1"),
            to("lvs_service_active", "1", instance="lvs2"),
        ],
        {
            "LvsDaemonStopped": [{"cluster": CLUSTER, "daemon": "keepalived", **LVS1}],
            "LvsVrrpNotReady": [{**INSTANCE, "state": "stopped", **LVS1}],
            "LvsNoStandby": [INSTANCE],
        },
        minutes=16,
    ),
    Case(
        "the sorry server",
        [*state("lvs_service_state", "sorry", **WEB, **LVS1), to("lvs_service_sorry_server_in_use", "1", **LVS1)],
        {"LvsSorryServerInUse": [{**WEB, **LVS1}]},
    ),
    Case("a director is silent", SILENT, {"LvsHostSilent": [HOST], "LvsNoStandby": [INSTANCE]}, minutes=7),
    Case("another node-exporter", [to("up", "0", instance="db1")], minutes=16),
    Case(
        "lvs-heal is stopped",
        [to("lvs_daemon_running", "0", daemon="lvs-heal", **LVS2)],
        {"LvsDaemonStopped": [{"cluster": CLUSTER, "daemon": "lvs-heal", **LVS2}]},
    ),
    Case(
        "ldirectord runs only on the director with the VIPs",
        [
            to("lvs_daemon_running", "0", cluster=CLUSTER, daemon="ldirectord", instance=name, job="lvs")
            for name in ("lvs1", "lvs2")
        ],
        {"LvsDaemonStopped": [{"cluster": CLUSTER, "daemon": "ldirectord", **LVS1}]},
    ),
    Case(
        "a fault of VRRP",
        state("lvs_vrrp_state", "fault", "backup", **LVS2),
        {"LvsVrrpNotReady": [{**INSTANCE, "state": "fault", **LVS2}]},
    ),
    Case(
        "an instance that only one director has",
        [to("lvs_vrrp_directors", "1"), *[to(f"lvs_vrrp_{name}", "stale", **LVS2) for name in ("state", "directors")]],
        minutes=16,
    ),
    Case(
        "the VIPs move often, by keepalived",
        [to("lvs_vrrp_became_master_total", f"2+1x6 8{AFTER}", **LVS1)],
        {"LvsVipMovesOften": [INSTANCE]},
        minutes=5,
    ),
    Case(
        "the VIPs move often, without keepalived",
        [
            to("lvs_vip_held", f"0 1 0 1 0 1{AFTER}", **LVS1),
            to("lvs_vip_held", f"1 0 1 0 1 0{AFTER}", **LVS2),
        ],
        {"LvsVipMovesOften": [INSTANCE]},
        minutes=5,
    ),
    Case(
        "adverts with another password",
        [to("lvs_vrrp_adverts_refused_total", f"3+1x30 33{AFTER}", reason="authentication_failures", **LVS2)],
        {"LvsVrrpAdvertsRefused": [{**INSTANCE, "reason": "authentication_failures", "instance": "lvs2"}]},
    ),
    Case(
        "a failed real server",
        [
            *state("lvs_real_server_state", "failed", **WEB2),
            *state("lvs_service_state", "degraded", **WEB),
            to("lvs_real_server_weight", "stale", **WEB2),
        ],
        {"LvsRealServerFailed": [{**WEB2, "state": "failed", **LVS1}]},
        minutes=16,
    ),
    Case(
        "a failed real server that keeps its place",
        [*state("lvs_real_server_state", "failed", **WEB2), to("lvs_real_server_weight", "0", **WEB2)],
        {"LvsRealServerFailed": [{**WEB2, "state": "failed", **LVS1}]},
        minutes=16,
    ),
    Case(
        "a real server that no check has taken out",
        [*state("lvs_real_server_state", "missing", **WEB2), to("lvs_real_server_weight", "stale", **WEB2)],
        {"LvsRealServerNotInTable": [{**WEB2, "state": "missing", **LVS1}]},
        minutes=16,
    ),
    Case(
        "a weight set by hand",
        [
            *state("lvs_real_server_state", "quiesced", **WEB2, **LVS1),
            to("lvs_real_server_weight", "0", **WEB2, **LVS1),
        ],
        {"LvsRealServerWeightDiffers": [{**WEB2, **LVS1}]},
    ),
    Case(
        "another weight set by hand",
        [to("lvs_real_server_weight", "7", **WEB2, **LVS1)],
        {"LvsRealServerWeightDiffers": [{**WEB2, **LVS1}]},
    ),
    Case(
        "a drained real server",
        [
            *state("lvs_real_server_state", "drained", **WEB2),
            to("lvs_real_server_weight", "0", **WEB2),
            to("lvs_real_server_drained_since_timestamp_seconds", "300", **WEB2, **LVS1),
        ],
        minutes=16,
    ),
    Case(
        "drained for longer than a day",
        [
            *state("lvs_real_server_state", "drained", **WEB2),
            to("lvs_real_server_weight", "0", **WEB2),
            *[
                to(
                    "lvs_real_server_drained_since_timestamp_seconds",
                    f"-86300{AFTER}",
                    **WEB2,
                    instance=name,
                    job="lvs",
                )
                for name in ("lvs1", "lvs2")
            ],
        ],
        {"LvsRealServerDrainedLong": [{key: WEB2[key] for key in WEB2 if key != "address"}]},
    ),
    Case(
        "one director alone sees a failure",
        [*state("lvs_real_server_state", "failed", **WEB2, **LVS2)],
        {"LvsDirectorsDisagree": [WEB2]},
        minutes=16,
    ),
    Case(
        "a sync daemon is missing",
        [to("lvs_sync_daemon_running", "0", direction="receives", **LVS2)],
        {"LvsSyncStopped": [{"cluster": CLUSTER, "instance": "lvs2"}]},
        minutes=16,
    ),
    Case(
        "nobody tells connections",
        [to("lvs_sync_peers_heard", "0", **LVS2)],
        {"LvsSyncUnheard": [{"cluster": CLUSTER, **LVS2}]},
    ),
    Case(
        "nobody is there to tell connections",
        [to("lvs_sync_peers_heard", "0"), to("lvs_vrrp_directors", "1")],
        minutes=16,
    ),
    Case(
        "a real server without its VIP",
        [to("lvs_served_vip_present", "0")],
        {"LvsVipMissingOnRealServer": [{**VIP, "interface": "lo", **WEB1}]},
    ),
    Case(
        "a sysctl",
        [to("lvs_sysctl_differs", "1")],
        {"LvsSysctlDiffers": [{"cluster": CLUSTER, "sysctl": ARP_IGNORE, **WEB1}]},
    ),
    Case(
        "lvs-metrics is gone, and its file",
        [to(name, "stale", instance="web1") for name in METRICS],
        {
            "LvsMetricsStale": [
                {"cluster": CLUSTER, "host": "web1", "role": "real_server", "stack": "", **WEB1},
            ]
        },
        minutes=16,
    ),
    Case(
        "lvs-heal has mended",
        [to("lvs_heal_mended_timestamp_seconds", "295", **WEB1)],
        {"LvsMended": [WEB1]},
        minutes=5,
    ),
    Case("lvs-heal has mended long ago", [to("lvs_heal_mended_timestamp_seconds", "295", **WEB1)], minutes=12),
]


def used(rules: list[dict[str, Any]]) -> set[str]:
    """The metrics that the rules name."""
    return {name for rule in rules for name in re.findall(r"\b(?:lvs_\w+|up)\b", rule["expr"])}


@functools.cache
def healthy() -> dict[tuple[str, tuple[tuple[str, str], ...]], str]:
    """The values of every series, by metric and labels."""
    told = {
        "lvs1": example.director({**SYNC, **SORRY}, sends=True, receives=True, sync_told=example.SYNC),
        "lvs2": example.director(
            {**SYNC, **SORRY, "director": "lvs2"}, master=False, sends=True, receives=True, sync_told=example.SYNC
        ),
        "web1": [
            *real_server_samples(example.SERVES, [("172.28.0.100", "lo")]),
            *sysctl_samples(example.SERVES, {"net/ipv4/conf/all/arp_ignore": False}),
        ],
    }
    found = {("up", (("instance", "db1"), ("job", "lvs"))): "1"}
    for host, samples in told.items():
        target = (("instance", host), ("job", "lvs"))
        found["up", target] = "1"
        found["lvs_metrics_written_timestamp_seconds", target] = "now"
        found["lvs_metrics_interval_seconds", target] = "15"
        for sample in samples:
            labels = tuple(zip(METRICS[sample.name].labels, map(str, sample.labels)))
            found[sample.name, (*labels, *target)] = str(int(sample.value))
    return found


def played(case: Case, until: int, metrics: set[str]) -> list[dict[str, str]]:
    """The series of a case as promtool has them, so many seconds long, as far as rules name them."""
    base = {key: value for key, value in healthy().items() if key[0] in metrics}
    length = f"x{(until - 300) // 15 + 1}"
    values = {
        key: f"0+15x{until // 15 + 1}" if value == "now" else f"{value}{BEFORE} {value}{AFTER}"
        for key, value in base.items()
    }
    for change in case.changes:
        wanted = {*change.labels.items()}
        matching = [key for key in base if key[0] == change.metric and wanted <= {*key[1]}]
        if not matching and change.values == "stale":
            continue
        if not matching:
            assert "instance" in change.labels, change
            matching = [(change.metric, tuple(change.labels.items()))]
        for key in matching:
            before = base.get(key)
            begin = "_x20" if before is None else f"0+15{BEFORE}" if before == "now" else f"{before}{BEFORE}"
            values[key] = f"{begin} {change.values}"
    return [{"series": named(*key), "values": value.replace(AFTER, length)} for key, value in values.items()]


def named(metric: str, labels: tuple[tuple[str, str], ...]) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in labels)
    return f"{metric}{{{pairs}}}"


def alerts(fires: Mapping[str, list[dict[str, str]]], severities: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "labels": named(
                "ALERTS",
                tuple(
                    {
                        "alertname": name,
                        "alertstate": "firing",
                        **{key: value for key, value in labels.items() if value},
                        "severity": severities[name],
                    }.items()
                ),
            ),
            "value": 1,
        }
        for name, several in fires.items()
        for labels in several
    ]


def seconds(text: str) -> int:
    """A time of the rules."""
    return int(text[:-1]) * {"s": 1, "m": 60}[text[-1]]


@needs_promtool
def test_each_fault_has_its_alert(rules, tmp_path):
    severities = {rule["alert"]: rule["labels"]["severity"] for rule in rules}
    waits = {rule["alert"]: seconds(rule.get("for", "0s")) for rule in rules}
    metrics = used(rules)
    tests = []
    for case in CASES:
        wait = max((waits[name] for name in case.fires), default=0)
        last = 300 + (case.minutes * 60 if case.minutes is not None else wait + 60)
        asked = [{"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{last}s"}]
        asked[0]["exp_samples"] = alerts(case.fires, severities)
        asked += [
            {"expr": f'ALERTS{{alertname="{name}",alertstate="firing"}}', "eval_time": f"{300 + waits[name] - 15}s"}
            for name in case.fires
            if waits[name]
        ]
        tests.append(
            {
                "name": case.name,
                "interval": "15s",
                "input_series": played(case, last, metrics),
                "promql_expr_test": asked,
            }
        )
    given = {"rule_files": [str(RULES)], "evaluation_interval": "15s", "tests": tests}
    file = tmp_path / "tests.yml"
    file.write_text(json.dumps(given), encoding="utf-8")  # It is YAML, too.
    ran = subprocess.run([PROMTOOL, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_has_a_case(rules):
    assert {name for case in CASES for name in case.fires} == {rule["alert"] for rule in rules}


def test_what_an_alert_says_names_only_labels_that_it_has(rules):
    for rule in rules:
        cases = [labels for case in CASES for labels in case.fires.get(rule["alert"], ())]
        for text in rule["annotations"].values():
            named_labels = set(re.findall(r"\$labels\.(\w+)", text))
            assert all(named_labels <= {*labels} for labels in cases), (rule["alert"], named_labels)


def test_every_alert_says_what_it_is_and_what_to_do(rules):
    for rule in rules:
        assert {*rule["annotations"]} == {"summary", "description", "runbook_url"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["description"].endswith(".")
        assert rule["annotations"]["runbook_url"].endswith(f"/alerts.rst#{rule['alert'].lower()}")
        assert rule["alert"].startswith("Lvs")


@needs_promtool
def test_the_rules_and_the_metrics_are_right_in_the_eyes_of_prometheus():
    ran = subprocess.run([PROMTOOL, "check", "rules", str(RULES)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=example.text(), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_series_is_named_as_lvs_metrics_names_it():
    sample = Sample("lvs_vip_held", ("c", "VI_1", "192.0.2.1"), 1)
    labels = tuple(zip(METRICS[sample.name].labels, sample.labels))
    assert named(sample.name, labels) == series(METRICS[sample.name], sample)
