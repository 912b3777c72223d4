# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's packet filters do to a packet, as far as their rules can be understood.

A rule may ask for something that is not known of the packet, or in words that are not understood here. Then it is open whether it
applies, and the answer is "unknown" unless it makes no difference. So "drop" is said only of what is dropped for sure.
"""

from __future__ import annotations

import ipaddress
import shlex
from dataclasses import dataclass, field, replace
from typing import Any, Iterable, Iterator, Mapping

FINAL = ("accept", "drop", "reject")
_PROTOCOLS = {
    "112": "vrrp",
    "6": "tcp",
    "17": "udp",
    "132": "sctp",
    "4": "ipip",
    "ipencap": "ipip",
    "41": "ipv6",
    "47": "gre",
    "1": "icmp",
}
_PORT_NAMES = {
    "http": 80,
    "https": 443,
    "ssh": 22,
    "domain": 53,
    "smtp": 25,
    "ftp": 21,
    "http-alt": 8080,
    "webcache": 8080,
}
_DEEPEST = 20


@dataclass(frozen=True)
class Packet:
    """What is known of a packet. `state` is that of connection tracking: new, established, invalid or untracked."""

    family: str
    protocol: str
    daddr: str | None = None
    saddr: str | None = None
    dport: int | None = None
    sport: int | None = None
    iif: str | None = None
    oif: str | None = None
    state: str = "new"


@dataclass(frozen=True)
class Match:
    """A condition. `values` are words, numbers, (first, last) of ports, or networks; `what` is unknown if it is not understood."""

    what: str
    values: tuple[Any, ...] = ()
    negated: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule: its conditions, what it does (accept, drop, reject, jump, goto, return, or another word), and its text.

    `value` is the chain of a jump, the number of a mark, or the bytes of a segment.
    """

    matches: tuple[Match, ...]
    action: str
    value: Any = None
    text: str = ""


@dataclass(frozen=True)
class Chain:
    """A chain of a table. Without a hook it is only jumped to."""

    table: str
    family: str
    name: str
    hook: str | None
    kind: str
    priority: int
    policy: str
    rules: tuple[Rule, ...] = field(default=())


@dataclass(frozen=True)
class Verdict:
    """What becomes of a packet: accept, drop or unknown. `rule` is the text of the rule, or of the policy, that drops it."""

    result: str
    rule: str = ""


def chains_of(filters: Mapping[str, Any] | None) -> list[Chain]:
    """All chains of a host, of what doctor_info returns as `filters`."""
    if not filters:
        return []
    saved = {"ip": list(_saved(filters["iptables"], "ip")), "ip6": list(_saved(filters["ip6tables"], "ip6"))}
    # iptables may keep its rules in tables of nft. It tells of them in words that are all understood here.
    twice = {(family, chain.table) for family, chains in saved.items() for chain in chains}
    nft = [chain for chain in _nft(filters["nft"]) if (chain.family, chain.table) not in twice]
    return nft + saved["ip"] + saved["ip6"]


def verdict(chains: Iterable[Chain], packet: Packet, *hooks: str) -> Verdict:
    """Return what becomes of a packet in all chains of some hooks."""
    known = list(chains)
    result = Verdict("accept")
    for hook in hooks:
        entries = [one for one in known if one.hook == hook and one.kind != "nat" and _speaks_of(one, packet.family)]
        for chain in sorted(entries, key=lambda one: one.priority):
            outcome, text = _walk(known, chain, packet, 0)
            if outcome == "none":
                outcome, text = chain.policy, f"chain {chain.name} of table {chain.table}: policy {chain.policy}"
            if outcome in ("drop", "reject"):
                return Verdict("drop", text)
            if outcome == "unknown":
                result = Verdict("unknown")
    return result


def _speaks_of(chain: Chain, family: str) -> bool:
    return chain.family in ("inet", "ip6" if family == "ipv6" else "ip")


