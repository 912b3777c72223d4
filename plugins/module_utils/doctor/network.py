# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host says of its network for doctor_info: links, addresses, routes, rules, sysctls, and what listens."""

from __future__ import annotations

import json
import os
from typing import Any, Iterable, Mapping

from ..node import output_of, parse_addresses
from ..tools import Runner

SYS = "/proc/sys"
# Of the whole host
GLOBAL_KEYS = (
    "net.ipv4.ip_forward",
    "net.ipv4.ip_nonlocal_bind",
    "net.ipv6.conf.all.forwarding",
    "net.ipv4.vs.conn_reuse_mode",
    "net.ipv4.vs.conntrack",
    "net.ipv4.vs.expire_nodest_conn",
    "net.ipv4.vs.expire_quiescent_template",
    "net.ipv4.vs.backup_only",
    "net.ipv4.vs.sloppy_tcp",
    "net.ipv4.vs.sync_threshold",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_tcp_loose",
)
# Of each interface, in net.ipv4.conf
INTERFACE_KEYS = (
    "accept_local",
    "arp_announce",
    "arp_filter",
    "arp_ignore",
    "forwarding",
    "log_martians",
    "proxy_arp",
    "rp_filter",
    "send_redirects",
)


def sysctl(key: str, root: str = SYS) -> str | None:
    """Return a live value; None if the kernel has no such key. A slash in an interface's name is written as a dot in the key."""
    try:
        with open(os.path.join(root, *key.split(".")), encoding="ascii") as file:
            return " ".join(file.read().split())
    except (OSError, ValueError):
        return None


def sysctls(root: str = SYS) -> dict[str, str]:
    """Return the live values of GLOBAL_KEYS; a key that the kernel does not have is left out."""
    found = {key: sysctl(key, root) for key in GLOBAL_KEYS}
    return {key: value for key, value in found.items() if value is not None}


def interface_sysctls(root: str = SYS) -> dict[str, dict[str, int]]:
    """Return the values of INTERFACE_KEYS for every interface, and for `all` and `default`."""
    folder = os.path.join(root, "net/ipv4/conf")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = {}
    for name in names:
        values = {key: _number(os.path.join(folder, name, key)) for key in INTERFACE_KEYS}
        found[name] = {key: value for key, value in values.items() if value is not None}
    return found


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def links_and_addresses(runner: Runner) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Return the links by name, and the addresses as node_info returns them. Raises Failure."""
    shown = json.loads(output_of(runner, "ip", ["-j", "-d", "address"], "iproute2 4.20 or later"))
    return parse_links(shown), parse_addresses(shown)


def parse_links(shown: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return `{interface: {mac, up, mtu, kind, parent, arp}}` from what `ip -j -d address` printed.

    The kind is that of ip-link(8), such as vlan or macvlan, null for hardware. `arp` is whether the link asks and answers.
    """
    return {
        link["ifname"]: {
            "mac": link.get("address") if link.get("link_type") == "ether" else None,
            "up": {"UP", "LOWER_UP"} <= set(link.get("flags", [])),
            "mtu": link.get("mtu"),
            "kind": (link.get("linkinfo") or {}).get("info_kind"),
            "parent": link.get("link"),
            "arp": "NOARP" not in link.get("flags", []) and link.get("link_type") == "ether",
        }
        for link in shown
        if link.get("ifname")
    }


def routing(runner: Runner, families: Iterable[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the routes of all tables and the rules, both as `ip -j -N` prints them, each with its `family`. Raises Failure."""
    routes: list[dict[str, Any]] = []
    rules: list[dict[str, Any]] = []
    for family in families:
        option = "-" + family[-1]
        for found, question in ((routes, ["route", "show", "table", "all"]), (rules, ["rule", "show"])):
            printed = output_of(runner, "ip", ["-j", "-N", option, *question], "iproute2 4.20 or later")
            found += [{"family": family, **entry} for entry in json.loads(printed or "[]")]
    return [route for route in routes if _counts(route)], rules


# linux/rtnetlink.h: unicast, local, blackhole, unreachable, prohibit, throw. `ip -N` leaves out the type of unicast.
_TYPES = {"1": "unicast", "2": "local", "6": "blackhole", "7": "unreachable", "8": "prohibit", "9": "throw"}


def _counts(route: dict[str, Any]) -> bool:
    """Whether a route matters for a packet to one host, which those of broadcast and multicast do not. Names its type."""
    kind = str(route.get("type", "unicast"))
    route["type"] = _TYPES.get(kind, kind)
    return route["type"] in _TYPES.values()


def listeners(runner: Runner) -> list[dict[str, Any]]:
    """Return the sockets that listen, as `{protocol, address, port}`. Raises Failure."""
    return parse_listeners(output_of(runner, "ss", ["-Hltun"], "iproute2"))


def parse_listeners(printed: str) -> list[dict[str, Any]]:
    """Return the sockets in what `ss -Hltun` printed, each once. The address is `*` where a socket takes both families."""
    found: dict[tuple[str, str, int], None] = {}
    for line in printed.splitlines():
        words = line.split()
        if len(words) < 5 or words[0] not in ("tcp", "udp"):
            continue
        address, _colon, port = words[4].rpartition(":")
        address = address.partition("%")[0].strip("[]")
        if port.isdigit():
            found[words[0], address, int(port)] = None
    return [{"protocol": protocol, "address": address, "port": port} for protocol, address, port in found]
