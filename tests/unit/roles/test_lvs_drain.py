# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-drain on a director writes what site.yml would write with the same record, for every cluster, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.drains import decide, director, settings
from ansible_collections.lvs.cluster.plugins.module_utils.drains.keepalived_conf import HELD
from ansible_collections.lvs.cluster.plugins.module_utils.drains.record import Record, text_of
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import restore_lines
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_table
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Result
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings

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
    return resolve(hosts, groups)


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
        self.table = read_table([]) if not lines else None
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
