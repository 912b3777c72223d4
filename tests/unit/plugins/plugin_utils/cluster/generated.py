# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories made up from a seed: a right one, with some keys set to whatever the schema knows for them."""

from __future__ import annotations

import random
import re
from typing import Any, Mapping

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import (
    health,
    keepalived_checks,
    ldirectord,
    schema,
    validators,
)
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
    id(validators.COMMAND): (
        "/usr/local/bin/check",
        "/usr/local/bin/check web 80",
        "/usr/local/bin/check --vip={vip}:{vip_port} {address} {port}",
        "/usr/local/bin/notify {vip}",
    ),
    id(validators.WORDED_PATH): (
        "/run/lvs/maintenance",
        "/run/lvs/{address}",
        "/run/lvs/{vip}:{vip_port}-{address}:{port}",
    ),
    id(validators.LDIRECTORD_TEXT): ("a text", "o'clock \\n $1"),
    id(validators.LDIRECTORD_SECRET): ("hunter 2",),
    id(validators.LDIRECTORD_COMMAND): ("/usr/local/bin/fallback -v",),
    id(validators.USER): ("root", "root:root"),
    id(validators.REGEX): (r"ready \d{1,3}", 'say "(yes|no)"', r"a\\b[^c]#!'$x", "(?i)up"),
    id(validators.DIGEST): ("d41d8cd98f00b204e9800998ecf8427e",),
    id(validators.PAYLOAD): ("ff00", "DE AD be ef"),
    id(validators.REPLY): (True, False, "ff0x"),
    id(validators.SOURCE): ("10.99.0.0/24", "172.28.0.0/16", "2001:db8::/32", "172.28.0.11"),
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
    "HTTP status codes": (200, 204, 302, "200-299", "300-399"),
    "names of configurations": ("other.cf", "third.cf"),
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
    if key is schema.SERVICE["quorum"] or key is schema.SERVICE["hysteresis"]:
        return rng.randint(1, 3)
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


CHECKS = sorted(keepalived_checks.BLOCKS)


def check(rng: random.Random, kind: str) -> dict[str, Any]:
    """A check of a type, with a few of its options."""
    known = schema.HEALTH[kind]
    required = {name: value(rng, key) for name, key in known.items() if key.required}
    made = {"type": kind, **required, **some(rng, known, 3)}
    if "urls" in known and rng.random() < 0.2:
        made = {name: given for name, given in made.items() if name not in schema.HEALTH_URL}
        made["urls"] = [some(rng, schema.HEALTH_URL, 2) for _page in range(rng.randint(1, 2))]
    for name in health.NEEDS.get(kind, ()):
        made.setdefault(name, value(rng, known[name]))
    if kind == "http_proxy":
        made["request"] = "http://www.example.com/"
    if kind in health.ANSWERING:
        made.update({"regex": "ok"} if "expect" not in made else {})
    if kind == "udp" and rng.random() < 0.5:
        made["require_reply"] = value(rng, known["require_reply"])
    if made.get("require_reply"):
        made["payload"] = value(rng, known["payload"])
    return made


def own(rng: random.Random) -> dict[str, Any]:
    """What a real server may have of its own, beside values that are a single word."""
    made: dict[str, Any] = {}
    if rng.random() < 0.5:
        made["forward"] = rng.choice(("dr", "nat", "tun"))
        if made["forward"] == "tun" and rng.random() < 0.5:
            made["tunnel"] = rng.choice(({"type": "gre"}, {"type": "gue", "port": 6080}))
    if rng.random() < 0.2:
        kinds = rng.sample(CHECKS, rng.randint(1, 2)) if rng.random() < 0.8 else ["none"]
        made["health"] = [{**check(rng, kind), **({"port": 53} if kind == "udp" else {})} for kind in kinds]
    if rng.random() < 0.2:
        made["notify"] = some(rng, schema.REAL_SERVER_NOTIFY, 2)
    return made


def service(rng: random.Random, number: int, stack: str) -> dict[str, Any]:
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
        kind = rng.choice([*CHECKS, "none"] if stack == "keepalived" else sorted(schema.HEALTH))
        made["health"] = check(rng, kind)
        made["protocol"] = "udp" if kind == "udp" else rng.choice(("tcp", "tcp", "udp"))
        if kind != "none" and rng.random() < 0.3:
            more = [check(rng, rng.choice(CHECKS)) for _one in range(rng.randint(1, 2))]
            made["health"] = [made["health"], *({"port": 53, **one} if one["type"] == "udp" else one for one in more)]
    if rng.random() < 0.4:
        made["real_servers"] = [
            {"host": "web1", **some(rng, schema.REAL_SERVER, 2, "host", "address", "port"), **own(rng)},
            *([{"host": "web2", **own(rng)}] if rng.random() < 0.5 else []),
            *rng.sample([{"address": one} for one in ADDRESSES], rng.randint(0, 2)),
        ]
    if rng.random() < 0.2:
        made["notify"] = dict.fromkeys(some(rng, schema.SERVICE_NOTIFY, 2), "/usr/local/bin/notify {vip}")
        made.update({} if "real_servers" in made else {"quorum": 2, "hysteresis": 1})
    if rng.random() < 0.2:
        made["sorry_server"] = {"address": rng.choice(ADDRESSES)}
    made.update(
        some(rng, schema.SERVICE, 2, "name", "vip", "port", "fwmark", "ports", "forward", "protocol", "hysteresis")
    )
    return made


def of_ldirectord(made: dict[str, Any]) -> dict[str, Any]:
    """A service without most of what ldirectord does not have."""
    made = {name: given for name, given in made.items() if name not in ldirectord.KEEPALIVED_ONLY}
    if isinstance(made.get("health"), list):
        made["health"] = made["health"][0]
    if isinstance(made.get("health"), dict):
        without = (*ldirectord.CHECK_OF_KEEPALIVED, "urls", "status", "digest")
        made["health"] = {name: given for name, given in made["health"].items() if name not in without}
    if "real_servers" in made:
        made["real_servers"] = [
            {name: given for name, given in one.items() if name not in ("health", "notify", "tunnel")}
            for one in made["real_servers"]
        ]
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
            **some(rng, schema.INSTANCE, 2, "name", "vips", "directors", "virtual_router_id", "priority"),
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
        "lvs_services": [service(rng, number, stack) for number in range(rng.randint(1, 3))],
        **some(rng, schema.CLUSTER, 2, "lvs_stack", "lvs_services"),
    }
    if stack == "ldirectord" and rng.random() < 0.8:
        variables["lvs_services"] = [of_ldirectord(one) for one in variables["lvs_services"]]
    if stack == "keepalived" and rng.random() < 0.5:
        variables["lvs_vrrp"] = some(rng, schema.VRRP, 3, "instances")
        if rng.random() < 0.5:
            variables["lvs_vrrp"]["instances"] = instances(rng, variables["lvs_services"], directors)
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
    for name, number in HOSTS.items():
        if name.startswith("lvs") and name not in directors:
            continue
        hosts[name] = {} if rng.random() < 0.3 else {"lvs_address": f"172.28.0.{number}"}
        hosts[name].update(some(rng, schema.HOST, 1, "lvs_address", "lvs_address6", "lvs_firewalld_zone"))
        facts[name] = {"eth0": [f"10.99.0.{number}/24"], "eth1": [f"172.28.0.{number}/24", f"2001:db8::{number}/64"]}
    return {
        "all": variables,
        "hosts": hosts,
        "facts": facts,
        "groups": {"directors": directors, "real_servers": ["web1", "web2", "web3"], "clients": ["client1"]},
    }
