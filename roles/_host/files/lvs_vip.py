# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-vip manages the VIPs of this host, with their rules and routes, the same way on every distribution.

  lvs-vip add [CLUSTER]    add what is listed and missing
  lvs-vip prune [CLUSTER]  remove what lvs-vip added and is no longer listed, or listed as leaving
  lvs-vip sync             add what is listed, also as leaving, then remove the rest: the unit does this at boot and at a reload
  lvs-vip clear            remove all that lvs-vip added: the unit does this when it is stopped
  lvs-vip check [CLUSTER]  change nothing; print what add and prune would do, as lines "add LINE" and "prune LINE"
  lvs-vip check CLUSTER -  the same, with the list on the standard input, and "write" if that is not what its file has
  lvs-vip adopt [CLUSTER]  take over the listed addresses that something else added, and print their lines

Each cluster that the host serves has a list, /etc/lvs-vip-CLUSTER.conf. With CLUSTER only its list counts, and whatever the
others list stays, also as leaving. Without it all lists count as one. The lines of a list are added from the first to the
last, and removed from the last to the first. The line of a rule starts with the tool that makes the rule.

  zone port PORT/PROTOCOL [ZONE]           firewalld lets a port in, now and after its next start
  zone protocol PROTOCOL [ZONE]            the same for an IP protocol
  nft mark VIP PROTOCOL PORTS MARK         packets to ports of a VIP get a firewall mark; PORTS as in 80,8000-8010
  nft redirect VIP                         packets to a VIP are redirected to this host, which does not have the VIP
  nft clamp VIP BYTES                      TCP connections from a VIP use segments of at most BYTES
  nft peer VIP MAC MARK                    packets to a VIP from an Ethernet address, that of another director, get a mark
  nft own VIP MARK                         packets of this host itself to a VIP get a mark, unless they have one
  nft once VIP MARK                        packets to a VIP with this mark are dropped if they are about to leave this host
  nft let ADDRESS vrrp|PORT/udp            VRRP, or packets to a UDP port, are let in from this address, that of another director
  nft only ipv4|ipv6 vrrp|PORT/udp         those from other addresses are dropped
  nft masquerade VIP                       what NAT has translated for a VIP goes to the real servers from this host's address
  blackhole VIP DEVICE                     packets to a VIP that arrive on its device while this host does not have the VIP
                                           are dropped: two directors would forward them to each other
  iptables mark|redirect|clamp|peer|...    the same with iptables and ip6tables
  arptables VIP ADDRESS                    ARP requests for the VIP are not answered; this host's own use ADDRESS
  fou ipv4|ipv6 PORT                       GUE tunnels are unpacked at a UDP port
  timeouts TCP TCPFIN UDP                  IPVS forgets idle connections after so many seconds; without this line the
                                           kernel's defaults count
  address ADDRESS/PREFIX DEVICE [nodad]    a VIP
  keep SOURCE PROTOCOL PORT                packets of SOURCE from this port, such as those of SSH, keep their route and do
                                           not take the route of the next three lines; SOURCE ::/0 is any of IPv6
  route GATEWAY DEVICE [NETWORK]           the route back through a director, in a separate routing table; NETWORK is the
                                           network of DEVICE
  reply SOURCE PROTOCOL PORTS              packets of SOURCE from a service's port, or range of ports as in 8000-8010, take
                                           this route; 0 is any port
  default SOURCE                           packets of SOURCE without another route take this route
  leaving LINE                             LINE is no longer needed. It stays, also after a reboot, until prune removes it: a
                                           director may still send here

lvs-vip records what it added in /run. A reboot empties /run and the kernel's tables alike. It records permanent settings
of firewalld in /var. It leaves alone what was there before.

Exit status: 0 done; 1 something failed; 2 wrong usage, or the list is wrong. One sentence says what failed and why.
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, List, NamedTuple

LISTS = Path("/etc")
PLACED = Path("/run/lvs-vip")
LASTING = Path("/var/lib/lvs-cluster/lvs-vip")
ARP_IGNORE = Path("/proc/sys/net/ipv4/conf/all/arp_ignore")
TOOL_SECONDS = 60  # how long a tool may take

Words = List[str]


class Failure(Exception):
    """What went wrong, as a sentence; status is the exit status of lvs-vip."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


class ToolMissing(Failure):
    """A tool is not installed."""

    def __init__(self, tool: str) -> None:
        super().__init__(f"{tool} is not installed: install it, or run site.yml, which does")


class FirewalldStopped(Failure):
    """firewalld is needed, but does not run."""

    def __init__(self) -> None:
        super().__init__("firewalld does not run: start it, or set lvs_filter to nftables or iptables and run site.yml")


class ToolFailure(Failure):
    """A tool failed: its command, exit status and output."""

    def __init__(self, argv: Words, tool_status: int, stdout: str, stderr: str) -> None:
        self.argv, self.tool_status, self.stdout, self.stderr = argv, tool_status, stdout, stderr
        said = " ".join((stderr.strip() or stdout.strip() or "it said nothing").split())
        super().__init__(f'"{" ".join(argv)}" ended with status {tool_status}: {said}')


class Answer(NamedTuple):
    """What a tool answered to a question. If the tool is not installed, the status is 127 and the answer is empty."""

    status: int
    stdout: str

    def json(self) -> Any:
        """The answer as JSON; an empty list if there is none, such as for a table that is not there."""
        return json.loads(self.stdout) if self.status == 0 and self.stdout.strip() else []


class Part(NamedTuple):
    """One thing that a line needs: whether it is there, and the commands that add and remove it."""

    there: bool
    put: list[Words]
    take: list[Words]


class Kind(NamedTuple):
    """A kind of line. form names the words that follow the kind.

    ask returns the commands that find what is there. parts returns what the line needs, in the order to add it. Both are
    pure functions of the line's words after the first, parts also of the answers.
    """

    form: str
    ask: Callable[[Words], list[Words]]
    parts: Callable[[Words, list[Answer]], list[Part]]


def spans(ports: Iterable[str]) -> list[tuple[int, int]]:
    """Merge ports and ranges, such as 80 and 8000-8010, into the fewest ranges."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted((int(port.split("-")[0]), int(port.split("-")[-1])) for port in ports):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def span_text(span: tuple[int, int], dash: str) -> str:
    """A range of ports in the format of a tool."""
    return str(span[0]) if span[0] == span[1] else f"{span[0]}{dash}{span[1]}"


