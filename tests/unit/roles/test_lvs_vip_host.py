# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lvs-vip does on a host: in which order, what it remembers, what it leaves alone. Its tools are played here."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest

VIP, OTHER = "address 10.9.0.1/32 lo", "address 10.9.0.2/32 lo"
SILENT = "arptables 10.9.0.1 10.2.0.21"


class Machine:
    """Plays ip address, firewall-cmd, nft and arptables; done is what was changed by them, in order."""

    def __init__(self, vip):
        self.vip = vip
        self.addresses, self.open, self.arp, self.table = [], {"": [], "--permanent": []}, [], "{}"
        self.timeouts = "900 120 300"
        self.done, self.lacks, self.refuses, self.asked = [], set(), "", []

    def run(self, argv, stdin=""):
        if argv[0] in self.lacks:
            raise self.vip.ToolMissing(argv[0])
        answer = self.answer(argv)
        if answer is not None:
            self.asked.append(" ".join(argv))
            return answer
        if self.refuses and self.refuses in " ".join([*argv, stdin]):
            raise self.vip.ToolFailure(argv, 2, "", "not today\n")
        self.change(argv, stdin)
        self.done.append(" ".join(argv))
        return ""

    def answer(self, argv):
        if argv[:3] == ["ip", "-j", "address"]:
            infos = [
                {"local": a.split("/")[0], "prefixlen": int(a.split("/")[1]), "scope": "global"} for a in self.addresses
            ]
            return json.dumps([{"addr_info": infos}])
        if argv[-1] in ("--list-ports", "--list-protocols"):
            return " ".join(self.open["--permanent" if "--permanent" in argv else ""])
        if argv[1:] == ["-L", "-n"]:
            rules = [rule.partition(" ") for rule in self.arp]
            return "\n".join(f"Chain {chain} (policy ACCEPT)\n{rule}" for chain, _blank, rule in rules)
        if argv[:2] == ["nft", "-j"]:
            return self.table
        if argv[-1] == "--timeout":
            return f"Timeout (tcp tcpfin udp): {self.timeouts}\n"
        return None

    def change(self, argv, stdin):
        if argv[0] == "firewall-offline-cmd":
            return
        if argv[:2] == ["ip", "address"]:
            self.addresses.append(argv[3]) if argv[2] == "replace" else self.addresses.remove(argv[3])
        elif argv[:2] == ["ipvsadm", "--set"]:
            self.timeouts = " ".join(argv[2:])
        elif argv[0] == "firewall-cmd":
            ports = self.open["--permanent" if "--permanent" in argv else ""]
            verb, port = argv[-1].split("=")
            ports.append(port) if "add" in verb else ports.remove(port)
        elif argv[0] == "arptables":
            rule = " ".join(argv[2:])
            self.arp.append(rule) if argv[1] == "-A" else self.arp.remove(rule)
        elif argv == ["nft", "-f", "-"]:
            redirected = [line.split()[2] for line in stdin.splitlines() if line.endswith(" redirect")]
            matches = [{"match": {"left": {"payload": {"field": "daddr"}}, "right": vip}} for vip in redirected]
            rules = [{"chain": "lvs_redirect", "expr": [match, {"redirect": None}]} for match in matches]
            self.table = json.dumps({"nftables": [{"rule": rule} for rule in rules]})


@pytest.fixture
def machine(vip, tmp_path, monkeypatch):
    """A machine with nothing in place, whose list and memory are in a folder."""
    vip.LISTS, vip.PLACED, vip.LASTING = tmp_path, tmp_path / "run" / "placed", tmp_path / "var" / "lasting"
    vip.ARP_IGNORE = tmp_path / "arp_ignore"
    vip.ARP_IGNORE.write_text("1\n")
    played = Machine(vip)
    monkeypatch.setattr(vip, "run", played.run)
    monkeypatch.setattr(vip.os, "geteuid", lambda: 0)
    return played


