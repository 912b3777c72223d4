# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-drain on a director writes what site.yml would write with the same record, for every cluster, and nothing else."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.drains import decide, director, settings
from ansible_collections.lvs.cluster.plugins.module_utils.drains import program as programs
from ansible_collections.lvs.cluster.plugins.module_utils.drains.keepalived_conf import HELD
from ansible_collections.lvs.cluster.plugins.module_utils.drains.record import Record, text_of
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import restore_lines
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_table
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure, Result
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.drain_record import place_of
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings
from ansible_collections.lvs.cluster.plugins.plugin_utils.weights import more_than_weights
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.generated import accepted

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 27, 7, 10, tzinfo=timezone.utc)
GROUPS = {"directors": ["lb1", "lb2"], "real_servers": ["web1", "web2", "web3"]}
ADDRESSES = {"lb1": "10.0.0.11", "lb2": "10.0.0.12", "web1": "10.0.0.21", "web2": "10.0.0.22", "web3": "10.0.0.23"}
WEIGHTS = [{"host": "web1", "weight": 4}, {"host": "web2", "weight": 8}, {"host": "web3", "weight": 1}]
# Each with what is drained in it, in steps, and by how much.
SERVICES = {
    "plain": [{"name": "www", "vip": "10.0.0.100", "port": 80}],
    "several": [
        {"name": "www", "vip": "10.0.0.100", "port": [80, 443], "real_servers": WEIGHTS},
        {"name": "mail", "vip": ["10.0.0.100", "10.0.0.101"], "port": 25, "real_servers": ["web1", "web2"]},
    ],
    "nat": [
        {
            "name": "www",
            "vip": "10.0.0.100",
            "port": 80,
            "forward": "nat",
            "real_servers": [
                {"host": "web1", "port": 8080},
                {"host": "web1", "port": 8081, "weight": 5},
                {"host": "web2", "port": 8080, "weight": 6},
            ],
        }
    ],
    "marked": [{"name": "www", "vip": "10.0.0.100", "fwmark": 7, "ports": [80, 443], "persistence": 60}],
    "limits": [
        {
            "name": "www",
            "vip": "10.0.0.100",
            "port": 80,
            "real_servers": [{**one, "upper_threshold": 90, "lower_threshold": 70} for one in WEIGHTS],
        }
    ],
    "by address": [
        {"name": "www", "vip": "10.0.0.100", "port": 80, "real_servers": ["web1", "web2", {"address": "10.0.0.90"}]}
    ],
}
OF_KEEPALIVED = {
    "quorum": [{"name": "www", "vip": "10.0.0.100", "port": 80, "quorum": 6, "real_servers": WEIGHTS}],
    "scripts": [
        {
            "name": "www",
            "vip": "10.0.0.100",
            "port": 80,
            "real_servers": WEIGHTS,
            "health": [{"type": "tcp"}, {"type": "script", "command": "/bin/load", "dynamic_weight": True}],
        },
        {"name": "mail", "vip": "10.0.0.100", "port": 25, "on_failure": "quiesce"},
    ],
    "files": [
        {
            "name": "www",
            "vip": "10.0.0.100",
            "port": 80,
            "real_servers": WEIGHTS,
            "health": [{"type": "file", "file": "/run/load-{address}", "weight": 3}, {"type": "http"}],
        }
    ],
    "through the vip": [{"name": "www", "vip": "10.0.0.100", "port": 80, "health": {"type": "tcp", "via": "vip"}}],
}
REQUESTS = [
    [("web2", None)],
    [("web2", "www")],
    [("web1", None), ("web2", None)],
    [("web1", "www"), ("web2", "www"), ("web3", "www")],
]


def network(name: str) -> dict[str, Any]:
    """What setup would say of a host with one interface."""
    ipv4 = {"address": ADDRESSES[name], "netmask": "255.255.255.0", "prefix": "24", "network": "10.0.0.0"}
    return {
        "nodename": name,
        "default_ipv4": {"address": ADDRESSES[name], "interface": "eth0"},
        "eth0": {"device": "eth0", "ipv4": ipv4},
    }


def described(services: list[dict[str, Any]], stack: str, record: Record | None = None) -> dict[str, Any]:
    """A cluster whose directors know a record."""
    return resolve(*inventory(services, stack, record))