# zone: what firewalld lets in. Its rich rules and policies cannot redirect all packets for an address, and cannot change
# packets that the host itself sends. So with firewalld, nft makes the rules too, in a separate table that firewalld leaves
# alone.


def _zone(words: Words, lasting: bool, action: str) -> Words:
    scope = ["--permanent"] if lasting else []
    return ["firewall-cmd", *scope, *[f"--zone={zone}" for zone in words[2:]], action]


def zone_offline(words: Words) -> Words:
    """The command that removes a permanent setting of firewalld while firewalld does not run."""
    return ["firewall-offline-cmd", *_zone(words, False, f"--remove-{words[0]}={words[1]}")[1:]]


def _zone_ask(words: Words) -> list[Words]:
    return [_zone(words, lasting, f"--list-{words[0]}s") for lasting in (False, True)]


def _zone_parts(words: Words, answers: list[Answer]) -> list[Part]:
    what, name = words[:2]
    return [
        Part(
            lets_in(name, answer.stdout),
            [_zone(words, lasting, f"--add-{what}={name}")],
            [_zone(words, lasting, f"--remove-{what}={name}")],
        )
        for lasting, answer in zip((False, True), answers)
    ]


def lets_in(name: str, listed: str) -> bool:
    """Whether firewall-cmd lists a protocol or a port, also within a range: 8001/tcp in 8000-8010/tcp."""
    ports, _slash, protocol = name.partition("/")
    if not protocol:
        return name in listed.split()
    same = [port for port, _slash, other in (word.partition("/") for word in listed.split()) if other == protocol]
    ((low, high),) = spans([ports])
    return any(first <= low and high <= last for first, last in spans(same))


# nft: one table, checked and loaded as a whole

NFT_TABLE = "lvs_cluster"
NFT_CHAINS = {
    "mark": "type filter hook prerouting priority mangle;",
    "redirect": "type nat hook prerouting priority dstnat;",
    "clamp": "type filter hook output priority mangle;",
    # Before the chains of others, since what they accept would be let in. What this chain accepts can still be dropped there.
    "guard": "type filter hook input priority mangle;",
    # After all marks of prerouting, and before IPVS, which is at the end of input.
    "peer": "type filter hook input priority mangle;",
    # What IPVS forwards leaves by output. Marks that this host makes itself come after the drop.
    "once": "type filter hook output priority raw;",
    "own": "type filter hook output priority mangle;",
    "masquerade": "type nat hook postrouting priority srcnat;",
}
# The chains of lines that have not one of their own.
NFT_CHAIN_OF = {"let": "guard", "only": "guard"}
NFT_LOAD = [["nft", "-c", "-f", "-"], ["nft", "-f", "-"]]  # both read the output of nft_ruleset


def _nft_ask(_words: Words) -> list[Words]:
    return [["nft", "-j", "list", "table", "inet", NFT_TABLE]]


def _nft_parts(words: Words, answers: list[Answer]) -> list[Part]:
    return [Part(nft_facts(words) in nft_facts_in(answers[0].json()), NFT_LOAD, NFT_LOAD)]


def nft_ruleset(lines: Iterable[str]) -> str:
    """The input of nft for a table with exactly the rules of these lines; without rules it removes the table."""
    rules = [line.split()[1:] for line in lines if line.startswith("nft ")]
    text = [f"table inet {NFT_TABLE}", f"delete table inet {NFT_TABLE}"]
    if rules:
        text.append(f"table inet {NFT_TABLE} {{")
        # Whoever is let in comes before the rest is dropped, whatever the order of the lines.
        rules.sort(key=lambda words: words[0] == "only")
        for chain, hook in NFT_CHAINS.items():
            own = [f"\t\t{_nft_rule(words)}" for words in rules if NFT_CHAIN_OF.get(words[0], words[0]) == chain]
            # The prefix is needed because "mark" and "redirect" are keywords of nft.
            text += [f"\tchain lvs_{chain} {{", f"\t\t{hook}", *own, "\t}"] if own else []
        text.append("}")
    return "\n".join(text) + "\n"


NFT_RULES = {
    "mark": "{ip} daddr {vip} {0} dport {{ {ports} }} meta mark set {2}",
    "redirect": "{ip} daddr {vip} redirect",
    "clamp": "{ip} saddr {vip} tcp flags & (syn | rst) == syn tcp option maxseg size set {0}",
    "peer": "{ip} daddr {vip} ether saddr {0} meta mark set {1}",
    "once": "{ip} daddr {vip} meta mark {0} drop",
    "own": "{ip} daddr {vip} meta mark 0 meta mark set {0}",
    # Direct routing leaves the VIP in the packet. A tunnel's packet is not part of the client's connection.
    "masquerade": "{ip} daddr != {vip} ct original {ip} daddr {vip} masquerade",
    "let": "{ip} saddr {vip} {guarded} accept",
    "only": "meta nfproto {vip} {guarded} drop",
}
VRRP = 112  # the number of its protocol, because a host may lack /etc/protocols


def _nft_rule(words: Words) -> str:
    what, vip, *more = words
    ports = ", ".join(span_text(span, "-") for span in spans(more[1].split(","))) if what == "mark" else ""
    guarded = _guarded(more, f"meta l4proto {VRRP}", "udp dport {}")
    return NFT_RULES[what].format(*more, ip="ip6" if ":" in vip else "ip", vip=vip, ports=ports, guarded=guarded)


def _guarded(more: Words, vrrp: str, port: str) -> str:
    """What a line "let" or "only" is about, in the words of a tool: VRRP, or a UDP port."""
    what = more[0] if more else ""
    return vrrp if what == "vrrp" else port.format(what.partition("/")[0])


