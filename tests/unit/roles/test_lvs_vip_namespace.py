# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-vip with the kernel's own ip and nft, in a network namespace."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

FILES = Path(__file__).parents[3] / "roles" / "_host" / "files"
PROGRAM = FILES / "lvs_vip.py"
MODELS = Path(__file__).parents[1] / "plugins" / "plugin_utils" / "cluster" / "right"
# A namespace of its own for each run; as somebody who is not root, one of users, too.
UNSHARE = ["unshare", "--map-root-user", "--net"]


PRELUDE = [
    "ip link set lo up; ip tuntap add mode tap name eth0; ip link set eth0 up",
    "ip address add 10.2.0.21/24 dev eth0; ip address add fd00:2::21/64 dev eth0 nodad",
    "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore",
]


def in_namespace(*steps: str) -> subprocess.CompletedProcess[str]:
    """Run shell steps in a fresh network namespace that is set up as a silent real server's."""
    command = [*UNSHARE, "sh", "-euc", "\n".join([*PRELUDE, *steps])]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Host:
    """Runs lvs-vip in a fresh network namespace, with a list and a memory in a folder."""

    def __init__(self, folder: Path) -> None:
        self.list, self.placed, self.program = folder / "lvs-vip-a.conf", folder / "placed", folder / "program"
        text = PROGRAM.read_text()
        for path, own in (
            ("/var/lib/lvs-cluster", folder),
            ("/etc", folder),
            ("/run/lvs-vip", self.placed),
        ):
            assert f'Path("{path}' in text
            text = text.replace(f'Path("{path}', f'Path("{own}')
        self.program.write_text(text)

    def run(self, *steps: str) -> list[str]:
        """The lines that shell steps print, with lvs-vip as $v."""
        done = in_namespace(f"v='python3 {self.program}'", *steps)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def wanted(self, *lines: str) -> str:
        """The step that writes the list."""
        return f"printf '%s\\n' {' '.join(repr(line) for line in lines)} > {self.list}"


@pytest.fixture
def host(tmp_path):
    done = in_namespace()
    if done.returncode:
        pytest.skip(f"no network namespace that can be set up: {done.stderr.strip()}")
    return Host(tmp_path)


NAT = [
    "keep 10.2.0.21 tcp 22",
    "route 10.2.0.1 eth0 10.2.0.0/24",
    "reply 10.2.0.21 tcp 8080",
    "reply 10.2.0.21 udp 0",
    "reply 10.2.0.21 sctp 9010-9015",
    "default 10.2.0.21",
]
NAT6 = [
    *("keep fd00:2::21 tcp 22", "keep ::/0 tcp 22", "route fd00:2::1 eth0 fd00:2::/64", "reply fd00:2::21 tcp 0"),
    "default fd00:2::21",
]
ALL_RULES = "ip rule; ip -6 rule; ip route show table 112 2>/dev/null || true; ip -6 route show table 112"
BARE_RULES = [
    *("0:\tfrom all lookup local", "32766:\tfrom all lookup main", "32767:\tfrom all lookup default"),
    *("0:\tfrom all lookup local", "32766:\tfrom all lookup main"),
]


def test_addresses_and_routes_come_once_and_go_without_a_trace(host):
    vip, other, ipv6 = "address 10.9.0.1/32 lo", "address 10.9.0.10/32 lo", "address fd00:9::1/128 lo nodad"
    lines = [vip, other, ipv6, *NAT, *NAT6]
    said = host.run(
        host.wanted(*lines),
        "$v check; echo 1; $v sync; $v check; $v sync; echo 2",
        host.wanted(other),
        "$v check; $v prune; $v check; echo 3",
        "ip -o address show dev lo scope global | awk '{print $4}'; $v clear; ip -o address show dev lo scope global",
        f"echo 4; {ALL_RULES}; test ! -e {host.placed}",
    )
    left = [line for line in lines if line != other]
    assert said == [
        *(f"add {line}" for line in lines),
        *("1", "2"),
        *(f"prune {line}" for line in left),
        *("3", "10.9.0.10/32", "4"),
        *BARE_RULES,
    ]