def inventory(services: list[dict[str, Any]], stack: str, record: Record | None = None) -> tuple[Any, Any]:
    """The variables of its hosts, and its groups."""
    groups = {**GROUPS, "directors": GROUPS["directors"][: 1 if stack == "static" else 2]}
    variables: dict[str, Any] = {"lvs_services": services, "lvs_stack": stack, "lvs_nat": {"masquerade": True}}
    if stack == "ldirectord":
        variables["lvs_heartbeat"] = {"key": "0123456789abcdef"}
    if not any(service.get("forward") == "nat" for service in services):
        del variables["lvs_nat"]
    facts = {"interfaces": ["lo", "eth0"], "deployed_lvs": {"drained": json.loads(text_of(record)) if record else None}}
    hosts = {
        name: {**variables, "lvs_address": ADDRESSES[name], "ansible_facts": {**facts, **network(name)}}
        for names in groups.values()
        for name in names
    }
    return hosts, groups


def known_of(cluster: dict[str, Any]) -> settings.Known:
    name = cluster["directors"][0]
    return settings.known_from(json.loads(json.dumps(heal_settings(cluster, name, "Debian", "1"))))


def written(cluster: dict[str, Any], render: Callable) -> str:
    """What site.yml writes where the daemon reads it."""
    if cluster["stack"] == "static":
        return "".join(f"{line}\n" for line in restore_lines(read_table(cluster["table"])))
    name = cluster["directors"][0]
    return render(
        cluster, name, {"keepalived": "keepalived.conf.j2", "ldirectord": "ldirectord.cf.j2"}[cluster["stack"]]
    )


FILES = {
    "keepalived": director.KEEPALIVED_CONF,
    "ldirectord": director.LDIRECTORD_CF,
    "static": "/etc/ipvsadm.rules",
}


class Table:
    """An IPVS table without a kernel, and systemd without any unit."""

    def __init__(self, lines: list[str], active: bool = True) -> None:
        self.lines = list(lines)
        self.active = active
        self.ran: list[str] = []
        self.refuses = ""

    def find(self, tool: str) -> str:
        return f"/usr/sbin/{tool}"

    def start(self, argv, stdin=""):
        words = " ".join([argv[0].rpartition("/")[2], *argv[1:]])
        if words == "ipvsadm -Sn":
            return lambda: Result(0, "".join(f"{line}\n" for line in self.lines), "")
        if words == "ipvsadm -Ln":
            return lambda: Result(0, self._listing(), "")
        if words == "ipvsadm -R":
            for line in stdin.splitlines():
                self._edit(line)
            self.ran.append(stdin)
            return lambda: Result(0, "", "")
        if words.startswith("systemctl is-active"):
            return lambda: Result(0, "active\n" if self.active else "inactive\n", "")
        self.ran.append(words)
        if self.refuses and words.startswith("keepalived"):
            return lambda: Result(5, "", self.refuses)
        return lambda: Result(0, "", "")

    def _edit(self, line: str) -> None:
        assert line.startswith("-e "), line
        key = line[3:].partition(" -w ")[0]
        for number, there in enumerate(self.lines):
            if there.startswith("-a ") and there[3:].partition(" -w ")[0] == key:
                self.lines[number] = f"-a{line[2:]}"

    def _listing(self) -> str:
        rows = [line.split() for line in self.lines if line.startswith("-a ")]
        return "".join(f"  -> {words[words.index('-r') + 1]} Route 1 3 7\n" for words in rows)

    def weights(self) -> list[int]:
        return [int(line.partition(" -w ")[2].split()[0]) for line in self.lines if " -w " in line]


def on_host(tmp_path: Path, cluster: dict[str, Any], render: Callable, table: Table | None = None) -> director.Director:
    """A director as site.yml has left it."""
    known = known_of(cluster)
    file = tmp_path / FILES[cluster["stack"]].lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(written(cluster, render))
    pid = (lambda: 4711) if cluster["stack"] == "ldirectord" else (lambda: None)
    seconds = iter(range(10_000))
    return director.Director(
        known,
        table or Table(restore_lines(known.table)),
        tmp_path,
        kill=lambda *_: None,
        pid=pid,
        clock=lambda: float(next(seconds)),
        sleep=lambda _: None,
    )


def requested(here: director.Director, requests: list[tuple[str, str | None]], record: Record) -> Record:
    for name, service in requests:
        wanted = decide.Request(name, service, "disk", "alice@admin1", force=True)
        decision = decide.drain(here.services(), record, wanted, NOW)
        if not decision.refusals:
            record = decision.record
    return record


