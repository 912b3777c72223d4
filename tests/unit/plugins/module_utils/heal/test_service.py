# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: what it looks at, when it is paused, and what it says."""

from __future__ import annotations

import json
import os
import time

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal import program, service, settings, tell
from ansible_collections.lvs.cluster.plugins.module_utils.heal.heartbeat_split import HeartbeatSplit
from ansible_collections.lvs.cluster.plugins.module_utils.heal.ldirectord import HeartbeatResources, LdirectordTable
from ansible_collections.lvs.cluster.plugins.module_utils.heal.part import Faults, Part, PartlyMended
from ansible_collections.lvs.cluster.plugins.module_utils.heal.rules import Rules
from ansible_collections.lvs.cluster.plugins.module_utils.heal.settings import cluster_from
from ansible_collections.lvs.cluster.plugins.module_utils.heal.sysctls import Sysctls
from ansible_collections.lvs.cluster.plugins.module_utils.heal.tables import KeepalivedTable, StaticTable
from ansible_collections.lvs.cluster.plugins.module_utils.heal.vips import Addresses, KeepalivedVips
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure

REAL_SERVER = {"cluster": "web", "sysctls": ["/etc/sysctl.d/90-lvs-real-server-web.conf"]}
MAIL = {"to": ["a@example.org"], "from": "lvs@example.org", "server": "mail", "port": 25, "timeout": 5}


@pytest.mark.parametrize(
    ("stack", "more"),
    [
        (None, []),
        ("keepalived", [KeepalivedTable, KeepalivedVips]),
        ("static", [StaticTable]),
        ("ldirectord", [LdirectordTable, HeartbeatResources, HeartbeatSplit]),
    ],
)
def test_what_is_kept_on_a_host(tools, stack, more):
    cluster = cluster_from({**REAL_SERVER, "stack": stack, "rules": "/etc/ipvsadm.rules"})
    parts = service.parts_of([cluster], Addresses(tools), tools)
    assert [type(part) for part in parts] == [Sysctls, Rules, *more]
    assert all(isinstance(part, Part) for part in parts)


def test_the_interface_of_a_vip_is_that_of_its_instance():
    instance = {
        "name": "VI_1",
        "advert_address": "fe80::112:1:1",
        "vmac": False,
        "addresses": [{"address": "2001:db8::100", "prefix": 64, "device": "eth0"}],
    }
    cluster = cluster_from({**REAL_SERVER, "vips": ["2001:db8::100", "172.28.0.100"], "instances": [instance]})
    assert service.owned([cluster]) == {"2001:db8::100": "eth0", "172.28.0.100": None}
    assert cluster.instances[0].advert.prefix == 128


def test_a_pause_ends_when_it_is_old(tmp_path):
    file = tmp_path / "pause"
    now = time.time()
    assert not service.paused(now, file)
    file.touch()
    for age, paused in ((0, True), (899, True), (901, False)):
        os.utime(file, (now - age, now - age))
        assert service.paused(now, file) is paused


def test_a_long_look_is_followed_by_a_long_wait():
    assert [service.pause_after(took) for took in (0.001, 0.1, 0.2, 0.5)] == [2.0, 2.0, 4.0, 5.0]