@pytest.fixture
def lvs_vip(vip, machine, capsys):
    """Return a function that runs lvs-vip with a word and a list, and returns what it printed and what it did."""

    def ran(word, *listed):
        machine.done.clear()
        vip.list_of("a").write_text("".join(f"{line}\n" for line in listed))
        vip.main(word.split())
        return capsys.readouterr().out.splitlines(), list(machine.done)

    return ran


def put(address):
    return ["ip link set dev lo up", f"ip address replace {address} dev lo"]


def test_what_is_listed_comes_once_and_goes_in_the_reverse_order(lvs_vip, vip):
    assert lvs_vip("check", VIP, OTHER) == ([f"add {VIP}", f"add {OTHER}"], [])
    assert lvs_vip("sync", VIP, OTHER) == ([], put("10.9.0.1/32") + put("10.9.0.2/32"))
    assert lvs_vip("sync", VIP, OTHER) == lvs_vip("check", VIP, OTHER) == ([], [])
    assert lvs_vip("check", OTHER) == ([f"prune {VIP}"], [])
    assert lvs_vip("add", OTHER) == ([], [])
    assert lvs_vip("prune", OTHER) == ([], ["ip address del 10.9.0.1/32 dev lo"])
    lvs_vip("add", VIP, OTHER)
    assert lvs_vip("clear") == ([], ["ip address del 10.9.0.1/32 dev lo", "ip address del 10.9.0.2/32 dev lo"])
    assert not vip.PLACED.exists()


def test_what_is_leaving_comes_back_at_boot_and_stays_until_it_is_pruned(lvs_vip, vip, machine):
    listed = [OTHER, f"leaving {VIP}", f"leaving {OTHER}", "leaving what another version knew"]
    assert lvs_vip("sync", *listed) == ([], put("10.9.0.2/32") + put("10.9.0.1/32"))
    assert lvs_vip("sync", *listed) == lvs_vip("add", *listed) == ([], [])
    assert lvs_vip("check", *listed) == ([f"prune {VIP}"], [])
    # As after a reboot with a list that site.yml has written before it could add the VIP.
    machine.addresses.clear()
    vip.PLACED.unlink()
    assert lvs_vip("check", *listed) == ([f"add {OTHER}"], [])
    assert lvs_vip("add", *listed) == ([], put("10.9.0.2/32"))
    lvs_vip("sync", *listed)
    assert lvs_vip("prune", *listed) == ([], ["ip address del 10.9.0.1/32 dev lo"])


def test_a_route_that_is_leaving_never_replaces_the_one_that_is_listed(vip):
    leaving = ["route 10.2.0.1 eth0", "route fd00:2::1 eth0", VIP]
    assert vip.returning(["route 10.2.0.2 eth0", OTHER], leaving) == leaving[1:]
    assert vip.returning(["route fd00:2::2 eth0"], leaving) == [leaving[0], VIP]
    assert vip.returning([OTHER], leaving) == leaving


def test_timeouts_that_are_leaving_never_replace_those_that_are_listed(vip):
    leaving = ["timeouts 3600 120 300", VIP]
    assert vip.returning(["timeouts 60 120 300"], leaving) == [VIP]
    assert vip.returning([OTHER], leaving) == leaving


def test_a_list_can_be_compared_before_it_is_written(lvs_vip, monkeypatch):
    lvs_vip("sync", VIP)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"# of web1\n{OTHER}\n"))
    assert lvs_vip("check a -", VIP) == ([f"add {OTHER}", f"prune {VIP}", "write"], [])
    # Only the comments differ, then nothing.
    for text, said in ((f"# of web2\n{VIP}\n", ["write"]), (f"{VIP}\n\n", [])):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        assert lvs_vip("check a -", VIP) == (said, [])