CASES = [
    (stack, name)
    for stack in ("keepalived", "ldirectord", "static")
    for name in [*SERVICES, *(OF_KEEPALIVED if stack == "keepalived" else ())]
    # ldirectord has no sorts of these.
    if not (stack == "ldirectord" and name == "nat")
]


@pytest.mark.parametrize("requests", REQUESTS, ids=lambda one: " ".join(name for name, _service in one))
@pytest.mark.parametrize(("stack", "name"), CASES)
def test_it_writes_what_site_yml_would_write(tmp_path, render, stack, name, requests):
    services = {**SERVICES, **OF_KEEPALIVED}[name]
    before = described(services, stack)
    here = on_host(tmp_path, before, render)
    record = requested(here, requests, Record())
    assert record.drains
    after = described(services, stack, record)
    file = tmp_path / FILES[stack].lstrip("/")
    assert here.apply(record).changed
    assert file.read_text() == written(after, render) != written(before, render)
    assert (tmp_path / "var/lib/lvs-cluster/drained.json").read_text() == text_of(record)
    assert known_of(after) == known_of(before)
    assert not here.apply(record).changed

    # And back, in steps.
    for one in dict.fromkeys(drain.real_server for drain in record.drains):
        for service in [drain.service for drain in record.of(one)]:
            decision = decide.undrain(record, decide.Request(one, service), NOW, steps=3)
            assert decision.refusals == []
            for step in decision.steps:
                here.apply(step)
                assert file.read_text() == written(described(services, stack, step), render)
            record = decision.record
    assert file.read_text() == written(before, render)


@pytest.mark.parametrize(("stack", "name"), CASES)
def test_drains_and_other_weights_are_told_from_other_changes(render, stack, name):
    services = {**SERVICES, **OF_KEEPALIVED}[name]
    before = described(services, stack)
    there = written(before, render)
    for requests in REQUESTS:
        here = [place_of(service, stack) for service in before["services"]]
        record = Record()
        for real_server, service in requests:
            wanted = decide.Request(real_server, service, "disk", "alice@admin1", force=True)
            record = decide.drain(here, record, wanted, NOW).record
        assert not more_than_weights(there, written(described(services, stack, record), render), stack)
    added = [*services, {"name": "new", "vip": "10.0.0.100", "port": 8443}]
    assert more_than_weights(there, written(described(added, stack), render), stack)
    assert more_than_weights(
        there, written(described([{**services[0], "scheduler": "lc"}, *services[1:]], stack), render), stack
    )


@pytest.mark.parametrize("requests", REQUESTS, ids=lambda one: " ".join(name for name, _service in one))
@pytest.mark.parametrize(("stack", "name"), CASES)
def test_the_table_follows(tmp_path, render, stack, name, requests):
    services = {**SERVICES, **OF_KEEPALIVED}[name]
    table = Table(restore_lines(known_of(described(services, stack)).table))
    here = on_host(tmp_path, described(services, stack), render, table)
    full = table.lines.copy()
    record = requested(here, requests, Record())
    here.apply(record)
    wanted = described(services, stack, record)["table"]
    assert table.weights() == [there["weight"] for entry in wanted for there in entry["destinations"]]
    assert here.connections(record) != {}
    here.apply(Record())
    if name in ("scripts", "files"):
        # A check sets the weight again.
        return
    assert table.lines == full
    assert not (tmp_path / "var/lib/lvs-cluster/drained.json").exists()


@pytest.mark.skipif(shutil.which("keepalived") is None, reason="keepalived is not installed: make deps")
@pytest.mark.parametrize("requests", REQUESTS, ids=lambda one: " ".join(name for name, _service in one))
@pytest.mark.parametrize("name", [*SERVICES, *OF_KEEPALIVED])
def test_keepalived_takes_what_is_drained(tmp_path, render, name, requests):
    services = {**SERVICES, **OF_KEEPALIVED}[name]
    here = on_host(tmp_path, described(services, "keepalived"), render)
    after = described(services, "keepalived", requested(here, requests, Record()))
    (tmp_path / "lvs-secrets.conf").write_text(render(after, "lb1", "keepalived-secrets.conf.j2"))
    text = render(after, "lb1").replace("/etc/keepalived/", f"{tmp_path}/").replace("/bin/load", "/bin/true")
    (tmp_path / "keepalived.conf").write_text(text)
    command = "ip tuntap add mode tap name eth0 && ip link set eth0 up && exec keepalived --config-test --use-file"
    argv = ["unshare", "--net", "sh", "-c", f"{command} {tmp_path}/keepalived.conf"]
    checked = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, ""), text


