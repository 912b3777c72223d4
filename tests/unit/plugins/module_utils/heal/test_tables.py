# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of keepalived, static and ldirectord: when they are compared, what is mended, and what is left alone."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal import tables
from ansible_collections.lvs.cluster.plugins.module_utils.heal.ldirectord import LdirectordTable, removed
from ansible_collections.lvs.cluster.plugins.module_utils.heal.part import PartlyMended
from ansible_collections.lvs.cluster.plugins.module_utils.heal.tables import KeepalivedTable, StaticTable
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Result

WRITTEN = (Path(__file__).parent / "keepalived_check.data").read_text(encoding="utf-8")
KEY = "-t 172.28.0.100:80"
RIGHT = f"-A {KEY} -s wrr\n-a {KEY} -r 172.28.0.21:80 -g -w 3\n"
ACTIVE = {"systemctl is-active keepalived.service": "active\n", "systemctl is-active lvs-vip.service": "active\n"}


@pytest.fixture
def proc(monkeypatch):
    """The text of /proc/net/ip_vs, as the one item of a list."""
    text = ["TCP  AC1C0064:0050 wrr  \n"]
    monkeypatch.setattr(tables.Watched.__init__, "__defaults__", (lambda: text[0],))
    return text


def keepalived(tools, *said: str | None) -> KeepalivedTable:
    answers = list(said)
    return KeepalivedTable(parse_table(RIGHT), tools, lambda: answers.pop(0) if len(answers) > 1 else answers[0])


def test_a_table_is_compared_once_and_again_when_its_shape_changes(tools, proc):
    tools.answers = {**ACTIVE, "ipvsadm -Sn": RIGHT}
    part = keepalived(tools, WRITTEN)
    assert part.is_due(0.0, set())
    assert part.find(0.0, sure=True) is None
    assert not part.is_due(2.0, set())
    proc[0] = ""
    assert part.is_due(4.0, set())
    part.find(4.0, sure=True)
    assert not part.is_due(6.0, set())
    part.forget()
    assert part.is_due(6.0, set())


def test_a_flushed_table_is_put_back(tools, proc):
    tools.answers = {**ACTIVE, "ipvsadm -Sn": ""}
    part = keepalived(tools, WRITTEN)
    faults = part.find(0.0, sure=True)
    assert faults.texts[0] == "missing service 172.28.0.100:80/tcp"
    assert part.is_due(1.0, set())
    faults.mend()
    assert [stdin for command, stdin in tools.ran if command == "ipvsadm -R"] == [RIGHT]


def test_what_keepalived_removes_at_the_same_moment_is_removed_again(tools, proc):
    tools.answers = {**ACTIVE, "ipvsadm -Sn": f"-A {KEY} -s wrr\n"}
    part = keepalived(tools, WRITTEN, WRITTEN.replace("RS set = 1", "RS set = 0", 1))
    part.find(0.0, sure=True).mend()
    assert [stdin for command, stdin in tools.ran if command == "ipvsadm -R"] == [
        f"-a {KEY} -r 172.28.0.21:80 -g -w 3\n",
        f"-d {KEY} -r 172.28.0.21:80\n",
    ]


def test_a_drain_by_hand_survives_a_flush(tools, proc):
    tools.answers = {**ACTIVE, "ipvsadm -Sn": RIGHT.replace("-w 3", "-w 0")}
    part = keepalived(tools, WRITTEN)
    assert part.find(0.0, sure=True) is None
    tools.answers["ipvsadm -Sn"] = ""
    part.find(2.0, sure=True).mend()
    assert tools.ran[-1][1] == RIGHT.replace("-w 3", "-w 0")


