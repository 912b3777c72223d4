# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters as somebody has configured them by hand: what their hosts would tell."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.doctor.filters import save_lines
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.export import table_data
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.keepalived.reader import read
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.types import HostFacts

HERE = Path(__file__).parent
KEEPALIVED = "/etc/keepalived/keepalived.conf"


def host_facts(name: str, description: dict[str, Any]) -> HostFacts:
    """What a host tells. `keepalived` is short for its file, `table` are lines of ipvsadm -Sn, `addresses` are by interface."""
    files = dict(description.get("files", {}))
    if "keepalived" in description:
        files[KEEPALIVED] = description["keepalived"]
    addresses = [
        {
            "address": str(parsed.ip),
            "prefix": parsed.network.prefixlen,
            "interface": device,
            "family": f"ipv{parsed.version}",
            "scope": "host" if parsed.ip.is_loopback else "global",
            "usable": True,
        }
        for device, listed in {"lo": ["127.0.0.1/8"], **description.get("addresses", {})}.items()
        for parsed in map(ipaddress.ip_interface, listed)
    ]
    table = description.get("table")
    filters = {"nft": [], "iptables": [], "ip6tables": [], "arptables": [], "too_many": False}
    for tool, text in description.get("filters", {}).items():
        filters[tool] = text if tool == "nft" else save_lines(text)
    routes = description.get("routes", {})
    return {
        "hostname": description.get("hostname", name),
        "files": files,
        "ipvs": None
        if table is None
        else {
            "services": table_data(parse_table("\n".join(table) + "\n", "")),
            "timeouts": {"tcp": 900, "tcpfin": 120, "udp": 300, **description.get("timeouts", {})},
            "daemons": description.get("daemons", []),
        },
        "links": {device: {"mac": None, "up": True} for device in ["lo", *description.get("addresses", {})]},
        "addresses": addresses,
        "routes": [{"family": "ipv4", "dst": to, **route} for to, route in routes.items()],
        "rules": [],
        "sysctls": description.get("sysctls", {}),
        "interface_sysctls": description.get("interface_sysctls", {}),
        "filters": filters,
        "processes": [
            {"name": one.split()[0].rpartition("/")[2], "arguments": one.split()}
            for one in description.get("processes", [])
        ],
        "enabled": description.get("enabled", []),
        "packages": {},
        "ours": [],
        "unread": description.get("unread", {}),
    }


def read_case(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def facts_and_groups(case: dict[str, Any]) -> tuple[dict[str, HostFacts], dict[str, list[str]]]:
    """What all hosts of a case tell, and their groups. `all` is in the description of every director."""
    directors, servers = case.get("directors", {}), case.get("real_servers", {})
    common = case.get("all_directors", {})
    facts = {name: host_facts(name, {**common, **(own or {})}) for name, own in directors.items()}
    facts.update({name: host_facts(name, own or {}) for name, own in servers.items() if name not in facts})
    return facts, {"directors": list(directors), "real_servers": list(servers)}


@pytest.fixture
def keepalived_notes() -> Callable[..., tuple[dict[str, Any], list[tuple[str, str, str]]]]:
    """A function that reads a keepalived.conf: the variables, and the notes as (level, line, text)."""

    def reading(text: str, **description: Any) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
        found = read(host_facts("lb1", {"keepalived": text, **description}))
        return found["variables"], [
            (note["level"], note["where"].rpartition(":")[2], note["text"]) for note in found["notes"]
        ]

    return reading