def test_a_reboot_before_the_directors_are_done_loses_nothing(host):
    vip, other = "address 10.9.0.1/32 lo", "address 10.9.0.2/32 lo"
    shown = "ip -o address show dev lo scope global | awk '{print $4}'; ip rule | grep -c 112"
    said = host.run(
        host.wanted(vip, *NAT),
        "$v sync",
        # As in vip.yml.
        f"echo '{other}' | $v check a - > {host.list}.said",
        f"echo '{other}' > {host.list}; sed -n 's/^prune /leaving /p' {host.list}.said >> {host.list}",
        f"$v add; {shown}",
    )
    assert said == ["10.9.0.1/32", "10.9.0.2/32", "6"]
    # Another network namespace, and an empty /run.
    host.placed.unlink()
    said = host.run(
        f"$v sync; {shown}; $v check | grep -c prune; $v sync; $v check | grep -c prune",
        f"sed -i '/^leaving /d' {host.list}; $v prune; {shown} || true",
    )
    assert said == ["10.9.0.2/32", "10.9.0.1/32", "6", *["7"] * 2, "10.9.0.2/32", "0"]


def test_each_rule_that_is_taken_away_by_something_else_comes_back(host):
    said = host.run(
        host.wanted(*NAT, *NAT6),
        "$v add",
        *(
            f"ip {family} rule del pref {pref}; $v check; $v add; $v check"
            for family in ("-4", "-6")
            for pref in (11198, 11203)
        ),
        "ip route flush table 112; $v check; $v add; $v check",
    )
    assert said == [f"add {line}" for line in (NAT[0], NAT[-1], NAT6[0], NAT6[-1], NAT[1])]


def test_what_is_for_a_vip_is_not_forwarded_while_the_host_does_not_have_it(host):
    vips = ("10.2.0.100", "fd00:2::100")
    lines = [f"blackhole {vip} eth0" for vip in vips]
    way = "2>&1 | grep -o -e 'dev eth0' -e '^local' -e 'Invalid argument' | head -1"
    clients = "; ".join(f"ip route get {vip} from {vip[:-1]} iif eth0 {way}" for vip in vips)
    itself = "; ".join(f"ip route get {vip} {way}" for vip in vips)
    said = host.run(
        "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
        host.wanted(*lines),
        f"{clients}; $v sync; $v check; $v sync; {clients}; {itself}",
        "ip address add 10.2.0.100/32 dev eth0; ip address add fd00:2::100/128 dev eth0 nodad",
        f"{clients}; ip rule del pref 11196; $v check; $v clear; ip rule; ip -6 rule",
    )
    assert said == [
        *(*["dev eth0"] * 2, *["Invalid argument"] * 2, *["dev eth0"] * 2),
        *(*["local"] * 2, f"add {lines[0]}", *BARE_RULES),
    ]


def test_a_source_that_changes_takes_its_rules_along(host):
    before, after = ["default 10.2.0.21", "default fd00:2::21"], ["default 10.2.0.22", "default fd00:2::22"]
    said = host.run(
        host.wanted(*before),
        "$v sync",
        host.wanted(*after),
        "$v sync; $v check; ip rule | grep 1120; ip -6 rule | grep 1120",
    )
    assert said == [
        "11201:\tfrom all lookup main suppress_prefixlength 0",
        *("11202:\tfrom 10.2.0.22 lookup 112", "11203:\tfrom 0.0.0.0 lookup 112"),
        "11201:\tfrom all lookup main suppress_prefixlength 0",
        *("11202:\tfrom fd00:2::22 lookup 112", "11203:\tfrom all lookup 112"),
    ]