def test_the_lines_that_take_a_weight_away_are_those_of_the_template():
    template = (ROOT / "roles/director/templates/keepalived.conf.j2").read_text()
    assert "{% if server.held %}\n" + "\n".join(HELD) + "\n{% endif %}\n" in template


def file_of(tmp_path: Path, stack: str) -> Path:
    return tmp_path / FILES[stack].lstrip("/")


PLAIN = SERVICES["plain"]
QUIESCED = [{**PLAIN[0], "on_failure": "quiesce"}]


def everything(tmp_path: Path) -> dict[str, str]:
    return {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}


def test_what_keepalived_refuses_changes_nothing(tmp_path, render):
    table = Table(restore_lines(known_of(described(PLAIN, "keepalived")).table))
    table.refuses = "(Line 1) Unknown keyword"
    here = on_host(tmp_path, described(PLAIN, "keepalived"), render, table)
    before, full = everything(tmp_path), table.lines.copy()
    with pytest.raises(Failure, match="Unknown keyword"):
        here.apply(requested(here, [("web2", None)], Record()))
    assert everything(tmp_path) == before
    assert table.lines == full


def test_keepalived_checks_with_its_options_and_reads_the_file_only_if_it_runs(tmp_path, render):
    table = Table(restore_lines(known_of(described(PLAIN, "keepalived")).table))
    here = on_host(tmp_path, described(PLAIN, "keepalived"), render, table)
    options = tmp_path / "etc/keepalived/lvs-options"
    options.write_text('# Written by lvs.cluster\nDAEMON_ARGS="-D -S 3"\n')
    pid = tmp_path / "run/keepalived.pid"
    pid.parent.mkdir()
    pid.touch()
    os.utime(pid, (1, 1))
    record = requested(here, [("web2", None)], Record())
    here.apply(record)
    trial = f"{tmp_path}/etc/keepalived/keepalived.conf.drain"
    checked, drained, reloaded = table.ran
    assert checked == f"keepalived -D -S 3 --config-test --use-file {trial}"
    # At once, and with all that belongs to it.
    assert drained == "-e -t 10.0.0.100:80 -r 10.0.0.22:80 -g -w 0\n"
    assert reloaded == "systemctl reload keepalived.service"
    # verify.yml compares these times.
    assert pid.stat().st_mtime >= file_of(tmp_path, "keepalived").stat().st_mtime
    assert not Path(trial).exists()
    table.active, table.ran = False, []
    here.apply(Record())
    assert [words.partition(" ")[0] for words in table.ran] == ["keepalived"]
    assert table.weights() == [1, 0, 1]


def test_a_file_keeps_its_mode(tmp_path, render):
    here = on_host(tmp_path, described(PLAIN, "ldirectord"), render)
    file_of(tmp_path, "ldirectord").chmod(0o600)
    here.apply(requested(here, [("web2", None)], Record()))
    assert file_of(tmp_path, "ldirectord").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "var/lib/lvs-cluster/drained.json").stat().st_mode & 0o777 == 0o644


def test_a_loss_of_power_undoes_neither_a_drain_nor_its_end(tmp_path, render, monkeypatch):
    here = on_host(tmp_path, described(PLAIN, "keepalived"), render)
    kept: list[str] = []
    monkeypatch.setattr(
        director.os, "fsync", lambda number: kept.append(Path(os.readlink(f"/proc/self/fd/{number}")).name)
    )
    drained = requested(here, [("web2", None)], Record())
    here.apply(drained)
    assert kept == ["drained.json.new", "lvs-cluster", "keepalived.conf.new", "keepalived"]
    kept.clear()
    here.apply(Record())
    assert kept == ["lvs-cluster", "keepalived.conf.new", "keepalived"]


def ldirectord_here(tmp_path, render, services, pid=4711):
    """A director with an ldirectord that reads its file when it is told to; and what happened, in its order."""
    table = Table(restore_lines(known_of(described(services, "ldirectord")).table))
    here = on_host(tmp_path, described(services, "ldirectord"), render, table)
    seen: list[Any] = []

    def kill(target, number):
        weights = [
            int(line.split()[2]) for line in file_of(tmp_path, "ldirectord").read_text().splitlines() if "real=" in line
        ]
        seen.append((target, number, table.weights(), weights))
        for line, weight in zip([line for line in table.lines if line.startswith("-a ")], weights):
            table._edit(f"-e {line[3:].partition(' -w ')[0]} -w {weight}")

    here._kill, here._pid = kill, lambda: pid
    return here, table, seen