def test_a_list_that_has_to_mark_what_is_leaving_is_written_again(shared, monkeypatch):
    shared("add a", a=[VIP, OTHER])
    for _time in range(2):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{VIP}\n"))
        assert shared("check a -", a=[VIP, f"leaving {OTHER}"]) == ([f"prune {OTHER}", "write"], [])
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{VIP}\n"))
        assert shared("check a -", a=[VIP]) == ([f"prune {OTHER}", "write"], [])


def test_what_something_else_takes_away_is_missed_and_put_back(lvs_vip, machine):
    lvs_vip("add", SILENT, VIP)
    machine.arp.clear()
    assert lvs_vip("check", SILENT, VIP) == ([f"add {SILENT}"], [])
    lvs_vip("add", SILENT, VIP)
    assert len(machine.arp) == 2
    machine.addresses.clear()
    assert lvs_vip("prune") == ([], ["arptables -D " + rule for rule in (ASKING, DROP)])


DROP = "INPUT -d 10.9.0.1 -j DROP"
ASKING = "OUTPUT -s 10.9.0.1 -j mangle --mangle-ip-s 10.2.0.21"


def test_what_was_there_before_is_its_owners(lvs_vip, machine):
    machine.addresses.append("10.9.0.1/32")
    machine.open[""].append("80/tcp")
    machine.open["--permanent"].append("80/tcp")
    lines = ["zone port 80/tcp", "zone port 443/tcp", VIP, OTHER]
    lvs_vip("sync", *lines)
    lvs_vip("clear")
    assert machine.addresses == ["10.9.0.1/32"]
    assert machine.open == {"": ["80/tcp"], "--permanent": ["80/tcp"]}


def test_addresses_of_another_stack_are_taken_over_and_nothing_else(lvs_vip, machine):
    machine.addresses.append("10.9.0.1/32")
    machine.open.update({"": ["80/tcp"], "--permanent": ["80/tcp"]})
    lines = ["zone port 80/tcp", VIP, OTHER]
    assert lvs_vip("adopt", *lines) == ([VIP], [])
    assert lvs_vip("adopt", *lines) == ([], [])
    lvs_vip("clear")
    assert (machine.addresses, machine.open[""]) == ([], ["80/tcp"])


def test_what_two_lines_have_in_common_stays_with_the_one_that_stays(lvs_vip, machine):
    lvs_vip("sync", SILENT, VIP)
    moved = "arptables 10.9.0.1 10.2.0.22"
    lvs_vip("sync", moved, VIP)
    # At no time is the VIP there and an ARP request for it answered.
    assert machine.done == [
        "arptables -A OUTPUT -s 10.9.0.1 -j mangle --mangle-ip-s 10.2.0.22",
        f"arptables -D {ASKING}",
    ]
    assert lvs_vip("check", moved, VIP) == ([], [])


def test_a_rule_in_common_goes_over_to_a_line_that_it_is_enough_for(lvs_vip, vip, monkeypatch):
    rules = []

    def iptables(argv, _stdin=""):
        rule = argv[argv.index("--dports") + 1]
        if argv[4] == "-C" and rule not in rules:
            raise vip.ToolFailure(argv, 1, "", "")
        {"-C": lambda _rule: None, "-A": rules.append, "-D": rules.remove}[argv[4]](rule)
        return ""

    monkeypatch.setattr(vip, "run", iptables)
    ports = ",".join(map(str, range(1, 30, 2)))
    lvs_vip("sync", f"iptables mark 10.9.0.1 tcp {ports},50 7")
    assert rules == [ports, "50"]
    lvs_vip("sync", f"iptables mark 10.9.0.1 tcp {ports} 7")
    assert rules == [ports]
    lvs_vip("clear")
    assert rules == []


def test_what_firewalld_keeps_is_known_after_a_reboot(lvs_vip, vip, machine):
    lvs_vip("sync", "zone port 80/tcp", VIP)
    vip.PLACED.unlink()
    machine.addresses.clear()
    assert lvs_vip("check", VIP) == ([f"add {VIP}", "prune zone port 80/tcp"], [])
    lvs_vip("sync", VIP)
    assert machine.open == {"": [], "--permanent": []}
    assert not vip.LASTING.exists()