@pytest.mark.parametrize(("said", "state"), [(None, "active"), (WRITTEN, "inactive"), (WRITTEN, "deactivating")])
def test_a_keepalived_that_does_not_run_or_stops_may_empty_its_table(tools, proc, said, state):
    tools.answers = {"systemctl is-active keepalived.service": f"{state}\n", "ipvsadm -Sn": ""}
    part = keepalived(tools, said)
    assert part.find(0.0, sure=True) is None
    assert not part.is_due(2.0, set())


def test_a_static_table_is_that_of_its_file(tools, proc, tmp_path):
    rules = tmp_path / "rules"
    part = StaticTable(str(rules), tools)
    tools.answers = {**ACTIVE, "ipvsadm -Sn": f"-A {KEY} -s rr\n"}
    assert part.find(0.0, sure=True) is None
    rules.write_text(RIGHT)
    faults = part.find(0.0, sure=True)
    assert faults.texts == [
        "changed service 172.28.0.100:80/tcp",
        "missing real server 172.28.0.21:80 of service 172.28.0.100:80/tcp",
    ]
    faults.mend()
    assert tools.ran[-1] == ("ipvsadm -R", RIGHT.replace("-A", "-E"))
    tools.answers["ipvsadm -Sn"] = RIGHT
    assert part.find(0.0, sure=True) is None
    assert not part.is_due(2.0, set())
    assert part.is_due(2.0, {"addresses"})


REFUSED = Result(1, "", "Memory allocation problem\n")


@pytest.mark.parametrize("stack", ["keepalived", "static"])
def test_what_ipvsadm_refuses_is_not_told_as_mended(tools, proc, tmp_path, stack):
    (tmp_path / "rules").write_text(TWO)
    part = StaticTable(str(tmp_path / "rules"), tools) if stack == "static" else keepalived(tools, WRITTEN)
    tools.answers = {**ACTIVE, "ipvsadm -Sn": "", "ipvsadm -R": REFUSED}
    faults = part.find(0.0, sure=True)
    tools.answers["ipvsadm -Sn"] = f"-A {KEY} -s wrr\n"
    with pytest.raises(PartlyMended) as told:
        faults.mend()
    assert str(told.value) == (
        "missing real server 172.28.0.21:80 of service 172.28.0.100:80/tcp: ipvsadm -R said: Memory allocation problem"
    )
    assert told.value.mended == ["missing service 172.28.0.100:80/tcp"]


def test_what_somebody_has_mended_meanwhile_is_no_failure(tools, proc, tmp_path):
    (tmp_path / "rules").write_text(RIGHT)
    tools.answers = {**ACTIVE, "ipvsadm -Sn": "", "ipvsadm -R": REFUSED}
    faults = StaticTable(str(tmp_path / "rules"), tools).find(0.0, sure=True)
    tools.answers["ipvsadm -Sn"] = RIGHT
    faults.mend()


def test_a_static_director_that_is_out_of_service_is_left_alone(tools, proc, tmp_path):
    rules = tmp_path / "rules"
    rules.write_text(RIGHT)
    tools.answers = {"ipvsadm -Sn": ""}
    assert StaticTable(str(rules), tools).find(0.0, sure=True) is None


TWO = RIGHT + f"-a {KEY} -r 172.28.0.22:80 -g -w 1\n"
ONE = RIGHT


class Checked:
    """A director with ldirectord, whose table and log a test changes."""

    def __init__(self, tools, tmp_path, *quiesced: str) -> None:
        self.tools, self.log, self.killed, self.pid = tools, tmp_path / "log", [], 7
        self.log.write_text("")
        self.part = LdirectordTable(
            parse_table(TWO),
            frozenset(quiesced),
            str(self.log),
            tools,
            lambda: self.pid,
            lambda pid, number: self.killed.append((pid, number)),
        )
        self.table = ""
        self.part._text = lambda: self.table
        self.part.is_due(-100.0, set())

    def look(self, now: float, table: str, log: str = ""):
        self.table = self.tools.answers["ipvsadm -Sn"] = table
        self.log.write_text(f"[{time.ctime()}|ldirectord.cf|7] {log} (172.28.0.100:80)\n")
        return self.part.find(now, sure=True) if self.part.is_due(now, set()) else None