ASKED = {
    "a reply": "from 10.2.0.21 ipproto tcp sport 8080",
    "another port": "from 10.2.0.21 ipproto tcp sport 8081",
    "SSH": "from 10.2.0.21 ipproto tcp sport 22",
    "management": "from 10.99.0.21",
    "starting here": "",
    "elsewhere": None,
}
BY_ROUTE = dict.fromkeys(ASKED, "dev eth1") | {"a reply": "dev eth0", "reply to a director": "dev eth0"}


def ways(host, *lines, default=None):
    """The ways that packets of some kinds take, with another network eth1 and a route to the clients on that."""
    get = "ip route get {} {} 2>&1 | grep -o -e 'dev [a-z0-9]*' -e unreachable | head -1"
    said = host.run(
        "ip tuntap add mode tap name eth1; ip address add 10.99.0.21/24 dev eth1; ip link set eth1 up",
        "ip route add 192.0.2.0/24 via 10.99.0.1",
        f"ip route add default via {default} || true" if default else "",
        host.wanted("keep 10.2.0.21 tcp 22", "route 10.2.0.1 eth0 10.2.0.0/24", *lines),
        "$v sync; $v check",
        *(get.format("192.0.2.1" if how is not None else "198.51.100.1", how or "") for how in ASKED.values()),
        get.format("10.2.0.9", ASKED["a reply"]),
    )
    return dict(zip((*ASKED, "reply to a director"), said, strict=True))


def test_replies_take_the_way_back_and_nothing_else_does(host):
    assert ways(host, "reply 10.2.0.21 tcp 8080", "reply 10.2.0.21 udp 53") == BY_ROUTE | {"elsewhere": "unreachable"}


def test_the_default_route_is_for_what_no_other_route_leads_to(host):
    assert ways(host, "reply 10.2.0.21 tcp 8080", "default 10.2.0.21") == BY_ROUTE | {"elsewhere": "dev eth0"}


def test_ssh_goes_the_way_it_went_whatever_the_services_are(host):
    lines = ["reply 10.2.0.21 tcp 22", "reply 10.2.0.21 tcp 0", "default 10.2.0.21"]
    expected = {"a reply": "dev eth0", "another port": "dev eth0", "SSH": "dev eth1"}
    found = ways(host, *lines, default="10.99.0.1")
    assert {what: found[what] for what in expected} == expected


ASKED6 = {
    "SSH": "from fd00:2::21 ipproto tcp sport 22",
    "SSH of the other address": "from fd00:99::21 ipproto tcp sport 22",
    "the other address": "from fd00:99::21 ipproto tcp sport 8080",
    "a reply": "from fd00:2::21 ipproto tcp sport 8080",
    "starting here": "",
}
LIST6 = ["keep fd00:2::21 tcp 22", "keep ::/0 tcp 22", "route fd00:2::1 eth0 fd00:2::/64", "default fd00:2::21"]


@pytest.mark.parametrize(("default", "ssh"), [("fd00:99::1", "dev eth1"), (None, "dev eth0")])
def test_ssh_of_every_address_goes_the_way_it_went_in_ipv6(host, default, ssh):
    said = host.run(
        "ip tuntap add mode tap name eth1; ip address add fd00:99::21/64 dev eth1 nodad; ip link set eth1 up",
        f"ip route add default via {default}" if default else "",
        host.wanted(*LIST6),
        "$v sync; $v check",
        *(f"ip route get 2001:db8::1 {how} | grep -o 'dev [a-z0-9]*'" for how in ASKED6.values()),
        "$v clear; ip -6 rule",
    )
    ways = dict.fromkeys(ASKED6, "dev eth0") | {"SSH": ssh, "SSH of the other address": ssh}
    assert said == [*ways.values(), *BARE_RULES[3:]]


def test_a_device_that_is_not_there_is_named(host):
    said = host.run(host.wanted("address 10.9.0.1/32 eth7"), "$v check; $v add 2>&1 || echo $?; $v clear")
    assert said == [
        "add address 10.9.0.1/32 eth7",
        'lvs-vip: cannot add: address 10.9.0.1/32 eth7: "ip link set dev eth7 up" ended with status 1: '
        'Cannot find device "eth7"',
        "1",
    ]