def test_a_port_of_a_range_that_goes_stays_open(lvs_vip, machine):
    lvs_vip("sync", "zone port 80-90/tcp")
    for ports in machine.open.values():
        ports[:] = ["80-90/tcp"]
    lvs_vip("add", "zone port 80-90/tcp", "zone port 81/tcp")
    lvs_vip("prune", "zone port 81/tcp")
    assert machine.open == {"": ["81/tcp"], "--permanent": ["81/tcp"]}
    lvs_vip("clear")
    assert machine.open == {"": [], "--permanent": []}


def test_what_firewalld_keeps_can_be_taken_away_while_it_does_not_run(lvs_vip, vip, machine, monkeypatch):
    lvs_vip("sync", "zone port 80/tcp public", "zone protocol gre", VIP)

    def stopped(argv, stdin=""):
        if argv[0] == "firewall-cmd":
            raise vip.FirewalldStopped
        return machine.run(argv, stdin)

    monkeypatch.setattr(vip, "run", stopped)
    assert lvs_vip("clear") == (
        [],
        [
            "ip address del 10.9.0.1/32 dev lo",
            "firewall-offline-cmd --remove-protocol=gre",
            "firewall-offline-cmd --zone=public --remove-port=80/tcp",
        ],
    )
    with pytest.raises(vip.Failure, match=r"^cannot add: zone port 80/tcp: firewalld does not run: start it, or"):
        lvs_vip("add", "zone port 80/tcp")


def test_a_firewalld_that_does_not_run_is_told_and_costs_no_vip(lvs_vip, vip, machine, monkeypatch, capsys):
    def stopped(argv, stdin=""):
        if argv[0] == "firewall-cmd":
            raise vip.FirewalldStopped
        return machine.run(argv, stdin)

    monkeypatch.setattr(vip, "run", stopped)
    lines = ["zone port 80/tcp", "zone protocol gre", VIP]
    with pytest.raises(vip.FirewalldStopped):
        lvs_vip("check", *lines)
    assert capsys.readouterr().out.splitlines() == [f"add {line}" for line in lines]
    for word in ("sync", "add"):
        with pytest.raises(vip.Failure, match=r"^cannot add: zone port 80/tcp: firewalld does not run: start it, or"):
            lvs_vip(word, *lines)
        assert machine.addresses == ["10.9.0.1/32"]
    # Before a VIP that is answered for, it ends.
    vip.ARP_IGNORE.write_text("0\n")
    machine.refuses = "arptables"
    with pytest.raises(vip.Failure, match=r"^cannot add: zone port 80/tcp: "):
        lvs_vip("sync", *lines, "arptables 10.9.0.2 10.2.0.21", OTHER)
    assert machine.addresses == ["10.9.0.1/32"]


def test_nothing_is_asked_twice_while_nothing_changes(lvs_vip, machine):
    lines = [SILENT, "arptables 10.9.0.2 10.2.0.21", VIP, OTHER]
    lvs_vip("add", *lines)
    machine.asked.clear()
    assert lvs_vip("sync", *lines) == ([], [])
    arptables = [f"{tool} -L -n" for tool in ("arptables", "arptables-nft", "arptables-legacy")]
    assert machine.asked == [*arptables, "ip -j address show dev lo"]


def test_firewalld_is_asked_once_for_all_ports(lvs_vip, machine):
    lvs_vip("check", *(f"zone port {port}/tcp" for port in range(80, 90)))
    assert machine.asked == ["firewall-cmd --list-ports", "firewall-cmd --permanent --list-ports"]


