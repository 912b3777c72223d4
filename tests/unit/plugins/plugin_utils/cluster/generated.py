# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories made up from a seed: a right one, with some keys set to whatever the schema knows for them.

Most of these have a mistake. `accepted` takes away the keys that the messages name, until the inventory is accepted.
"""

from __future__ import annotations

import random
import re
from typing import Any, Iterator, Mapping

from ansible_collections.lvs.cluster.plugins.module_utils.ipvs import types
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import schema, validators
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.keys import Key
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import hostvars_and_groups

HOSTS = {"lvs1": 11, "lvs2": 12, "lvs3": 13, "web1": 21, "web2": 22, "web3": 23, "client1": 31}
VIPS = ("172.28.0.100", "172.28.0.101", "10.99.0.100", "192.0.2.100", "2001:db8::100", "2001:db8::101")
ADDRESSES = ("172.28.0.21", "172.28.0.90", "2001:db8::21", "127.0.0.1", "172.28.0.101", "10.99.0.21")
EXAMPLES: dict[int, tuple[object, ...]] = {
    id(validators.BOOLEAN): (True, False),
    id(validators.PORTS): (80, 443, "8000-8010"),
    id(validators.URL_PATH): ("/", "/health", "/a%24b?c=d&e=f"),
    id(validators.PATH): ("/var/lib/x",),
    id(validators.VIRTUAL_HOST): ("www.example.com", "www.example.com:8080", "[2001:db8::1]:80"),
    id(validators.EXPECTED): ("ok", "I am {well}! $#", "a.b*c", "straße @home"),
    id(validators.DOMAIN): ("www.example.com", "_dmarc.example.com", ".", "a.example.com"),
    id(validators.COMMAND): ("/usr/local/bin/check", "/usr/local/bin/check web 80"),
    id(validators.AUTH_PASS): ("s3cr3t", "12345678"),
    id(validators.SECRET): ("a-key-of-an-example",),
    id(validators.WORD): ("internal",),
    id(validators.NAMED): ("one", "two-2", "three.3", "four_4"),
    id(validators.HOST_ADDRESS): VIPS,
    id(validators.HOST_ADDRESS6): ("2001:db8::21",),
    id(validators.ANSWERING_ADDRESS): ADDRESSES,
    id(validators.ADDRESS): ("225.0.0.1",),
    id(validators.MAIL_ADDRESS): ("ops@example.com",),
    id(validators.SERVER): ("192.0.2.25", "192.0.2.25:25", "localhost:587", "[2001:db8::25]:25"),
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


def traffic(rng: random.Random, number: int) -> dict[str, Any]:
    """What a service serves: mostly a port, else marked packets to many ports, packets marked elsewhere, or all ports."""
    kind = rng.random()
    if kind < 0.75:
        return {"port": rng.choice((80 + number, (53, 443, 65535)[number]))}
    if kind < 0.8:
        return {"port": 0, "persistence": 300}
    mark = {"fwmark": number + rng.choice((1, 2**31 - 9))}
    if kind < 0.83:
        return mark
    first = 8000 + 1000 * number
    single = rng.sample(range(first, first + 900, 25), rng.choice((1, 2, 30)))
    return {**mark, "ports": [*single, f"{first + 900}-{first + 990}"]}


def service(rng: random.Random, number: int) -> dict[str, Any]:
    """A service, mostly by port, with a check of any type."""
    made: dict[str, Any] = {"name": f"s{number}", "vip": rng.choice(VIPS), **traffic(rng, number)}
    made["forward"] = rng.choice(("dr", "dr", "nat", "tun"))
    if made["forward"] == "tun" and rng.random() < 0.5:
        made["tunnel"] = some(rng, schema.TUNNEL, 2)
        if rng.random() < 0.5:
            made["tunnel"] = {name: value(rng, key) for name, key in schema.TUNNEL.items()} | {"type": "gue"}
    if rng.random() < 0.7:
        kind = rng.choice(sorted(schema.HEALTH))
        required = {
            name: value(rng, key) for name, key in schema.HEALTH[kind].items() if key.required or key.validator.choices
        }
        made["health"] = {"type": kind, **required, **some(rng, schema.HEALTH[kind], 3)}
        made["protocol"] = "udp" if kind == "udp" else rng.choice(("tcp", "tcp", "tcp", "udp", "sctp"))
    if rng.random() < 0.4:
        made["real_servers"] = [
            {"host": "web1", **some(rng, schema.REAL_SERVER, 2, "host", "address")},
            *rng.sample([{"address": one} for one in ADDRESSES], rng.randint(0, 2)),
        ]
    if rng.random() < 0.2:
        made["sorry_server"] = {
            **rng.choice(({"host": "web3"}, {"address": rng.choice(ADDRESSES)})),
            **some(rng, schema.SORRY_SERVER, 1, "host", "address"),
        }
    if rng.random() < 0.1:
        made["scheduler"] = rng.choice(("wlc", *types.FLAGS_OF))
        flags = types.FLAGS_OF.get(made["scheduler"], types.PLAIN_FLAGS)
        made["scheduler_flags"] = rng.sample(list(flags), rng.randint(1, len(flags)))
    made.update(some(rng, schema.SERVICE, 2, "name", "vip", "port", "fwmark", "ports", "forward", "protocol"))
    if "persistence_engine" in made and rng.random() < 0.5:
        made.update(persistence=300, protocol="udp")
    if "persistence" in made and rng.random() < 0.5:
        made["persistence_netmask"] = 64 if ":" in made["vip"] else rng.choice(("255.255.255.0", 24))
    return made


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
            **some(rng, schema.INSTANCE, 2, "name", "vips", "directors", "virtual_router_id"),
        }
        for number, part in enumerate(parts)
    ]


def host(rng: random.Random, number: int) -> dict[str, Any]:
    """The variables of a host."""
    own = {} if rng.random() < 0.3 else {"lvs_address": f"172.28.0.{number}"}
    if rng.random() < 0.2:
        own["lvs_address6"] = f"2001:db8::{number}"
    own.update(some(rng, schema.HOST, 1, "lvs_address", "lvs_address6", "lvs_firewalld_zone"))
    if own.get("lvs_filter") == "firewalld" and rng.random() < 0.5:
        own["lvs_firewalld_zone"] = value(rng, schema.HOST["lvs_firewalld_zone"])
    return own


def inventory(seed: int, stack: str = "") -> dict[str, Any]:
    """An inventory in the words of base.yml, for any stack unless one is named."""
    rng = random.Random(seed)  # noqa: S311 - the same inventory for the same seed
    stack = stack or rng.choice(("keepalived", "keepalived", "ldirectord", "static"))
    directors = [f"lvs{number}" for number in range(1, {"keepalived": 3, "ldirectord": 2, "static": 1}[stack] + 1)]
    variables: dict[str, Any] = {
        "lvs_stack": stack,
        "lvs_services": [service(rng, number) for number in range(rng.randint(1, 3))],
        **some(rng, schema.CLUSTER, 2, "lvs_stack", "lvs_services"),
    }
    for keys, name in ((schema.HOST, "lvs_filter"), (schema.CLUSTER, "lvs_arp")):
        if rng.random() < 0.3:
            variables[name] = value(rng, keys[name])
    if stack == "keepalived" and rng.random() < 0.5:
        variables["lvs_vrrp"] = some(rng, schema.VRRP, 3, "instances")
        if rng.random() < 0.5:
            variables["lvs_vrrp"]["instances"] = instances(rng, variables["lvs_services"], directors)
    if stack == "ldirectord":
        times = ("keepalive", "warntime", "deadtime", "initdead")
        variables["lvs_heartbeat"] = {
            "key": "a-key-of-an-example",
            **(dict(zip(times, sorted(rng.sample(range(1, 60), 4)))) if rng.random() < 0.3 else {}),
            **some(rng, schema.HEARTBEAT, 2, "key"),
        }
        variables["lvs_ldirectord"] = some(rng, schema.LDIRECTORD, 2)
    if rng.random() < 0.3:
        variables["lvs_nat"] = {
            "gateway": rng.choice(("172.28.0.2", "10.99.0.2")),
            **some(rng, schema.NAT, 1, "gateway"),
        }
    if rng.random() < 0.3:
        variables["lvs_sync"] = {"enabled": True, **some(rng, schema.SYNC, 1, "enabled", "instance")}
        if made := variables.get("lvs_vrrp", {}).get("instances"):
            variables["lvs_sync"]["instance"] = rng.choice(made)["name"]
    if rng.random() < 0.2:
        variables["lvs_mail"] = {name: value(rng, key) for name, key in schema.MAIL.items()}
    hosts = {name: host(rng, number) for name, number in HOSTS.items() if name in directors or name[:3] != "lvs"}
    return {
        "all": variables,
        "hosts": hosts,
        "facts": {
            name: {
                "eth0": [f"10.99.0.{HOSTS[name]}/24"],
                "eth1": [f"172.28.0.{HOSTS[name]}/24", f"2001:db8::{HOSTS[name]}/64"],
            }
            for name in hosts
        },
        "groups": {"directors": directors, "real_servers": ["web1", "web2", "web3"], "clients": ["client1"]},
    }


Accepted = "tuple[tuple[dict[str, Any], dict[str, list[str]]], ResolvedCluster]"
ROUNDS = 5
# A service or a real server is nothing without these.
KEPT = {"name", "vip", "type", "host", "address"}
PLACE = re.compile(r"(lvs_\w+)(?:\[(\d+)\])?")


def accepted(seed: int, stack: str = "") -> Accepted | None:
    """What Ansible would give for an inventory that is accepted, and what it resolves to; None if it stays refused."""
    given = inventory(seed, stack)
    for _round in range(ROUNDS):
        hostvars, groups = hostvars_and_groups(given)
        try:
            return (hostvars, groups), resolve(hostvars, groups)
        except InventoryMistakes as mistakes:
            assert all(": " in message for message in mistakes.messages), seed
            for message in mistakes.messages:
                mend(given, message)
    return None


def mend(given: dict[str, Any], message: str) -> None:
    """Take a key away that a message names, or else all of what the message is about."""
    words = set(re.findall(r"\w+", message))
    for host in given["hosts"].values():
        for name in words & set(host):
            del host[name]
    if (place := PLACE.match(message)) is None or place[1] not in given["all"]:
        return
    name, index = place[1], int(place[2] or 0)
    about = given["all"][name][index] if name == "lvs_services" else given["all"][name]
    # The deepest: a setting of the check before the check.
    named = [(mapping, key) for mapping, key in keys_in(about) if key in words and key not in KEPT]
    named = named or [(about, key) for key in ("real_servers", "health") if key in about]
    if named:
        mapping, key = named[-1]
        del mapping[key]
        if mapping is about and "fwmark" not in about and key in ("port", "fwmark"):
            about["port"] = 8080
    elif name != "lvs_services":
        del given["all"][name]


def keys_in(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every key of mappings and lists of mappings, with its mapping, from the outside to the inside."""
    if isinstance(value, dict):
        yield from ((value, key) for key in list(value))
        yield from (found for inner in value.values() for found in keys_in(inner))
    elif isinstance(value, list):
        yield from (found for inner in value for found in keys_in(inner))


