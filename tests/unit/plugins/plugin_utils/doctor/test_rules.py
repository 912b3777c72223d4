# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What packet filters do: "drop" only where it is sure."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor import rules
from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor.rules import Packet
from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor.vrrp import _let_in

from .conftest import nft

WEB = Packet("ipv4", "tcp", "192.0.2.100", None, 80, iif="eth0")
VRRP = Packet("ipv4", "vrrp", "224.0.0.18", "192.0.2.11", iif="eth0")


def chains(text="", iptables=()):
    return rules.chains_of({"nft": nft(text), "iptables": list(iptables), "ip6tables": [], "arptables": []})


def of_nft(text, packet=WEB, policy="accept"):
    table = f"table inet f {{\nchain c {{\ntype filter hook input priority 0; policy {policy};\n{text}\n}}\n}}"
    return rules.verdict(chains(table), packet, "input").result


@pytest.mark.parametrize(
    ("text", "policy", "result"),
    [
        ("tcp dport 80 drop", "accept", "drop"),
        ("tcp dport 81 drop", "accept", "accept"),
        ("tcp dport { 22, 80-90 } accept", "drop", "accept"),
        ("tcp dport { 22, 443 } accept", "drop", "drop"),
        ("ct state established,related accept", "drop", "drop"),
        ("ct state { new, established } accept", "drop", "accept"),
        ("ct state invalid drop", "accept", "accept"),
        ('iifname "eth*" accept', "drop", "accept"),
        ('iifname "lo" accept', "drop", "drop"),
        ('iifname != "lo" drop', "accept", "drop"),
        ("ip daddr 192.0.2.0/24 drop", "accept", "drop"),
        ("ip daddr != 192.0.2.0/24 accept", "drop", "drop"),
        # The client is not known: it may be one that is let in.
        ("ip saddr 10.0.0.0/8 accept", "drop", "unknown"),
        ("ip saddr 10.0.0.0/8 drop", "accept", "unknown"),
        ("limit rate 5/second accept", "drop", "unknown"),
        ("ip6 daddr 2001:db8::1 drop", "accept", "accept"),
        ("ip6 saddr 2001:db8::1 accept", "drop", "drop"),
        ("icmp type echo-request accept", "drop", "drop"),
        ("meta l4proto udp drop", "accept", "accept"),
        ("meta nfproto ipv4 drop", "accept", "drop"),
        ("udp dport 80 drop", "accept", "accept"),
        ('log prefix "x" reject', "accept", "drop"),
        ("tcp dport 80 return\ndrop", "accept", "accept"),
        ("tcp dport vmap { 80 : drop, 443 : accept }", "accept", "drop"),
        ("counter", "drop", "drop"),
    ],
)
def test_rules_of_nft(text, policy, result):
    assert of_nft(text, policy=policy) == result


def test_chains_that_are_jumped_to():
    table = """table inet f {
        set mine { type inet_service; elements = { 80, 443 }; }
        chain deny { tcp dport @mine drop; }
        chain allow { tcp dport 22 accept; }
        chain c { type filter hook input priority 0; jump allow; iifname vmap { "eth0" : goto deny }; drop; }
    }"""
    assert rules.verdict(chains(table), WEB, "input").result == "drop"
    # What goto leads to, ends the chain: the policy decides.
    assert rules.verdict(chains(table), Packet("ipv4", "tcp", dport=8080, iif="eth0"), "input").result == "accept"
    assert rules.verdict(chains(table), Packet("ipv4", "tcp", dport=22, iif="eth0"), "input").result == "accept"
    assert rules.verdict(chains(table), Packet("ipv4", "tcp", dport=8080, iif="eth1"), "input").result == "drop"


def test_what_firewalld_does_not_let_in_is_dropped():
    """Its tables as Debian 12 has them, with the zone public, without what is empty there."""
    table = """table inet firewalld {
        chain filter_PREROUTING { type filter hook prerouting priority filter + 10;
            icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept; meta nfproto ipv6 fib saddr . mark . iif oif missing drop; }
        chain filter_INPUT { type filter hook input priority filter + 10; ct state { established, related } accept;
            ct status dnat accept; iifname "lo" accept; ct state invalid drop; jump filter_INPUT_ZONES; reject with icmpx admin-prohibited; }
        chain filter_INPUT_ZONES { goto filter_IN_public; }
        chain filter_IN_public { jump filter_IN_public_deny; jump filter_IN_public_allow; meta l4proto { icmp, ipv6-icmp } accept;
            reject with icmpx admin-prohibited; }
        chain filter_IN_public_deny { }
        chain filter_IN_public_allow { tcp dport 22 accept; ip6 daddr fe80::/64 udp dport 546 accept; }
    }"""
    known = chains(table)

    def result(packet):
        return rules.verdict(known, packet, "prerouting", "input").result

    assert [result(WEB), result(VRRP)] == ["drop", "drop"]
    assert result(Packet("ipv4", "tcp", dport=22, iif="eth0")) == "accept"
    assert result(Packet("ipv4", "tcp", dport=80, iif="eth0", state="established")) == "accept"