def _walk(chains: list[Chain], chain: Chain, packet: Packet, depth: int) -> tuple[str, str]:
    """The outcome of one chain: accept, drop, none (no rule decided) or unknown; and the rule that decided."""
    possible: set[str] = set()

    def decided(outcome: str, text: str) -> tuple[str, str]:
        outcome = "drop" if outcome == "reject" else outcome
        return (outcome, text) if possible <= {outcome} else ("unknown", "")

    for rule in chain.rules:
        applies = _applies(rule, packet)
        if applies is False:
            continue
        if rule.action in FINAL:
            if applies:
                return decided(rule.action, rule.text)
            possible.add("drop" if rule.action == "reject" else rule.action)
        elif rule.action in ("jump", "goto"):
            inner = next(
                (
                    one
                    for one in chains
                    if one.name == rule.value and one.table == chain.table and one.family == chain.family
                ),
                None,
            )
            outcome, text = _walk(chains, inner, packet, depth + 1) if inner and depth < _DEEPEST else ("unknown", "")
            if outcome == "none" and rule.action == "jump":
                continue
            if applies and outcome not in ("unknown", "none"):
                return decided(outcome, text)
            if applies and rule.action == "goto":
                return decided(outcome, text) if outcome == "none" else ("unknown", "")
            possible.update(("accept", "drop") if outcome in ("unknown", "none") else (outcome,))
        elif rule.action == "return":
            if applies:
                return decided("none", "")
            possible.add("none")
        elif rule.action == "unknown":
            possible.update(("accept", "drop"))
    return decided("none", "")


def _applies(rule: Rule, packet: Packet) -> bool | None:
    """Whether a rule applies to a packet; None if that is open."""
    answers = [_fits(match, packet) for match in rule.matches]
    if False in answers:
        return False
    return None if None in answers else True


def _fits(match: Match, packet: Packet) -> bool | None:
    if match.what == "unknown":
        return None
    if match.what in ("dport", "sport"):
        port: int | None = getattr(packet, match.what)
        if packet.protocol not in ("tcp", "udp", "sctp"):
            return False
        answer = None if port is None else any(_holds_port(one, port) for one in match.values)
    elif match.what in ("daddr", "saddr"):
        address: str | None = getattr(packet, match.what)
        answers = [_holds_address(one, address) for one in match.values]
        answer = True if True in answers else None if None in answers else False
    elif match.what in ("iif", "oif"):
        device: str | None = getattr(packet, match.what)
        answer = None if device is None else any(_same_device(str(one), device) for one in match.values)
    else:
        answer = getattr(packet, match.what) in match.values
    return answer if answer is None else answer != match.negated


def _holds_port(value: Any, port: int) -> bool:
    return bool(value[0] <= port <= value[1])


def _holds_address(value: Any, address: str | None) -> bool | None:
    if address is None:
        return True if str(value) in ("0.0.0.0/0", "::/0") else None
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(str(value), strict=False)
    except (ValueError, TypeError):
        return None


def _same_device(pattern: str, device: str) -> bool:
    return device.startswith(pattern[:-1]) if pattern.endswith(("*", "+")) else device == pattern


# nft: libnftables-json(5)


def _nft(objects: Iterable[Mapping[str, Any]]) -> list[Chain]:
    found: dict[tuple[str, str, str], Chain] = {}
    sets: dict[tuple[str, str, str], list[Any]] = {}
    listed = list(objects)
    for entry in listed:
        ((kind, one),) = entry.items()
        if kind in ("set", "map"):
            sets[one["family"], one["table"], one["name"]] = one.get("elem", [])
        elif kind == "chain":
            found[one["family"], one["table"], one["name"]] = Chain(
                one["table"],
                one["family"],
                one["name"],
                one.get("hook"),
                one.get("type", "filter"),
                int(one.get("prio", 0)),
                one.get("policy", "accept"),
            )
    for entry in listed:
        if "rule" not in entry:
            continue
        one = entry["rule"]
        place = (one["family"], one["table"], one["chain"])
        if place in found:
            rules = tuple(_nft_rules(one, sets))
            found[place] = replace(found[place], rules=found[place].rules + rules)
    return [chain for chain in found.values() if chain.family in ("inet", "ip", "ip6")]


