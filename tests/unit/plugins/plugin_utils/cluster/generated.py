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
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import (
    health,
    keepalived_checks,
    ldirectord,
    schema,
    validators,
)
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
    id(validators.WORDED_COMMAND): (
        "/usr/local/bin/check",
        "/usr/local/bin/check web 80",
        "/usr/local/bin/check --vip={vip}:{vip_port} {address} {port}",
        "/usr/local/bin/notify {vip}",
    ),
    # Programs that are on every machine, so that keepalived can look for them
    id(validators.SCRIPT_FILE): ("/bin/true", "/bin/cat"),
    id(validators.ARGUMENTS): ("a", "--quick -x 'a b' #1!"),
    id(validators.WORDED_ARGUMENTS): ("a", "--of '{vip} {vip_port}'", "{address} {port}"),
    id(validators.DESTINATION): ("default", "10.1.0.0/16", "192.0.2.7", "2001:db8:7::/48", "0.0.0.0/0", "::/0"),
    id(validators.INTERFACE): ("eth0", "eth1", "eth2"),
    id(validators.PROCESS): ("haproxy", "nginx -g x:y"),
    id(validators.TRACK_FILE): ("/var/lib/x0", "/run/x1", "/etc/lvs/x2"),
    id(validators.WORDED_TRACK_FILE): (
        "/etc/lvs/maintenance",
        # One that VRRP may watch, too
        "/var/lib/x0",
        "/etc/lvs/{address}",
        "/etc/lvs/{vip}:{vip_port}-{address}:{port}",
    ),
    id(validators.LDIRECTORD_TEXT): ("a text", "o'clock \\n $1"),
    id(validators.LDIRECTORD_SECRET): ("hunter 2",),
    id(validators.LDIRECTORD_COMMAND): ("/usr/local/bin/fallback -v",),
    # Accounts that are on every machine
    id(validators.USER): ("root", "nobody", "nobody:daemon"),
    id(validators.REGEX): (r"ready \d{1,3}", 'say "(yes|no)"', r"a\\b[^c]#!'$x", "(?i)up"),
    id(validators.DIGEST): ("d41d8cd98f00b204e9800998ecf8427e",),
    id(validators.PAYLOAD): ("ff00", "DE AD be ef"),
    id(validators.REPLY): (True, False, "ff0x"),
    id(validators.CHECK_SOURCE): ("10.99.0.0/24", "172.28.0.0/16", "2001:db8::/32", "172.28.0.11"),
    id(validators.AUTH_PASS): ("s3cr3t", "12345678"),
    id(validators.SECRET): ("a-key-of-an-example",),
    id(validators.WORD): ("internal",),
    id(validators.NAMED): ("one", "two-2", "three.3", "four_4"),
    id(validators.CLUSTER_NAME): ("shop", "eu-1.shop_2", 7, "a" * 64),
    id(validators.HOST_ADDRESS): VIPS,
    id(validators.HOST_ADDRESS6): ("2001:db8::21",),
    id(validators.ANSWERING_ADDRESS): ADDRESSES,
    id(validators.ADDRESS): ("225.0.0.1",),
    id(validators.MAIL_ADDRESS): ("ops@example.com",),
    id(validators.SERVER): ("192.0.2.25", "192.0.2.25:25", "localhost:587", "[2001:db8::25]:25"),
}


LISTS: dict[str, tuple[object, ...]] = {
    "ports": (80, 443, "8000-8010"),
    "HTTP status codes": (200, 204, 302, "200-299", "300-399"),
    "names of configurations": ("other.cf", "third.cf"),
    "mail addresses": ("ops@example.com", "dev@example.com"),
    "IP addresses": VIPS,
}