def nft_facts(words: Words) -> list[Any]:
    """What identifies a line's rule, for a comparison with nft_facts_in."""
    what, vip, *more = words
    if what == "mark":
        return [what, vip, more[0], spans(more[1].split(",")), "mark", int(more[2])]
    given = [int(word) if word.isdigit() else word for word in more]
    facts: dict[str, list[Any]] = {
        "redirect": [vip, what],
        "clamp": [vip, "maxseg", *given],
        "peer": [vip, *given[:1], "mark", *given[1:]],
        "once": [vip, "mark", *given, "drop"],
        "own": [vip, "mark", 0, "mark", *given],
        "masquerade": ["!=", vip, "original", vip, what],
    }
    if what in NFT_CHAIN_OF:
        guarded = ["vrrp"] if more == ["vrrp"] else ["udp", spans([more[0].partition("/")[0]])]
        return [NFT_CHAIN_OF[what], vip, *guarded, "accept" if what == "let" else "drop"]
    return [what, *facts[what]]


def nft_facts_in(listed: Any) -> list[list[Any]]:
    """What identifies each rule of the table, as nft -j lists it: libnftables-json(5)."""
    return [_nft_facts(item["rule"]) for item in (listed["nftables"] if listed else []) if "rule" in item]


def _nft_facts(rule: dict[str, Any]) -> list[Any]:
    facts: list[Any] = [rule["chain"].replace("lvs_", "", 1)]
    for expression in rule["expr"]:
        verb = next(iter(expression)) if isinstance(expression, dict) else expression
        said: Any = expression[verb] if isinstance(expression, dict) else None
        left = said["left"] if verb == "match" else None
        payload = left.get("payload", {}) if isinstance(left, dict) else {}
        if payload.get("field") in ("daddr", "saddr"):
            facts += ["!=", said["right"]] if said.get("op") == "!=" else [said["right"]]
        elif verb == "match" and isinstance(left, dict) and left.get("ct", {}).get("key") in ("ip daddr", "ip6 daddr"):
            facts += [left["ct"].get("dir"), said["right"]]
        elif payload.get("field") == "dport":
            right = said["right"]
            ports = right["set"] if isinstance(right, dict) and "set" in right else [right]
            texts = ["{}-{}".format(*port["range"]) if isinstance(port, dict) else str(port) for port in ports]
            facts += [payload["protocol"], spans(texts)]
        elif verb == "mangle":
            key = said["key"]
            facts += [key["meta"]["key"] if "meta" in key else key.get("tcp option", {}).get("name"), said["value"]]
        elif verb in ("redirect", "masquerade", "accept", "drop") and not said:
            facts.append(verb)
        elif left == {"meta": {"key": "mark"}} and said["op"] == "==":
            facts += ["mark", said["right"]]
        elif left == {"meta": {"key": "nfproto"}} and said["op"] == "==":
            facts.append(said["right"])
        elif left == {"meta": {"key": "l4proto"}} and said["op"] == "==":
            facts.append("vrrp" if said["right"] in ("vrrp", VRRP) else said["right"])
        elif left == {"meta": {"key": "iiftype"}}:
            continue  # some versions of nft list it beside an Ethernet address
        elif verb != "counter" and not (verb == "match" and "flags" in json.dumps(left)):
            # The listing of flags depends on nft's version. Anything else in the rule makes it a different rule.
            facts.append(expression)
    return facts


# iptables compares rules itself (-C)

MULTIPORT = 15  # ports in a rule; a range counts as two: iptables-extensions(8)


IPTABLES_RULES = {
    "redirect": ("nat", "PREROUTING", "-d {vip} -j REDIRECT"),
    "masquerade": ("nat", "POSTROUTING", "! -d {vip} -m conntrack --ctorigdst {vip} -j MASQUERADE"),
    "clamp": ("mangle", "OUTPUT", "-s {vip} -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss {0}"),
    "peer": ("mangle", "INPUT", "-d {vip} -m mac --mac-source {0} -j MARK --set-mark {1}"),
    "once": ("raw", "OUTPUT", "-d {vip} -m mark --mark {0} -j DROP"),
    # Here, because what is dropped in this table is not let in by another.
    "let": ("mangle", "INPUT", "-s {vip} {guarded} -j ACCEPT"),
    "only": ("mangle", "INPUT", "{guarded} -j DROP"),
    # Only what goes to this host: this chain routes what it marks again (iptable_mangle.c), which would turn back what IPVS forwards.
    "own": ("mangle", "OUTPUT", "-o lo -d {vip} -m mark --mark 0 -j MARK --set-mark {0}"),
}


def iptables_rules(words: Words) -> list[tuple[str, str, Words]]:
    """A line's rules: (table, chain, rule). Many ports need several rules."""
    what, vip, *more = words
    if what in IPTABLES_RULES:
        table, chain, rule = IPTABLES_RULES[what]
        guarded = _guarded(more, f"-p {VRRP}", "-p udp --dport {}")
        return [(table, chain, rule.format(*more, vip=vip, guarded=guarded).split())]
    bundles: list[list[tuple[int, int]]] = [[]]
    for low, high in spans(more[1].split(",")):
        if sum(1 + (first < last) for first, last in [*bundles[-1], (low, high)]) > MULTIPORT:
            bundles.append([])
        bundles[-1].append((low, high))
    dports = [",".join(span_text(span, ":") for span in bundle) for bundle in bundles]
    to = ["-d", vip, "-p", more[0], "-m", "multiport", "--dports"]
    return [("mangle", "PREROUTING", [*to, ports, "-j", "MARK", "--set-mark", more[2]]) for ports in dports]


def _iptables(words: Words, action: str) -> list[Words]:
    tool = "ip6tables" if _family(words[1]) == "-6" else "iptables"
    return [[tool, "--wait", "-t", table, action, chain, *rule] for table, chain, rule in iptables_rules(words)]


def _iptables_ask(words: Words) -> list[Words]:
    return _iptables(words, "-C")


