# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter's documentation of what it returns has the keys and types of the resolved cluster, at every level."""

from __future__ import annotations

import json
import types
import typing
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.filter import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.types import ResolvedCluster

RESOLVED = Path(__file__).parents[1] / "plugin_utils" / "cluster" / "right"
PLAIN = {str: "str", int: "int", bool: "bool", list: "list", dict: "dict"}


def without_none(hint: Any) -> Any:
    """A type without None; of several types that are left, all."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint
    return typing.Union[tuple(one for one in typing.get_args(hint) if one is not type(None))]


def name(hint: Any) -> str:
    """What Ansible's documentation calls a type."""
    hint = without_none(hint)
    if typing.get_origin(hint) is typing.Union:
        return "float" if set(typing.get_args(hint)) == {int, float} else "raw"
    if typing.get_origin(hint) is typing.Literal:
        return "str"
    return "dict" if typing.is_typeddict(hint) else PLAIN[typing.get_origin(hint) or hint]


def levels(hint: Any, documented: dict[str, Any], path: str) -> Iterator[Any]:
    """Every mapping of the resolved cluster, as parameters: its type, what is documented of it."""
    yield pytest.param(hint, documented, id=path)
    for key, given in typing.get_type_hints(hint).items():
        inner = without_none(given)
        below = documented.get(key, {}).get("contains", {})
        if typing.get_origin(inner) is list:
            inner = typing.get_args(inner)[0]
        elif typing.get_origin(inner) is dict:
            inner, below = typing.get_args(inner)[1], below.get("NAME", {}).get("contains", {})
        if typing.is_typeddict(inner):
            yield from levels(inner, below, f"{path}.{key}")


RETURNED = yaml.safe_load(resolve.RETURN)["_value"]["contains"]


@pytest.mark.parametrize(("hint", "documented"), list(levels(ResolvedCluster, RETURNED, "cluster")))
def test_documented_are_the_keys_and_types_there_are(hint: Any, documented: dict[str, Any]) -> None:
    hints = typing.get_type_hints(hint)
    assert list(documented) == list(hints)
    for key, inner in hints.items():
        assert documented[key]["type"] == name(inner), key
        if typing.get_origin(without_none(inner)) is list:
            assert documented[key]["elements"] == name(typing.get_args(without_none(inner))[0]), key
        assert documented[key]["description"].endswith("."), key


def fits(value: Any, hint: Any) -> bool:
    """Whether a value has a type, all the way down."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is typing.Literal:
        return value in inner
    if typing.is_typeddict(hint):
        hints = typing.get_type_hints(hint)
        return (
            isinstance(value, dict)
            and list(value) == list(hints)
            and all(fits(value[key], hints[key]) for key in hints)
        )
    if origin is list:
        return isinstance(value, list) and all(fits(item, inner[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(item, inner[1]) for item in value.values())
    # True is no port, though Python takes it for an int.
    return isinstance(value, hint) and isinstance(value, bool) == (hint is bool)


@pytest.mark.parametrize("path", sorted(RESOLVED.glob("*.json")), ids=lambda path: path.stem)
def test_what_is_resolved_has_the_type(path: Path) -> None:
    cluster = json.loads(path.read_text(encoding="utf-8"))
    hints = typing.get_type_hints(ResolvedCluster)
    assert list(cluster) == list(hints)
    for key, hint in hints.items():
        assert fits(cluster[key], hint), key