def test_all_rules_of_nft_come_and_go_at_once_and_are_checked_before(lvs_vip, machine):
    rules = [f"nft redirect 10.9.0.{number}" for number in (1, 2, 3)]
    at_once = ["nft -c -f -", "nft -f -"]
    assert lvs_vip("add", *rules) == ([], at_once)
    assert lvs_vip("check", *rules) == ([], [])
    assert lvs_vip("sync", rules[0]) == ([], at_once)
    machine.table = "{}"
    assert lvs_vip("check", rules[0]) == ([f"add {rules[0]}"], [])
    lvs_vip("sync", rules[0])
    assert lvs_vip("clear") == ([], at_once)
    assert json.loads(machine.table) == {"nftables": []}


def test_what_nft_refuses_is_not_in_the_way_of_what_it_accepts(lvs_vip, vip, machine):
    machine.refuses = "10.9.0.66"
    with pytest.raises(
        vip.Failure, match=r'^cannot add: nft redirect 10.9.0.1: "nft -c -f -" ended with status 2: not today$'
    ):
        lvs_vip("add", "nft redirect 10.9.0.1", "nft redirect 10.9.0.66", VIP)
    assert machine.addresses == []
    lvs_vip("sync", "nft redirect 10.9.0.1", VIP)
    assert machine.addresses == ["10.9.0.1/32"]


def test_a_line_that_cannot_be_put_in_place_ends_the_run_before_those_after_it(lvs_vip, vip, machine):
    machine.refuses = "10.9.0.1/32"
    with pytest.raises(vip.Failure) as failed:
        lvs_vip("sync", VIP, OTHER)
    said = f'cannot add: {VIP}: "ip address replace 10.9.0.1/32 dev lo" ended with status 2: not today'
    assert (str(failed.value), failed.value.status) == (said, 1)
    assert (failed.value.__cause__.argv[-1], failed.value.__cause__.tool_status) == ("lo", 2)
    assert failed.value.__cause__.stderr == "not today\n"
    machine.refuses = ""
    assert lvs_vip("sync", VIP, OTHER) == ([], put("10.9.0.1/32") + put("10.9.0.2/32"))


def test_what_cannot_be_taken_away_is_not_forgotten(lvs_vip, vip, machine):
    lvs_vip("add", VIP, OTHER)
    machine.refuses = "address del 10.9.0.2/32"
    with pytest.raises(vip.Failure, match=f"^cannot remove: {OTHER}: "):
        lvs_vip("prune")
    assert lvs_vip("check")[0] == [f"prune {VIP}", f"prune {OTHER}"]
    machine.refuses = ""
    lvs_vip("prune")
    assert (machine.addresses, lvs_vip("check")[0]) == ([], [])


def test_a_vip_that_would_be_answered_for_is_refused(lvs_vip, vip, machine):
    vip.ARP_IGNORE.write_text("0\n")
    with pytest.raises(vip.Failure, match=r"^cannot add: .* lo: this host would answer ARP .*: run site.yml"):
        lvs_vip("add", VIP)
    assert (machine.done, lvs_vip("check")) == ([], ([], []))
    lvs_vip("add", SILENT, VIP)
    assert machine.addresses == ["10.9.0.1/32"]


def test_a_tool_that_is_missing_has_made_nothing_and_is_named_when_it_is_needed(lvs_vip, vip, machine):
    machine.lacks = {"arptables", "arptables-nft", "arptables-legacy", "firewall-cmd"}
    lines = [SILENT, VIP, "zone port 80/tcp"]
    assert lvs_vip("check", *lines)[0] == [f"add {line}" for line in lines]
    with pytest.raises(
        vip.Failure, match=f"^cannot add: {SILENT}: arptables is not installed: install it, or run site"
    ):
        lvs_vip("add", *lines)
    # Before the VIP that it keeps silent about.
    assert machine.addresses == []
    lvs_vip("clear")
    assert not vip.PLACED.exists()