def _iptables_parts(words: Words, answers: list[Answer]) -> list[Part]:
    # Whoever is let in comes before the rest is dropped.
    commands = zip(answers, _iptables(words, "-I" if words[0] == "let" else "-A"), _iptables(words, "-D"))
    return [Part(answer.status == 0, [put], [take]) for answer, put, take in commands]


# arptables: Debian's packages arptables and iptables each have one, with separate rules. The command arptables may have
# been the other one when a rule was made, but the rule is still in use.

ARPTABLES = ("arptables", "arptables-nft", "arptables-legacy")


def _arptables_ask(_words: Words) -> list[Words]:
    return [[tool, "-L", "-n"] for tool in ARPTABLES]


def _arptables_parts(words: Words, answers: list[Answer]) -> list[Part]:
    vip, address = words
    asking = {"-s": vip, "-j": "mangle", "--mangle-ip-s": address}
    parts = []
    for chain, options in (("INPUT", {"-d": vip, "-j": "DROP"}), ("OUTPUT", asking)):
        rule = [chain, *[word for option in options.items() for word in option]]
        having = [t for t, answer in zip(ARPTABLES, answers) if (chain, options) in arptables_rules_in(answer.stdout)]
        parts.append(Part(having != [], [["arptables", "-A", *rule]], [[tool, "-D", *rule] for tool in having[:1]]))
    return parts


def arptables_rules_in(listed: str) -> list[tuple[str, dict[str, str]]]:
    """The rules that "arptables -L -n" lists: (chain, options). An option that means any interface is left out."""
    rules, chain = [], ""
    for line in listed.splitlines():
        words = line.split()
        if words[:1] == ["Chain"]:
            chain = words[1]
        elif words and words[0].startswith("-"):
            options = dict(zip(words[::2], words[1::2]))
            rules.append((chain, {key: value for key, value in options.items() if value not in ("any", "*")}))
    return rules


# fou, timeouts and address


def _family(address: str) -> str:
    """The option of ip(8) for the family of an address, or for the name of a family."""
    return "-6" if ":" in address or address == "ipv6" else "-4"


def _fou_ask(words: Words) -> list[Words]:
    return [["ip", _family(words[0]), "fou", "show"]]


def _fou_parts(words: Words, answers: list[Answer]) -> list[Part]:
    family, port = words
    # ip(8) lists the ports of both families, whichever was asked for, and says "-6" behind those of IPv6.
    listed = [line.split() for line in answers[0].stdout.splitlines()]
    there = any(one[:3] == ["port", port, "gue"] and ("-6" in one) == (family == "ipv6") for one in listed)
    fou = ["ip", _family(family), "fou"]
    return [Part(there, [[*fou, "add", "port", port, "gue"]], [[*fou, "del", "port", port]])]


# The kernel has one set of timeouts, and does not tell who has set them.
DEFAULT_TIMEOUTS = ["900", "120", "300"]


def _timeouts_ask(_words: Words) -> list[Words]:
    return [["ipvsadm", "-L", "-n", "--timeout"]]


def _timeouts_parts(words: Words, answers: list[Answer]) -> list[Part]:
    there = re.findall(r"\d+", answers[0].stdout) == words
    return [Part(there, [["ipvsadm", "--set", *words]], [["ipvsadm", "--set", *DEFAULT_TIMEOUTS]])]


# A tunnel device appears with its module, and is down until it is used. When it is up, the kernel adds addresses to it: to sit0
# each IPv4 address of the host as an IPv6 address, too (net/ipv6/addrconf.c, add_v4_addrs).
TUNNELS = ("tunl0", "sit0", "ip6tnl0", "gre0", "ip6gre0")
OF_SIT = ipaddress.ip_network("::/96")


def _address_ask(words: Words) -> list[Words]:
    return [["ip", "-j", "address", "show", "dev", words[1]]]


def _address_parts(words: Words, answers: list[Answer]) -> list[Part]:
    address, device, *options = words
    infos = [info for shown in answers[0].json() for info in shown.get("addr_info", []) if "local" in info]
    scopes = {f"{info['local']}/{info['prefixlen']}": info["scope"] for info in infos}
    there = scopes.pop(address, None) is not None
    put = [["ip", "link", "set", "dev", device, "up"], ["ip", "address", "replace", address, "dev", device, *options]]
    take = [["ip", "address", "del", address, "dev", device]]
    own = [
        other
        for other, scope in scopes.items()
        if scope == "global" and ipaddress.ip_interface(other).network != OF_SIT
    ]
    if device in TUNNELS and not own:
        take.append(["ip", "link", "set", "dev", device, "down"])
    # A tunnel's device that is down keeps its address of IPv4 and unpacks nothing (net/ipv4/ip_tunnel.c, ip_tunnel_lookup).
    down = device in TUNNELS and any("UP" not in shown.get("flags", ["UP"]) for shown in answers[0].json())
    return [Part(there, put, take), Part(not (there and down), put[:1], [])]


# Values of arp_ignore with which the host does not answer for an address of another interface. 3 does so only for
# addresses of scope host: Linux Documentation/networking/ip-sysctl.rst.
SILENT = (1, 2, 8)


def refusal(words: Words, listed: Iterable[str], arp_ignore: int) -> str | None:
    """Why an address must not be added: a real server that answers ARP for a VIP takes the director's clients.

    A real server has its VIPs on lo or a tunnel. A VIP on another interface is a director's, which must answer.
    """
    address, device = words[0].partition("/")[0], words[1]
    if ":" in address or device not in ("lo", *TUNNELS) or arp_ignore in SILENT:
        return None
    if any(line.split()[:2] == ["arptables", address] for line in listed):
        return None
    return (
        f"this host would answer ARP requests for it, since net.ipv4.conf.all.arp_ignore is {arp_ignore}: "
        "run site.yml without leaving out the tag arp"
    )


# keep, route, reply and default use a separate routing table. So they do not collide with the setup of the host's routes,
# at boot or when a lease is renewed, and the host's other packets, such as those of its management, keep their route.