def test_exit_statuses(host):
    said = host.run(
        "$v check 2>&1 || echo $?; $v 2>&1 || echo $?",
        host.wanted("adress 10.9.0.1/32 lo"),
        "$v sync 2>&1 || echo $?",
        "echo 0 > /proc/sys/net/ipv4/conf/all/arp_ignore",
        host.wanted("address 10.9.0.1/32 lo"),
        "$v sync 2>&1 || echo $?; ip -o address show dev lo scope global",
    )
    assert [line if line.isdigit() else line[:22] for line in said] == [
        *("lvs-vip: cannot read /", "2", "lvs-vip: usage: lvs-vi", "2"),
        *(f"lvs-vip: {host.list}"[:22], "2", "lvs-vip: cannot add: a", "1"),
    ]


def able(tool: str, *words: str) -> None:
    """Skip the test where a tool is missing, or cannot make a rule in a network namespace."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run([*UNSHARE, tool, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{tool} makes no rule in a network namespace: {done.stderr.strip()}")


@pytest.fixture
def nft_host(host):
    able("nft", "add", "table", "inet", "lvs_test")
    return host


NFT = [
    "nft mark 172.28.0.100 tcp 80,443,8000-8010 7",
    "nft mark 172.28.0.100 udp 53 4294967295",
    "nft mark fd00:28::100 sctp 9,10,11,12-13 8",
    "nft redirect 172.28.0.101",
    "nft redirect fd00:28::101",
    "nft clamp 172.28.0.102 1420",
    "nft clamp fd00:28::102 1400",
    "nft peer 172.28.0.100 52:54:00:0a:00:12 536870912",
    "nft peer fd00:28::100 52:54:00:0a:00:12 536870912",
    "nft own 172.28.0.100 536870912",
    "nft once fd00:28::100 536870912",
    "nft masquerade 172.28.0.100",
    "nft masquerade fd00:28::100",
    "nft let 172.28.0.12 vrrp",
    "nft let fe80::12 vrrp",
    "nft let 172.28.0.12 8848/udp",
    "nft only ipv4 vrrp",
    "nft only ipv6 vrrp",
    "nft only ipv4 8848/udp",
]


def test_rules_of_nft_are_known_again_and_changed_beside_those_of_others(nft_host):
    said = nft_host.run(
        "nft add table inet firewalld",
        nft_host.wanted(*NFT),
        "$v check; echo 1; $v sync; $v check; echo 2",
        # As somebody may do by hand, or nftables.service when it is reloaded.
        "nft flush chain inet lvs_cluster lvs_redirect; $v check; $v sync; echo 3",
        "nft delete table inet lvs_cluster; $v check; $v sync; $v check; echo 4",
        nft_host.wanted(NFT[3]),
        "$v check; $v sync; nft list table inet lvs_cluster | grep -c -e chain -e redirect$; $v clear; nft list tables",
    )
    added = [f"add {line}" for line in NFT]
    assert said == [
        *(*added, "1", "2", *added[3:5], "3", *added, "4"),
        *(f"prune {line}" for line in NFT if line != NFT[3]),
        *("2", "table inet firewalld"),
    ]


@pytest.mark.usefixtures("nft_host")
def test_nft_accepts_whatever_the_template_writes(render, vip):
    rulesets = set()
    for path in MODELS.glob("*.json"):
        model = json.loads(path.read_text())
        for host in model["hosts"]:
            rulesets.add(vip.nft_ruleset(vip.read_list(render(model, host, "lvs-vip.conf.j2"))))
    assert len(rulesets) > 3
    for ruleset in sorted(rulesets):
        done = subprocess.run(
            [*UNSHARE, "nft", "-c", "-f", "-"], input=ruleset, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_a_rule_that_nft_refuses_changes_nothing(nft_host):
    said = nft_host.run(
        nft_host.wanted(NFT[3]),
        "$v sync",
        nft_host.wanted(NFT[3], "nft clamp 172.28.0.102 70000"),
        "$v sync 2>&1 | grep -c 'cannot add: nft clamp 172.28.0.102 70000: .nft -c -f -. ended with status 1'",
        "nft list table inet lvs_cluster | grep -c redirect$",
        nft_host.wanted(NFT[3]),
        "$v sync; $v check",
    )
    assert said == ["1", "1"]


def test_rules_of_iptables_are_known_again_and_changed_beside_those_of_others(host):
    able("iptables", "-A", "OUTPUT", "-j", "ACCEPT")
    able("ip6tables", "-A", "OUTPUT", "-j", "ACCEPT")
    ports = ",".join(map(str, range(1, 41, 2)))
    lines = [
        f"iptables mark 172.28.0.100 tcp {ports},8000-8010 7",
        "iptables mark fd00:28::100 udp 53 8",
        "iptables redirect 172.28.0.101",
        "iptables clamp fd00:28::102 1400",
        "iptables peer 172.28.0.100 52:54:00:0a:00:12 536870912",
        "iptables own 172.28.0.100 536870912",
        "iptables once 172.28.0.100 536870912",
        "iptables masquerade 172.28.0.100",
        "iptables masquerade fd00:28::100",
        "iptables let 172.28.0.12 vrrp",
        "iptables let fe80::12 694/udp",
        "iptables only ipv4 vrrp",
        "iptables only ipv6 694/udp",
    ]
    said = host.run(
        "iptables -t mangle -A PREROUTING -d 192.0.2.1 -j ACCEPT",
        host.wanted(*lines),
        "$v check; echo 1; $v sync; $v check; echo 2",
        "ip6tables -t mangle -F OUTPUT; $v check; $v sync; iptables -t mangle -S PREROUTING | grep -c set-xmark",
        host.wanted(*lines[2:]),
        "$v sync; $v check; iptables -t mangle -S PREROUTING; $v clear; iptables -t nat -S PREROUTING",
    )
    assert said == [
        *(f"add {line}" for line in lines),
        *("1", "2", f"add {lines[3]}", "2"),
        *("-P PREROUTING ACCEPT", "-A PREROUTING -d 192.0.2.1/32 -j ACCEPT", "-P PREROUTING ACCEPT"),
    ]


GUARD = [
    *("let 10.2.0.12 vrrp", "let 10.2.0.12 8848/udp", "let fd00:2::12 vrrp", "let fd00:2::12 8848/udp"),
    *("only ipv4 vrrp", "only ipv6 vrrp", "only ipv4 8848/udp", "only ipv6 8848/udp"),
]
# In another network namespace on the same link are a director at .12 and a stranger at .13. Each sends an advert and a message of sync
# by both families.
SENDER = """
import socket
for number in (12, 13):
    for family, own, group in (
        (socket.AF_INET, f"10.2.0.{number}", "224.0.0.18"),
        (socket.AF_INET6, f"fd00:2::{number}", "ff02::12"),
    ):
        for kind, protocol, port in ((socket.SOCK_RAW, 112, 0), (socket.SOCK_DGRAM, 0, 8848)):
            sender = socket.socket(family, kind, protocol)
            sender.bind((own, 0))
            if family == socket.AF_INET:
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
                sender.sendto(bytes(20), (group, port))
            else:
                sender.sendto(bytes(20), (group, port, 0, socket.if_nametoindex("veth1")))