def _nft_rules(rule: Mapping[str, Any], sets: Mapping[tuple[str, str, str], list[Any]]) -> Iterator[Rule]:
    """The rules that one of nft's stands for: one, or one for each verdict of a map."""
    where = (rule["family"], rule["table"])
    matches: list[Match] = []
    text = f"nft {rule['family']} table {rule['table']}, chain {rule['chain']}, handle {rule.get('handle')}"
    acted = False
    for one in rule.get("expr", []):
        ((word, inner),) = one.items()
        if word == "match":
            matches += [*_implied(inner.get("left")), _nft_match(inner, sets, where)]
        elif word in FINAL or word in ("return", "continue"):
            acted = True
            if word != "continue":
                yield Rule(tuple(matches), word, None, text)
        elif word in ("jump", "goto"):
            acted = True
            yield Rule(tuple(matches), word, inner["target"], text)
        elif word == "vmap":
            acted = True
            yield from _nft_map(inner, matches, text, sets, where)
        elif word == "mangle":
            acted = True
            yield _nft_mangle(inner, matches, text)
        elif word in ("redirect", "dnat", "snat", "masquerade", "tproxy", "notrack"):
            acted = True
            yield Rule(tuple(matches), word, None, text)
        elif word in ("limit", "xt", "quota", "queue", "ct count", "socket", "fib"):
            # A target in iptables' own words ends a rule, too.
            if word == "xt" and isinstance(inner, Mapping) and inner.get("type") == "target":
                acted = True
                yield Rule((*matches, Match("unknown")), "unknown", None, text)
            matches.append(Match("unknown"))
    if not acted:
        yield Rule(tuple(matches), "none", None, text)


def _nft_mangle(inner: Mapping[str, Any], matches: list[Match], text: str) -> Rule:
    key, value = inner.get("key") or {}, inner.get("value")
    if isinstance(key, Mapping) and (key.get("meta") or {}).get("key") == "mark":
        return Rule(tuple(matches), "mark", value, text)
    if isinstance(key, Mapping) and (key.get("tcp option") or {}).get("name") == "maxseg":
        return Rule(tuple(matches), "mss", value, text)
    return Rule(tuple(matches), "none", None, text)


def _nft_map(
    inner: Mapping[str, Any],
    matches: list[Match],
    text: str,
    sets: Mapping[tuple[str, str, str], list[Any]],
    where: tuple[str, str],
) -> Iterator[Rule]:
    data = inner.get("data")
    pairs = sets.get((*where, data[1:]), []) if isinstance(data, str) else (data or {}).get("set", [])
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], Mapping):
            yield Rule((*matches, Match("unknown")), "unknown", None, text)
            continue
        ((word, target),) = pair[1].items()
        own = _nft_match({"op": "==", "left": inner.get("key"), "right": pair[0]}, sets, where)
        yield Rule(
            (*matches, *_implied(inner.get("key")), own),
            word,
            target["target"] if isinstance(target, Mapping) else None,
            text,
        )


_META = {"l4proto": "protocol", "iifname": "iif", "iif": "iif", "oifname": "oif", "oif": "oif"}


def _nft_match(
    inner: Mapping[str, Any], sets: Mapping[tuple[str, str, str], list[Any]], where: tuple[str, str]
) -> Match:
    left, operator, right = inner.get("left"), inner.get("op", "=="), inner.get("right")
    if operator not in ("==", "!=", "in") or not isinstance(left, Mapping) or len(left) != 1:
        return Match("unknown")
    ((kind, about),) = left.items()
    values = list(_nft_values(right, sets, where))
    negated = operator == "!="
    what = _nft_field(kind, about if isinstance(about, Mapping) else {})
    if what == "status":
        # Of packets whose destination was replaced, which are not asked for here
        return Match("state", ("dnat",), negated)
    if what is None or not values:
        return Match("unknown")
    known = tuple(_normal_value(what, one) for one in values)
    return Match(what, known, negated) if None not in known else Match("unknown")


def _implied(left: Any) -> list[Match]:
    """What a condition on a header says by that: a packet without this header does not fit."""
    payload = left.get("payload") if isinstance(left, Mapping) else None
    protocol = str((payload or {}).get("protocol"))
    if protocol in ("ip", "ip6"):
        return [Match("family", (_normal_value("family", protocol),))]
    if protocol in ("tcp", "udp", "sctp", "icmp", "icmpv6", "dccp", "esp", "ah"):
        return [Match("protocol", (protocol,))]
    return []


def _normal_value(what: str, value: Any) -> Any:
    """A value of a condition as packets have it; None if it is not understood."""
    if what == "family":
        return {"ip": "ipv4", "ip6": "ipv6"}.get(str(value), str(value))
    if what == "protocol":
        return _PROTOCOLS.get(str(value), str(value))
    return _ports(value) if what in ("dport", "sport") else str(value)


