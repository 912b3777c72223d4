# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a host from its own tools: units from systemctl(1); addresses, links, routes and rules from ip(8)."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Sequence

from .tools import Runner, ToolFailed, ToolMissing, run

UNIT_PROPERTIES = ("LoadState", "ActiveState", "UnitFileState")
_FAMILIES = {"inet": "ipv4", "inet6": "ipv6"}
_MAIN_TABLE = 254  # linux/rtnetlink.h, RT_TABLE_MAIN
# For parse_routes and parse_rules: arguments of ip(8), after `-j -N` and the option of an address family
ROUTES = ("route", "show", "table", "all", "type", "unicast")
RULES = ("rule", "show")
_SELECTORS = frozenset(("not", "iif", "oif", "fwmark", "tos", "ipproto", "sport", "dport", "uidrange"))  # iprule.c


def output_of(runner: Runner, tool: str, arguments: Sequence[str], needs: str) -> str:
    """Return the output of `tool`. Raises ToolMissing and ToolFailed, which say what it `needs`."""
    path = runner.find(tool)
    if path is None:
        raise ToolMissing(f"{tool} was not found on this host; {needs} is required.")
    argv = [path, *arguments]
    result = run(runner, argv)
    if result.rc:
        said = (result.err or result.out).strip()
        raise ToolFailed(f"{tool} {arguments[0]} failed ({said}): it takes {needs}.", argv, result)
    return result.out


def systemctl_show(units: Sequence[str]) -> list[str]:
    """Return the arguments of the systemctl call for parse_units: one call for all `units`."""
    return ["show", "--no-pager", *(f"--property={name}" for name in UNIT_PROPERTIES), "--", *units]


def parse_units(
    units: Sequence[str], output: str, starts_by_script: Callable[[str], bool]
) -> dict[str, dict[str, Any]]:
    """Return `{unit: {exists, active, enabled, state}}` from what `systemctl show` printed, a block for each unit.

    A unit made from an init script is "generated" whether it starts at boot or not. For such a unit,
    `starts_by_script(name)` tells.
    """
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in output.strip().split("\n\n")]
    if len(blocks) != len(units):
        raise ValueError(f"systemctl show told of {len(blocks)} units, not of {len(units)}")
    return {unit: _unit(unit, shown, starts_by_script) for unit, shown in zip(units, blocks)}


def _unit(unit: str, shown: dict[str, str], starts_by_script: Callable[[str], bool]) -> dict[str, Any]:
    file_state = shown.get("UnitFileState", "")
    generated = file_state == "generated" and starts_by_script(unit.rsplit(".service", 1)[0])
    return {
        "exists": shown.get("LoadState") not in ("not-found", "masked", "", None),
        "active": shown.get("ActiveState") in ("active", "reloading"),
        "enabled": file_state == "enabled" or generated,
        "state": shown.get("ActiveState", ""),
    }


def parse_addresses(links: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the addresses in what `ip -j address` printed: address, prefix, interface, family, scope and usable.

    An address is not usable after duplicate address detection has failed (RFC 4862, 5.4). During the detection, which takes
    a second, it counts as usable.
    """
    return [
        {
            "address": entry["local"],
            "prefix": entry["prefixlen"],
            "interface": link["ifname"],
            "family": _FAMILIES[entry["family"]],
            "scope": entry["scope"],
            "usable": not entry.get("dadfailed"),
        }
        for link in links
        for entry in link.get("addr_info", [])
        if entry.get("family") in _FAMILIES and "local" in entry
    ]


def parse_links(links: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return `{interface: {mac, up}}` from what `ip -j address` printed; up means that it can carry frames."""
    return {
        link["ifname"]: {
            "mac": _mac(link),
            "up": {"UP", "LOWER_UP"} <= set(link.get("flags", [])),
        }
        for link in links
        if link.get("ifname")
    }


def _mac(link: dict[str, Any]) -> str | None:
    """Return a link's Ethernet address. An address of zeros (gretap0 in every network namespace) cannot send."""
    address = link.get("address", "")
    return address if link.get("link_type") == "ether" and address.strip("0:") else None


def parse_routes(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the routes in what `ip -j -N route show table all type unicast` printed.

    Each is `{to, via, source, table, metric, device}`. A router or a source that a route does not have is None. A route of IPv4
    may have no metric: that is 0.
    """
    return [
        {
            "to": entry["dst"],
            "via": entry.get("gateway"),
            "source": entry.get("prefsrc"),
            "table": int(entry.get("table", _MAIN_TABLE)),
            "metric": entry.get("metric", 0),
            "device": entry.get("dev"),
        }
        for entry in entries
    ]


def parse_rules(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules in what `ip -j -N rule show` printed: `{from, to, table, priority}`, with None for all addresses.

    Rules that lead to no table are left out, and those that are only for some packets of these addresses, such as those with a mark.
    """
    return [
        {
            "from": _end(entry, "src"),
            "to": _end(entry, "dst"),
            "table": int(entry["table"]),
            "priority": entry["priority"],
        }
        for entry in entries
        if "table" in entry and not _SELECTORS.intersection(entry)
    ]


def _end(rule: dict[str, Any], end: str) -> str | None:
    """Return the network or address at an end of a rule, None for all."""
    address = rule.get(end, "all")
    if address == "all":
        return None
    return f"{address}/{rule[end + 'len']}" if end + "len" in rule else str(address)