def test_ldirectord_sets_what_is_drained_itself_and_finds_what_is_undrained(tmp_path, render):
    here, table, seen = ldirectord_here(tmp_path, render, PLAIN)
    record = requested(here, [("web2", None)], Record())
    here.apply(record)
    assert seen == [(4711, signal.SIGHUP, [1, 1, 1], [1, 0, 1])]
    assert "\tquiescent=yes\n" in file_of(tmp_path, "ldirectord").read_text()
    here.apply(Record())
    # At weight 0 it would take it for one that has failed, and remove it.
    assert seen[1:] == [(4711, signal.SIGHUP, [1, 1, 1], [1, 1, 1])]
    assert "\tquiescent=no\n" in file_of(tmp_path, "ldirectord").read_text()
    assert table.weights() == [1, 1, 1]


@pytest.mark.parametrize(("then", "told"), [([("web2", None), ("web1", None)], [1, 0, 0]), ([], [1, 1, 0])])
def test_one_that_has_failed_while_another_is_drained_stays_without_weight(tmp_path, render, then, told):
    """ldirectord would not take the weight away again: for it that real server has failed already."""
    here, table, seen = ldirectord_here(tmp_path, render, PLAIN)
    reads = here._kill

    def kill(target, number):
        reads(target, number)
        table._edit("-e -t 10.0.0.100:80 -r 10.0.0.23:80 -g -w 0")

    here.apply(requested(here, [("web2", None)], Record()))
    here._kill = kill
    table._edit("-e -t 10.0.0.100:80 -r 10.0.0.23:80 -g -w 0")
    outcome = here.apply(requested(here, then, Record()))
    assert seen[1][2] == told
    assert table.weights() == [0 if then else 1, 0 if then else 1, 0]
    assert outcome.failing == ["web3 in www (10.0.0.100:80/tcp)"]


def test_where_ldirectord_keeps_what_fails_it_alone_gives_weights(tmp_path, render):
    here, _table, seen = ldirectord_here(tmp_path, render, QUIESCED)
    here.apply(requested(here, [("web2", None)], Record()))
    here.apply(Record())
    assert seen[1:] == [(4711, signal.SIGHUP, [1, 0, 1], [1, 1, 1])]


def test_a_backup_of_ldirectord_gets_the_file_alone(tmp_path, render):
    here, table, seen = ldirectord_here(tmp_path, render, PLAIN, pid=None)
    table.lines = []
    assert here.live() == []
    assert here.apply(requested(here, [("web2", None)], Record())).failing == []
    assert (seen, table.ran) == ([], [])
    assert " gate 0\n" in file_of(tmp_path, "ldirectord").read_text()


def test_a_real_server_that_has_failed_gets_no_weight_by_hand(tmp_path, render):
    table = Table(restore_lines(known_of(described(QUIESCED, "keepalived")).table))
    here = on_host(tmp_path, described(QUIESCED, "keepalived"), render, table)
    here.apply(requested(here, [("web2", None)], Record()))
    outcome = here.apply(Record())
    # keepalived would have set it if its checks passed.
    assert table.weights() == [1, 0, 1]
    assert outcome.failing == ["web2 in www (10.0.0.100:80/tcp)"]


def test_one_that_is_not_in_the_table_is_not_added(tmp_path, render):
    table = Table(restore_lines(known_of(described(PLAIN, "keepalived")).table))
    table.lines = [line for line in table.lines if "10.0.0.22" not in line]
    here = on_host(tmp_path, described(PLAIN, "keepalived"), render, table)
    assert here.live() == [{"www": {"10.0.0.21", "10.0.0.23"}}]
    here.apply(requested(here, [("web2", None)], Record()))
    assert here.apply(Record()).failing == ["web2 in www (10.0.0.100:80/tcp)"]
    assert len(table.weights()) == 2


def test_thresholds_stay(tmp_path, render):
    services = SERVICES["limits"]
    table = Table(restore_lines(known_of(described(services, "static")).table))
    here = on_host(tmp_path, described(services, "static"), render, table)
    here.apply(requested(here, [("web2", None)], Record()))
    assert table.ran == ["-e -t 10.0.0.100:80 -r 10.0.0.22:80 -g -w 0 -x 90 -y 70\n"]