def _nft_field(kind: str, about: Mapping[str, Any]) -> str | None:
    key, protocol, name = about.get("key"), about.get("protocol"), str(about.get("field"))
    if kind == "meta":
        return "family" if key in ("nfproto", "protocol") else _META.get(str(key))
    if kind == "ct" and key in ("state", "status"):
        return str(key)
    if kind == "payload":
        if protocol in ("ip", "ip6"):
            return {"protocol": "protocol", "nexthdr": "protocol", "saddr": "saddr", "daddr": "daddr"}.get(name)
        if protocol in ("tcp", "udp", "sctp", "th") and name in ("dport", "sport"):
            return name
    return None


def _nft_values(right: Any, sets: Mapping[tuple[str, str, str], list[Any]], where: tuple[str, str]) -> Iterator[Any]:
    if isinstance(right, Mapping):
        if "set" in right:
            inner = right["set"]
            for one in inner if isinstance(inner, list) else [inner]:
                yield from _nft_values(one, sets, where)
        elif "prefix" in right:
            yield f"{right['prefix']['addr']}/{right['prefix']['len']}"
        elif "range" in right:
            yield tuple(right["range"])
        elif "elem" in right:
            yield from _nft_values(right["elem"].get("val"), sets, where)
    elif isinstance(right, list):
        for one in right:
            yield from _nft_values(one, sets, where)
    elif isinstance(right, str) and right.startswith("@"):
        yield from (value for one in sets.get((*where, right[1:]), []) for value in _nft_values(one, sets, where))
    elif right is not None:
        yield right


def _ports(value: Any) -> tuple[int, int] | None:
    low, high = value if isinstance(value, tuple) else (value, value)
    try:
        return _port(low), _port(high)
    except (TypeError, ValueError):
        return None


def _port(value: Any) -> int:
    return _PORT_NAMES.get(str(value)) or int(value)


# iptables: the lines of iptables-save(8)

