# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VRRP instances as the inventory has them, before what it says for all of them is filled in."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from . import schema
from .addresses import parse
from .hosts import Hosts
from .mistakes import InventoryPath, near_hint, shape, shown

DEFAULT_NAMES = {"ipv4": "VI_1", "ipv6": "VI_6"}


def default_instances(
    common: Mapping[str, Any], vips: Iterable[str], hosts: Hosts, path: InventoryPath
) -> list[tuple[dict[str, Any], InventoryPath]]:
    """One instance per address family in use, with all directors in group order."""
    by_family: dict[str, list[str]] = {family: [] for family in DEFAULT_NAMES}
    for vip in vips:
        by_family[parse(vip).family].append(vip)
    unset = dict.fromkeys(schema.INSTANCE)
    everywhere = {"virtual_router_id": common["virtual_router_id"], "directors": list(hosts.directors)}
    return [
        ({**unset, **everywhere, "name": DEFAULT_NAMES[family], "vips": own}, path)
        for family, own in by_family.items()
        if own
    ]


def given_instances(given: Any, hosts: Hosts, path: InventoryPath) -> list[tuple[dict[str, Any], InventoryPath]]:
    """The instances listed, each with its path."""
    if not isinstance(given, list):
        path.report(f"instances is {shape(given)}, not a list of instances")
        return []
    drafts = []
    for index, entry in enumerate(given):
        at = path.at("instances", index)
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            at.name = entry["name"]
        draft = schema.read(entry, schema.INSTANCE, at)
        drafts.append(({**draft, "directors": _directors(draft["directors"], hosts, at)}, at))
    return drafts


def _directors(given: Any, hosts: Hosts, path: InventoryPath) -> list[str]:
    """The instance's directors, the preferred master first: all of them where none are listed."""
    if given is None:
        return list(hosts.directors)
    if not isinstance(given, list):
        path.report(f"directors is {shape(given)}, not a list of directors")
        return []
    if not given:
        path.report("directors is empty: leave it out for all directors")
    result = []
    for name in given:
        if not isinstance(name, str) or name not in hosts.directors:
            hint = near_hint(name, hosts.directors, "name there")
            path.report(f"directors has {shown(name)}, which is not in the group directors{hint}")
        elif name in result:
            path.report(f"directors has {name} twice")
        else:
            result.append(name)
    return result