class Fake:
    """A part with a fault, until it is mended; an error to raise instead."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.events, self.looked, self.forgotten, self.mended = error, [], [], 0, False

    def is_due(self, now, events):
        self.events.append(events)
        return not self.mended

    def find(self, now, sure):
        self.looked.append(now)
        return Faults(["missing service A"], self._mend)

    def _mend(self):
        if self.error:
            raise self.error
        self.mended = True

    def forget(self):
        self.forgotten += 1


@pytest.fixture
def running(tools, tmp_path, monkeypatch):
    """The service with one fake part, what it says, and where its files are."""
    monkeypatch.setattr(tell.save, "__defaults__", (tmp_path / "state.json",))
    monkeypatch.setattr(service.paused, "__defaults__", (tmp_path / "pause",))
    monkeypatch.setattr(settings.age, "__defaults__", (tmp_path,))
    monkeypatch.setattr(settings.read, "__defaults__", (tmp_path,))
    said = []
    one = service.Service(tools, lambda level, text: said.append(level + text))
    one.read_settings()
    one.said = said
    return one


def test_what_is_wrong_is_mended_and_told(running, tmp_path):
    running.parts = [fake := Fake()]
    running.look(0.0, set())
    assert fake.mended
    assert running.said == ["<5>mended: missing service A"]
    state = json.loads((tmp_path / "state.json").read_text())
    assert [one["what"] for one in state["mended"]] == ["mended: missing service A"]
    assert (state["paused"], state["split_brain"]) == (False, {})


def test_nothing_is_mended_in_a_pause_and_everything_looked_at_after_it(running, tmp_path):
    running.parts = [fake := Fake()]
    (tmp_path / "pause").touch()
    running.look(0.0, {"rules"})
    assert (fake.looked, fake.mended, fake.forgotten, fake.events) == ([], False, 0, [{"rules"}])
    assert json.loads((tmp_path / "state.json").read_text())["paused"]
    (tmp_path / "pause").unlink()
    running.look(2.0, set())
    assert (fake.mended, fake.forgotten) == (True, 2)


def test_what_cannot_be_mended_is_told_once_and_tried_again_later(running):
    running.parts = [fake := Fake(Failure("no root"))]
    for now in (0.0, 2.0, 9.0, 10.0, 21.0):
        running.look(now, set())
    assert fake.looked == [0.0, 10.0, 21.0]
    assert running.said == ["<4>not mended: no root"]


def test_what_was_mended_is_told_though_something_else_was_not(running):
    running.parts = [Fake(PartlyMended(Failure("no root"), ["missing VIP A"]))]
    running.look(0.0, set())
    assert sorted(running.said) == ["<4>not mended: no root", "<5>mended: missing VIP A"]
    assert [one["what"] for one in running.mended] == ["mended: missing VIP A"]


def test_what_is_not_understood_does_not_end_the_service(running):
    """A tool that could not write all that it prints, since /run is full."""
    running.parts = [Fake(ValueError("not understood")), other := Fake()]
    running.look(0.0, set())
    assert other.mended
    assert running.said == ["<4>not mended: not understood", "<5>mended: missing service A"]


@pytest.mark.parametrize("answer", ['[{"ifname": "eth', 1])
def test_addresses_that_cannot_be_read_are_read_again_and_the_rest_is_mended(running, tools, answer):
    tools.answers["ip -j address"] = answer
    running.parts = [fake := Fake()]
    running.look(0.0, set())
    running.look(2.0, set())
    assert fake.mended
    assert [text.startswith("<4>the addresses of this host can't be read: ") for text in running.said].count(True) == 1
    tools.answers["ip -j address"] = '[{"ifname": "eth0"}]'
    running.look(4.0, set())
    assert list(running.addresses.links) == ["eth0"]


def test_what_cannot_be_written_is_told_once_and_mended_all_the_same(running, tmp_path, monkeypatch):
    def full(state):
        raise OSError(28, "No space left on device")

    running.parts = [fake := Fake()]
    with monkeypatch.context() as patched:
        patched.setattr(tell, "save", full)
        running.look(0.0, set())
        running.look(2.0, set())
    assert fake.mended
    assert running.said == [
        "<5>mended: missing service A",
        "<4>what is going on can't be told to others: [Errno 28] No space left on device",
    ]
    running.look(4.0, set())
    assert (tmp_path / "state.json").exists()


def test_only_the_last_that_was_mended_is_remembered(running):
    """Somebody may remove something again and again."""
    for now in range(30):
        running.parts = [Fake()]
        running.look(float(now), set())
    assert len(running.mended) == 20


def test_new_settings_are_read_and_broken_ones_told(running, tmp_path):
    assert running.parts[0].files == []
    file = tmp_path / "lvs-heal-web.json"
    file.write_text(json.dumps(REAL_SERVER))
    running.read_settings()
    assert [str(path) for path in running.parts[0].files] == REAL_SERVER["sysctls"]
    os.utime(file, (1, 1))
    file.write_text("{")
    os.utime(file, (2, 2))
    running.read_settings()
    assert running.clusters == []
    assert "can't be read" in running.said[0]


def test_it_ends_when_a_run_that_was_interrupted_has_not_started_the_new_program(running, tmp_path):
    """systemd starts it again."""

    def deployed(program, at):
        file = tmp_path / "lvs-heal-web.json"
        file.write_text(json.dumps({**REAL_SERVER, "program": program}))
        os.utime(file, (at, at))
        running.read_settings()

    deployed("old", 1)
    deployed("old", 2)
    with pytest.raises(SystemExit) as ended:
        deployed("new", 3)
    assert ended.value.code == 0
    assert running.said == ["<5>another version was installed: this one ends, and systemd starts the other one"]


def test_a_split_brain_is_told_in_the_journal_by_mail_and_in_the_state(running, tmp_path, monkeypatch):
    mails = []
    monkeypatch.setattr(tell, "send", lambda mail, text: mails.append((mail.server, text)))
    monkeypatch.setattr(running.split_brain, "look", lambda vips, addresses, now: ["two owners of VIP A: who"])
    running.split_brain.present = {"A": {"macs": ["m"], "since": 1.0}}
    running.clusters = [cluster_from({**REAL_SERVER, "mail": MAIL}), cluster_from({**REAL_SERVER, "mail": None})]
    running.look(0.0, set())
    assert running.said == ["<4>two owners of VIP A: who"]
    assert mails == [("mail", "two owners of VIP A: who")]
    assert json.loads((tmp_path / "state.json").read_text())["split_brain"] == {"A": {"macs": ["m"], "since": 1.0}}


def test_a_mail_has_the_host_and_the_first_words_as_its_subject():
    mail = cluster_from({**REAL_SERVER, "mail": MAIL}).mail
    message = tell.message(mail, "two owners of VIP A: who", "lb1")
    assert (message["Subject"], message["To"], message["From"]) == (
        "[lb1] two owners of VIP A",
        "a@example.org",
        "lvs@example.org",
    )
    assert message.get_content() == "lb1: two owners of VIP A: who.\n"


def test_a_whole_table_does_not_fill_the_journal():
    assert tell.lines_of(["a", "b", "c"], 2) == ["mended: a", "mended: b", "mended: 1 more"]
    assert tell.lines_of(["a", "b"], 2) == ["mended: a", "mended: b"]


@pytest.mark.parametrize(("found", "status"), [([], 0), (["missing service A"], 1)])
def test_a_check_prints_what_differs(monkeypatch, capsys, found, status):
    monkeypatch.setattr(program.os, "geteuid", lambda: 0)
    monkeypatch.setattr(program, "check", lambda: found)
    assert program.main(["--check"]) == status
    assert capsys.readouterr().out == "".join(f"{line}\n" for line in found)


def test_wrong_words_are_refused(capsys):
    assert program.main(["--mend"]) == 2
    assert "usage" in capsys.readouterr().err
