# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories made up from a seed: a right one, with some keys set to whatever the schema knows for them."""

from __future__ import annotations

import random
import re
from typing import Any, Mapping

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import schema, validators
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.keys import Key

HOSTS = {"lvs1": 11, "lvs2": 12, "lvs3": 13, "web1": 21, "web2": 22, "web3": 23, "client1": 31}
VIPS = ("172.28.0.100", "172.28.0.101", "10.99.0.100", "192.0.2.100", "2001:db8::100", "2001:db8::101")
ADDRESSES = ("172.28.0.21", "172.28.0.90", "2001:db8::21", "127.0.0.1", "172.28.0.101", "10.99.0.21")
EXAMPLES: dict[int, tuple[object, ...]] = {
    id(validators.BOOLEAN): (True, False),
    id(validators.PORTS): (80, 443, "8000-8010"),
    id(validators.URL_PATH): ("/", "/health", "/a%24b?c=d&e=f"),
    id(validators.PATH): ("/var/lib/x",),
    id(validators.VIRTUAL_HOST): ("www.example.com", "www.example.com:8080", "[2001:db8::1]:80"),
    id(validators.EXPECTED): ("ok", "I am {well}! $#", "a.b*c"),
    id(validators.DOMAIN): ("www.example.com", "_dmarc.example.com", ".", "a.example.com"),
    id(validators.COMMAND): ("/usr/local/bin/check", "/usr/local/bin/check web 80"),
    # Programs that are on every machine, so that keepalived can look for them
    id(validators.SOURCE): ("/bin/true", "/bin/cat"),
    id(validators.ARGUMENTS): ("a", "--quick -x 'a b' #1!"),
    id(validators.DESTINATION): ("default", "10.1.0.0/16", "192.0.2.7", "2001:db8:7::/48", "0.0.0.0/0", "::/0"),
    id(validators.INTERFACE): ("eth0", "eth1", "eth2"),
    id(validators.PROCESS): ("haproxy", "nginx -g x:y"),
    id(validators.AUTH_PASS): ("s3cr3t", "12345678"),
    id(validators.SECRET): ("a-key-of-an-example",),
    id(validators.WORD): ("internal",),
    id(validators.NAMED): ("one", "two-2", "three.3", "four_4"),
    id(validators.HOST_ADDRESS): VIPS,
    id(validators.HOST_ADDRESS6): ("2001:db8::21",),
    id(validators.ANSWERING_ADDRESS): ADDRESSES,
    id(validators.ADDRESS): ("225.0.0.1",),
    id(validators.MAIL_ADDRESS): ("ops@example.com",),
    id(validators.SERVER): ("192.0.2.25", "192.0.2.25:25"),
}


LISTS: dict[str, tuple[object, ...]] = {
    "ports": (80, 443, "8000-8010"),
    "HTTP status codes": (200, 204, 302),
    "mail addresses": ("ops@example.com", "dev@example.com"),
    "IP addresses": VIPS,
}


def value(rng: random.Random, key: Key) -> Any:
    """Any value that a key may have; None where this knows none."""
    validator = key.validator
    if id(validator) in EXAMPLES:
        return rng.choice(EXAMPLES[id(validator)])
    if validator.what.startswith("a list of"):
        items = validator.choices or LISTS[validator.what[len("a list of ") :]]
        return rng.sample(list(items), rng.randint(1, min(3, len(items))))
    if validator.choices:
        return rng.choice(validator.choices)
    limits = re.fullmatch(r"a .* from (\S+) to (\S+)", validator.what)
    if limits is None:
        return None
    low, high = (float(number) for number in limits.groups())
    picked = rng.choice([low, high, rng.uniform(low, min(high, low + 100)), max(low, min(high, 10.0))])
    return int(picked) if "whole" in validator.what or picked.is_integer() else round(picked, 2)


def some(rng: random.Random, keys: Mapping[str, Key], most: int, *without: str) -> dict[str, Any]:
    """At most so many keys of a level, with values."""
    names = rng.sample(sorted(set(keys) - set(without)), min(rng.randint(0, most), len(keys) - len(without)))
    given = {name: value(rng, keys[name]) for name in names}
    return {name: one for name, one in given.items() if one is not None}


