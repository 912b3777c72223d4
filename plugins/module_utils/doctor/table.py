# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host says of IPVS for doctor_info: the table, the sync daemons, the clients of its connections, the kernel's modules.

Without ipvsadm the table comes from /proc/net/ip_vs (net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_info_seq_show). Nothing here loads a
module: on a host whose kernel has no ip_vs, ipvsadm is not started.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import asdict
from typing import Any, Iterable

from ..ipvs.command import Ipvsadm
from ..ipvs.export import table_data
from ..ipvs.listing import parse_counts, parse_daemons, parse_traffic
from ..ipvs.parse import parse_table
from ..ipvs.types import SCHEDULERS
from ..tools import Runner

TABLE = "/proc/net/ip_vs"
CONNECTIONS = "/proc/net/ip_vs_conn"
MODULES = ("ip_vs", *(f"ip_vs_{name}" for name in SCHEDULERS), "ip_vs_ftp", "ip_vs_pe_sip")
TUNNEL_MODULES = ("ipip", "sit", "ip6_tunnel", "ip_gre", "ip6_gre", "fou", "fou6")
# What is read of a long list of connections: enough to know who the clients are
MOST_CONNECTIONS = 5000
MOST_CLIENTS = 10

_FORWARDS = {"Masq": "nat", "Route": "dr", "Tunnel": "tun", "Local": "local"}


def gather(runner: Runner, table: str = TABLE) -> dict[str, Any] | None:
    """Return services, counts, stats and daemons; None on a host without IPVS.

    The daemons are null without ipvsadm, which alone tells of them. Raises Failure.
    """
    if not os.path.exists(table):
        return None
    path = runner.find("ipvsadm")
    if path is None:
        with open(table, encoding="ascii") as file:
            services, counts = parse_proc(file)
        return {"services": services, "counts": counts, "stats": None, "daemons": None}
    ipvsadm = Ipvsadm(runner, path)
    return {
        "services": table_data(parse_table(ipvsadm.output("-Sn"), ipvsadm.output("-Ln", "--thresholds"))),
        "counts": parse_counts(ipvsadm.output("-Ln", "--persistent-conn")),
        "stats": parse_traffic(ipvsadm.output("-Ln", "--stats", "--exact")),
        "daemons": [asdict(daemon) for daemon in parse_daemons(ipvsadm.output("-Ln", "--daemon"))],
    }


def parse_proc(lines: Iterable[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the services and the counts of /proc/net/ip_vs, with the keys of ipvs_info that it can fill."""
    services: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    for line in lines:
        words = line.split()
        if not words:
            continue
        if words[0] in ("TCP", "UDP", "SCTP", "FWM"):
            key = _key(words)
            services.append({**key, **_options(words[2:]), "destinations": []})
            counts.append({**key, "destinations": []})
        elif words[0] == "->" and services and len(words) >= 6:
            address, port = _end(words[1])
            numbers = {"weight": int(words[3]), "active": int(words[4]), "inactive": int(words[5])}
            forward = _FORWARDS.get(words[2], words[2].lower())
            services[-1]["destinations"].append(
                {"address": address, "port": port, "forward": forward, "weight": numbers["weight"]}
            )
            counts[-1]["destinations"].append({"address": address, "port": port, **numbers})
    return services, counts


def _key(words: list[str]) -> dict[str, Any]:
    if words[0] == "FWM":
        # A mark of IPv6 reads "FWM  00000007 IPv6 rr" in no version: the family cannot be told.
        return {"address": None, "port": None, "protocol": None, "fwmark": int(words[1], 16), "family": "ipv4"}
    address, port = _end(words[1])
    family = "ipv6" if ":" in address else "ipv4"
    return {"address": address, "port": port, "protocol": words[0].lower(), "fwmark": None, "family": family}


def _options(words: list[str]) -> dict[str, Any]:
    persistence = int(words[words.index("persistent") + 1]) if "persistent" in words[:-1] else None
    return {"scheduler": words[0] if words else None, "persistence": persistence, "one_packet": "ops" in words}


def _end(text: str) -> tuple[str, int]:
    """Return the address and the port of `AC1C0064:0050` or `[2001:0db8:...:0064]:0050`."""
    address, _colon, port = text.rpartition(":")
    if address.startswith("["):
        return str(ipaddress.ip_address(address.strip("[]"))), int(port, 16)
    return str(ipaddress.ip_address(int(address, 16))), int(port, 16)


def clients(path: str = CONNECTIONS) -> list[dict[str, str]]:
    """Return some clients and the VIPs that they asked, `{client, vip}`, the most frequent first."""
    seen: dict[tuple[str, str], int] = {}
    try:
        with open(path, encoding="ascii") as file:
            next(file, None)
            for number, line in enumerate(file):
                words = line.split(None, 4)
                if number >= MOST_CONNECTIONS:
                    break
                # An entry of persistence has no client's port
                if len(words) > 3 and words[2] != "0000":
                    seen[words[1], words[3]] = seen.get((words[1], words[3]), 0) + 1
    except OSError:
        return []
    often = sorted(seen, key=lambda pair: -seen[pair])[:MOST_CLIENTS]
    return [{"client": _address(client), "vip": _address(vip)} for client, vip in often]


def _address(text: str) -> str:
    return _end(f"[{text}]:0" if ":" in text else f"{text}:0")[0]


def modules(root: str = "") -> dict[str, dict[str, bool]]:
    """Return `{module: {loaded, available}}`: whether the running kernel has it, and whether modprobe would find it."""
    release = os.uname().release
    folder = f"{root}/lib/modules/{release}"
    installed = _names(f"{folder}/modules.dep") | _names(f"{folder}/modules.builtin")
    running = _names(f"{root}/proc/modules") | _names(f"{folder}/modules.builtin")
    return {
        name: {
            "loaded": name in running or os.path.isdir(f"{root}/sys/module/{name}"),
            "available": name in installed,
        }
        for name in (*MODULES, *TUNNEL_MODULES)
    }


def _names(path: str) -> set[str]:
    """The modules that a file of modules names, each at the beginning of a line: a name, or a path to name.ko."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return {
                re.split(r"[.:\s]", os.path.basename(line.split()[0]))[0].replace("-", "_")
                for line in file
                if line.strip()
            }
    except OSError:
        return set()