ROUTING_TABLE = "112"
# The rules' preferences. The kernel may mistake two rules for the same, or delete the wrong one, if one has an option that
# the other leaves open. So each kind of rule has its own preference.
ALL_KEPT, KEPT, ALL_REPLIES, REPLIES = "11197", "11198", "11199", "11200"
MAIN_FIRST, DEFAULTS, STARTING_HERE = "11201", "11202", "11203"
# systemd-networkd removes routes and rules that it does not know, except the kernel's.
MARKED = ["protocol", "kernel"]


def _route_ask(words: Words) -> list[Words]:
    return [["ip", "-j", _family(words[0]), "route", "show", "table", ROUTING_TABLE]]


def _route_parts(words: Words, answers: list[Answer]) -> list[Part]:
    gateway, device, *network = words
    shown = [(route.get("dst"), route.get("gateway"), route.get("dev")) for route in answers[0].json()]
    ip = ["ip", _family(gateway), "route"]
    where = ["dev", device, "table", ROUTING_TABLE, *MARKED]
    default = Part(
        ("default", gateway, device) in shown,
        [[*ip, "replace", "default", "via", gateway, "onlink", *where]],
        [[*ip, "flush", "table", ROUTING_TABLE]],
    )
    # The answers to the directors' own health checks go directly to them.
    return [Part((near, None, device) in shown, [[*ip, "replace", near, *where]], []) for near in network] + [default]


# ip(8) knows and shows the names of protocols only if the file /etc/protocols exists.
PROTOCOLS = {"tcp": "6", "udp": "17", "sctp": "132"}


def _rules_ask(words: Words, *preferences: str) -> list[Words]:
    return [["ip", "-j", _family(words[0]), "rule", "show", "pref", preference] for preference in preferences]


def _rule(answers: list[Answer], family: str, preference: str, source: str, table: str, *port: str) -> Part:
    """A routing rule for the packets of a source, optionally of one protocol and from one port or range; 0 is any port."""
    protocol, number = port or ("", "0")
    number = span_text(spans([number])[0], "-")
    rule = ["pref", preference, "from", source]
    rule += ["ipproto", PROTOCOLS[protocol]] if protocol else []
    rule += ["sport", number] if number != "0" else []
    rule += ["lookup", table, *(["suppress_prefixlength", "0"] if table == "main" and not protocol else [])]
    names = [protocol, PROTOCOLS[protocol], f"ipproto-{PROTOCOLS[protocol]}"] if protocol else ["None"]
    there = any(
        (str(other["priority"]), other["src"], other.get("table")) == (preference, source, table)
        and str(other.get("ipproto")) in names
        and _source_ports(other) == number
        # iproute2 6.15 and later: all of lvs-vip's rules match a whole port.
        and other.get("sport_mask", "0xffff") == "0xffff"
        # Any other condition, such as a prefix length of the source or an interface, makes it a different rule.
        and other.keys() <= {"priority", "src", "table", "ipproto", *SOURCE_PORTS, "suppress_prefixlen", "protocol"}
        for answer in answers
        for other in answer.json()
    )
    ip = ["ip", family, "rule"]
    return Part(there, [[*ip, "add", *rule, *MARKED]], [[*ip, "del", *rule]])


# By iproute2's iprule.c: the first for one port, the next two for a range.
SOURCE_PORTS = ("sport", "sport_start", "sport_end", "sport_mask")


def _source_ports(rule: dict[str, Any]) -> str:
    """The source port that a rule asks for, as in a line of the list."""
    if "sport_start" in rule:
        return f"{rule['sport_start']}-{rule['sport_end']}"
    return str(rule.get("sport", 0))


ANY6 = "::/0"


def _keep_ask(words: Words) -> list[Words]:
    return _rules_ask(words, ALL_KEPT if words[0] == ANY6 else KEPT)


def _keep_parts(words: Words, answers: list[Answer]) -> list[Part]:
    source, *port = words
    if source == ANY6:
        return [_rule(answers, "-6", ALL_KEPT, "all", "main", *port)]
    return [_rule(answers, _family(source), KEPT, source, "main", *port)]


def _reply_ask(words: Words) -> list[Words]:
    return _rules_ask(words, ALL_REPLIES if words[2] == "0" else REPLIES)


def _reply_parts(words: Words, answers: list[Answer]) -> list[Part]:
    source, *port = words
    preference = ALL_REPLIES if words[2] == "0" else REPLIES
    return [_rule(answers, _family(source), preference, source, ROUTING_TABLE, *port)]


def _default_ask(words: Words) -> list[Words]:
    return _rules_ask(words, MAIN_FIRST, DEFAULTS, STARTING_HERE)


def _default_parts(words: Words, answers: list[Answer]) -> list[Part]:
    source, family = words[0], _family(words[0])
    # Connections from this host that have no source address yet. IPv6 has no rule for these alone: this one also takes the
    # packets of the host's other addresses. A line "keep ::/0" takes those of SSH out.
    unbound = "0.0.0.0" if family == "-4" else "all"  # noqa: S104 # no socket is bound to it
    return [
        # Every other route of the host comes first.
        _rule(answers, family, MAIN_FIRST, "all", "main"),
        _rule(answers, family, DEFAULTS, source, ROUTING_TABLE),
        _rule(answers, family, STARTING_HERE, unbound, ROUTING_TABLE),
    ]


# blackhole: a route in place of this rule would keep the host itself from asking for the VIP. The rule comes after the table of
# the host's own addresses, so it does not count while the host has the VIP.

NOT_HERE = "11196"


def _blackhole_ask(words: Words) -> list[Words]:
    return _rules_ask(words, NOT_HERE)


def _blackhole_parts(words: Words, answers: list[Answer]) -> list[Part]:
    vip, device = words
    there = any(
        (other.get("dst"), other.get("iif"), other.get("action")) == (vip, device, "blackhole")
        and other.keys() <= {"priority", "src", "dst", "iif", "iif_detached", "action", "protocol"}
        for other in answers[0].json()
    )
    ip = ["ip", _family(vip), "rule"]
    rule = ["pref", NOT_HERE, "iif", device, "to", vip, "blackhole"]
    return [Part(there, [[*ip, "add", *rule, *MARKED]], [[*ip, "del", *rule]])]