def service(rng: random.Random, number: int) -> dict[str, Any]:
    """A service, mostly by port, with a check of any type."""
    made: dict[str, Any] = {"name": f"s{number}", "vip": rng.choice(VIPS), "port": 80 + number}
    if rng.random() < 0.2:
        del made["port"]
        made.update(fwmark=number + 1, ports=[8000 + number, f"{9000 + 10 * number}-{9005 + 10 * number}"])
    made["forward"] = rng.choice(("dr", "dr", "nat", "tun"))
    if made["forward"] == "tun" and rng.random() < 0.5:
        made["tunnel"] = rng.choice(
            ({"type": "gre"}, {"type": "gue", "port": 6080}, {"type": "gue", "port": 1, "checksum": "csum"})
        )
    if rng.random() < 0.7:
        kind = rng.choice(sorted(schema.HEALTH))
        required = {name: value(rng, key) for name, key in schema.HEALTH[kind].items() if key.required}
        made["health"] = {"type": kind, **required, **some(rng, schema.HEALTH[kind], 3)}
        made["protocol"] = "udp" if kind == "udp" else rng.choice(("tcp", "tcp", "udp"))
    if rng.random() < 0.4:
        made["real_servers"] = [
            {"host": "web1", **some(rng, schema.REAL_SERVER, 2, "host", "address", "port")},
            *rng.sample([{"address": one} for one in ADDRESSES], rng.randint(0, 2)),
        ]
    if rng.random() < 0.2:
        made["sorry_server"] = {"address": rng.choice(ADDRESSES)}
    made.update(some(rng, schema.SERVICE, 2, "name", "vip", "port", "fwmark", "ports", "forward", "protocol"))
    return made


def script(rng: random.Random, keys: Mapping[str, Key]) -> dict[str, Any]:
    """A script with some of the keys of a level: one of the directors, or one that is copied there."""
    made = some(rng, keys, 3, "command", "src", "arguments", "user")
    made.update({"command": "/bin/true --quick"} if rng.random() < 0.5 else {"src": "/bin/true"})
    if "src" in made and rng.random() < 0.5:
        made["arguments"] = value(rng, schema.SCRIPT["arguments"])
    if rng.random() < 0.3:
        made["user"] = "nobody"
    return made


def track(rng: random.Random) -> dict[str, Any]:
    """Some lists of what is watched, each item with some of its keys, or a word alone."""
    made: dict[str, Any] = {}
    for kind in rng.sample(sorted(schema.TRACK), rng.randint(1, 3)):
        keys, alone = schema.TRACK[kind]
        items: list[Any] = []
        for number in range(rng.randint(0, 3)):
            item = script(rng, keys) if kind == "scripts" else some(rng, keys, 2, alone)
            # No two of a kind may be the same.
            if kind == "interfaces":
                item = {alone: "eth0", **item} if number == 0 else {alone: f"eth{number}"}
            elif kind == "bfd":
                item[alone] = rng.choice(("172.28.0.8", "10.99.0.8", "2001:db8::8", "192.0.2.8")) + str(number)
            elif kind != "scripts":
                item[alone] = f"{value(rng, keys[alone])}{number}"
            elif "src" in item:
                item["arguments"] = f"{value(rng, keys['arguments'])} {number}"
            else:
                item["command"] += f" {number}"
            items.append(item[alone] if alone in item and rng.random() < 0.2 else item)
        made[kind] = items
    return made


def notify(rng: random.Random, events: tuple[str, ...]) -> dict[str, Any]:
    """Scripts for some events."""
    names = rng.sample(events, rng.randint(1, len(events)))
    return {name: "/bin/true" if rng.random() < 0.5 else script(rng, schema.SCRIPT) for name in names}


def watching(rng: random.Random, events: tuple[str, ...] = schema.EVENTS) -> dict[str, Any]:
    """What an instance or a group may watch and tell."""
    made: dict[str, Any] = {}
    if rng.random() < 0.4:
        made["track"] = track(rng)
    if rng.random() < 0.3:
        made["notify"] = notify(rng, events)
    return made


def routing(rng: random.Random) -> dict[str, Any]:
    """Routes and rules that move with an instance."""
    made: dict[str, Any] = {}
    if rng.random() < 0.3:
        family = rng.choice((("default", "10.1.0.0/16", "172.28.0.1"), ("default", "2001:db8:7::/48", "2001:db8::1")))
        made["routes"] = [
            {"to": rng.choice(family[:2]), "via": family[2], **some(rng, schema.ROUTE, 2, "to", "via", "source")}
        ]
    if rng.random() < 0.3:
        ends = rng.choice((("10.1.0.0/16", "192.0.2.7"), ("2001:db8:7::/48", "2001:db8::7")))
        rule = dict(zip(rng.sample(("from", "to"), 2), ends[: rng.randint(1, 2)]))
        made["rules"] = [{**rule, **{name: value(rng, schema.RULE[name]) for name in ("table", "priority")}}]
    return made