_HOOKS = {
    "PREROUTING": "prerouting",
    "INPUT": "input",
    "FORWARD": "forward",
    "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}
_PRIORITIES = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
# Options without influence on what is matched, with the number of words that follow
_SILENT = {
    "-m": 1,
    "--comment": 1,
    "--reject-with": 1,
    "--log-prefix": 1,
    "--log-level": 1,
    "--to-ports": 1,
    "--random": 0,
}


def _saved(lines: Iterable[str], family: str) -> Iterator[Chain]:
    table = "filter"
    chains: dict[tuple[str, str], Chain] = {}
    for line in lines:
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            name, _blank, policy = line[1:].partition(" ")
            hook = _HOOKS.get(name)
            kind = "nat" if table == "nat" else "filter"
            chain = Chain(
                table, family, name, hook, kind, _PRIORITIES.get(table, 0), policy.lower() if hook else "accept"
            )
            chains.setdefault((table, name), chain)
        elif line.startswith("-A "):
            rule = _saved_rule(line, "iptables" if family == "ip" else "ip6tables", table)
            name = line.split()[1]
            if (table, name) in chains:
                chains[table, name] = replace(chains[table, name], rules=(*chains[table, name].rules, rule))
    yield from chains.values()


def _saved_rule(line: str, tool: str, table: str) -> Rule:
    matches: list[Match] = []
    action, value, negated = "none", None, False
    try:
        words = shlex.split(line)[2:]
    except ValueError:
        return Rule((Match("unknown"),), "unknown", None, line)
    position = 0

    def following() -> str:
        return words[position + 1] if position + 1 < len(words) else ""

    while position < len(words):
        word, used = words[position], 1
        if word == "!":
            negated = True
            position += 1
            continue
        if word in ("-j", "-g"):
            action, value = _target(following(), word)
        elif word in ("--set-xmark", "--set-mark"):
            value = _mark(following())
        elif word == "--set-mss":
            value = int(following()) if following().isdigit() else None
        elif word in _SILENT:
            used = _SILENT[word]
        elif word.startswith("--to-"):
            pass
        else:
            match = _saved_match(word, following(), negated)
            used = 1 if match.what != "unknown" or not following().startswith("-") else 0
            matches.append(match)
        negated = False
        position += 1 + used
    return Rule(tuple(matches), action, value, f"{tool} -t {table} {line}")


def _saved_match(word: str, value: str, negated: bool) -> Match:
    if word == "-p":
        return (
            Match("protocol", (_PROTOCOLS.get(value, value),), negated)
            if value != "all"
            else Match("family", ("ipv4", "ipv6"))
        )
    if word in ("-s", "-d"):
        return Match("saddr" if word == "-s" else "daddr", tuple(value.split(",")), negated)
    if word in ("-i", "-o"):
        return Match("iif" if word == "-i" else "oif", (value,), negated)
    if word in ("--dport", "--sport", "--dports", "--sports"):
        ports = [
            _ports(tuple((one + ":" + one).split(":")[:2] if ":" not in one else one.split(":")))
            for one in value.split(",")
        ]
        return Match(word[2:7], tuple(ports), negated) if None not in ports else Match("unknown")
    if word in ("--ctstate", "--state"):
        return Match("state", tuple(value.lower().split(",")), negated)
    return Match("unknown")


def _target(name: str, option: str) -> tuple[str, Any]:
    known = {
        "ACCEPT": "accept",
        "DROP": "drop",
        "REJECT": "reject",
        "RETURN": "return",
        "MARK": "mark",
        "TCPMSS": "mss",
        "REDIRECT": "redirect",
        "DNAT": "dnat",
        "SNAT": "snat",
        "MASQUERADE": "masquerade",
        "TPROXY": "tproxy",
        "LOG": "none",
        "NFLOG": "none",
        "CT": "none",
        "NOTRACK": "none",
        "CHECKSUM": "none",
        "CONNMARK": "none",
    }
    if name in known:
        return known[name], None
    return ("goto" if option == "-g" else "jump"), name


def _mark(text: str) -> int | None:
    try:
        return int(text.partition("/")[0], 0)
    except ValueError:
        return None


# What single rules tell


@dataclass(frozen=True)
class Marked:
    """Packets that get a mark: those to an address, null for any, and of a protocol to some ports."""

    mark: int
    address: str | None
    protocol: str | None
    ports: tuple[tuple[int, int], ...]


def marks(chains: Iterable[Chain]) -> list[Marked]:
    """The packets that get a mark before they reach IPVS."""
    found = []
    for chain in chains:
        for rule in chain.rules if chain.hook == "prerouting" else ():
            if rule.action == "mark" and isinstance(rule.value, int):
                addresses: list[str | None] = [str(one).partition("/")[0] for one in _values(rule, "daddr")]
                protocol = next(iter(_values(rule, "protocol")), None)
                found += [
                    Marked(rule.value, one, protocol, tuple(_values(rule, "dport"))) for one in addresses or [None]
                ]
    return found


def takes_in(chains: Iterable[Chain], vip: str) -> bool:
    """Whether rules give packets to a VIP another destination, so that a host without the VIP takes them."""
    return any(
        rule.action in ("redirect", "dnat", "tproxy") and _may_be_of(rule, "daddr", vip)
        for chain in chains
        if chain.hook == "prerouting"
        for rule in chain.rules
    )


def masquerades(chains: Iterable[Chain]) -> bool:
    """Whether rules give packets another source on their way out."""
    known = list(chains)
    return any(rule.action in ("masquerade", "snat") for chain in known for rule in chain.rules)


def segment_limits(chains: Iterable[Chain], vip: str) -> list[int]:
    """The sizes of TCP segments (bytes) that rules put into packets from a VIP."""
    return [
        rule.value
        for chain in chains
        for rule in chain.rules
        if rule.action == "mss" and isinstance(rule.value, int) and _may_be_of(rule, "saddr", vip)
    ]


def _values(rule: Rule, what: str) -> list[Any]:
    return [value for match in rule.matches if match.what == what and not match.negated for value in match.values]


def _may_be_of(rule: Rule, what: str, address: str) -> bool:
    own = [match for match in rule.matches if match.what == what]
    return all(
        any(_holds_address(value, address) is not False for value in match.values) != match.negated for match in own
    ) and not _of_other_family(own, address)


def _of_other_family(own: list[Match], address: str) -> bool:
    return any((":" in str(value)) != (":" in address) for match in own for value in match.values)