# Lines that a daemon takes in each block, also together
RAW: dict[str, tuple[str, ...]] = {
    "global_defs": ("vrrp_garp_lower_prio_delay 10", "process_names", "# }", 'router_id "a { b"'),
    "virtual_server": (
        "alpha",
        "omega",
        "smtp_alert false",
        "# by hand {",
        'virtualhost "www.example.com"',
    ),
    "real_server": ("virtualhost www.example.com", "alpha", "warmup 1"),
    "every vrrp_instance": ("track_interface {", "lo", "}"),
    "vrrp_instance": ("garp_lower_prio_delay 3", "debug 1"),
    "vrrp_sync_group": ("smtp_alert false", "# by hand {"),
    "virtual": ("emailalertfreq=60", "# by hand", "httpmethod=GET"),
    "ldirectord.cf": ("negotiatetimeout=7", "# by hand"),
    "ha.cf": ("realtime on", "# by hand", "conn_logd_time 60"),
}


def raw(rng: random.Random, block: str) -> list[str]:
    """Lines in the daemon's own words for a block; braces stay together."""
    lines = RAW[block]
    return list(lines) if "}" in lines else rng.sample(list(lines), rng.randint(1, len(lines)))


def add_raw(rng: random.Random, variables: dict[str, Any], stack: str) -> None:
    """Lines in the daemon's own words, in some of the places that have them."""
    places: list[tuple[dict[str, Any], str]] = []
    if stack == "keepalived":
        own = variables["lvs_keepalived"] = {"include": ["/etc/keepalived/own.conf", "/etc/keepalived/conf.d/*.conf"]}
        if rng.random() < 0.5:
            own["options"] = ["--log-detail", "-S", "3"]
        places += [(own, "global_defs")]
        common = variables.setdefault("lvs_vrrp", {})
        places += [(common, "every vrrp_instance"), *((one, "vrrp_instance") for one in common.get("instances", ()))]
        places += [(one, "vrrp_sync_group") for one in common.get("sync_groups", ())]
        for one in variables["lvs_services"]:
            places += [(one, "virtual_server"), *((server, "real_server") for server in one.get("real_servers", ()))]
    elif stack == "ldirectord":
        places += [(variables["lvs_ldirectord"], "ldirectord.cf"), (variables["lvs_heartbeat"], "ha.cf")]
        places += [(one, "virtual") for one in variables["lvs_services"]]
    for place, block in places:
        if rng.random() < 0.5:
            place["raw"] = raw(rng, block)


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
    if key in (schema.SERVICE["quorum"], schema.SERVICE["hysteresis"]):
        return rng.randint(1, 3)
    limits = re.fullmatch(r"a .* from (\S+) to (\S+)", validator.what)
    if limits is None:
        return None
    low, high = (float(number) for number in limits.groups())
    picked = rng.choice([low, high, rng.uniform(low, min(high, low + 100)), max(low, min(high, 10.0))])
    return int(picked) if "whole" in validator.what or picked.is_integer() else round(picked, 2)


def some(rng: random.Random, keys: Mapping[str, Key], most: int, *without: str) -> dict[str, Any]:
    """At most so many keys of a level, with values."""
    known = sorted(name for name in set(keys) - set(without) if keys[name] is not schema.RAW)
    names = rng.sample(known, min(rng.randint(0, most), len(known)))
    given = {name: value(rng, keys[name]) for name in names}
    return {name: one for name, one in given.items() if one is not None}


CHECKS = sorted(keepalived_checks.BLOCKS)


def check(rng: random.Random, kind: str) -> dict[str, Any]:
    """A check of a type, with a few of its options."""
    known = schema.HEALTH[kind]
    required = {name: value(rng, key) for name, key in known.items() if key.required or key.validator.choices}
    made = {"type": kind, **required, **some(rng, known, 4)}
    if "urls" in known and rng.random() < 0.2:
        made = {name: given for name, given in made.items() if name not in schema.HEALTH_URL}
        made["urls"] = [some(rng, schema.HEALTH_URL, 2) for _page in range(rng.randint(1, 2))]
    for name in health.NEEDS.get(kind, ()):
        made.setdefault(name, value(rng, known[name]))
    if kind == "script":
        made.pop("command", None)
        made.update(script(rng, schema.WORDED_SCRIPT))
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
        made["notify"] = notify(rng, tuple(schema.REAL_SERVER_NOTIFY), schema.WORDED_SCRIPT)
    return made


