# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key an inventory may hold, with its kind and default, and the one function that reads a mapping by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from ...module_utils.ipvs.model import (
    CHECKSUMS,
    ENGINES,
    FLAGS_OF,
    FORWARDS,
    MAX_PORT,
    MAX_THRESHOLD,
    MAX_TIMEOUT,
    MAX_WEIGHT,
    PLAIN_FLAGS,
    PROTOCOLS,
    SCHEDULERS,
    TUNNELS,
)
from . import kinds
from .kinds import Kind
from .problems import Place, nearest, shape, shown


@dataclass(frozen=True)
class Key:
    """One key of a mapping. A secret's value never appears in a message."""

    kind: Kind
    default: object = None
    required: bool = False
    secret: bool = False


PORT = kinds.integer(1, MAX_PORT)
WEIGHT = kinds.integer(0, MAX_WEIGHT)
THRESHOLD = kinds.integer(0, MAX_THRESHOLD)
PRIORITY = kinds.integer(1, 254)
ROUTER_ID = kinds.integer(1, 255)

CLUSTER = {
    "lvs_stack": Key(kinds.choice("keepalived", "ldirectord", "static"), "keepalived"),
    "lvs_arp": Key(kinds.choice("sysctl", "arptables", "redirect"), "sysctl"),
    "lvs_services": Key(kinds.ANYTHING),
    "lvs_vrrp": Key(kinds.ANYTHING),
    "lvs_sync": Key(kinds.ANYTHING),
    "lvs_nat": Key(kinds.ANYTHING),
    "lvs_ldirectord": Key(kinds.ANYTHING),
    "lvs_heartbeat": Key(kinds.ANYTHING),
    "lvs_mail": Key(kinds.ANYTHING),
    "lvs_start_at_boot": Key(kinds.BOOLEAN, True),
    "lvs_test_page": Key(kinds.BOOLEAN, False),
}
HOST = {
    "lvs_address": Key(kinds.HOST_ADDRESS),
    "lvs_address6": Key(kinds.HOST_ADDRESS),
    "lvs_weight": Key(WEIGHT, 1),
    "lvs_priority": Key(PRIORITY),
    "lvs_filter": Key(kinds.choice("nftables", "iptables", "firewalld"), "nftables"),
    "lvs_firewalld_zone": Key(kinds.WORD),
}
SERVICE = {
    "name": Key(kinds.NAMED, required=True),
    "vip": Key(kinds.HOST_ADDRESS, required=True),
    "port": Key(kinds.integer(0, MAX_PORT)),
    "protocol": Key(kinds.choice(*PROTOCOLS), "tcp"),
    # from 2^31 on, ipvsadm prints a mark as a negative number and cannot restore it
    "fwmark": Key(kinds.integer(1, 2**31 - 1)),
    "ports": Key(kinds.list_of(kinds.PORTS, "ports")),
    "scheduler": Key(kinds.choice(*SCHEDULERS), "wrr"),
    "scheduler_flags": Key(
        kinds.list_of(kinds.choice(*PLAIN_FLAGS, *FLAGS_OF["sh"], *FLAGS_OF["mh"]), "scheduler flags")
    ),
    "forward": Key(kinds.choice(*FORWARDS), "dr"),
    "tunnel": Key(kinds.ANYTHING),
    "persistence": Key(kinds.integer(1, MAX_TIMEOUT)),
    "persistence_netmask": Key(kinds.ANYTHING),
    "persistence_engine": Key(kinds.choice(*ENGINES)),
    "one_packet": Key(kinds.BOOLEAN, False),
    "real_servers": Key(kinds.ANYTHING),
    "health": Key(kinds.ANYTHING),
    "sorry_server": Key(kinds.ANYTHING),
    "on_failure": Key(kinds.choice("remove", "quiesce"), "remove"),
    "test_page": Key(kinds.BOOLEAN, True),
}
REAL_SERVER = {
    "host": Key(kinds.ANYTHING),
    "address": Key(kinds.HOST_ADDRESS),
    "port": Key(PORT),
    "weight": Key(WEIGHT),
    "upper_threshold": Key(THRESHOLD, 0),
    "lower_threshold": Key(THRESHOLD, 0),
}
SORRY_SERVER = {"host": Key(kinds.ANYTHING), "address": Key(kinds.ADDRESS), "port": Key(PORT)}
TUNNEL = {
    "type": Key(kinds.choice(*TUNNELS), "ipip"),
    "port": Key(PORT),
    "checksum": Key(kinds.choice(*CHECKSUMS), "none"),
}

_CHECK = {
    "interval": Key(kinds.seconds(0.1, 86400), 6),
    "timeout": Key(kinds.seconds(0.1, 4294), 3),  # keepalived's limit
    "retries": Key(kinds.integer(0, 1000), 3),
    "retry_delay": Key(kinds.seconds(0, 86400), 3),
}
_CHECK_PORT = {**_CHECK, "port": Key(PORT)}
_HTTP = {
    **_CHECK_PORT,
    "path": Key(kinds.PATH, "/"),
    "virtualhost": Key(kinds.WORD),
    "status": Key(kinds.list_of(kinds.integer(100, 599), "HTTP status codes"), (200,)),
    "expect": Key(kinds.EXPECTED),
}
# the checks of keepalived.conf(5) and ldirectord(8), one name for each
HEALTH = {
    "none": {},
    "tcp": _CHECK_PORT,
    "http": _HTTP,
    "https": {**_HTTP, "sni": Key(kinds.BOOLEAN, True)},
    "smtp": _CHECK_PORT,
    "dns": {
        **_CHECK_PORT,
        "name": Key(kinds.DOMAIN, required=True),
        "record": Key(kinds.choice("A", "AAAA", "NS", "CNAME", "SOA", "MX", "TXT"), "A"),
    },
    "ping": _CHECK,
    "udp": _CHECK_PORT,
    "script": {**_CHECK, "command": Key(kinds.COMMAND, required=True)},
}