# Lines

FILTERS = (("nft", _nft_ask, _nft_parts), ("iptables", _iptables_ask, _iptables_parts))
FILTER_FORMS = {
    "mark": "ADDRESS PROTOCOL SPAN,... NUMBER",
    "redirect": "ADDRESS",
    "clamp": "ADDRESS NUMBER",
    "peer": "ADDRESS MAC NUMBER",
    "own": "ADDRESS NUMBER",
    "once": "ADDRESS NUMBER",
    "masquerade": "ADDRESS",
    "let": "ADDRESS GUARDED",
    "only": "ipv4|ipv6 GUARDED",
}
KINDS = {
    "zone port": Kind("SPAN/PROTOCOL [NAME]", _zone_ask, _zone_parts),
    "zone protocol": Kind("NAME [NAME]", _zone_ask, _zone_parts),
    **{f"{tool} {what}": Kind(form, ask, parts) for tool, ask, parts in FILTERS for what, form in FILTER_FORMS.items()},
    "blackhole": Kind("ADDRESS NAME", _blackhole_ask, _blackhole_parts),
    "arptables": Kind("ADDRESS ADDRESS", _arptables_ask, _arptables_parts),
    "fou": Kind("ipv4|ipv6 NUMBER", _fou_ask, _fou_parts),
    "timeouts": Kind("NUMBER NUMBER NUMBER", _timeouts_ask, _timeouts_parts),
    "address": Kind("ADDRESS/PREFIX NAME [nodad]", _address_ask, _address_parts),
    "keep": Kind("SOURCE PROTOCOL NUMBER", _keep_ask, _keep_parts),
    "route": Kind("ADDRESS NAME [ADDRESS/PREFIX]", _route_ask, _route_parts),
    "reply": Kind("ADDRESS PROTOCOL PORTS", _reply_ask, _reply_parts),
    "default": Kind("ADDRESS", _default_ask, _default_parts),
}

PORT = r"\d{1,5}"
SPAN = f"{PORT}(-{PORT})?"
NAME = r"[^\s/-][^\s/]*"
WORDS: dict[str, tuple[str, Callable[[str], object]]] = {
    "ADDRESS": (r"[\da-f.:]+", ipaddress.ip_address),
    "ADDRESS/PREFIX": (r"[\da-f.:]+/\d+", ipaddress.ip_interface),
    "SOURCE": (rf"[\da-f.:]+|{ANY6}", ipaddress.ip_network),
    "NAME": (NAME, str),
    "MAC": (r"[\da-f]{2}(:[\da-f]{2}){5}", str),
    "NUMBER": (r"\d{1,10}", int),
    "PROTOCOL": ("tcp|udp|sctp", str),
    "PORTS": (f"0|{SPAN}", str),
    "SPAN,...": (f"{SPAN}(,{SPAN})*", str),
    "SPAN/PROTOCOL": (f"{SPAN}/{NAME}", str),
    "GUARDED": (f"vrrp|{PORT}/udp", str),
}


def kind_of(line: str) -> tuple[Kind, Words]:
    """A line's kind, and the words for its functions; a ValueError says what is wrong with the line."""
    words = line.split()
    name = next((name for name in (" ".join(words[:2]), words[0]) if name in KINDS), None)
    if name is None:
        raise ValueError(f"a line starts with one of: {', '.join(KINDS)}")
    form, given = KINDS[name].form.split(), words[len(name.split()) :]
    needed = sum(not word.startswith("[") for word in form)
    if not needed <= len(given) <= len(form) or not all(map(_is, given, form)):
        raise ValueError(f"such a line is: {name} {KINDS[name].form}")
    return KINDS[name], words[1:]


def is_known(line: str) -> bool:
    """Whether this version of lvs-vip knows the kind and form of a line."""
    try:
        return kind_of(line) is not None
    except ValueError:
        return False


def _is(word: str, what: str) -> bool:
    what = what.strip("[]")
    pattern, read = WORDS.get(what, (what, str))
    try:
        return bool(re.fullmatch(pattern, word)) and read(word) is not None
    except ValueError:
        return False


LEAVING = "leaving "


def _stripped(line: str) -> str:
    return line[len(LEAVING) :] if line.startswith(LEAVING) else line


def read_list(text: str, where: object = "the list") -> list[str]:
    """The lines of a list, each once and with single blanks; a Failure names where the first wrong line is."""
    lines: dict[str, None] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = " ".join(raw.split())
        if line and not line.startswith("#"):
            if line.startswith(LEAVING):
                # Another version of lvs-vip may have added what this one does not know.
                lines.update({line: None} if is_known(_stripped(line)) else {})
                continue
            try:
                kind_of(line)
            except ValueError as wrong:
                said = f'{where}, line {number}, "{line}": {wrong}. Run site.yml, which writes the list'
                raise Failure(said, status=2) from wrong
            lines[line] = None
    return list(lines)


