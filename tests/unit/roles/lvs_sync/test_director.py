# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two directors that run lvs-sync, with tables of their own and real datagrams on the loopback device."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import host
import pytest
from connections import connection, services

FILES = Path(__file__).parents[4] / "roles/director/files/sync"
SHOWN = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet 172.28.0.101/32 scope global lo\\       valid_lft forever preferred_lft forever
2: eth0    inet 172.28.0.11/24 brd 172.28.0.255 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet 172.28.0.100/24 scope global secondary eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet6 fd00::64/64 scope global \\       valid_lft forever preferred_lft forever
3: tun0    inet 10.0.0.1 peer 10.0.0.2/32 scope global tun0
"""
SERVICES = "TCP  AC1C0064:0050 rr \n  -> AC1C0015:0050      Route   1      2          0\n"
LINE = "TCP AC1C001F {:04X} AC1C0064 0050 AC1C0015 0050 ESTABLISHED     899\n"
VIP = "172.28.0.100"
MOVING = [
    f"TCP AC1C001F 2710 AC1C0064 0050 AC1C0015 0050 {state:<11} 59\n"
    for state in ("ESTABLISHED", "SYN_RECV", "TIME_WAIT")
]
CONFIG = {
    "id": 51,
    "port": 0,
    "interface": "lo",
    "group": "224.0.0.81",
    "ttl": 1,
    "maxlen": None,
    "marks": [],
    "vips": [VIP],
}


class Group:
    """In place of the socket that sends to the multicast group."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.errors: list[OSError] = []
        self.rules: list[str] = []

    def sendto(self, message: bytes, _where: Any) -> None:
        for error in self.errors:
            raise error
        self.messages.append(message)

    def __enter__(self) -> Group:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


@pytest.fixture
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lvs_sync", FILES / "__main__.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def daemons(monkeypatch) -> dict[str, bool]:
    """Whether the kernel sends, and whether it receives."""
    runs = {"sends": True, "receives": True}
    monkeypatch.setattr(host, "sync_daemons", lambda: (runs["sends"], runs["receives"]))
    return runs


@pytest.fixture
def group(monkeypatch, daemons) -> Group:
    """The group, and a host with the VIP and 900 connections."""
    lines = [LINE.format(port) for port in range(10000, 10900)]
    made = Group()
    monkeypatch.setattr(host, "sending_socket", lambda _config: (made, ("224.0.0.81", 8848)))
    monkeypatch.setattr(host, "held_addresses", lambda: host.addresses_in(SHOWN))
    monkeypatch.setattr(host, "read_services", lambda: services(SERVICES.splitlines()))
    monkeypatch.setattr(host, "read_connections", lambda: (connection(line) for line in lines))
    monkeypatch.setattr(host, "all_addresses", lambda: host.addresses_in(SHOWN, but=()))
    monkeypatch.setattr(host, "filter_packets", made.rules.append)
    return made


@pytest.fixture
def directors(program, group, monkeypatch, tmp_path) -> Any:
    monkeypatch.setattr(program, "STATUS", str(tmp_path / "status.json"))
    monkeypatch.setattr(program, "LOOK_INTERVAL", 0.05)
    monkeypatch.setattr(program, "PAUSE", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    addresses = ["127.0.0.1", "127.0.0.2"]
    found = [
        program.Director({**CONFIG, "port": port, "address": own, "peers": [one for one in addresses if one != own]})
        for own in addresses
    ]
    yield found
    for director in found:
        director.talking.close()
        director.changes.close()


def status(program) -> dict[str, Any]:
    return json.loads(Path(program.STATUS).read_text(encoding="utf-8"))


def test_a_newcomer_asks_and_is_told_the_whole_table(directors, group, program, daemons, capsys):
    old, new = directors
    old.turn(100)  # at once: it may have been told nothing for a while
    new.listen()  # its own question went to nobody in particular
    group.messages.clear()
    old.told = 100
    new.turn(100.5)
    assert program.waits(status(program))
    group.messages.clear()
    old.listen()
    old.turn(100.9)
    assert group.messages == []  # not sooner than a second after the last time
    old.turn(101.5)
    assert sum(message[4] for message in group.messages) == 900
    assert all(len(message) <= 1472 for message in group.messages)
    new.listen()
    new.turn(101.6)
    assert status(program)["heard"]["127.0.0.1"]["connections"] == 900
    assert not program.waits(status(program))
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "127.0.0.2 asks for the connections",
        "127.0.0.1 has told 900 connections",
    ]


def test_who_asks_while_a_table_is_told_gets_the_next_one(directors, group):
    old, new = directors
    old.told, old.asked = 100, 100
    new.turn(100)
    old.listen()
    seen = []
    old.multicast = lambda _end, _lost=None: (old.waiting.add(("127.0.0.3", 9)), seen.append(1), 5)[-1]
    old.turn(102)
    assert seen == [1]
    assert old.waiting == {("127.0.0.3", 9)}


