# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a mapping of the inventory by its allowed keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Collection, Iterator, Mapping

from . import validators
from .mistakes import InventoryPath, nearest, shape, shown
from .validators import Validator


@dataclass(frozen=True)
class Key:
    """One key of a mapping. A secret's value never appears in a message."""

    validator: Validator
    default: object = None
    required: bool = False
    secret: bool = False


def read(given: object, keys: Mapping[str, Key], path: InventoryPath, wanted: str = "a mapping") -> dict[str, Any]:
    """Read a mapping by its keys. A missing or wrong value gets its default; a wrong one is also reported."""
    if not isinstance(given, dict):
        path.report(f"is {shape(given)}, not {wanted}")
        return {name: _default(key) for name, key in keys.items()}
    for name in given:
        if name not in keys:
            path.report(unknown(name, keys))
    return {name: value(given.get(name), name, key, path) for name, key in keys.items()}


def read_list(
    given: object, name: str, wanted: str, keys: Mapping[str, Key], path: InventoryPath
) -> Iterator[tuple[dict[str, Any], InventoryPath]]:
    """Read a list of mappings that may have a `name`, one after the other, each with its path. `name` is the list's own, `wanted` what it is a list of."""
    if not isinstance(given, list):
        path.report(f"{name} is {shape(given)}, not a list of {wanted}")
        return
    for index, entry in enumerate(given):
        at = path.at(name, index)
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            at.name = entry["name"]
        yield read(entry, keys, at), at


def with_defaults(keys: Mapping[str, Key], defaults: Mapping[str, object]) -> Mapping[str, Key]:
    """The same keys with other defaults, those of a profile. Defaults of keys that are not there are left out."""
    if not defaults:
        return keys
    return {name: replace(key, default=defaults[name]) if name in defaults else key for name, key in keys.items()}


def value(given: object, name: str, key: Key, path: InventoryPath) -> Any:
    """Read one value; null means the same as a missing key."""
    if given is None:
        if key.required:
            path.report(f"{name} is missing")
        return _default(key)
    try:
        return key.validator.read(given)
    except ValueError as wrong:
        reason = validators.reason(wrong, key.validator)
        item = getattr(wrong, "item", None)
        if key.secret:
            path.report(f"{name} is {reason}")
        else:
            path.report(f"{name} has {item}, {reason}" if item else f"{name} is {shown(given)}, {reason}")
        return _default(key)


def unknown(name: object, keys: Collection[str]) -> str:
    """The message for an unknown key."""
    near = nearest(name, keys)
    hint = (
        f"the nearest known one is {near}" if near else f"known are {' '.join(keys)}" if keys else "none is known here"
    )
    return f"unknown key {name}: {hint}"


def _default(key: Key) -> object:
    return list(key.default) if isinstance(key.default, tuple) else key.default
