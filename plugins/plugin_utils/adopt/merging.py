# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges what the directors of a cluster say. Where they differ, the first one counts, and a note names both values."""

from __future__ import annotations

import json
from typing import Any, Callable, Hashable, Iterable, Mapping

from ..cluster import schema
from .notes import Notes
from .sensitive import seems_secret

# What names an item of a list. Items of other lists are compared with the list as a whole
IDENTITIES: dict[str, Callable[[Mapping[str, Any]], Hashable]] = {
    "lvs_services": lambda one: json.dumps([one.get(name) for name in ("vip", "port", "protocol", "fwmark")]),
    "instances": lambda one: str(one.get("name")),
    "sync_groups": lambda one: str(one.get("name")),
    "real_servers": lambda one: json.dumps([one.get(name) for name in ("host", "address", "port")]),
}
# An instance has a list of its directors
OF_SOME = ("instances",)
SECRETS = frozenset(
    name
    for level in (schema.VRRP, schema.HEARTBEAT, *schema.HEALTH.values())
    for name, key in level.items()
    if key.secret
)
# Names that readers have made up
MADE_UP = {"lvs_services": ("name",)}
_LONGEST = 60


def merge(each: Mapping[str, Mapping[str, Any]], notes: Notes) -> dict[str, Any]:
    """The variables of all hosts as one; the hosts come in the order of preference."""
    return _mapping(each, "", (), notes)


def _mapping(
    each: Mapping[str, Mapping[str, Any]], path: str, ignored: tuple[str, ...], notes: Notes
) -> dict[str, Any]:
    names = dict.fromkeys(name for values in each.values() for name in values)
    result = {}
    for name in names:
        having = {host: values[name] for host, values in each.items() if name in values}
        lacking = [host for host in each if host not in having]
        place = f"{path} {name}".strip()
        if lacking and name not in ignored and name not in IDENTITIES:
            first = next(iter(each))
            counts = f"that of {first}" if first in having else f"none, as on {first}"
            value = _shown(name, next(iter(having.values())))
            notes.lost(
                place,
                f"is {value} on {' and '.join(having)}, and not set on {' and '.join(lacking)}: the inventory has {counts}",
            )
            if first not in having:
                continue
        result[name] = _value(name, having, place, ignored, notes)
    return result


def _value(name: str, each: Mapping[str, Any], place: str, ignored: tuple[str, ...], notes: Notes) -> Any:
    first, value = next(iter(each.items()))
    if all(other == value for other in each.values()) or name in ignored:
        return value
    if all(isinstance(other, dict) for other in each.values()):
        return _mapping(each, place, (), notes)
    if name in IDENTITIES and all(isinstance(other, list) for other in each.values()):
        return _items(name, each, place, notes)
    other_host, other = next((host, other) for host, other in each.items() if other != value)
    notes.lost(
        place,
        f"is {_shown(name, value)} on {first} and {_shown(name, other)} on {other_host}: the inventory has that of {first}",
    )
    return value


def _items(name: str, each: Mapping[str, list[Any]], place: str, notes: Notes) -> list[Any]:
    """Items by what names them: those of the first host, and then those that only others have."""
    identity = IDENTITIES[name]
    by_host = {
        host: {identity(item) if isinstance(item, dict) else item: item for item in items}
        for host, items in each.items()
    }
    result = []
    for key in in_order(by_host.values()):
        having = {host: items[key] for host, items in by_host.items() if key in items}
        lacking = [host for host in each if host not in having]
        item = next(iter(having.values()))
        label = f"{place} {item.get('name') or item.get('address')}" if isinstance(item, dict) else f"{place} {item}"
        if lacking and name not in OF_SOME:
            notes.lost(
                label,
                f"is there on {' and '.join(having)}, and not on {' and '.join(lacking)}: the inventory has it for all",
            )
        if isinstance(item, dict):
            item = _mapping(having, label, MADE_UP.get(name, ()), notes)
        result.append(item)
    return result


def in_order(lists: Iterable[Iterable[Hashable]]) -> list[Hashable]:
    """What is in any of some lists. An item that the first has not stands behind the one that it stands behind in its own list."""
    result: list[Hashable] = []
    for items in lists:
        place = 0
        for item in items:
            if item in result:
                place = result.index(item) + 1
            else:
                result.insert(place, item)
                place += 1
    return result


def _shown(name: str, value: Any) -> str:
    """A value in a note. Secrets are in none."""
    shown = _hidden(name, value)
    text = shown if isinstance(shown, str) else json.dumps(shown)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _hidden(name: str, value: Any) -> Any:
    """A value without the secrets in it, and without what seems to have one."""
    if name in SECRETS or (isinstance(value, str) and seems_secret(value)):
        return "one secret" if value else "none"
    if isinstance(value, dict):
        return {key: _hidden(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(name, item) for item in value]
    return value
