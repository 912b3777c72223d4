# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lvs-metrics asks of the host, where it writes, and how often."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.metrics import program, read
from ansible_collections.lvs.cluster.plugins.module_utils.status import read as status
from ansible_collections.lvs.cluster.plugins.module_utils.status.addresses import Address
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure
from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings
from ansible_collections.lvs.cluster.tests.unit.plugins.module_utils.status.conftest import PROC, model, record
from ansible_collections.lvs.cluster.tests.unit.plugins.played import Played

from . import example

COUNT = {"argv": "-Ln --stats --exact", "out": example.COUNTERS}
NODE_EXPORTER = Path(__file__).with_name("node_exporter.prom")
TLS2 = "  -> AC1C0016:01BB      Route   1      5          1         \n"


def settings(cluster="lab", host="lvs1", **metrics):
    """What site.yml writes for a host of a cluster with metrics."""
    wanted = {"exporter": True, "textfile_directory": "/x", "interval": 15, **metrics}
    return json.loads(json.dumps(heal_settings({**model(cluster), "metrics": wanted}, host, "Debian", "1")))


@pytest.fixture
def host(monkeypatch, tmp_path):
    """A director of the lab: its files, in a folder."""
    for name in ("TABLE", "DRAINS", "HEAL_STATE", "SYNC_STATE", "KEEPALIVED_PID", "HEARTBEAT_PID", "LDIRECTORD_PID"):
        monkeypatch.setattr(status, name, tmp_path / name)
    (tmp_path / "TABLE").write_text(PROC)
    (tmp_path / "HEAL_STATE").write_text('{"split_brain": {}, "mended": []}')
    monkeypatch.setattr(status, "read_vrrp", lambda runner, pid_file, timeout: {"VI_1": example.VRRP})
    monkeypatch.setattr(status, "running", lambda pid_file, proc: 42)
    monkeypatch.setattr(status, "ask_checker", lambda timeout: None)
    monkeypatch.setattr(status.addresses, "read", lambda: [Address("172.28.0.100", "eth1", 1.0)])
    monkeypatch.setattr(status, "sync_daemons", lambda: (True, False))
    monkeypatch.setattr(read, "live_or_none", lambda path: "0")
    return tmp_path


def tools(*runs):
    return Played(runs, ipvsadm="/sbin/ipvsadm", keepalived="/sbin/keepalived")


def write(folder, name, **data):
    (folder / f"lvs-heal-{name}.json").write_text(json.dumps(data))


def test_a_director_costs_one_process_beside_keepalived_s_own(host):
    write(host, "lab", **settings())
    runner = tools(COUNT)
    text = read.text_of(read_all(host), runner, host)
    assert runner.runs == []
    assert 'lvs_service_connections_total{cluster="lvs1-lvs2-lvs3",service="web",' in text
    assert 'lvs_vip_held{cluster="lvs1-lvs2-lvs3",vrrp_instance="VI_1",vip="172.28.0.100"} 1\n' in text
    assert "\nlvs_metrics_interval_seconds 15\n" in text
    assert float(re.search(r"(?m)^lvs_metrics_read_duration_seconds (\S+)$", text)[1]) < 60
    assert re.search(r"(?m)^lvs_metrics_written_timestamp_seconds \d+\.\d{3}$", text)


def read_all(folder):
    return program.read_files(folder)


def test_nothing_searches_for_the_reason_of_a_failure_if_keepalived_answers(host, monkeypatch):
    said = " VS VIP = 172.28.0.100, VPORT = 443\n   protocol = TCP\n   RIP = 172.28.0.22, RPORT = 443, WEIGHT = 1\n   alive = 0\n"
    monkeypatch.setattr(status, "ask_checker", lambda timeout: said)
    (host / "TABLE").write_text(PROC.replace(TLS2, TLS2.replace("Route   1", "Route   0")))
    seen = status.read_seen(record(), tools(COUNT), measured=True)
    assert (seen.alive, seen.reasons) == ({(example.TLS, "172.28.0.22:443"): False}, {})
    assert (seen.rates, seen.counters[example.WEB][0]) == ({}, (1200, 8000, 1, 900000, 2))


def test_a_host_of_several_clusters_has_all_of_them_in_one_file(host):
    sysctls = host / "90-lvs-real-server.conf"
    sysctls.write_text("net.ipv4.conf.all.arp_ignore = 1\nnet.ipv4.conf.lo.arp_ignore = 0\n")
    for name in ("a", "b"):
        write(host, name, **{**settings("lab", "web1"), "cluster": name, "sysctls": [str(sysctls)]})
    text = read.text_of(read_all(host), tools(), host)
    for name in ("a", "b"):
        assert f'lvs_served_vip_present{{cluster="{name}",vip="172.28.0.100",interface="lo"}} 0\n' in text
        assert f'lvs_sysctl_differs{{cluster="{name}",sysctl="net.ipv4.conf.all.arp_ignore"}} 1\n' in text
        assert f'lvs_sysctl_differs{{cluster="{name}",sysctl="net.ipv4.conf.lo.arp_ignore"}} 0\n' in text


def test_what_is_wanted_is_in_the_settings():
    found = settings("lab", "web1", interval=30)["metrics"]
    assert (found["textfile_directory"], found["interval"], found["serves"]["host"]) == ("/x", 30, "web1")
    assert {"address": "172.28.0.100", "device": "lo"} in found["serves"]["vips"]
    assert settings()["metrics"]["serves"] is None
    assert settings()["metrics"]["directors"] == {"VI_1": 3}
    assert "metrics" not in heal_settings(model("lab"), "lvs1", "Debian", "1")
    cluster = model("lab")
    cluster["services"][1]["health"][0]["dynamic_weight"] = True
    assert settings()["weighed"] == []
    assert heal_settings(cluster, "lvs1", "Debian", "1")["weighed"] == [example.TLS]


