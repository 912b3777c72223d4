# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tutorials for ldirectord and heartbeat have people write by hand, setting by setting, in what the roles render."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "ldirectord"
TASKS = {name: yaml.safe_load((ROLE / "tasks" / f"{name}.yml").read_text()) for name in ("configure", "expected")}
ADDRESSES = {"ld": "10.10.10.52", "http1": "10.10.10.102", "http2": "10.10.10.103"}
GROUPS = {"directors": ["ld"], "real_servers": ["http1", "http2"]}
# Lblc, persistence and a page of the director's own when nobody else answers.
LBLC = {
    "lvs_services": [
        {
            "name": "www",
            "vip": "10.10.10.53",
            "port": 80,
            "scheduler": "lblc",
            "persistence": 100,
            "sorry_server": {"address": "127.0.0.1", "port": 80},
            "health": {
                "type": "http",
                "path": "/check.txt",
                "expect": "webserverisworking",
                "interval": 2,
                "timeout": 30,
            },
        }
    ],
    "lvs_ldirectord": {"autoreload": True},
    "lvs_heartbeat": {"vip_prefix": 24},
    "lvs_sync": {"enabled": True},
}
# Wrr by weights, quiescent=no, a page that says OK.
WRR = {
    "lvs_services": [
        {
            "name": "www",
            "vip": "10.10.10.53",
            "port": 80,
            "scheduler": "wrr",
            "real_servers": [{"host": "http1", "weight": 2}, {"host": "http2", "weight": 2}],
            "health": {"type": "http", "path": "/ok.html", "expect": "OK"},
        }
    ],
}


@pytest.fixture
def written(render, describe):
    """Return a function that renders a file of the director: its lines."""

    def lines(file, **variables):
        cluster = describe(GROUPS, ADDRESSES, lvs_stack="ldirectord", **variables)
        return render(cluster, "ld", f"{file}.j2").splitlines()

    return lines


def stripped(lines):
    return [line.strip() for line in lines]


@pytest.mark.parametrize(
    "setting",
    [
        "checktimeout=30",
        "checkinterval=2",
        "autoreload=yes",
        'logfile="/var/log/ldirectord.log"',
        "quiescent=no",
        "virtual=10.10.10.53:80",
        "fallback=127.0.0.1:80 gate",
        "real=10.10.10.102:80 gate 1",
        "real=10.10.10.103:80 gate 1",
        "service=http",
        'request="/check.txt"',
        "httpmethod=GET",
        'receive="webserverisworking"',
        "persistent=100",
        "scheduler=lblc",
        "protocol=tcp",
        "checktype=negotiate",
    ],
)
def test_ldirectord_cf_with_lblc(written, setting):
    assert setting in stripped(written("ldirectord.cf", **LBLC))


@pytest.mark.parametrize(
    "setting",
    [
        "quiescent=no",
        "virtual=10.10.10.53:80",
        "real=10.10.10.102:80 gate 2",
        "real=10.10.10.103:80 gate 2",
        "scheduler=wrr",
        'request="/ok.html"',
        'receive="OK"',
    ],
)
def test_ldirectord_cf_with_wrr(written, setting):
    assert setting in stripped(written("ldirectord.cf", **WRR))


@pytest.mark.parametrize(
    "resource",
    [
        "node-52",
        "ldirectord::ldirectord.cf",
        "LVSSyncDaemonSwap::master",
        "LVSAddress::10.10.10.53/24/eth0",
    ],
)
def test_haresources(written, resource):
    assert resource in written("haresources", **LBLC)[-1].split()


@pytest.mark.parametrize(
    "setting", ["keepalive 2000ms", "deadtime 10000ms", "auto_failback on", "node node-52", "udpport 694"]
)
def test_ha_cf(written, setting):
    assert setting in written("ha.cf", **LBLC)


@pytest.mark.parametrize(
    ("transport", "line"),
    [
        ("ucast", "ucast eth0 10.10.10.52"),
        ("mcast", "mcast eth0 225.0.0.1 694 1 0"),
        ("bcast", "bcast eth0"),
    ],
)
def test_how_the_nodes_speak(written, transport, line):
    assert line in written("ha.cf", **LBLC | {"lvs_heartbeat": {"transport": transport}})


@pytest.mark.parametrize(
    ("health", "secrets"),
    [({"type": "imap", "login": "check", "passwd": "hunter2"}, True), ({"type": "imap", "login": "check"}, False)],
)
def test_with_passwords_only_root_reads_the_file(describe, health, secrets):
    services = [{"name": "mail", "vip": "10.10.10.53", "port": 143, "health": health}]
    cluster = describe(GROUPS, ADDRESSES, lvs_stack="ldirectord", lvs_services=services)
    assert cluster["ldirectord"]["secrets"] is secrets
    told = [*TASKS["configure"], *TASKS["configure"][2]["block"]]
    written = [task for task in told if "ldirectord.cf.j2" in str(task.get("ansible.builtin.template"))]
    assert [task["ansible.builtin.template"]["mode"] for task in written] == ["{{ ldirectord_mode }}"] * 2
    assert [str(task["diff"]) for task in written] == [
        "{{ ansible_diff_mode and not lvs_cluster.ldirectord.secrets }}",
        "False",
    ]
    assert TASKS["expected"][0]["no_log"] == "{{ lvs_cluster.ldirectord.secrets }}"


def test_lines_of_a_block_are_indented(written):
    lines = written("ldirectord.cf", **LBLC)
    block = lines[lines.index("virtual=10.10.10.53:80") + 1 :]
    assert block
    assert all(line.startswith("\t") for line in block)


@pytest.mark.parametrize(("intervals", "fork"), [((5, 5), "fork=no"), ((5, 9), "fork=yes")])
def test_checks_of_several_intervals_take_a_process_each(written, intervals, fork):
    services = [
        {
            "name": f"s{number}",
            "vip": "10.10.10.53",
            "port": 80 + number,
            "health": {"type": "tcp", "interval": interval},
        }
        for number, interval in enumerate(intervals)
    ]
    lines = written("ldirectord.cf", lvs_services=services)
    assert fork in lines
    assert "checkinterval=5" in lines