def test_a_real_server_that_the_next_run_of_site_brings_will_be_drained(tmp_path, render):
    """drain.yml knows it by the inventory, and a director not yet, such as after an interrupted run."""
    two = [{**PLAIN[0], "real_servers": ["web1", "web2"]}]
    record = requested(
        on_host(tmp_path, described(PLAIN, "keepalived"), render), [("web1", None), ("web3", None)], Record()
    )
    here = on_host(tmp_path, described(two, "keepalived"), render)
    here.apply(record)
    assert here.record() == record
    assert not here.apply(record).changed
    after = described(PLAIN, "keepalived", here.record())
    assert [there["weight"] for there in after["table"][0]["destinations"]] == [0, 1, 0]


@pytest.mark.parametrize(
    ("stack", "name"), [case for case in CASES if case[1] not in ("nat", "quorum", "scripts", "files")]
)
def test_a_real_server_that_rolling_update_has_drained_stays_drained(tmp_path, render, stack, name):
    """It is updated, and may be about to reboot."""
    services = {**SERVICES, **OF_KEEPALIVED}[name]
    updating = resolve(*inventory(services, stack), drained=["web1"])
    table = Table(restore_lines(read_table(updating["table"])))
    here = on_host(tmp_path, described(services, stack), render, table)
    file = file_of(tmp_path, stack)
    if stack != "static":
        # What restores the table at boot keeps the weights of the inventory.
        file.write_text(written(updating, render))
    record = tmp_path / "var/lib/lvs-cluster/rolling-update-drained"
    record.parent.mkdir(parents=True)
    record.write_text("web1\n")
    if name == "several":
        decision = decide.drain(here.services(), Record(), decide.Request("web2"), NOW)
        assert "Without web2 service mail would have no real server with a weight" in decision.refusals
    drained = requested(here, [("web3" if name == "several" else "web2", None)], Record())
    here.apply(drained)
    both = resolve(*inventory(services, stack, drained), drained=["web1"])
    assert table.weights() == [there["weight"] for entry in both["table"] for there in entry["destinations"]]
    assert file.read_text() == written(described(services, stack, drained) if stack == "static" else both, render)
    here.apply(Record())
    assert table.weights() == [there["weight"] for entry in updating["table"] for there in entry["destinations"]]

    # A run that stopped has left its record behind, and site.yml has given the weight back.
    file.write_text(written(described(services, stack), render))
    table.lines = restore_lines(here.known.table)
    here.apply(Record())
    assert table.lines == restore_lines(here.known.table)
    assert file.read_text() == written(described(services, stack), render)


def test_what_a_director_has_to_know(tmp_path):
    with pytest.raises(Failure, match="no director"):
        settings.read(tmp_path)
    (tmp_path / "lvs-heal-shop.json").write_text('{"cluster": "shop", "sysctls": []}')
    with pytest.raises(Failure, match="no director"):
        settings.read(tmp_path)
    (tmp_path / "lvs-heal-web.json").write_text('{"cluster": "web", "sysctls": [], "stack": "keepalived", "table": []}')
    with pytest.raises(Failure, match="older release"):
        settings.read(tmp_path)
    cluster = described(PLAIN, "keepalived")
    (tmp_path / "lvs-heal-web.json").write_text(json.dumps(heal_settings(cluster, "lb1", "Debian", "1")))
    known = settings.read(tmp_path)
    assert (known.stack, known.others) == ("keepalived", ("lb2",))
    assert known.find("www", "10.0.0.22", 80) == ("web2", 1)
    assert known.find("www", "10.0.0.99", 80) is known.find("mail", "10.0.0.22", 80) is None


def test_a_record_that_somebody_has_broken(tmp_path, render):
    here = on_host(tmp_path, described(PLAIN, "keepalived"), render)
    assert here.record() == Record()
    file = tmp_path / "var/lib/lvs-cluster/drained.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    with pytest.raises(Failure, match="Mend it, or remove it"):
        here.record()