def levels(hostvars: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Key], dict[str, Any]]]:
    """Every mapping of an inventory: the name of its level in the schema, the keys it may have, and itself."""
    cluster = list(hostvars.values())[0]  # noqa: RUF015 - pylint takes next() in a generator for a mistake
    yield "cluster", schema.CLUSTER, cluster
    yield from (("host", schema.HOST, own) for own in hostvars.values())
    for name, keys in (
        ("nat", schema.NAT),
        ("sync", schema.SYNC),
        ("mail", schema.MAIL),
        ("vrrp", schema.VRRP),
        ("ldirectord", schema.LDIRECTORD),
        ("heartbeat", schema.HEARTBEAT),
    ):
        yield name, keys, cluster.get(f"lvs_{name}", {})
    yield from (("instance", schema.INSTANCE, one) for one in cluster.get("lvs_vrrp", {}).get("instances", []))
    for one in cluster["lvs_services"]:
        yield "service", schema.SERVICE, one
        yield "tunnel", schema.TUNNEL, one.get("tunnel", {})
        yield "sorry_server", schema.SORRY_SERVER, one.get("sorry_server", {})
        yield from (("real_server", schema.REAL_SERVER, server) for server in one.get("real_servers", []))
        kind = one.get("health", {}).get("type", "none")
        yield f"health {kind}", schema.HEALTH[kind], one.get("health", {})