def test_strangers_are_not_answered(directors, group, program):
    old, new = directors
    new.peers.clear()  # what the other one says is a stranger's now
    for _number in range(2):
        old.turn(100)
        new.listen()
    assert new.waiting == set()
    assert new.status["heard"] == {}


def test_an_answer_counts_until_the_daemon_begins_to_receive_again(directors, daemons, program):
    new = directors[1]
    new.turn(100)
    new.status["heard"] = {"127.0.0.1": {"at": 1, "connections": 2}}
    new.turn(101)
    assert new.status["heard"] != {}
    daemons["receives"] = False
    new.turn(102)
    daemons["receives"] = True
    new.turn(103)
    assert new.status["heard"] == {}
    assert new.asked == 103


def test_a_director_that_does_not_receive_asks_nobody(directors, daemons):
    daemons["receives"] = False
    directors[1].turn(100)
    assert directors[1].asked is None


def test_a_director_that_does_not_send_tells_nothing(directors, daemons, group):
    daemons["sends"] = False
    directors[0].waiting.add(("127.0.0.2", 9))
    directors[0].turn(100)
    assert group.messages == []
    assert directors[0].waiting == set()


def test_without_vips_there_is_nothing_to_tell_but_that(directors, group, monkeypatch, program):
    monkeypatch.setattr(host, "held_addresses", lambda: frozenset([host.packed("172.28.0.12")]))
    directors[0].turn(100)
    assert group.messages == []
    assert status(program)["told"]["connections"] == 0


def test_a_link_that_is_down_ends_the_round_and_not_lvs_sync(directors, group, capsys):
    group.errors.append(OSError(101, "Network is unreachable"))
    old = directors[0]
    old.waiting.add(old.talking.getsockname())
    old.turn(100)
    assert "cannot tell the connections: [Errno 101] Network is unreachable" in capsys.readouterr().err
    assert old.status["told"] is None
    assert old.told is not None  # the next round comes in its turn


def test_the_last_round_has_an_end(directors, group):
    directors[0].tell(at_most=-1)
    assert len(group.messages) == 1


def test_a_burst_is_followed_by_a_pause(directors, group, program, monkeypatch):
    pauses = []
    monkeypatch.setattr(program.time, "sleep", lambda seconds: pauses.append((seconds, len(group.messages))))
    monkeypatch.setattr(program, "PAUSE", 0.02)
    directors[0].tell()
    assert pauses == [(0.02, 20)]


def test_a_vip_that_moves_takes_its_connections_along(directors, group, monkeypatch, capsys):
    old = directors[0]
    without = "".join(line + "\n" for line in SHOWN.splitlines() if VIP not in line)
    monkeypatch.setattr(host, "read_connections", lambda: (connection(line) for line in MOVING))
    old.look_for_lost_vips()
    assert group.messages == []  # it has what it had
    monkeypatch.setattr(host, "held_addresses", lambda: host.addresses_in(without))
    old.look_for_lost_vips()
    # the established one and that of a handshake, three times in a table of its own each
    assert [message[4] for message in group.messages] == [2, 2, 2]
    assert capsys.readouterr().out == "told 2 connections of VIPs that move\n"
    old.look_for_lost_vips()
    assert len(group.messages) == 3


def test_a_move_while_the_link_is_down_does_not_end_lvs_sync(directors, group, monkeypatch, capsys):
    group.errors.append(OSError(101, "Network is unreachable"))
    monkeypatch.setattr(host, "held_addresses", frozenset)
    directors[0].look_for_lost_vips()
    assert "cannot tell the connections of a VIP that moves" in capsys.readouterr().err


def test_a_change_of_the_addresses_is_noticed_at_once(directors, monkeypatch):
    old, seen = directors[0], []
    kernel, old_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    old_end.setblocking(False)
    monkeypatch.setattr(old, "changes", old_end)
    monkeypatch.setattr(old, "look_for_lost_vips", lambda: seen.append(1))
    with kernel, old_end:
        for _number in range(3):
            kernel.send(b"an address was removed")
        old.listen()
        old.listen()
    assert seen == [1]


def test_resets_are_held_back_for_vips_that_are_elsewhere(directors, group, monkeypatch, daemons):
    new = directors[1]
    monkeypatch.setattr(host, "all_addresses", frozenset)
    for now in (100, 102, 103.5):
        new.turn(now)
    assert [f"{VIP} timeout" in rules for rules in group.rules] == [True, True]
    assert ["add rule" in rules for rules in group.rules] == [True, False]
    monkeypatch.setattr(host, "all_addresses", lambda: host.addresses_in(SHOWN, but=()))
    daemons["receives"] = False
    new.turn(110)
    assert len(group.rules) == 2  # nobody tells it any connections
    daemons["receives"] = True
    new.turn(111)
    assert len(group.rules) == 2  # it has the VIP for longer than that