@pytest.fixture
def program(tmp_path, render, monkeypatch):
    """Run lvs-drain or lvs-undrain on a director, with its exit status."""
    table = Table(restore_lines(known_of(described(PLAIN, "keepalived")).table))

    def ran(name: str, *words: str, told: str = "") -> int:
        cluster = described(PLAIN, "keepalived")
        there = file_of(tmp_path, "keepalived")
        text = there.read_text() if there.exists() else None
        here = on_host(tmp_path, cluster, render, table)
        if text:
            there.write_text(text)
        monkeypatch.setattr(programs, "Director", lambda _known: here)
        monkeypatch.setattr(programs.settings, "read", lambda: here.known)
        monkeypatch.setattr(programs.os, "geteuid", lambda: 0)
        monkeypatch.setattr(programs.time, "sleep", lambda _seconds: None)
        monkeypatch.setattr(programs, "LOCK", tmp_path / "lock")
        monkeypatch.setattr(programs.sys, "stdin", io.StringIO(told))
        monkeypatch.setenv("SUDO_USER", "alice")
        return programs.main(name, words)

    return ran


def test_the_commands(program, capsys):
    assert program("lvs-drain") == 0
    assert capsys.readouterr().out == "No real server is drained.\n"
    assert program("lvs-drain", "web2", "--reason", "new disk") == 0
    assert capsys.readouterr().out == (
        "This director sends no new connections to web2. Active connections there: 3.\n"
        "lb2 does not know that: run the same there, or site.yml.\n"
    )
    assert program("lvs-drain") == 0
    assert re.match(
        r"web2 is drained in all its services by alice@\S+ since \S+Z because: new disk\.\n", capsys.readouterr().out
    )
    assert program("lvs-undrain", "10.0.0.22", "--steps", "2", "--pause", "1") == 0
    assert capsys.readouterr().out == (
        "Step 1 of 2: 50 percent of the weight.\n"
        "This director sends new connections to 10.0.0.22 again.\n"
        "lb2 does not know that: run the same there, or site.yml.\n"
    )


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("lvs-drain", ["web9"], "There is no real server web9. There are web1, web2 and web3.\nNothing was changed.\n"),
        ("lvs-drain", ["web1", "--service", "x"], "There is no service x. There are www.\nNothing was changed.\n"),
        ("lvs-undrain", ["web1"], "web1 is not drained. No real server is drained.\nNothing was changed.\n"),
    ],
)
def test_the_commands_refuse(program, capsys, name, words, said):
    assert program(name, *words) == 1
    assert capsys.readouterr() == ("", said)


def test_what_a_playbook_tells(program, capsys, tmp_path, render):
    here = on_host(tmp_path, described(PLAIN, "keepalived"), render)
    record = requested(here, [("web2", None)], Record())
    assert program("lvs-drain", "--record", told=text_of(record)) == 0
    assert json.loads(capsys.readouterr().out) == {"changed": True, "failing": [], "connections": {"web2": 3}}
    # What somebody has drained here meanwhile stays.
    assert program("lvs-drain", "--record", told=text_of(Record())) == 0
    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert program("lvs-drain", "--record", told="{}") == 2
    assert "no record of version 1" in capsys.readouterr().err


def test_generated_clusters_with_a_random_drain(tmp_path, render):
    """What lvs-drain writes in a cluster of any kind is what site.yml writes with the same record."""
    count, texts = int(os.environ.get("LVS_GENERATED", "100")), {}
    for seed in range(count):
        found = accepted(seed)
        if found is None or not found[1]["services"]:
            continue
        (hostvars, groups), before = found
        here = on_host(tmp_path / str(seed), before, render)
        chance = random.Random(seed)  # noqa: S311 - no secret
        names = sorted({place.name for service in here.services() for place in service.places})
        requests = [(name, None) for name in chance.sample(names, chance.randint(1, len(names)))]
        record = requested(here, requests, Record())
        if chance.random() < 0.3:
            record = decide.undrain(record, decide.Request(requests[0][0]), NOW, steps=3).steps[0]
        here.apply(record)
        for name in groups["directors"]:
            facts = hostvars[name].setdefault("ansible_facts", {})
            facts["deployed_lvs"] = {**(facts.get("deployed_lvs") or {}), "drained": json.loads(text_of(record))}
        after = resolve(hostvars, groups)
        text = file_of(tmp_path / str(seed), before["stack"]).read_text()
        assert text == written(after, render), seed
        assert known_of(after) == known_of(before), seed
        texts.setdefault(before["stack"], []).append("FILE_CHECK {\n            track_file lvs-no-weight" in text)
    assert set(texts) == set(FILES)
    # Both ways to take a weight away.
    assert set(texts["keepalived"]) == {True, False}