def split(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines that are listed, and those that are leaving."""
    listed = [line for line in lines if not line.startswith(LEAVING)]
    return listed, [_stripped(line) for line in lines if line.startswith(LEAVING) and _stripped(line) not in listed]


def returning(listed: list[str], leaving: list[str]) -> list[str]:
    """The leaving lines that are added at boot. A route or timeouts are not, if there are others by now: they would replace those."""
    others = {_replaced(line) for line in listed}
    return [line for line in leaving if _replaced(line) is None or _replaced(line) not in others]


def _replaced(line: str) -> str | None:
    """What a line replaces, of which the host has only one; None if it stands beside others of its kind."""
    words = line.split()
    return f"route {_family(words[1])}" if words[0] == "route" else words[0] if words[0] == "timeouts" else None


# The host

# Exit statuses that mean: it is not there.
NOT_THERE = {"ip": (1, 2), "nft": (1,), "iptables": (1,), "ip6tables": (1,), **dict.fromkeys(ARPTABLES, (1, 2, 3, 255))}


def run(argv: Words, stdin: str = "", patience: int = 10) -> str:
    """What a tool prints. Raises ToolMissing, ToolFailure if its exit status is not 0, or another Failure.

    patience: how many seconds to wait for a firewalld that was started and does not answer yet.
    """
    # The output must be English. The PATH of Ansible or systemd may be short.
    environment = {**os.environ, "LC_ALL": "C", "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"}
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            env=environment,
            timeout=TOOL_SECONDS,
        )
    except FileNotFoundError:
        raise ToolMissing(argv[0]) from None
    except subprocess.TimeoutExpired:
        raise Failure(f'"{" ".join(argv)}" did not end within {TOOL_SECONDS} seconds') from None
    if done.returncode == 252 and argv[0] == "firewall-cmd":
        if patience == 0 or not _is_active("firewalld.service"):
            raise FirewalldStopped
        time.sleep(1)
        return run(argv, stdin, patience - 1)
    if done.returncode:
        raise ToolFailure(argv, done.returncode, done.stdout, done.stderr)
    return done.stdout


def _is_active(unit: str) -> bool:
    try:
        return run(["systemctl", "is-active", unit]).strip() == "active"
    except (ToolMissing, ToolFailure):
        return False


def ask(argv: Words) -> Answer:
    """What a tool answers. If the tool is not installed, nothing of its kind is there."""
    try:
        return Answer(0, run(argv))
    except ToolMissing:
        return Answer(127, "")
    except ToolFailure as failed:
        if failed.tool_status not in NOT_THERE.get(argv[0], ()):
            raise
        return Answer(failed.tool_status, failed.stdout)


class Memory:
    """The lines that lvs-vip added: those of firewalld in a file that survives a reboot, the others in a file that does not."""

    def lines(self) -> list[str]:
        """All lines, in the order of the list, which has firewalld's first."""
        return [line for file in (LASTING, PLACED) for line in self._read(file)]

    def add(self, line: str) -> None:
        """Record a line."""
        if line not in self.lines():
            self._write(self._file(line), [*self._read(self._file(line)), line])

    def drop(self, line: str) -> None:
        """Forget a line."""
        self._write(self._file(line), [other for other in self._read(self._file(line)) if other != line])

    def _file(self, line: str) -> Path:
        return LASTING if line.startswith("zone ") else PLACED

    def _read(self, file: Path) -> list[str]:
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def _write(self, file: Path, lines: list[str]) -> None:
        new = file.with_name(f"{file.name}.new")
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        new.replace(file)
        if not lines:
            file.unlink()


class Host:
    """This host, with the record of what lvs-vip added."""

    def __init__(self) -> None:
        self.memory = Memory()
        self._answers: dict[tuple[str, ...], Answer] = {}

    def parts(self, line: str) -> list[Part]:
        """What a line needs, and whether it is there."""
        kind, words = kind_of(line)
        return kind.parts(words, [self._ask(argv) for argv in kind.ask(words)])

    def _ask(self, argv: Words) -> Answer:
        key = tuple(argv)
        if key not in self._answers:
            self._answers[key] = ask(argv)
        return self._answers[key]

    def lacks(self, line: str) -> bool:
        """Whether a part of a line is missing."""
        return self._unclaimed(line) or not all(part.there for part in self.parts(line))

    def _unclaimed(self, line: str) -> bool:
        """Whether a line has to be recorded although nothing is missing: timeouts that are there already have no other owner."""
        return line.startswith("timeouts ") and line not in self.memory.lines()

    def add(self, listed: list[str]) -> None:
        """Add what is listed and missing, up to the first line that fails.

        What firewalld cannot let in is no reason to be without a VIP: no line needs it, and without firewalld everybody is let in.
        """
        failures = []
        for line in listed:
            try:
                self._put(line, listed)
            except Failure as failed:
                failures.append((line, failed))
                if not line.startswith("zone "):
                    break
        for line, failed in failures:
            raise Failure(f"cannot add: {line}: {failed}") from failed

    def _put(self, line: str, listed: list[str]) -> None:
        commands = [argv for part in self.parts(line) if not part.there for argv in part.put]
        if line.startswith("nft "):
            # Load all listed lines at once. Record them only after that: a recorded line that nft refuses would block all
            # others. The table belongs to lvs-vip, so the rules in it do, too.
            self._run(commands, dict.fromkeys([*filter(is_known, self.memory.lines()), *listed]))
            self.memory.add(line)
        elif commands or self._unclaimed(line):
            if line.startswith("address "):
                refused = refusal(line.split()[1:], listed, int(ARP_IGNORE.read_text(encoding="utf-8")))
                if refused is not None:
                    raise Failure(refused)
            # Record the line first, so that it is known after an interruption.
            self.memory.add(line)
            self._run(commands)

    def take(self, keep: list[str]) -> None:
        """Remove what lvs-vip added, except the lines to keep."""
        leaving = [line for line in reversed(self.memory.lines()) if line not in keep]
        # Nobody is dropped who was let in until now, whichever of the lines was added last.
        leaving.sort(key=lambda line: line.split()[1:2] != ["only"])
        for line in leaving:
            if not is_known(line):
                said = f'another version of lvs-vip added "{line}", which is in {PLACED}'
                raise Failure(f"{said}. Remove by hand what this line stands for, then remove the line from the file")
            try:
                self._take(line, keep)
            except Failure as failed:
                raise Failure(f"cannot remove: {line}: {failed}") from failed
            self.memory.drop(line)
        if any(line.startswith("zone ") for line in leaving):
            # Ports to keep may have been part of a removed range.
            self._answers.clear()
            self.add([line for line in keep if line.startswith("zone ")])

    def _take(self, line: str, keep: list[str]) -> None:
        try:
            commands = [argv for part in reversed(self.parts(line)) if part.there for argv in part.take]
        except FirewalldStopped:
            # The runtime settings are gone with firewalld. The permanent settings can still be changed.
            commands = [zone_offline(line.split()[1:])]
        if line.startswith("nft "):
            self._run(commands, [other for other in self.memory.lines() if other in keep])
            return
        # Two lines may share a part, such as a rule that drops ARP for a VIP. The line to keep takes over the shared part.
        for other in keep if commands else []:
            if other.split(maxsplit=1)[0] == line.split(maxsplit=1)[0] and not line.startswith("zone "):
                common = [argv for part in self.parts(other) for argv in part.take if argv in commands]
                if common:
                    self.memory.add(other)
                    commands = [argv for argv in commands if argv not in common]
        self._run(commands)

    def _run(self, commands: Iterable[Words], table: Iterable[str] = ()) -> None:
        for argv in commands:
            run(argv, nft_ruleset(table) if argv in NFT_LOAD else "")
            # Keep the answers of firewall-cmd: it needs a third of a second for each, and its lines are independent of all others.
            if argv[0] != "firewall-cmd":
                self._answers = {key: answer for key, answer in self._answers.items() if key[0] == "firewall-cmd"}

    def check(self, listed: list[str], keep: list[str]) -> Iterator[str]:
        """What it would do to add the listed lines and to take all but those to keep, one line each.

        If firewalld does not run, its lines are missing, and the Failure comes after all lines.
        """
        stopped = None
        for line in listed:
            try:
                missing = self.lacks(line)
            except FirewalldStopped as failed:
                missing, stopped = True, failed
            if missing:
                yield f"add {line}"
        yield from (f"prune {line}" for line in self.memory.lines() if line not in keep)
        if stopped:
            raise stopped

    def adopt(self, listed: list[str]) -> Iterator[str]:
        """Take over the addresses that are already there, and yield their lines."""
        for line in listed:
            if line.startswith("address ") and line not in self.memory.lines() and not self.lacks(line):
                self.memory.add(line)
                yield line


def list_of(cluster: str) -> Path:
    """Where the list of a cluster is."""
    return LISTS / f"lvs-vip-{cluster}.conf"


def read_lists() -> dict[Path, list[str]]:
    """The lines of each cluster's list."""
    return {path: read_list(read_file(path), path) for path in sorted(LISTS.glob("lvs-vip-*.conf"))}


def read_file(path: Path) -> str:
    """The text of a list; a Failure says why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        said = getattr(wrong, "strerror", None) or wrong
        raise Failure(f"cannot read {path} ({said}): run site.yml, which writes it", status=2) from wrong


def is_new(path: Path, given: str, said: list[str]) -> bool:
    """Whether the file of a list has other lines than those given and, marked as leaving, those to prune."""
    try:
        there = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return True
    return there.strip() != given.strip() or any(line.startswith("prune ") for line in said)


def joined(lists: Iterable[list[str]]) -> list[str]:
    """Several lists as one, each line once."""
    return list(dict.fromkeys(line for lines in lists for line in lines))


class Lists:
    """The lists of the clusters. own are the lines of the one that counts, of all if none is named."""

    def __init__(self, lists: dict[Path, list[str]], cluster: str | None) -> None:
        path = list_of(cluster) if cluster else None
        self.each = list(lists.values())
        self.own, self.leaving = split(joined(self.each if path is None else [lists.get(path, [])]))
        others = [] if path is None else [lines for other, lines in lists.items() if other != path]
        listed, leaving = split(joined(others))
        # What is to stay: a director of another cluster may still send to what is leaving there.
        self.kept = joined([self.own, listed, leaving])


COMMANDS = ("add", "prune", "sync", "clear", "check", "adopt")
USAGE = "usage: lvs-vip add|prune|check|adopt [CLUSTER] | check CLUSTER - | sync | clear"


def parsed(words: list[str]) -> tuple[str, str | None, bool]:
    """The command, the cluster if one is named, and whether its list is on the standard input."""
    (what, cluster), source = [*words, "", ""][:2], words[2:]
    read_here = source == ["-"] and what == "check"
    if what not in COMMANDS or (cluster and what in ("sync", "clear")) or (source and not read_here):
        raise Failure(USAGE, status=2)
    if cluster and not re.fullmatch(r"[A-Za-z0-9][\w.-]*", cluster):
        raise Failure(f'"{cluster}" is not the name of a cluster; {USAGE}', status=2)
    return what, cluster or None, read_here


def main(words: list[str]) -> None:
    """Run the command; a Failure says what went wrong."""
    what, cluster, read_here = parsed(words)
    if os.geteuid() != 0:
        raise Failure("lvs-vip must run as root")
    # Only one at a time: the unit and Ansible may both run it.
    with open(__file__, encoding="utf-8") as own:
        fcntl.flock(own, fcntl.LOCK_EX)
        host = Host()
        if what == "clear":
            host.take([])
            return
        found = read_lists()
        given = sys.stdin.read() if read_here else None
        if cluster and given is not None:
            found[list_of(cluster)] = read_list(given)
        elif (cluster is None and not found) or (cluster and what != "prune" and list_of(cluster) not in found):
            read_file(list_of(cluster or "CLUSTER"))
        lists = Lists(found, cluster)
        if what == "add":
            host.add(lists.own)
        if what == "sync":
            sync(host, lists)
        if what == "prune":
            host.take(lists.kept)
        if what == "check":
            said = []
            for line in host.check(lists.own, lists.kept):
                print(line)
                said.append(line)
            if cluster and given is not None and is_new(list_of(cluster), given, said):
                print("write")
        if what == "adopt":
            for line in host.adopt(lists.own):
                print(line)


def sync(host: Host, lists: Lists) -> None:
    """Add what the lists have, then remove the rest. A cluster whose lines cannot be added does not keep the others from theirs."""
    back = returning(lists.own, lists.leaving)
    failures = []
    for listed, leaving in map(split, lists.each):
        try:
            host.add([*listed, *(line for line in leaving if line in back)])
        except Failure as failed:
            failures.append(failed)
    if failures:
        raise failures[0]
    host.take([*lists.own, *lists.leaving])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failure as failure:
        print(f"lvs-vip: {failure}", file=sys.stderr)
        sys.exit(failure.status)