def test_the_rules_are_written_again_when_somebody_has_removed_them(directors, group, monkeypatch):
    def removed(rules):
        if "add table" not in rules:
            raise subprocess.CalledProcessError(1, "nft", stderr="No such file or directory")
        group.rules.append(rules)

    new = directors[1]
    monkeypatch.setattr(host, "all_addresses", frozenset)
    new.turn(100)
    monkeypatch.setattr(host, "filter_packets", removed)
    new.turn(104)
    assert ["add table" in rules for rules in group.rules] == [True, True]


def test_a_director_that_goes_on_to_receive_sends_no_resets_for_seconds_after_it_got_a_vip(
    directors, group, monkeypatch
):
    """By default the kernel's daemons do both at any time, so the next look comes at once."""
    new = directors[1]
    monkeypatch.setattr(host, "all_addresses", frozenset)
    new.turn(100)
    monkeypatch.setattr(host, "all_addresses", lambda: host.addresses_in(SHOWN, but=()))
    for now in (103, 106):
        new.turn(now)
    assert f"{VIP} timeout 6s" in group.rules[0]
    assert f"{VIP} timeout 3s" in group.rules[1]
    assert len(group.rules) == 2  # the kernel forgets them by itself


def test_without_nft_that_is_said_once(directors, monkeypatch, capsys):
    def missing(_rules):
        raise FileNotFoundError(2, "No such file or directory", "nft")

    monkeypatch.setattr(host, "filter_packets", missing)
    for now in (100, 110):
        directors[1].turn(now)
    assert capsys.readouterr().err.count("cannot keep back resets") == 1


def test_addresses_are_those_that_others_can_reach():
    assert host.addresses_in(SHOWN) == {
        host.packed(one) for one in ("172.28.0.11", "172.28.0.100", "fd00::64", "10.0.0.1")
    }


@pytest.mark.parametrize(
    ("group", "maxlen", "longest"), [("224.0.0.81", None, 1472), ("ff02::81", None, 1452), ("ff02::81", 1400, 1400)]
)
def test_messages_are_as_long_as_the_kernels(group, maxlen, longest):
    assert host.longest_message({"group": group, "maxlen": maxlen}) == longest


def test_both_families_have_a_socket_that_sends():
    for group, family in (("224.0.0.81", socket.AF_INET), ("ff02::81", socket.AF_INET6)):
        sender, where = host.sending_socket({**CONFIG, "group": group, "port": 8848, "ttl": 3})
        with sender:
            assert (sender.family, where[:2]) == (family, (group, 8848))
    level = socket.IPPROTO_IPV6
    assert sender.getsockopt(level, socket.IPV6_MULTICAST_HOPS) == 3 if sender.fileno() >= 0 else True


def test_the_configuration_is_json_behind_a_comment(program):
    assert program.configuration('# Written by\n{\n "id": 51\n}\n') == {"id": 51}


def test_the_status_is_told_in_words(program, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(program, "STATUS", str(tmp_path / "status.json"))
    assert program.main(["--status"]) == 1
    now = {
        "sends": True,
        "receives": True,
        "told": {"at": 95, "connections": 200, "seconds": 0.1},
        "heard": {"10.0.0.2": {"at": 40, "connections": 7}},
    }
    assert program.described(now, 100) == [
        "The kernel's sync daemon sends and receives.",
        "Told 200 connections 5 seconds ago, in 0.1 seconds.",
        "Heard 7 connections of 10.0.0.2 60 seconds ago.",
    ]
    Path(program.STATUS).write_text(json.dumps(now), encoding="utf-8")
    assert program.main(["--status"]) == 0
    waiting = {"sends": False, "receives": True, "told": None, "heard": {}}
    Path(program.STATUS).write_text(json.dumps(waiting), encoding="utf-8")
    assert program.main(["--status"]) == 1
    assert program.main(["--help"]) == 2
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "The kernel's sync daemon receives.",
        "No director has answered yet.",
    ]
    assert program.described({**waiting, "receives": False}, 1) == ["The kernel's sync daemon does not run."]


def test_the_role_installs_every_part():
    text = (FILES.parents[1] / "vars/main.yml").read_text(encoding="utf-8")
    listed = next(line for line in text.splitlines() if line.startswith("director_sync_parts:"))
    parts = listed.partition("[")[2].rstrip("]").split(", ")
    assert sorted(f"{part}.py" for part in parts) == sorted(name for name in os.listdir(FILES) if name.endswith(".py"))