"""
# Prints who is heard here.
LISTENER = """
import select, socket, subprocess, sys
waiting = subprocess.Popen(
    ["unshare", "--net", "sh", "-c", "echo ready; read end"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
waiting.stdout.readline()
there = ["nsenter", f"--net=/proc/{waiting.pid}/ns/net"]
def run(command, where=()):
    subprocess.run([*where, *command.split()], check=True)
run(f"ip link add veth0 type veth peer name veth1 netns {waiting.pid}")
for end, where, numbers in (("veth0", (), (21,)), ("veth1", there, (12, 13))):
    run(f"ip link set {end} up", where)
    for number in numbers:
        run(f"ip address add 10.2.0.{number}/24 dev {end}", where)
        run(f"ip address add fd00:2::{number}/64 dev {end} nodad", where)
hearing = {}
index = socket.if_nametoindex("veth0")
for name, kind, protocol in (("vrrp", socket.SOCK_RAW, 112), ("8848/udp", socket.SOCK_DGRAM, 0)):
    for family in (socket.AF_INET, socket.AF_INET6):
        one = socket.socket(family, kind, protocol)
        if family == socket.AF_INET:
            joined = socket.inet_aton("224.0.0.18") + socket.inet_aton("10.2.0.21")
            one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        else:
            joined = socket.inet_pton(family, "ff02::12") + index.to_bytes(4, sys.byteorder)
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, joined)
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1) if kind == socket.SOCK_DGRAM else None
        one.bind(("", 8848 if kind == socket.SOCK_DGRAM else 0))
        hearing[one] = name
