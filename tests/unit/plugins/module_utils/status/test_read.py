# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lvs-status does with its arguments, and what it asks of the host."""

from __future__ import annotations

import json

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status import program, read
from ansible_collections.lvs.cluster.plugins.module_utils.status.reasons import Reason
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure
from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings
from ansible_collections.lvs.cluster.tests.unit.plugins.played import Played

from .conftest import DRAIN, PROC, RATES, model, record
from .test_director import TLS_OUT, WEB2

TOOLS = {"ipvsadm": "/sbin/ipvsadm", "keepalived": "/sbin/keepalived", "journalctl": "/bin/journalctl"}
ASK_RATES = {"argv": "-Ln --rate --exact", "out": RATES}
JOURNAL = "--quiet --no-pager --output=short-unix --lines=2000 --identifier"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ("", None)),
        (["--json"], ("--json", None)),
        (["--html", "--output", "/x"], ("--html", "/x")),
        (["--output", "/x", "--json"], ("--json", "/x")),
    ],
)
def test_arguments(words, expected):
    assert program.arguments(words) == expected


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--jsn"], "--jsn is not understood here"),
        (["--json", "--html"], "--html is not understood here"),
        (["--output"], "--output needs a file"),
    ],
)
def test_what_is_wrong_is_refused_with_what_is_right(words, told, capsys):
    assert program.main(words) == 2
    assert capsys.readouterr().err == f"lvs-status: {told}\n{program.USAGE}\n"


@pytest.fixture
def host(monkeypatch, tmp_path):
    """A director of the lab: its files, and what its tools answer."""

    class HostFiles:
        def __init__(self):
            self.folder, self.runs = tmp_path, [ASK_RATES]

        def runner(self):
            return Played(self.runs, **TOOLS)

    given = HostFiles()
    names = ("TABLE", "DRAINS", "HEAL_STATE", "SYNC_STATE", "KEEPALIVED_PID", "HEARTBEAT_PID", "LDIRECTORD_PID")
    for name in names:
        monkeypatch.setattr(read, name, tmp_path / name)
    monkeypatch.setattr(read, "PROC", tmp_path)
    (tmp_path / "TABLE").write_text(PROC)
    (tmp_path / "HEAL_STATE").write_text('{"split_brain": {}}')
    settings = heal_settings(model("lab"), "lvs1", "Debian", "1")
    (tmp_path / "lvs-heal-lab.json").write_text(json.dumps(settings))
    monkeypatch.setattr(read, "read_vrrp", lambda runner, pid_file, timeout: {"VI_1": {"state": "master"}})
    monkeypatch.setattr(read, "running", lambda pid_file, proc: 42)
    monkeypatch.setattr(read, "ask_checker", lambda timeout: None)
    monkeypatch.setattr(read.addresses, "read", list)
    monkeypatch.setattr(read, "sync_daemons", lambda: (True, False))
    return given


def test_a_healthy_director_costs_one_process_beside_keepalived_s_own(host):
    runner = host.runner()
    seen = read.read_seen(record(), runner)
    assert (len(seen.live), seen.rates["172.28.0.100:80/tcp"][0], seen.vrrp) == (3, 12, {"VI_1": {"state": "master"}})
    assert seen.runs == {"lvs-heal": True, "keepalived": True}
    assert (seen.sends, seen.receives, seen.notes) == (True, False, [])
    assert runner.runs == []


def test_the_record_is_read_with_the_drains(host):
    (host.folder / "DRAINS").write_text(json.dumps({"version": 1, "drains": [DRAIN]}))
    found = read.read_record(host.folder, host.folder / "DRAINS")
    assert (found.data["director"], list(found.drains)) == ("lvs1", [DRAIN])


@pytest.mark.parametrize("text", ["", "[]", '{"drains": null}', '{"drains": [1]}', "{"])
def test_a_broken_record_of_drains_is_none(host, text):
    (host.folder / "DRAINS").write_text(text)
    assert list(read.read_record(host.folder, host.folder / "DRAINS").drains) == []


def test_a_host_that_directs_nothing_says_so(tmp_path):
    (tmp_path / "lvs-heal-c.json").write_text('{"cluster": "c", "sysctls": []}')
    with pytest.raises(read.NotHere, match="this host directs no cluster"):
        read.read_record(tmp_path)
    (tmp_path / "lvs-heal-c.json").write_text("{")
    with pytest.raises(Failure, match=r"can't be read .*: run site\.yml"):
        read.read_record(tmp_path)


def test_only_if_a_real_server_is_out_the_journal_is_searched(host):
    (host.folder / "TABLE").write_text(PROC.replace(WEB2, ""))
    line = "100.5 lvs1 Keepalived_healthcheckers[42]: TCP_CHECK on service [172.28.0.22]:tcp:80 failed.\n"
    host.runs = [ASK_RATES, {"argv": f"{JOURNAL} Keepalived_healthcheckers", "out": line}]
    seen = read.read_seen(record(), host.runner())
    assert seen.reasons == {("172.28.0.22", 80): Reason("TCP_CHECK failed", None)}


