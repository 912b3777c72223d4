# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a host's packet filters for doctor_info: nft, iptables and arptables, each as its own tool lists them."""

from __future__ import annotations

import json
import os
from typing import Any

from ..tools import Runner, ToolMissing, run

# A host of containers may have tens of thousands. Then nothing is said of its filter.
MOST_RULES = 4000
# The tables of the kernel that are older than nft are in use if this file names one
LEGACY = {
    "iptables": "/proc/net/ip_tables_names",
    "ip6tables": "/proc/net/ip6_tables_names",
    "arptables": "/proc/net/arp_tables_names",
}


def packet_filters(runner: Runner) -> dict[str, Any]:
    """Return `{nft, iptables, ip6tables, arptables, too_many}`.

    nft is the list that `nft -j` prints, without the counters, the others are lines. A tool that is not there has no rules.
    """
    nft = nft_objects(_output(runner, "nft", "-j", "list", "ruleset"))
    lines: dict[str, list[str]] = {name: save_lines(_saved(runner, name, in_use)) for name, in_use in LEGACY.items()}
    too_many = any(count > MOST_RULES for count in [len(nft), *map(len, lines.values())])
    if too_many:
        return {"nft": [], **{name: [] for name in lines}, "too_many": True}
    return {"nft": nft, **lines, "too_many": False}


def _saved(runner: Runner, name: str, in_use: str) -> str:
    """What NAME-save prints: of nft's rules, and of the kernel's former tables if it has any. To ask for these would make them."""
    own = runner.find(f"{name}-save")
    former = _has_lines(in_use)
    is_former = bool(own) and "nft" not in os.path.realpath(own or "")
    printed = _output(runner, f"{name}-save") if former or not is_former else ""
    return printed + (_output(runner, f"{name}-legacy-save") if former and not is_former else "")


def _has_lines(path: str) -> bool:
    try:
        with open(path, encoding="ascii") as file:
            return bool(file.read().strip())
    except OSError:
        return False


def _output(runner: Runner, tool: str, *arguments: str) -> str:
    """What a tool prints; nothing if it is not there, or fails."""
    path = runner.find(tool)
    try:
        result = run(runner, [path, *arguments]) if path else None
    except ToolMissing:
        return ""
    return result.out if result and result.rc == 0 else ""


def nft_objects(printed: str) -> list[dict[str, Any]]:
    """Return the chains, rules, sets and maps that `nft -j list ruleset` printed, without counters."""
    try:
        objects = json.loads(printed or "{}").get("nftables", [])
    except ValueError:
        return []
    kept = []
    for entry in objects:
        ((kind, value),) = entry.items()
        if kind == "rule":
            value = {**value, "expr": [one for one in value.get("expr", []) if "counter" not in one]}
        if kind in ("chain", "rule", "set", "map"):
            kept.append({kind: value})
    return kept


def save_lines(printed: str) -> list[str]:
    """Return the tables, policies and rules that iptables-save or arptables-save printed, without comments and counters."""
    return [
        line.partition(" [")[0] if line.startswith(":") else line for line in printed.splitlines() if line[:1] in "*:-"
    ]