@pytest.mark.parametrize(
    ("intervals", "took", "expected"), [([], 0.5, 14.5), ([30, 20], 2.0, 18.0), ([5], 7.0, 1.0), ([1], 0.0, 1.0)]
)
def test_how_often(intervals, took, expected):
    files = [{"metrics": {"interval": one}} for one in intervals]
    assert program.pause([{"cluster": "without"}, *files], took) == expected


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The service, with folders for settings and files, and what it has said."""
    monkeypatch.setattr(program, "text_of", lambda files, runner, folder: f"{[one['cluster'] for one in files]}\n")
    (tmp_path / "etc").mkdir()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    made = program.Service(tmp_path / "etc", tools(), lambda level, text: made.told.append(text))
    made.told = []
    made.at = tmp_path
    return made


def want(service, name, folder):
    write(service.at / "etc", name, cluster=name, metrics={"textfile_directory": str(folder), "interval": 15})


def test_each_folder_has_the_clusters_that_want_it(service):
    want(service, "a", service.at / "one")
    want(service, "b", service.at / "one")
    want(service, "c", service.at / "two")
    write(service.at / "etc", "d", cluster="d")
    assert len(service.write()) == 4
    assert (service.at / "one/lvs-cluster.prom").read_text() == "['a', 'b']\n"
    assert (service.at / "two/lvs-cluster.prom").read_text() == "['c']\n"
    # node-exporter has another user.
    assert (service.at / "one/lvs-cluster.prom").stat().st_mode & 0o777 == 0o644
    assert [one.name for one in (service.at / "one").iterdir()] == ["lvs-cluster.prom"]
    assert service.told == []


def test_a_folder_that_is_no_longer_wanted_loses_the_file(service):
    want(service, "a", service.at / "one")
    service.write()
    want(service, "a", service.at / "two")
    service.write()
    assert [one.parent.name for one in service.at.glob("*/*.prom")] == ["two"]
    write(service.at / "etc", "a", cluster="a")
    service.write()
    assert list(service.at.glob("*/*.prom")) == []
    # What comes there later is of somebody else.
    (service.at / "two/lvs-cluster.prom").touch()
    service.write()
    assert (service.at / "two/lvs-cluster.prom").exists()


def test_what_cannot_be_read_leaves_the_old_file_and_is_told_once(service, monkeypatch):
    want(service, "a", service.at / "one")
    service.write()
    working = program.text_of

    def fail(files, runner, folder):
        raise Failure("keepalived is gone")

    monkeypatch.setattr(program, "text_of", fail)
    service.write()
    service.write()
    assert service.told == ["the metrics are not written: keepalived is gone"]
    assert (service.at / "one/lvs-cluster.prom").read_text() == "['a']\n"
    monkeypatch.setattr(program, "text_of", working)
    service.write()
    monkeypatch.setattr(program, "text_of", fail)
    service.write()
    assert len(service.told) == 2


def test_a_folder_that_is_not_there_and_broken_settings_are_told(service):
    want(service, "a", service.at / "none")
    service.write()
    (service.at / "etc/lvs-heal-a.json").write_text("{")
    assert service.write() == []
    assert ["none" in service.told[0], len(service.told)] == [True, 2]


def test_it_goes_on_until_it_is_stopped(service, monkeypatch):
    want(service, "a", service.at / "one")
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(program.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        service.run()
    assert [14 < seconds <= 15 for seconds in waits] == [True, True]


@pytest.mark.parametrize("words", [["--output"], ["--service", "x"]])
def test_wrong_arguments(words, capsys):
    assert program.main(words) == 2
    assert capsys.readouterr().err == f"{program.USAGE}\n"


def test_only_root_can_read_it(monkeypatch, capsys):
    monkeypatch.setattr(program.os, "geteuid", lambda: 1000)
    assert program.main([]) == 2
    assert "must run as root" in capsys.readouterr().err


def test_once(monkeypatch, capsys):
    monkeypatch.setattr(program.os, "geteuid", lambda: 0)
    monkeypatch.setattr(program, "read_files", lambda: [1])
    monkeypatch.setattr(program, "text_of", lambda files: f"{files}\n")
    assert (program.main([]), capsys.readouterr().out) == (0, "[1]\n")

    def fail(files):
        raise Failure("no")

    monkeypatch.setattr(program, "text_of", fail)
    assert (program.main([]), capsys.readouterr().err) == (2, "lvs-metrics: no\n")


def labels(text, name, wanted):
    """The labels of a metric's series that are wanted, from a file in the text format."""
    found = (dict(re.findall(r'(\w+)="([^"]*)"', line)) for line in text.splitlines() if line.startswith(f"{name}{{"))
    return {tuple(one[label] for label in wanted) for one in found}


def test_its_labels_meet_those_of_node_exporter():
    wanted = read.METRICS["lvs_real_server_info"].labels[-6:]
    node = labels(NODE_EXPORTER.read_text(), "node_ipvs_backend_weight", wanted)
    own = labels(example.text(), "lvs_real_server_info", wanted)
    assert len(own) == 6
    assert own <= node


def test_it_ends_when_a_run_that_was_interrupted_has_not_started_the_new_program(service, monkeypatch):
    def deployed(version):
        wanted = {"textfile_directory": str(service.at / "one"), "interval": 15}
        write(service.at / "etc", "a", cluster="a", program=version, metrics=wanted)

    deployed("old")
    monkeypatch.setattr(program.time, "sleep", lambda _seconds: deployed("new"))
    with pytest.raises(SystemExit) as ended:
        service.run()
    assert ended.value.code == 0
    assert service.told == ["another version was installed: this one ends, and systemd starts the other one"]
