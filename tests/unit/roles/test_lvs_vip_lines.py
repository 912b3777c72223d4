# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of line of lvs-vip, by what tools print: the exact commands that put it in place and take it away.

transcripts/ has what the tools of Debian 12 print.
"""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import DEFAULT_TIMEOUTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TRANSCRIPTS = Path(__file__).parent / "transcripts"
NAMES = {path.name for path in TRANSCRIPTS.iterdir()}
NOTHING = (1, "")
VIP, ADDRESS = "172.28.0.100", "10.2.0.21"
TABLE = "nft -j list table inet lvs_cluster"
LOAD = ["nft -c -f -", "nft -f -"]
ADDRESSES = "ip -j address show dev {}"
ARPTABLES = ["arptables -L -n", "arptables-nft -L -n", "arptables-legacy -L -n"]
IPTABLES_MARK = "iptables --wait -t mangle {} PREROUTING -d 172.28.0.100 -p tcp -m multiport --dports 80,8000:8010 -j MARK --set-mark 7"
IPTABLES_CLAMP = (
    "ip6tables --wait -t mangle {} OUTPUT -s fd00::1 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400"
)
IPTABLES_MASQUERADE = (
    "ip6tables --wait -t nat {} POSTROUTING ! -d fd00::1 -m conntrack --ctorigdst fd00::1 -j MASQUERADE"
)
SILENT = f"INPUT -d {VIP} -j DROP"
DISCREET = f"OUTPUT -s {VIP} -j mangle --mangle-ip-s 172.28.0.21"
REPLY = "from 10.2.0.21 ipproto 6 sport 8080 lookup 112"
MAIN = "from all lookup main suppress_prefixlength 0"


def plan(vip, line, answers):
    """The questions about a line; the commands that put it in place and take it away, by their answers in that order.

    An answer is the name of a transcript, what was printed, or a status with what was printed.
    """
    kind, words = vip.kind_of(line)
    given = []
    for answer in answers:
        status, text = answer if isinstance(answer, tuple) else (0, answer)
        given.append(vip.Answer(status, (TRANSCRIPTS / text).read_text() if text in NAMES else text))
    questions = kind.ask(words)
    assert len(questions) == len(given)
    parts = kind.parts(words, given)
    put = [argv for part in parts if not part.there for argv in part.put]
    take = [argv for part in reversed(parts) if part.there for argv in part.take]
    return [[" ".join(argv) for argv in commands] for commands in (questions, put, take)]


@pytest.mark.parametrize(
    ("line", "answers", "questions", "put", "take"),
    [
        pytest.param(
            *("zone port 80/tcp internal", ["443/tcp", "443/tcp 80/udp"]),
            ["firewall-cmd --zone=internal --list-ports", "firewall-cmd --permanent --zone=internal --list-ports"],
            [
                "firewall-cmd --zone=internal --add-port=80/tcp",
                "firewall-cmd --permanent --zone=internal --add-port=80/tcp",
            ],
            [],
            id="a port that is closed",
        ),
        pytest.param(
            *("zone port 80/tcp", ["80/tcp\n", "443/tcp\n"]),
            ["firewall-cmd --list-ports", "firewall-cmd --permanent --list-ports"],
            ["firewall-cmd --permanent --add-port=80/tcp"],
            ["firewall-cmd --remove-port=80/tcp"],
            id="a port that is open until firewalld starts again",
        ),
        pytest.param(
            *("zone port 8001-8003/tcp", ["8000-8002/tcp 8003/tcp", "8000-8010/tcp 8001/udp"]),
            ["firewall-cmd --list-ports", "firewall-cmd --permanent --list-ports"],
            [],
            [
                "firewall-cmd --permanent --remove-port=8001-8003/tcp",
                "firewall-cmd --remove-port=8001-8003/tcp",
            ],
            id="ports within ranges",
        ),
        pytest.param(
            *("zone protocol gre", ["esp", "esp gre"]),
            ["firewall-cmd --list-protocols", "firewall-cmd --permanent --list-protocols"],
            ["firewall-cmd --add-protocol=gre"],
            ["firewall-cmd --permanent --remove-protocol=gre"],
            id="a protocol",
        ),
        *(
            pytest.param(line, ["nft.json"], [TABLE], [], LOAD, id=f"{line}: there")
            for line in (
                f"nft mark {VIP} tcp 80,443,8000-8010 7",
                f"nft mark {VIP} tcp 8000-8005,8006-8010,443,80 7",
                "nft mark fd00:28::100 sctp 80 8",
                "nft redirect 172.28.0.101",
                "nft clamp 172.28.0.102 1420",
                f"nft peer {VIP} 52:54:00:00:00:12 9",
                f"nft own {VIP} 9",
                f"nft once {VIP} 9",
                f"nft masquerade {VIP}",
                "nft masquerade fd00:28::100",
            )
        ),
        *(
            pytest.param(line, ["nft.json"], [TABLE], LOAD, [], id=f"{line}: another rule")
            for line in (
                f"nft mark {VIP} tcp 80,443,8000-8010 8",
                f"nft mark {VIP} tcp 80,443 7",
                f"nft mark {VIP} udp 80,443,8000-8010 7",
                "nft mark 172.28.0.10 tcp 80,443,8000-8010 7",
                f"nft redirect {VIP}",
                "nft clamp 172.28.0.102 1400",
                "nft clamp 172.28.0.101 1420",
                f"nft peer {VIP} 52:54:00:00:00:13 9",
                f"nft peer {VIP} 52:54:00:00:00:12 8",
                f"nft own {VIP} 8",
                f"nft once {VIP} 8",
                "nft masquerade 172.28.0.101",
            )
        ),
        pytest.param("nft redirect 172.28.0.101", [NOTHING], [TABLE], LOAD, [], id="no table of nft"),
        pytest.param(
            *(f"iptables mark {VIP} tcp 80,8000-8010 7", [NOTHING]),
            *([IPTABLES_MARK.format("-C")], [IPTABLES_MARK.format("-A")], []),
            id="a mark by iptables: missing",
        ),
        pytest.param(
            *(f"iptables mark {VIP} tcp 80,8000-8010 7", [""]),
            *([IPTABLES_MARK.format("-C")], [], [IPTABLES_MARK.format("-D")]),
            id="a mark by iptables: there",
        ),
        pytest.param(
            *("iptables clamp fd00::1 1400", [NOTHING]),
            *([IPTABLES_CLAMP.format("-C")], [IPTABLES_CLAMP.format("-A")], []),
            id="a clamp by ip6tables",
        ),
        pytest.param(
            *("iptables masquerade fd00::1", [NOTHING]),
            *([IPTABLES_MASQUERADE.format("-C")], [IPTABLES_MASQUERADE.format("-A")], []),
            id="masquerading by ip6tables",
        ),
        pytest.param(
            *(f"iptables redirect {VIP}", [""]),
            [f"iptables --wait -t nat -C PREROUTING -d {VIP} -j REDIRECT"],
            [],
            [f"iptables --wait -t nat -D PREROUTING -d {VIP} -j REDIRECT"],
            id="a redirect by iptables",
        ),
        pytest.param(
            *(f"iptables peer {VIP} 52:54:00:00:00:12 9", [NOTHING]),
            [f"iptables --wait -t mangle -C INPUT -d {VIP} -m mac --mac-source 52:54:00:00:00:12 -j MARK --set-mark 9"],
            [f"iptables --wait -t mangle -A INPUT -d {VIP} -m mac --mac-source 52:54:00:00:00:12 -j MARK --set-mark 9"],
            [],
            id="another director's packets by iptables",
        ),
        pytest.param(
            *("iptables own fd00::1 9", [""]),
            ["ip6tables --wait -t mangle -C OUTPUT -o lo -d fd00::1 -m mark --mark 0 -j MARK --set-mark 9"],
            [],
            ["ip6tables --wait -t mangle -D OUTPUT -o lo -d fd00::1 -m mark --mark 0 -j MARK --set-mark 9"],
            id="packets of the host itself by ip6tables",
        ),
        pytest.param(
            *(f"iptables once {VIP} 9", [NOTHING]),
            [f"iptables --wait -t raw -C OUTPUT -d {VIP} -m mark --mark 9 -j DROP"],
            [f"iptables --wait -t raw -A OUTPUT -d {VIP} -m mark --mark 9 -j DROP"],
            [],
            id="packets that leave again by iptables",
        ),
        pytest.param(
            *("iptables let 172.28.0.12 vrrp", [NOTHING]),
            ["iptables --wait -t mangle -C INPUT -s 172.28.0.12 -p 112 -j ACCEPT"],
            # Before what drops the rest.
            ["iptables --wait -t mangle -I INPUT -s 172.28.0.12 -p 112 -j ACCEPT"],
            [],
            id="adverts of another director by iptables",
        ),
        pytest.param(
            *("iptables let fe80::12 8848/udp", [""]),
            ["ip6tables --wait -t mangle -C INPUT -s fe80::12 -p udp --dport 8848 -j ACCEPT"],
            [],
            ["ip6tables --wait -t mangle -D INPUT -s fe80::12 -p udp --dport 8848 -j ACCEPT"],
            id="connections told by another director by ip6tables",
        ),
        pytest.param(
            *("iptables only ipv6 vrrp", [NOTHING]),
            ["ip6tables --wait -t mangle -C INPUT -p 112 -j DROP"],
            ["ip6tables --wait -t mangle -A INPUT -p 112 -j DROP"],
            [],
            id="adverts of strangers by ip6tables",
        ),
        pytest.param(
            *("iptables only ipv4 694/udp", [""]),
            ["iptables --wait -t mangle -C INPUT -p udp --dport 694 -j DROP"],
            [],
            ["iptables --wait -t mangle -D INPUT -p udp --dport 694 -j DROP"],
            id="heartbeats of strangers by iptables",
        ),
        pytest.param(
            *(f"arptables {VIP} 172.28.0.21", ["arptables-nft.txt", "arptables-nft.txt", (127, "")]),
            *(ARPTABLES, [], [f"arptables -D {DISCREET}", f"arptables -D {SILENT}"]),
            id="arptables of nft: there",
        ),
        pytest.param(
            *(f"arptables {VIP} 172.28.0.21", [NOTHING, NOTHING, "arptables-legacy.txt"]),
            *(ARPTABLES, [], [f"arptables-legacy -D {DISCREET}", f"arptables-legacy -D {SILENT}"]),
            id="arptables: there by what was called so before",
        ),
        pytest.param(
            *(f"arptables {VIP} 172.28.0.22", ["arptables-legacy.txt", NOTHING, "arptables-legacy.txt"]),
            ARPTABLES,
            [f"arptables -A OUTPUT -s {VIP} -j mangle --mangle-ip-s 172.28.0.22"],
            [f"arptables -D {SILENT}"],
            id="arptables: half of it, another address",
        ),
        pytest.param(
            # Of one interface alone.
            *("arptables 172.28.0.99 172.28.0.21", ["arptables-nft.txt", NOTHING, NOTHING]),
            ARPTABLES,
            [
                "arptables -A INPUT -d 172.28.0.99 -j DROP",
                "arptables -A OUTPUT -s 172.28.0.99 -j mangle --mangle-ip-s 172.28.0.21",
            ],
            [],
            id="arptables: another rule",
        ),
        pytest.param(
            *("timeouts 3600 120 300", ["Timeout (tcp tcpfin udp): 900 120 300\n"]),
            *(["ipvsadm -L -n --timeout"], ["ipvsadm --set 3600 120 300"], []),
            id="timeouts: others",
        ),
        pytest.param(
            *("timeouts 3600 120 300", ["Timeout (tcp tcpfin udp): 3600 120 300\n"]),
            *(["ipvsadm -L -n --timeout"], [], ["ipvsadm --set 900 120 300"]),
            id="timeouts: there",
        ),
        pytest.param(
            *("fou ipv4 6080", ["port 6081 gue\nport 6080 ipproto 4\n"]),
            *(["ip -4 fou show"], ["ip -4 fou add port 6080 gue"], []),
            id="GUE: missing",
        ),
        pytest.param(
            *("fou ipv6 6080", ["port 6080 gue -6 \n"]),
            *(["ip -6 fou show"], [], ["ip -6 fou del port 6080"]),
            id="GUE over IPv6: there",
        ),
        pytest.param(
            *("fou ipv6 6080", ["port 6080 gue\n"]),
            *(["ip -6 fou show"], ["ip -6 fou add port 6080 gue"], []),
            id="GUE over IPv6: the port of IPv4 is another one",
        ),
        pytest.param(
            *("fou ipv4 6080", ["port 6080 gue -6 \n"]),
            *(["ip -4 fou show"], ["ip -4 fou add port 6080 gue"], []),
            id="GUE over IPv4: the port of IPv6 is another one",
        ),
        pytest.param(
            "fou ipv4 6080", [NOTHING], ["ip -4 fou show"], ["ip -4 fou add port 6080 gue"], [], id="GUE: no module yet"
        ),
        pytest.param(
            *(f"address {VIP}/32 lo", ["ip-address-lo.json"]),
            *([ADDRESSES.format("lo")], [], [f"ip address del {VIP}/32 dev lo"]),
            id="an address: there",
        ),
        pytest.param(
            *("address 172.28.0.10/32 lo", ["ip-address-lo.json"]),
            [ADDRESSES.format("lo")],
            ["ip link set dev lo up", "ip address replace 172.28.0.10/32 dev lo"],
            [],
            id="an address that another one starts with",
        ),
        pytest.param(
            *("address fd00::101/128 lo nodad", ["ip-address-lo.json"]),
            [ADDRESSES.format("lo")],
            ["ip link set dev lo up", "ip address replace fd00::101/128 dev lo nodad"],
            [],
            id="an address of IPv6",
        ),
        pytest.param(
            *(
                f"address {VIP}/32 tunl0",
                [f'[{{}},{{"addr_info":[{{"local":"{VIP}","prefixlen":32,"scope":"global"}}]}}]'],
            ),
            *([ADDRESSES.format("tunl0")], [], [f"ip address del {VIP}/32 dev tunl0", "ip link set dev tunl0 down"]),
            id="the last address of a tunnel",
        ),
        pytest.param(
            *(
                f"address {VIP}/32 tunl0",
                [
                    f'[{{}},{{"flags":["NOARP"],"addr_info":[{{"local":"{VIP}","prefixlen":32,"scope":"global"}}]}}]',
                ],
            ),
            [ADDRESSES.format("tunl0")],
            ["ip link set dev tunl0 up"],
            [f"ip address del {VIP}/32 dev tunl0", "ip link set dev tunl0 down"],
            id="an address of a tunnel that is down",
        ),
        pytest.param(
            "address fd00::104/128 sit0 nodad",
            [
                '[{"addr_info":[{"local":"::172.28.3.21","prefixlen":96,"scope":"global"},'
                '{"local":"::127.0.0.1","prefixlen":96,"scope":"host"},'
                '{"local":"fd00::104","prefixlen":128,"scope":"global"}]}]'
            ],
            [ADDRESSES.format("sit0")],
            [],
            ["ip address del fd00::104/128 dev sit0", "ip link set dev sit0 down"],
            id="the last address of sit0 beside the kernel's own",
        ),
        pytest.param(
            "address fd00::104/128 sit0 nodad",
            [
                '[{"addr_info":[{"local":"::172.28.3.21","prefixlen":96,"scope":"global"},'
                '{"local":"fd00::105","prefixlen":128,"scope":"global"},'
                '{"local":"fd00::104","prefixlen":128,"scope":"global"}]}]'
            ],
            *([ADDRESSES.format("sit0")], [], ["ip address del fd00::104/128 dev sit0"]),
            id="an address of sit0 beside another one",
        ),
        pytest.param(
            *(f"address {VIP}/32 lo", [NOTHING]),
            [ADDRESSES.format("lo")],
            ["ip link set dev lo up", f"ip address replace {VIP}/32 dev lo"],
            [],
            id="an address of a device that is not there",
        ),
        pytest.param(
            *("route 10.2.0.1 eth0 10.2.0.0/24", ["ip-route.json"]),
            *(["ip -j -4 route show table 112"], [], ["ip -4 route flush table 112"]),
            id="a route: there",
        ),
        pytest.param(
            *("route 10.2.0.2 eth0 10.2.0.0/24", ["ip-route.json"]),
            ["ip -j -4 route show table 112"],
            ["ip -4 route replace default via 10.2.0.2 onlink dev eth0 table 112 protocol kernel"],
            [],
            id="a route: by another gateway",
        ),
        pytest.param(
            *("route fd00:2::1 eth1 fd00:2::/64", [(2, "[")]),
            ["ip -j -6 route show table 112"],
            [
                "ip -6 route replace fd00:2::/64 dev eth1 table 112 protocol kernel",
                "ip -6 route replace default via fd00:2::1 onlink dev eth1 table 112 protocol kernel",
            ],
            [],
            id="a route: no table",
        ),
        *(
            pytest.param(line, [shown], [f"ip -j -4 rule show pref {pref}"], [], [f"ip -4 rule del pref {pref} {rule}"])
            for shown in ("ip-rule.json", "ip-rule-without-protocols.json", "ip-rule-with-masks.json")
            for line, pref, rule in (
                ("keep 10.2.0.21 tcp 22", 11198, "from 10.2.0.21 ipproto 6 sport 22 lookup main"),
                ("reply 10.2.0.21 udp 0", 11199, "from 10.2.0.21 ipproto 17 lookup 112"),
                ("reply 10.2.0.21 tcp 8080", 11200, REPLY),
            )
        ),
        *(
            pytest.param(line, ["ip-rule.json"], [f"ip -j -4 rule show pref {pref}"], [add], [])
            for line, pref, add in (
                (
                    *("reply 10.2.0.21 tcp 808", 11200),
                    "ip -4 rule add pref 11200 from 10.2.0.21 ipproto 6 sport 808 lookup 112 protocol kernel",
                ),
                (
                    *("reply 10.2.0.2 tcp 8080", 11200),
                    "ip -4 rule add pref 11200 from 10.2.0.2 ipproto 6 sport 8080 lookup 112 protocol kernel",
                ),
                (
                    *("reply 10.2.0.21 tcp 9010-9015", 11200),
                    "ip -4 rule add pref 11200 from 10.2.0.21 ipproto 6 sport 9010-9015 lookup 112 protocol kernel",
                ),
                (
                    *("reply 10.2.0.21 tcp 0", 11199),
                    "ip -4 rule add pref 11199 from 10.2.0.21 ipproto 6 lookup 112 protocol kernel",
                ),
                (
                    *("keep 10.2.0.21 tcp 2222", 11198),
                    "ip -4 rule add pref 11198 from 10.2.0.21 ipproto 6 sport 2222 lookup main protocol kernel",
                ),
            )
        ),
        pytest.param(
            *("keep ::/0 tcp 22", ["[]"]),
            ["ip -j -6 rule show pref 11197"],
            ["ip -6 rule add pref 11197 from all ipproto 6 sport 22 lookup main protocol kernel"],
            [],
            id="SSH of every address of IPv6",
        ),
        pytest.param(
            *("default 10.2.0.21", ["ip-rule.json", "", ""]),
            [f"ip -j -4 rule show pref {pref}" for pref in (11201, 11202, 11203)],
            [],
            [
                "ip -4 rule del pref 11203 from 0.0.0.0 lookup 112",
                "ip -4 rule del pref 11202 from 10.2.0.21 lookup 112",
                f"ip -4 rule del pref 11201 {MAIN}",
            ],
            id="a default route: there",
        ),
        pytest.param(
            # What is in force for all of its network does not count.
            *("default 10.3.0.0", ["ip-rule.json", "", ""]),
            [f"ip -j -4 rule show pref {pref}" for pref in (11201, 11202, 11203)],
            ["ip -4 rule add pref 11202 from 10.3.0.0 lookup 112 protocol kernel"],
            ["ip -4 rule del pref 11203 from 0.0.0.0 lookup 112", f"ip -4 rule del pref 11201 {MAIN}"],
            id="a default route: of another source",
        ),
        pytest.param(
            *("default fd00:2::21", ["[]", "[]", "[]"]),
            [f"ip -j -6 rule show pref {pref}" for pref in (11201, 11202, 11203)],
            [
                f"ip -6 rule add pref 11201 {MAIN} protocol kernel",
                "ip -6 rule add pref 11202 from fd00:2::21 lookup 112 protocol kernel",
                "ip -6 rule add pref 11203 from all lookup 112 protocol kernel",
            ],
            [],
            id="a default route: of IPv6",
        ),
        pytest.param(
            *("blackhole 172.28.0.100 eth0", ["[]"]),
            ["ip -j -4 rule show pref 11196"],
            ["ip -4 rule add pref 11196 iif eth0 to 172.28.0.100 blackhole protocol kernel"],
            [],
            id="a VIP whose packets are not forwarded",
        ),
        pytest.param(
            "blackhole fd00:28::100 eth0",
            [
                '[{"priority":11196,"src":"all","dst":"fd00:28::100","iif":"eth0","iif_detached":null,"action":"blackhole"}]'
            ],
            ["ip -j -6 rule show pref 11196"],
            [],
            ["ip -6 rule del pref 11196 iif eth0 to fd00:28::100 blackhole"],
            id="a VIP whose packets are not forwarded: there, its device is away",
        ),
    ],
)
def test_what_a_line_takes(vip, line, answers, questions, put, take):
    assert plan(vip, line, answers) == [questions, put, take]


def test_more_than_15_ports_are_several_rules_of_iptables_and_one_of_nft(vip):
    ports = ",".join(map(str, range(1, 27, 2))) + ",30-31,40-41"
    rules = [rule for _table, _chain, rule in vip.iptables_rules(["mark", VIP, "tcp", ports, "7"])]
    # 13 ports, and a range that counts as two.
    assert [rule[rule.index("--dports") + 1] for rule in rules] == ["1,3,5,7,9,11,13,15,17,19,21,23,25,30:31", "40:41"]
    assert vip.nft_ruleset([f"nft mark {VIP} tcp {ports} 7"]).count(" mark set ") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth1"}},
        {"redirect": {"port": 8080}},
        {"drop": None},
    ],
)
def test_a_rule_of_nft_that_somebody_changed_is_another_one(vip, change):
    of_vip = {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": VIP}}
    counted = {"counter": {"packets": 1, "bytes": 60}}
    redirected = {"rule": {"chain": "lvs_redirect", "expr": [of_vip, counted, {"redirect": None}]}}
    changed = {"rule": {"chain": "lvs_redirect", "expr": [of_vip, change, {"redirect": None}]}}
    gone = {"rule": {"chain": "lvs_redirect", "expr": [of_vip, change]}}
    facts = vip.nft_facts(["redirect", VIP])
    assert facts in vip.nft_facts_in({"nftables": [redirected]})
    assert facts not in vip.nft_facts_in({"nftables": [changed, gone]})


@pytest.mark.parametrize(
    "selector", [{"iif": "eth1"}, {"srclen": 24}, {"dst": "192.0.2.0", "dstlen": 24}, {"fwmark": "0x7"}]
)
def test_a_routing_rule_for_less_is_another_one(vip, selector):
    shown = {"priority": 11199, "src": ADDRESS, "ipproto": "udp", "table": "112"}
    there, less = (f"[{json.dumps(rule)}]" for rule in (shown, {**shown, **selector}))
    assert plan(vip, f"reply {ADDRESS} udp 0", [there])[1] == []
    assert len(plan(vip, f"reply {ADDRESS} udp 0", [less])[1]) == 1


@given(st.lists(st.tuples(st.integers(1, 65535), st.integers(0, 40)), min_size=1, max_size=40))
@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rules_have_exactly_the_ports_of_their_line(vip, ranges):
    ports = ",".join(f"{low}-{min(low + more, 65535)}" if more else str(low) for low, more in ranges)
    expected = {port for low, more in ranges for port in range(low, min(low + more, 65535) + 1)}
    found = set()
    for _table, _chain, rule in vip.iptables_rules(["mark", VIP, "tcp", ports, "7"]):
        words = rule[rule.index("--dports") + 1].split(",")
        assert sum(1 + (":" in word) for word in words) <= 15
        for word in words:
            low, _colon, high = word.partition(":")
            found |= set(range(int(low), int(high or low) + 1))
    assert found == expected
    assert {port for low, high in vip.spans(ports.split(",")) for port in range(low, high + 1)} == expected


def test_the_file_for_nft_has_all_rules_and_replaces_the_table(vip):
    lines = [
        "nft redirect fd00::1",
        f"nft mark {VIP} tcp 443,80,8000-8010 7",
        "zone port 80/tcp",
        f"nft masquerade {VIP}",
        "nft clamp 172.28.0.102 1420",
        "nft redirect 172.28.0.101",
        "nft masquerade fd00:28::100",
    ]
    assert vip.nft_ruleset(lines) == (TRANSCRIPTS / "ruleset.nft").read_text()
    assert vip.nft_ruleset(["zone port 80/tcp"]) == "table inet lvs_cluster\ndelete table inet lvs_cluster\n"


@pytest.mark.parametrize(
    ("line", "arp_ignore", "refused"),
    [
        (f"address {VIP}/32 lo", 0, True),
        (f"address {VIP}/32 tunl0", 0, True),
        (f"address {VIP}/32 lo", 3, True),
        (f"address {VIP}/32 lo", 2, False),
        (f"address {VIP}/32 lo", 1, False),
        (f"address {VIP}/32 eth0", 0, False),
        ("address fd00::100/128 lo nodad", 0, False),
        ("address 172.28.0.101/32 lo", 0, False),
    ],
)
def test_a_real_server_that_would_answer_arp_does_not_get_the_vip(vip, line, arp_ignore, refused):
    listed = ["arptables 172.28.0.101 172.28.0.21", line]
    assert (vip.refusal(line.split()[1:], listed, arp_ignore) is not None) is refused


def test_the_kernels_timeouts_are_those_that_the_modules_know(vip):
    assert [str(seconds) for seconds in astuple(DEFAULT_TIMEOUTS)] == vip.DEFAULT_TIMEOUTS