def test_a_drop_of_one_table_is_final():
    table = """table inet a { chain c { type filter hook input priority 0; accept; } }
    table ip b { chain c { type filter hook input priority 10; tcp dport 80 drop; } }"""
    verdict = rules.verdict(chains(table), WEB, "input")
    assert verdict.result == "drop"
    assert "table b" in verdict.rule


@pytest.mark.parametrize(
    ("lines", "packet", "result"),
    [
        (["-A INPUT -p vrrp -j DROP"], VRRP, "drop"),
        (["-A INPUT -p 112 -j DROP"], VRRP, "drop"),
        (["-A INPUT -p vrrp -j DROP"], WEB, "accept"),
        (["-A INPUT ! -i lo -p vrrp -j REJECT --reject-with icmp-port-unreachable"], VRRP, "drop"),
        (["-A INPUT -d 224.0.0.0/8 ! -s 192.0.2.11/32 -j DROP"], VRRP, "accept"),
        (["-A INPUT -p tcp -m multiport --dports 22,80:90 -j DROP"], WEB, "drop"),
        (["-A INPUT -p tcp -m tcp --dport 80 --tcp-flags SYN,RST SYN -j DROP"], WEB, "unknown"),
        (['-A INPUT -m conntrack --ctstate NEW -m comment --comment "new ones" -j DROP'], WEB, "drop"),
        (["-A INPUT -j user", "-A user -p tcp -j RETURN", "-A user -j DROP"], WEB, "accept"),
        (["-A INPUT -j user", "-A user -p tcp -j RETURN", "-A user -j DROP"], VRRP, "drop"),
        (["-A INPUT -m set --match-set blocked src -j DROP"], WEB, "unknown"),
        (['-A INPUT -p tcp -m tcp --dport 80 -j LOG --log-prefix "web "', "-A INPUT -p icmp -j DROP"], WEB, "accept"),
    ],
)
def test_rules_of_iptables(lines, packet, result):
    saved = ["*filter", ":INPUT ACCEPT", ":user -", *lines, "COMMIT"]
    assert rules.verdict(chains(iptables=saved), packet, "prerouting", "input").result == result


def test_marks_redirects_and_segments():
    table = """table inet lvs {
        chain m { type filter hook prerouting priority mangle; ip daddr 192.0.2.100 tcp dport { 80, 443 } meta mark set 7; }
        chain r { type nat hook prerouting priority dstnat; ip daddr 192.0.2.101 redirect; }
        chain o { type filter hook output priority mangle;
            ip saddr 192.0.2.102 tcp flags & (syn | rst) == syn tcp option maxseg size set 1400; }
        chain p { type nat hook postrouting priority srcnat; ip daddr != 192.0.2.100 masquerade; }
    }"""
    known = chains(table)
    (mark,) = rules.marks(known)
    assert (mark.mark, mark.address, mark.protocol, mark.ports) == (7, "192.0.2.100", "tcp", ((80, 80), (443, 443)))
    assert rules.takes_in(known, "192.0.2.101")
    assert not rules.takes_in(known, "192.0.2.100")
    assert not rules.takes_in(known, "2001:db8::1")
    assert rules.segment_limits(known, "192.0.2.102") == [1400]
    assert rules.segment_limits(known, "192.0.2.100") == []
    assert rules.masquerades(known)


def test_marks_and_segments_of_iptables():
    known = chains(
        iptables=[
            "*mangle",
            ":PREROUTING ACCEPT",
            ":OUTPUT ACCEPT",
            "-A PREROUTING -d 192.0.2.100/32 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x7/0xffffffff",
            "-A OUTPUT -s 192.0.2.100/32 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1440",
        ]
    )
    assert [(one.mark, one.address, one.protocol) for one in rules.marks(known)] == [(7, "192.0.2.100", "tcp")]
    assert rules.segment_limits(known, "192.0.2.100") == [1440]


def test_rules_of_iptables_that_nft_keeps_count_once():
    nft_side = nft("table ip filter { chain INPUT { type filter hook input priority 0; policy drop; } }")
    filters = {"nft": nft_side, "iptables": ["*filter", ":INPUT ACCEPT", "COMMIT"], "ip6tables": [], "arptables": []}
    assert rules.verdict(rules.chains_of(filters), WEB, "input").result == "accept"


def test_a_host_whose_filter_is_not_known_drops_nothing():
    assert rules.chains_of(None) == []


def test_what_drops_adverts_decides_what_mends_it():
    host = SimpleNamespace(name="lvs2", runs=lambda _unit: False)
    assert _let_in(host, "nft inet table lvs_cluster, chain lvs_guard, handle 5").startswith(
        "lvs2: lvs_peers_only lets in"
    )
    assert _let_in(host, "nft inet table own, chain input, handle 5") == _let_in(host)