def test_a_line_of_another_version_is_left_to_a_human(lvs_vip, vip):
    vip.PLACED.parent.mkdir()
    vip.PLACED.write_text("nft 10.9.0.1 magic\n")
    # It is not in the way of what is listed.
    assert lvs_vip("add", "nft redirect 10.9.0.2")[1] == ["nft -c -f -", "nft -f -"]
    assert lvs_vip("check", "nft redirect 10.9.0.2")[0] == ["prune nft 10.9.0.1 magic"]
    with pytest.raises(
        vip.Failure,
        match=r'^another version of lvs-vip added "nft 10.9.0.1 magic", which is in .*/placed\. Remove by hand',
    ):
        lvs_vip("clear")


@pytest.mark.parametrize(
    "words", [[], ["start"], ["add", "a", "b"], ["add", "a", "-"], ["check", "-"], ["check", "../a"], ["sync", "a"]]
)
def test_other_words_are_refused(vip, words):
    with pytest.raises(vip.Failure, match=r"usage: lvs-vip add\|prune\|check\|adopt \[CLUSTER\] \| .*") as failed:
        vip.main(words)
    assert failed.value.status == 2


def test_only_root_can_use_it(vip, monkeypatch):
    monkeypatch.setattr(vip.os, "geteuid", lambda: 1000)
    with pytest.raises(vip.Failure, match=r"^lvs-vip must run as root$"):
        vip.main(["check"])