subprocess.run([*there, "python3", "-c", sys.argv[1]], check=True)
# The packets have arrived when the command that sends them has ended.
while readable := select.select(list(hearing), [], [], 0)[0]:
    for one in readable:
        print(hearing[one], one.recvfrom(100)[1][0])
waiting.communicate("")
"""


@pytest.mark.parametrize("tool", ["nft", "iptables"])
def test_only_other_directors_are_heard(host, tool):
    able("nft", "add", "table", "inet", "lvs_test")
    able("iptables", "-A", "INPUT", "-p", "112", "-j", "ACCEPT")
    able("ip6tables", "-A", "INPUT", "-p", "112", "-j", "ACCEPT")
    listen = f"python3 -c {shlex.quote(LISTENER)} {shlex.quote(SENDER)}"
    lines = [f"{tool} {line}" for line in GUARD]
    strict, whole = host.wanted(*lines[4:]), host.wanted(*lines)
    # Somebody else's rules let everybody in.
    bare = "ip link delete eth0; iptables -A INPUT -p 112 -j ACCEPT; iptables -A INPUT -p udp -j ACCEPT"
    stranger = ["vrrp 10.2.0.13", "vrrp fd00:2::13", "8848/udp 10.2.0.13", "8848/udp fd00:2::13"]
    director = [line.replace("13", "12") for line in stranger]
    assert sorted(host.run(bare, listen)) == sorted([*director, *stranger])
    assert sorted(host.run(bare, whole, "$v sync; $v check", listen)) == sorted(director)
    host.placed.unlink()
    # Who comes later than the rule that drops the rest is let in, too.
    said = host.run(bare, strict, "$v sync", whole, "$v add; $v check", listen, "$v clear; $v check | wc -l")
    assert sorted(said) == sorted([*director, str(len(lines))])


def test_a_vip_is_kept_silent_about_by_arptables_at_any_time(host):
    able("arptables", "-A", "INPUT", "-j", "DROP")
    lines = ["arptables 172.28.0.100 10.2.0.21", "address 172.28.0.100/32 lo"]
    said = host.run(
        "echo 0 > /proc/sys/net/ipv4/conf/all/arp_ignore",
        host.wanted(*lines),
        "$v check; $v sync; $v check; echo 1; arptables -F INPUT; $v check; $v sync; $v check; echo 2",
        host.wanted("arptables 172.28.0.100 10.2.0.22", lines[1]),
        "$v sync; $v check; arptables -L -n | grep -c 172.28.0.100; $v clear; arptables -L -n | grep -c 172 || true",
    )
    assert said == [*(f"add {line}" for line in lines), "1", f"add {lines[0]}", "2", "2", "0"]


def test_systemd_accepts_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "lvs-vip.service"
    unit.write_text((FILES / "lvs-vip.service").read_text().replace("/usr/local/sbin/lvs-vip", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "lvs-vip" in line]) == (0, [])