def test_keepalived_is_asked_for_what_stays_in_the_table(host, monkeypatch):
    said = (
        " VS VIP = 172.28.0.100, VPORT = 443\n   protocol = TCP\n   RIP = 172.28.0.21, RPORT = 443, WEIGHT = 1\n"
        "   alive = 1\n   RIP = 172.28.0.22, RPORT = 8443, WEIGHT = 1\n   alive = 0\n"
    )
    monkeypatch.setattr(read, "ask_checker", lambda timeout: said)
    (host.folder / "TABLE").write_text(TLS_OUT)
    host.runs = [ASK_RATES, {"argv": f"{JOURNAL} Keepalived_healthcheckers"}]
    # With dr keepalived may have another port than the table.
    assert read.read_seen(record(), host.runner()).alive == {("172.28.0.100:443/tcp", "172.28.0.22:443"): False}


@pytest.mark.parametrize("error", [Failure("no"), OSError(3, "gone")])
def test_a_keepalived_that_does_not_answer_for_its_checks_is_no_error(host, monkeypatch, error):
    def ask(timeout):
        raise error

    monkeypatch.setattr(read, "ask_checker", ask)
    (host.folder / "TABLE").write_text(TLS_OUT)
    host.runs = [ASK_RATES, {"argv": f"{JOURNAL} Keepalived_healthcheckers"}]
    assert read.read_seen(record(), host.runner()).alive == {}


def test_a_keepalived_that_does_not_answer_for_vrrp_is_a_problem(host, monkeypatch):
    def ask(runner, pid_file, timeout):
        raise Failure("keepalived did not report.")

    monkeypatch.setattr(read, "read_vrrp", ask)
    seen = read.read_seen(record(), host.runner())
    assert (seen.vrrp, seen.notes) == (None, ["keepalived did not report"])


def test_without_ipvs_there_is_no_table_and_no_rate(host):
    (host.folder / "TABLE").unlink()
    host.runs = [{"argv": "-Ln --rate --exact", "rc": 2, "err": "Can't initialize ipvs"}]
    seen = read.read_seen(record(), host.runner())
    assert (dict(seen.live), dict(seen.rates)) == ({}, {})


@pytest.mark.parametrize("log", ["file", "local0"])
def test_the_log_of_ldirectord_is_a_file_or_the_journal(host, log):
    wanted = record(case="ldirectord")
    key, service = next((key, one) for key, one in wanted.table.items() if wanted.has_checks(key))
    server = next(iter(service.destinations.values()))
    line = f"100.5 lvs1 ldirectord[42]: Deleted real server: {server} (x)\n"
    told = {**wanted.data, "log": str(host.folder / "ld.log") if log == "file" else log}
    (host.folder / "ld.log").write_text("x" * 300_000 + "\n" + line)
    host.runs = [] if log == "file" else [{"argv": f"{JOURNAL} ldirectord", "out": line}]
    found = read._explained(type(wanted)(told, wanted.table), [(key, str(server))], host.runner())
    checks = ", ".join(wanted.data["checks"][key])
    assert found == {"reasons": {server.key: Reason(f"the check {checks} failed", 100.5)}}


def test_a_process_is_known_by_its_pid_file(host):
    (host.folder / "HEARTBEAT_PID").write_text("42\n")
    assert not read._is_process(read.HEARTBEAT_PID, b"heartbeat")
    (host.folder / "42").mkdir()
    (host.folder / "42/cmdline").write_bytes(b"heartbeat: master control process\0")
    assert read._is_process(read.HEARTBEAT_PID, b"heartbeat")
    assert not read._is_process(read.HEARTBEAT_PID, b"ldirectord")


def test_each_format(status):
    assert json.loads(program.rendered(status(), "--json", coloured=False)) == status()
    assert program.rendered(status(), "--html", coloured=False).startswith("<!DOCTYPE html>")
    text = program.rendered(status(), "", coloured=False)
    assert text.startswith("Cluster lvs1-lvs2-lvs3 (keepalived)")
    assert text.endswith("No problems seen.\n")
    # The other directors were not asked. That is no problem of theirs.
    assert "lvs2              -             -           -                  not asked\n" in text


def test_a_file_is_replaced_and_everybody_may_read_it(tmp_path):
    file = tmp_path / "lvs.html"
    file.write_text("old")
    program.replace(file, "new")
    assert (file.read_text(), file.stat().st_mode & 0o777, [one.name for one in tmp_path.iterdir()]) == (
        "new",
        0o644,
        ["lvs.html"],
    )


@pytest.mark.parametrize(
    ("terminal", "variables", "expected"),
    [(True, {}, True), (False, {}, False), (True, {"NO_COLOR": "1"}, False), (True, {"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals(monkeypatch, terminal, variables, expected):
    monkeypatch.setattr(program.sys.stdout, "isatty", lambda: terminal, raising=False)
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert program.coloured() is expected