def traffic(rng: random.Random, number: int) -> dict[str, Any]:
    """What a service serves: mostly a port, else marked packets to many ports, packets marked elsewhere, or all ports."""
    kind = rng.random()
    if kind < 0.65:
        return {"port": rng.choice((80 + number, *((53, 21), (443,), (65535,))[number]))}
    if kind < 0.75:
        return {"port": rng.sample((8080 + number, (53, 443, 65535)[number], 9000 + number), rng.randint(1, 3))}
    if kind < 0.8:
        return {"port": 0, "persistence": 300}
    mark = {"fwmark": number + rng.choice((1, 2**31 - 9))}
    if kind < 0.83:
        return mark
    first = 8000 + 1000 * number
    single = rng.sample(range(first, first + 900, 25), rng.choice((1, 2, 30)))
    return {**mark, "ports": [*single, f"{first + 900}-{first + 990}"]}


def service(rng: random.Random, number: int, stack: str) -> dict[str, Any]:
    """A service, mostly by port, with a check of any type."""
    vips = rng.sample(VIPS, rng.randint(1, 3))
    made: dict[str, Any] = {
        "name": f"s{number}",
        "vip": vips if rng.random() < 0.2 else vips[0],
        **traffic(rng, number),
    }
    made["forward"] = rng.choice(("dr", "dr", "nat", "tun"))
    if made["forward"] == "tun" and rng.random() < 0.5:
        made["tunnel"] = some(rng, schema.TUNNEL, 2)
        if rng.random() < 0.5:
            made["tunnel"] = {name: value(rng, key) for name, key in schema.TUNNEL.items()} | {"type": "gue"}
    if rng.random() < 0.7:
        kind = rng.choice([*CHECKS, "none"] if stack == "keepalived" else sorted(schema.HEALTH))
        made["health"] = check(rng, kind)
        made["protocol"] = "udp" if kind == "udp" else rng.choice(("tcp", "tcp", "tcp", "udp", "sctp"))
        if kind != "none" and rng.random() < 0.3:
            more = [check(rng, rng.choice(CHECKS)) for _one in range(rng.randint(1, 2))]
            made["health"] = [made["health"], *({"port": 53, **one} if one["type"] == "udp" else one for one in more)]
    if "fwmark" in made and rng.random() < 0.3:
        made["protocol"] = rng.sample(types.PROTOCOLS, 2)
    if rng.random() < 0.4:
        made["real_servers"] = [
            {"host": "web1", **some(rng, schema.REAL_SERVER, 2, "host", "address"), **own(rng)},
            *([{"host": "web2", **own(rng)}] if rng.random() < 0.5 else []),
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
    if rng.random() < 0.2:
        made["notify"] = notify(rng, tuple(schema.SERVICE_NOTIFY), schema.WORDED_SCRIPT)
        made.update({} if "real_servers" in made else {"quorum": 2, "hysteresis": 1})
    made.update(some(rng, schema.SERVICE, 2, "name", "vip", "port", "fwmark", "ports", "forward", "protocol"))
    if made.get("port") == 21 and rng.random() < 0.5:
        made.update(forward="nat", protocol="tcp", helper="ftp")
    if "persistence_engine" in made and rng.random() < 0.5:
        made.update(persistence=300, protocol="udp")
    if "persistence" in made and rng.random() < 0.5:
        made["persistence_netmask"] = 64 if ":" in str(made["vip"]) else rng.choice(("255.255.255.0", 24))
    return made


def script(rng: random.Random, keys: Mapping[str, Key]) -> dict[str, Any]:
    """A script with some of the keys of a level: one of the directors, or one that is copied there."""
    made = some(rng, keys, 3, "command", "src", "arguments", "user")
    worded = keys["command"].validator is validators.WORDED_COMMAND
    command = f"/bin/true --quick{rng.choice((' {vip}:{vip_port}', '')) if worded else ''}"
    made.update({"command": command} if rng.random() < 0.5 else {"src": "/bin/true"})
    if "src" in made and rng.random() < 0.5:
        made["arguments"] = value(rng, keys["arguments"])
    if rng.random() < 0.3:
        made["user"] = value(rng, keys["user"])
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
                item.update({"weight": -20} if rng.random() < 0.2 else {})
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


def notify(rng: random.Random, events: tuple[str, ...], keys: Mapping[str, Key] | None = None) -> dict[str, Any]:
    """Scripts for some events."""
    names = rng.sample(events, rng.randint(1, len(events)))
    return {name: "/bin/true" if rng.random() < 0.5 else script(rng, keys or schema.SCRIPT) for name in names}


def watching(rng: random.Random, events: tuple[str, ...] = schema.EVENTS) -> dict[str, Any]:
    """What an instance or a group may watch and tell."""
    made: dict[str, Any] = {}
    if rng.random() < 0.4:
        made["track"] = track(rng)
    if rng.random() < 0.3:
        made["notify"] = notify(rng, events)
    return made


def vips_of(services: list[dict[str, Any]]) -> list[str]:
    """The VIPs of services, each once."""
    given = [one["vip"] if isinstance(one["vip"], list) else [one["vip"]] for one in services]
    return list(dict.fromkeys(vip for vips in given for vip in vips))


def routing(rng: random.Random, vips: list[str]) -> dict[str, Any]:
    """Routes and rules that move with an instance."""
    made: dict[str, Any] = {}
    if rng.random() < 0.3:
        family = rng.choice((("default", "10.1.0.0/16", "172.28.0.1"), ("default", "2001:db8:7::/48", "2001:db8::1")))
        route = {"to": rng.choice(family[:2]), "via": family[2], **some(rng, schema.ROUTE, 2, "to", "via", "source")}
        if sources := [vip for vip in vips if (":" in vip) == (":" in family[2])]:
            route["source"] = rng.choice(sources)
        made["routes"] = [route]
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
    vips = vips_of(services)
    parts = [vips] if rng.random() < 0.5 else [[vip] for vip in vips]
    return [
        {
            "name": rng.choice(("VI", "V-I", "V.I", "V_I")) + str(number),
            "virtual_router_id": 60 + number,
            "vips": part,
            "directors": rng.sample(directors, rng.randint(1, len(directors))),
            **some(rng, schema.INSTANCE, 2, "name", "vips", "directors", "virtual_router_id"),
            **watching(rng),
            **routing(rng, part),
        }
        for number, part in enumerate(parts)
    ]


def vrrp(rng: random.Random, services: list[dict[str, Any]], directors: list[str]) -> dict[str, Any]:
    """Settings of VRRP, in half of them with instances, some of which move together."""
    made = {**some(rng, schema.VRRP, 3, "instances"), **watching(rng)}
    names = ["VI_6" if six else "VI_1" for six in sorted({":" in vip for vip in vips_of(services)})]
    if rng.random() < 0.5:
        made["instances"] = instances(rng, services, directors)
        names = [one["name"] for one in made["instances"]]
    if len(names) > 1 and rng.random() < 0.5:
        made["sync_groups"] = groups(rng, names)
        for one in made.get("instances", ()):
            one["directors"] = made["instances"][0]["directors"]
            one.pop("track", None)
    return made


def sync(rng: random.Random, instances: list[str]) -> dict[str, Any]:
    """Connection synchronisation, of all instances or of one."""
    made = {"enabled": True, **some(rng, schema.SYNC, 4, "enabled", "instance", "group", "network")}
    made.update(rng.choice(({}, {"network": "10.99.0.0/24"}, {"group": "ff02::81"})))
    if instances and rng.random() < 0.5:
        made["instance"] = rng.choice(instances)
    return made


def metrics(rng: random.Random) -> dict[str, Any]:
    """Metrics, for a few."""
    made = {"enabled": True, **some(rng, schema.METRICS, 2, "enabled", "textfile_directory")}
    return {"lvs_metrics": made} if rng.random() < 0.2 else {}


def peers_only(rng: random.Random, stack: str, directors: list[str]) -> dict[str, Any]:
    """Directors that listen to each other alone, for a few that speak to each other."""
    return {"lvs_peers_only": True} if stack != "static" and len(directors) > 1 and rng.random() < 0.2 else {}


def host(rng: random.Random, number: int) -> dict[str, Any]:
    """The variables of a host."""
    own = {} if rng.random() < 0.3 else {"lvs_address": f"172.28.0.{number}"}
    if rng.random() < 0.2:
        own["lvs_address6"] = f"2001:db8::{number}"
    own.update(some(rng, schema.HOST, 1, "lvs_address", "lvs_address6", "lvs_vrrp_address", "lvs_firewalld_zone"))
    if own.get("lvs_filter") == "firewalld" and rng.random() < 0.5:
        own["lvs_firewalld_zone"] = value(rng, schema.HOST["lvs_firewalld_zone"])
    return own


def heartbeat(rng: random.Random) -> dict[str, Any]:
    """What the stack ldirectord has besides: heartbeat and ldirectord."""
    times = ("keepalive", "warntime", "deadtime", "initdead")
    some_times = dict(zip(times, sorted(rng.sample(range(1, 60), 4)))) if rng.random() < 0.3 else {}
    variables: dict[str, Any] = {
        "lvs_heartbeat": {"key": "a-key-of-an-example", **some_times, **some(rng, schema.HEARTBEAT, 2, "key")}
    }
    status = {}
    if rng.random() < 0.2:
        status = {
            "mail_status": rng.choice(("all", "starting", "starting,running", ["none"], ["stopping", "reloading"]))
        }
    variables["lvs_ldirectord"] = {**some(rng, schema.LDIRECTORD, 2), **status}
    return variables


def inventory(seed: int, stack: str = "") -> dict[str, Any]:
    """An inventory in the words of base.yml, for any stack unless one is named."""
    rng = random.Random(seed)  # noqa: S311 - the same inventory for the same seed
    stack = stack or rng.choice(("keepalived", "keepalived", "ldirectord", "static"))
    directors = [f"lvs{number}" for number in range(1, {"keepalived": 3, "ldirectord": 2, "static": 1}[stack] + 1)]
    variables: dict[str, Any] = {
        "lvs_stack": stack,
        "lvs_services": [service(rng, number, stack) for number in range(rng.randint(1, 3))],
        **some(rng, schema.CLUSTER, 2, "lvs_stack", "lvs_services", "lvs_timeouts", "lvs_keepalived"),
    }
    for keys, name in ((schema.HOST, "lvs_filter"), (schema.CLUSTER, "lvs_arp")):
        if rng.random() < 0.3:
            variables[name] = value(rng, keys[name])
    if stack == "keepalived" and rng.random() < 0.5:
        variables["lvs_vrrp"] = vrrp(rng, variables["lvs_services"], directors)
    if stack == "ldirectord":
        variables.update(heartbeat(rng))
    if rng.random() < 0.3:
        gateway = {
            "gateway": rng.choice(("172.28.0.2", "10.99.0.2")),
            **some(rng, schema.NAT, 1, "gateway", "masquerade"),
        }
        variables["lvs_nat"] = rng.choice((gateway, {"masquerade": True}))
    if rng.random() < 0.3:
        variables["lvs_sync"] = sync(rng, [one["name"] for one in variables.get("lvs_vrrp", {}).get("instances", ())])
    if rng.random() < 0.2 or {"mail_status", "mail_frequency"} & set(variables.get("lvs_ldirectord", ())):
        variables["lvs_mail"] = {name: value(rng, key) for name, key in schema.MAIL.items()}
    if rng.random() < 0.2:
        variables["lvs_health"] = some(rng, schema.COMMON_HEALTH, 3)
    if rng.random() < 0.3:
        variables["lvs_timeouts"] = some(rng, schema.TIMEOUTS, 3)
    if rng.random() < 0.3:
        add_raw(rng, variables, stack)
    hosts = {name: host(rng, number) for name, number in HOSTS.items() if name in directors or name[:3] != "lvs"}
    if rng.random() < 0.3:
        for name in directors:
            hosts[name]["lvs_vrrp_address"] = f"10.9.9.{HOSTS[name]}"
    serving = rng.sample(directors, 2) if stack == "keepalived" and rng.random() < 0.2 else []
    variables.update(metrics(rng))
    variables.update(peers_only(rng, stack, directors))
    return {
        "all": variables,
        "hosts": hosts,
        "facts": {
            name: {
                "eth0": [f"10.99.0.{HOSTS[name]}/24"],
                "eth1": [f"172.28.0.{HOSTS[name]}/24", f"2001:db8::{HOSTS[name]}/64"],
                "eth2": [f"10.9.9.{HOSTS[name]}/24", f"2001:db8:9::{HOSTS[name]}/64"] if name in directors else [],
            }
            for name in hosts
        },
        "groups": {
            "directors": directors,
            "real_servers": [*serving, "web1", "web2", "web3"],
            "clients": ["client1"],
        },
    }


Accepted = "tuple[tuple[dict[str, Any], dict[str, list[str]]], ResolvedCluster]"
ROUNDS = 6
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
    """Give what a message asks for, or take a key away that it names, or else all of what it is about."""
    if without := re.search(r"host (\w+) has no IPv6 address: set its lvs_address6", message):
        given["hosts"][without[1]]["lvs_address6"] = f"2001:db8::{HOSTS[without[1]]}"
        return
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
    named = named or [(about, key) for key in ("real_servers", "health") if isinstance(about, dict) and key in about]
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


def listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def levels(hostvars: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Key], dict[str, Any]]]:
    """Every mapping of an inventory: the name of its level in the schema, the keys it may have, and itself."""
    cluster = list(hostvars.values())[0]  # noqa: RUF015 - pylint takes next() in a generator for a mistake
    yield "cluster", schema.CLUSTER, cluster
    yield from (("host", schema.HOST, own) for own in hostvars.values())
    for name, keys in (
        ("health", schema.COMMON_HEALTH),
        ("nat", schema.NAT),
        ("sync", schema.SYNC),
        ("timeouts", schema.TIMEOUTS),
        ("mail", schema.MAIL),
        ("vrrp", schema.VRRP),
        ("keepalived", schema.KEEPALIVED),
        ("ldirectord", schema.LDIRECTORD),
        ("heartbeat", schema.HEARTBEAT),
    ):
        yield name, keys, cluster.get(f"lvs_{name}", {})
    common = cluster.get("lvs_vrrp", {})
    yield from (("instance", schema.INSTANCE, one) for one in common.get("instances", []))
    yield from (("sync_group", schema.VRRP_GROUP, one) for one in common.get("sync_groups", []))
    for one in (common, *common.get("instances", []), *common.get("sync_groups", [])):
        yield from (("route", schema.ROUTE, route) for route in one.get("routes", []))
        yield from (("rule", schema.RULE, rule) for rule in one.get("rules", []))
        yield from (
            ("notify", schema.SCRIPT, event) for event in one.get("notify", {}).values() if event != "/bin/true"
        )
        for kind, items in one.get("track", {}).items():
            keys, alone = schema.TRACK[kind]
            yield from ((kind, keys, item if isinstance(item, dict) else {alone: item}) for item in items)
    for one in cluster["lvs_services"]:
        yield "service", schema.SERVICE, one
        yield "tunnel", schema.TUNNEL, one.get("tunnel", {})
        yield "sorry_server", schema.SORRY_SERVER, one.get("sorry_server", {})
        yield "service's notify", schema.SERVICE_NOTIFY, one.get("notify", {})
        told = list(one.get("notify", {}).values())
        checks = listed(one.get("health", []))
        for server in one.get("real_servers", []):
            yield "real_server", schema.REAL_SERVER, server
            yield "real_server's notify", schema.REAL_SERVER_NOTIFY, server.get("notify", {})
            told += server.get("notify", {}).values()
            checks = checks + listed(server.get("health", []))
        yield from (("script of a service", schema.WORDED_SCRIPT, script) for script in told if script != "/bin/true")
        for given in checks:
            kind = given["type"]
            # The types of ldirectord alone have the same options, each by the same key
            level = "of ldirectord" if kind in ldirectord.SPOKEN else kind
            yield f"health {level}", schema.HEALTH[kind], given
            yield from (("url", schema.HEALTH_URL, url) for url in given.get("urls", []))