def groups(rng: random.Random, names: list[str]) -> list[dict[str, Any]]:
    """One group of some instances."""
    members = rng.sample(names, rng.randint(2, len(names)))
    return [{"name": rng.choice(("G", "G-1", "G.1")), "instances": members, **watching(rng, schema.GROUP_EVENTS)}]


def instances(rng: random.Random, services: list[dict[str, Any]], directors: list[str]) -> list[dict[str, Any]]:
    """One instance for all VIPs, or one for each, with names that keepalived has to take as they are."""
    vips = list(dict.fromkeys(one["vip"] for one in services))
    parts = [vips] if rng.random() < 0.5 else [[vip] for vip in vips]
    return [
        {
            "name": rng.choice(("VI", "V-I", "V.I", "V_I")) + str(number),
            "virtual_router_id": 60 + number,
            "vips": part,
            "directors": rng.sample(directors, rng.randint(1, len(directors))),
            **some(rng, schema.INSTANCE, 2, "name", "vips", "directors", "virtual_router_id", "priority"),
            **watching(rng),
            **routing(rng),
        }
        for number, part in enumerate(parts)
    ]


def inventory(seed: int) -> dict[str, Any]:
    """An inventory in the words of base.yml."""
    rng = random.Random(seed)  # noqa: S311 - the same inventory for the same seed
    stack = rng.choice(("keepalived", "keepalived", "ldirectord", "static"))
    directors = [f"lvs{number}" for number in range(1, {"keepalived": 3, "ldirectord": 2, "static": 1}[stack] + 1)]
    variables: dict[str, Any] = {
        "lvs_stack": stack,
        "lvs_services": [service(rng, number) for number in range(rng.randint(1, 3))],
        **some(rng, schema.CLUSTER, 2, "lvs_stack", "lvs_services"),
    }
    if stack == "keepalived" and rng.random() < 0.5:
        vrrp = variables["lvs_vrrp"] = {**some(rng, schema.VRRP, 3, "instances"), **watching(rng)}
        families = {":" in one["vip"] for one in variables["lvs_services"]}
        names = ["VI_6" if six else "VI_1" for six in sorted(families)]
        if rng.random() < 0.5:
            vrrp["instances"] = instances(rng, variables["lvs_services"], directors)
            names = [one["name"] for one in vrrp["instances"]]
        if len(names) > 1 and rng.random() < 0.5:
            vrrp["sync_groups"] = groups(rng, names)
            for one in vrrp.get("instances", ()):
                one["directors"] = vrrp["instances"][0]["directors"]
                one.pop("track", None)
    if stack == "ldirectord":
        variables["lvs_heartbeat"] = {"key": "a-key-of-an-example", **some(rng, schema.HEARTBEAT, 2, "key")}
        variables["lvs_ldirectord"] = some(rng, schema.LDIRECTORD, 2)
    if rng.random() < 0.3:
        variables["lvs_nat"] = {
            "gateway": rng.choice(("172.28.0.2", "10.99.0.2")),
            **some(rng, schema.NAT, 1, "gateway"),
        }
    if rng.random() < 0.3:
        variables["lvs_sync"] = {"enabled": True, **some(rng, schema.SYNC, 1, "enabled", "instance")}
    if rng.random() < 0.2:
        variables["lvs_mail"] = {name: value(rng, key) for name, key in schema.MAIL.items()}
    hosts: dict[str, Any] = {}
    facts = {}
    own_link = rng.random() < 0.3
    for name, number in HOSTS.items():
        if name.startswith("lvs") and name not in directors:
            continue
        hosts[name] = {} if rng.random() < 0.3 else {"lvs_address": f"172.28.0.{number}"}
        hosts[name].update(
            some(rng, schema.HOST, 1, "lvs_address", "lvs_address6", "lvs_vrrp_address", "lvs_firewalld_zone")
        )
        facts[name] = {"eth0": [f"10.99.0.{number}/24"], "eth1": [f"172.28.0.{number}/24", f"2001:db8::{number}/64"]}
        if name in directors:
            facts[name]["eth2"] = [f"10.9.9.{number}/24", f"2001:db8:9::{number}/64"]
            hosts[name].update({"lvs_vrrp_address": f"10.9.9.{number}"} if own_link else {})
    return {
        "all": variables,
        "hosts": hosts,
        "facts": facts,
        "groups": {"directors": directors, "real_servers": ["web1", "web2", "web3"], "clients": ["client1"]},
    }
