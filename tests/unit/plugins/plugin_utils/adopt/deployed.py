# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of a resolved cluster tell once it is deployed: what the roles have written, and what the kernel has of it."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.types import HostFacts
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.hosts import read_interfaces

KEEPALIVED = "/etc/keepalived/keepalived.conf"
SECRETS = "/etc/keepalived/lvs-secrets.conf"


def told(cluster: Mapping[str, Any], hostvars: Mapping[str, Any], render: Callable[..., str]) -> dict[str, HostFacts]:
    """What adopt_info would return on each host."""
    return {name: _host(name, cluster, hostvars[name], render) for name in cluster["hosts"]}


def _host(name: str, cluster: Mapping[str, Any], own: Mapping[str, Any], render: Callable[..., str]) -> HostFacts:
    facts = own.get("ansible_facts", {})
    part = cluster["hosts"][name]
    files = {}
    if name in cluster["directors"] and cluster["stack"] == "keepalived":
        files[KEEPALIVED] = render(cluster, name)
        files[SECRETS] = render(cluster, name, "keepalived-secrets.conf.j2")
    return {
        "hostname": name,
        "files": files,
        "ipvs": {"services": cluster["table"], "timeouts": dict(cluster["timeouts"]), "daemons": []}
        if name in cluster["directors"]
        else None,
        "links": {
            device: {"mac": facts.get(device, {}).get("macaddress"), "up": True}
            for device in facts.get("interfaces", [])
        },
        "addresses": _addresses(part, own, facts),
        "routes": [*_default(facts), *_ways_back(part)],
        "rules": [],
        "sysctls": {key: str(value) for key, value in part["sysctls"].items()},
        "interface_sysctls": {"all": {"arp_ignore": 1, "arp_announce": 2}},
        "filters": _filters(name, cluster, part),
        "processes": [{"name": "firewalld", "arguments": []}] if "firewalld" in part["tools"] else [],
        "enabled": ["keepalived.service"] if cluster["start_at_boot"] else [],
        "packages": {},
        "ours": [],
        "unread": {},
    }


def _addresses(part: Mapping[str, Any], own: Mapping[str, Any], facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The addresses of the facts, and those that only the inventory has."""
    found = [
        {
            "address": one.address.text,
            "prefix": one.prefix,
            "interface": one.name,
            "family": one.address.family,
            "scope": "host" if one.name == "lo" else "global",
            "usable": True,
        }
        for one in read_interfaces(facts)
    ]
    # What lvs-vip keeps on the director of a static table
    found += [
        {
            "address": one["address"],
            "prefix": one["prefix"],
            "interface": one["device"],
            "family": one["family"],
            "scope": "global",
            "usable": True,
        }
        for one in part["vips"]
    ]
    there = {one["address"] for one in found}
    for key in ("lvs_address", "lvs_address6"):
        if own.get(key) and own[key] not in there:
            family, prefix = ("ipv6", 64) if ":" in own[key] else ("ipv4", 24)
            found.append(
                {
                    "address": own[key],
                    "prefix": prefix,
                    "interface": part["interface"] or "eth0",
                    "family": family,
                    "scope": "global",
                    "usable": True,
                }
            )
    return found


def _default(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    default = facts.get("default_ipv4") or {}
    if not default.get("interface"):
        return []
    route = {"family": "ipv4", "dst": "default", "dev": default["interface"]}
    return [{**route, "gateway": default["gateway"]} if default.get("gateway") else route]


def _ways_back(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The routes of answers, in the table of lvs-vip; those of all packets as their own configuration would have them."""
    table = 254 if part["default_rules"] else 112
    return [
        {"family": one["family"], "dst": "default", "gateway": one["gateway"], "dev": one["device"], "table": table}
        for one in part["return_routes"]
    ]


def _filters(name: str, cluster: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of a host in the words of its own packet filter."""
    found: dict[str, Any] = {"nft": [], "iptables": [], "ip6tables": [], "arptables": [], "too_many": False}
    for rule in part["fwmark_rules"]:
        if part["filter"] == "iptables":
            ports = ",".join(str(port).replace("-", ":") for port in rule["ports"])
            found[_tool(rule["family"])] += [
                "*mangle",
                ":PREROUTING ACCEPT",
                f"-A PREROUTING -d {rule['vip']} -p {rule['protocol']} -m multiport --dports {ports} -j MARK --set-xmark"
                f" {rule['fwmark']:#x}/0xffffffff",
            ]
        else:
            found["nft"] += _nft(rule)
    for one in part["masquerades"]:
        if part["filter"] == "iptables":
            found[_tool(one["family"])] += ["*nat", ":POSTROUTING ACCEPT", "-A POSTROUTING -j MASQUERADE"]
        else:
            found["nft"] += _nft_nat("postrouting", [{"masquerade": None}])
    vips = [vip["address"] for vip in cluster["vips"] if vip["family"] == "ipv4"]
    if name not in cluster["directors"] and cluster["arp"] == "arptables":
        found["arptables"] = ["*filter", *(f"-A INPUT -j DROP -d {vip}" for vip in vips)]
    for vip in vips if name not in cluster["directors"] and cluster["arp"] == "redirect" else ():
        if part["filter"] == "iptables":
            found["iptables"] += ["*nat", ":PREROUTING ACCEPT", f"-A PREROUTING -d {vip}/32 -j REDIRECT"]
        else:
            address = {"payload": {"protocol": "ip", "field": "daddr"}}
            found["nft"] += _nft_nat(
                "prerouting", [{"match": {"op": "==", "left": address, "right": vip}}, {"redirect": None}]
            )
    return found


def _tool(family: str) -> str:
    return "iptables" if family == "ipv4" else "ip6tables"


def _nft_nat(hook: str, expressions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A rule of a chain of type nat."""
    place = {"family": "ip", "table": "lvs"}
    return [
        {"chain": {**place, "name": hook, "hook": hook, "prio": 0, "type": "nat"}},
        {"rule": {**place, "chain": hook, "expr": expressions}},
    ]


def _nft(rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A rule that marks packets, as libnftables-json(5) has it."""
    place = {"family": "inet", "table": "lvs"}
    ports = [
        {"range": [int(end) for end in port.split("-")]} if isinstance(port, str) else port for port in rule["ports"]
    ]
    protocol = "ip" if rule["family"] == "ipv4" else "ip6"
    address = {"payload": {"protocol": protocol, "field": "daddr"}}
    port = {"payload": {"protocol": rule["protocol"], "field": "dport"}}
    return [
        {"chain": {**place, "name": "mark", "hook": "prerouting", "prio": -150, "type": "filter"}},
        {
            "rule": {
                **place,
                "chain": "mark",
                "expr": [
                    {"match": {"op": "==", "left": address, "right": rule["vip"]}},
                    {"match": {"op": "==", "left": port, "right": {"set": ports}}},
                    {"mangle": {"key": {"meta": {"key": "mark"}}, "value": rule["fwmark"]}},
                ],
            }
        },
    ]