def test_ldirectord_reads_its_configuration_again_when_a_service_is_gone(tools, proc, tmp_path):
    director = Checked(tools, tmp_path)
    assert director.look(0.0, TWO) is None
    assert director.look(2.0, "") is None
    assert director.look(4.0, "") is None
    faults = director.look(6.0, "")
    assert faults.texts[0] == "missing service 172.28.0.100:80/tcp"
    faults.mend()
    assert director.killed == [(7, signal.SIGHUP)]
    # It needs time to check all real servers.
    assert [director.look(now, "") for now in (8.0, 12.0, 35.0)] == [None] * 3
    assert director.look(40.0, "") is not None


def test_a_real_server_that_ldirectord_has_removed_stays_out(tools, proc, tmp_path):
    director = Checked(tools, tmp_path)
    director.look(0.0, TWO)
    assert director.look(2.0, ONE, "Deleted real server: 172.28.0.22:80") is None
    assert [director.look(now, ONE) for now in (4.0, 30.0, 60.0)] == [None] * 3


def test_a_real_server_that_somebody_has_removed_comes_back(tools, proc, tmp_path):
    director = Checked(tools, tmp_path)
    director.look(0.0, TWO)
    assert director.look(2.0, ONE, "Deleted real server: 172.28.0.21:80") is None
    assert director.look(6.0, ONE).texts == ["missing real server 172.28.0.22:80 of service 172.28.0.100:80/tcp"]


def test_one_that_stays_when_it_fails_was_always_removed_by_hand(tools, proc, tmp_path):
    director = Checked(tools, tmp_path, "172.28.0.100:80/tcp")
    assert director.look(0.0, ONE) is None
    assert director.look(4.0, ONE) is not None


def test_a_new_ldirectord_has_the_time_to_fill_the_table(tools, proc, tmp_path):
    director = Checked(tools, tmp_path)
    director.pid = 8
    assert [director.look(now, "") for now in (0.0, 10.0, 29.0)] == [None] * 3
    assert director.look(31.0, "") is not None
    director.pid = None
    assert not director.part.is_due(33.0, set())


def test_a_table_that_has_been_right_for_a_while_has_been_read(tools, proc, tmp_path):
    """A new ldirectord that has found the table of the former one needs no more time."""
    director = Checked(tools, tmp_path)
    director.look(-50.0, TWO)
    director.pid = 8
    assert [director.look(now, TWO) for now in (0.0, 6.0, 12.0)] == [None] * 3
    assert director.look(13.0, "") is None
    assert director.look(17.0, "") is not None


def test_a_table_that_was_right_for_a_moment_may_still_be_read(tools, proc, tmp_path):
    director = Checked(tools, tmp_path)
    director.look(-50.0, TWO)
    director.pid = 8
    assert [director.look(now, TWO) for now in (0.0, 6.0)] == [None] * 2
    assert [director.look(now, "") for now in (7.0, 12.0, 29.0)] == [None] * 3
    assert director.look(31.0, "") is not None


def test_only_what_the_log_has_told_a_moment_ago_counts():
    now = time.time()
    old, new = time.ctime(now - 60), time.ctime(now - 5)
    log = (
        f"[{old}|ldirectord.cf|7] Deleted real server: 172.28.0.21:80 (172.28.0.100:80)\n"
        f"[{new}|ldirectord.cf|7] Deleted real server: 172.28.0.22:80 (172.28.0.100:80)\n"
        f"[{new}|ldirectord.cf|7] Deleted fallback server: 172.28.0.23:80 (172.28.0.100:80)\n"
        "Deleted real server: [2001:db8::21]:80 ([2001:db8::100]:80)\n"
    )
    assert removed(log, now) == {"172.28.0.22:80", "[2001:db8::21]:80"}