def test_tools_are_run_in_english_and_their_failures_kept(vip, monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert vip.run(["sh", "-c", "echo $LC_ALL; cat"], "said") == "C\nsaid"
    with pytest.raises(vip.ToolFailure, match=r'^"sh -c .*" ended with status 3: two lines$') as failed:
        vip.run(["sh", "-c", "echo out; echo two >&2; echo lines >&2; exit 3"])
    assert (failed.value.tool_status, failed.value.stdout, failed.value.stderr) == (3, "out\n", "two\nlines\n")
    with pytest.raises(vip.ToolMissing, match=r"^no-such-tool is not installed"):
        vip.run(["no-such-tool"])
    monkeypatch.setattr(vip, "TOOL_SECONDS", 0.1)
    with pytest.raises(vip.Failure, match=r'^"sleep 5" did not end within 0.1 seconds$'):
        vip.run(["sleep", "5"])


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Return a function that puts a shell script in the place of a tool."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def put(tool, script):
        (tmp_path / tool).write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
        (tmp_path / tool).chmod(0o755)

    return put


def test_a_question_that_a_tool_could_not_answer_is_a_failure(vip, tools):
    tools("iptables", "exit 4")
    tools("nft", "exit 1")
    with pytest.raises(vip.ToolFailure, match=r'^"iptables -C" ended with status 4: it said nothing$'):
        vip.ask(["iptables", "-C"])
    assert vip.ask(["nft", "-j"]) == (1, "")
    assert vip.ask(["no-such-tool"]) == (127, "")


def test_firewalld_gets_a_few_seconds_to_answer_after_its_start(vip, tools, monkeypatch):
    waited = []
    # The module alone: subprocess sleeps, too, while it waits for a tool.
    monkeypatch.setattr(vip, "time", SimpleNamespace(sleep=waited.append))
    tools("firewall-cmd", "echo >> asked; [ $(wc -l < asked) -gt 2 ] && echo 80/tcp || exit 252")
    tools("systemctl", "echo inactive; exit 3")
    with pytest.raises(vip.FirewalldStopped, match=r"^firewalld does not run: start it, or set lvs_filter to "):
        vip.ask(["firewall-cmd", "--list-ports"])
    assert waited == []
    tools("systemctl", "echo active")
    assert vip.ask(["firewall-cmd", "--list-ports"]) == (0, "80/tcp\n")
    assert waited == [1]
    tools("firewall-cmd", "exit 252")
    with pytest.raises(vip.FirewalldStopped):
        vip.ask(["firewall-cmd", "--list-ports"])
    assert waited == [1] * 11


def test_other_timeouts_replace_the_former_ones_and_none_restore_the_kernels(lvs_vip, machine):
    lvs_vip("sync", "timeouts 3600 120 300")
    assert machine.timeouts == "3600 120 300"
    assert lvs_vip("sync", "timeouts 60 120 300") == ([], ["ipvsadm --set 60 120 300"])
    assert lvs_vip("check") == (["prune timeouts 60 120 300"], [])
    assert lvs_vip("prune") == ([], ["ipvsadm --set 900 120 300"])


def test_timeouts_that_another_stack_has_set_are_taken_over(lvs_vip, machine):
    machine.timeouts = "60 120 300"
    assert lvs_vip("check", "timeouts 60 120 300") == (["add timeouts 60 120 300"], [])
    assert lvs_vip("add", "timeouts 60 120 300") == lvs_vip("check", "timeouts 60 120 300") == ([], [])
    assert lvs_vip("clear") == ([], ["ipvsadm --set 900 120 300"])


@pytest.fixture
def shared(vip, machine, capsys):
    """Return a function that runs lvs-vip on a host of several clusters: their lists by name, None for one that is removed."""

    def ran(words, **lists):
        machine.done.clear()
        for name, lines in lists.items():
            if lines is None:
                vip.list_of(name).unlink()
            else:
                vip.list_of(name).write_text("".join(f"{line}\n" for line in lines))
        vip.main(words.split())
        return capsys.readouterr().out.splitlines(), list(machine.done)

    return ran


def test_each_cluster_adds_and_removes_only_its_own(shared, vip):
    assert shared("add a", a=[VIP], b=[OTHER]) == ([], put("10.9.0.1/32"))
    assert shared("check a") == ([], [])
    assert shared("check b") == shared("check") == ([f"add {OTHER}"], [])
    assert shared("add b") == ([], put("10.9.0.2/32"))
    assert shared("sync") == shared("add") == ([], [])
    assert shared("prune a", a=None) == ([], ["ip address del 10.9.0.1/32 dev lo"])
    assert shared("check b") == shared("sync") == ([], [])
    assert vip.PLACED.read_text() == f"{OTHER}\n"


def test_what_two_clusters_need_leaves_with_the_second(shared, machine):
    port = "zone port 80/tcp"
    shared("add", a=[port, VIP], b=[port, OTHER])
    assert shared("prune a", a=None) == ([], ["ip address del 10.9.0.1/32 dev lo"])
    assert machine.open == {"": ["80/tcp"], "--permanent": ["80/tcp"]}
    shared("prune b", b=[OTHER])
    assert machine.open == {"": [], "--permanent": []}


def test_what_is_leaving_stays_while_another_cluster_may_need_it(shared, monkeypatch):
    """Its directors may still send to it, or it is listed there."""
    shared("add", a=[VIP], b=[OTHER])
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert shared("check a -", b=[f"leaving {OTHER}"]) == ([f"prune {VIP}", "write"], [])
    assert shared("prune a", a=[]) == ([], ["ip address del 10.9.0.1/32 dev lo"])
    assert shared("check b") == ([f"prune {OTHER}"], [])
    assert shared("prune b", b=[f"leaving {OTHER}"], a=[OTHER]) == ([], [])


def test_a_cluster_that_fails_at_boot_does_not_keep_the_others_from_their_vips(shared, vip, machine):
    machine.refuses = "10.9.0.1/32"
    with pytest.raises(vip.Failure, match=r"^cannot add: address 10.9.0.1/32 lo: "):
        shared("sync", a=[VIP], b=[OTHER])
    assert machine.addresses == ["10.9.0.2/32"]


def test_a_list_that_is_not_there_is_named(shared, vip):
    with pytest.raises(vip.Failure, match=r"^cannot read .*/lvs-vip-a.conf \(No such file"):
        shared("add a", b=[OTHER])
    with pytest.raises(vip.Failure, match=r"^cannot read .*/lvs-vip-CLUSTER.conf \(No such file"):
        shared("sync", b=None)