# what an instance may set for itself; its defaults are those of lvs_vrrp
_VRRP_EACH = {
    "version": Key(kinds.integer(2, 3), 2),
    "advert_interval": Key(kinds.seconds(0.01, 255), 1),
    "preempt": Key(kinds.BOOLEAN, True),
    "preempt_delay": Key(kinds.seconds(0, 1000)),
    "auth_pass": Key(kinds.AUTH_PASS, secret=True),
    "unicast": Key(kinds.BOOLEAN, False),
    "priority": Key(PRIORITY, 200),
    "priority_step": Key(kinds.integer(1, 253), 10),
    "virtual_router_id": Key(ROUTER_ID, 51),
}
VRRP = {
    **_VRRP_EACH,
    "skip_check_adv_addr": Key(kinds.BOOLEAN, True),
    "garp_interval": Key(kinds.seconds(0, 3600), 0),
    "gna_interval": Key(kinds.seconds(0, 3600), 0),
    "garp_master_delay": Key(kinds.integer(0, 3600), 5),
    "garp_master_repeat": Key(kinds.integer(1, 1000), 5),
    "garp_master_refresh": Key(kinds.integer(0, 86400), 0),
    "vip_prefix": Key(kinds.integer(1, 128)),
    "instances": Key(kinds.ANYTHING),
}
INSTANCE = {
    "name": Key(kinds.NAMED, required=True),
    "vips": Key(kinds.list_of(kinds.HOST_ADDRESS, "IP addresses"), required=True),
    "directors": Key(kinds.ANYTHING),
    **{name: Key(key.kind, secret=key.secret) for name, key in _VRRP_EACH.items()},
    "virtual_router_id": Key(ROUTER_ID, required=True),
}
NAT = {
    "gateway": Key(kinds.HOST_ADDRESS),
    "gateway6": Key(kinds.HOST_ADDRESS),
    "route": Key(kinds.choice("replies", "default"), "replies"),
}
LDIRECTORD = {
    "autoreload": Key(kinds.BOOLEAN, False),
    "cleanstop": Key(kinds.BOOLEAN, True),
    "maintenance_dir": Key(kinds.PATH),
    "log": Key(kinds.WORD, "/var/log/ldirectord.log"),
}
HEARTBEAT = {
    "key": Key(kinds.SECRET, secret=True),
    "keepalive": Key(kinds.seconds(0.1, 60), 2),
    "warntime": Key(kinds.seconds(0.1, 600), 5),
    "deadtime": Key(kinds.seconds(1, 600), 10),
    "initdead": Key(kinds.seconds(1, 3600), 60),
    "port": Key(PORT, 694),
    "transport": Key(kinds.choice("ucast", "mcast", "bcast"), "ucast"),
    "multicast_group": Key(kinds.ADDRESS, "225.0.0.1"),
    "auto_failback": Key(kinds.BOOLEAN, True),
    "vip_prefix": Key(kinds.integer(1, 128)),
}
SYNC = {"enabled": Key(kinds.BOOLEAN, False), "id": Key(kinds.integer(1, 255), 51), "instance": Key(kinds.NAMED)}
MAIL = {
    "to": Key(kinds.list_of(kinds.MAIL_ADDRESS, "mail addresses"), required=True),
    "from": Key(kinds.MAIL_ADDRESS, required=True),
    "server": Key(kinds.SERVER, required=True),
    "timeout": Key(kinds.integer(1, 3600), 30),
    "instances": Key(kinds.BOOLEAN, True),
    "real_servers": Key(kinds.BOOLEAN, True),
}


def read(given: object, keys: Mapping[str, Key], place: Place, wanted: str = "a mapping") -> dict[str, object]:
    """Read a mapping by its keys: what is absent or wrong gets its default, what is wrong is reported."""
    if not isinstance(given, dict):
        place.say(f"is {shape(given)}, not {wanted}")
        return {name: _default(key) for name, key in keys.items()}
    for name in given:
        if name not in keys:
            place.say(unknown(name, keys))
    return {name: value(given.get(name), name, key, place) for name, key in keys.items()}


def value(given: object, name: str, key: Key, place: Place) -> object:
    """Read one value; null is the same as leaving the key out."""
    if given is None:
        if key.required:
            place.say(f"{name} is missing")
        return _default(key)
    try:
        return key.kind.read(given)
    except ValueError as wrong:
        reason = kinds.reason(wrong, key.kind)
        item = getattr(wrong, "item", None)
        if key.secret:
            place.say(f"{name} is {reason}")
        else:
            place.say(f"{name} has {item}, {reason}" if item else f"{name} is {shown(given)}, {reason}")
        return _default(key)


def unknown(name: object, keys: Mapping[str, Key]) -> str:
    """What to say of a key that does not exist."""
    near = nearest(name, keys)
    hint = (
        f"the nearest known one is {near}" if near else f"known are {' '.join(keys)}" if keys else "none is known here"
    )
    return f"unknown key {name}: {hint}"


def _default(key: Key) -> object:
    return list(key.default) if isinstance(key.default, tuple) else key.default
