# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the model needs of an inventory, read once per host and turned into plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, Mapping

from . import schema
from .problems import Mistakes, Place, listed, nearest

GROUPS = ("directors", "real_servers", "clients")
# play variables of this collection's own playbooks, which are no inventory variables
OWN = frozenset(("lvs_cluster",))


@dataclass(frozen=True)
class HostVars:
    """The variables of one host the model knows, and its network facts (empty where none were gathered)."""

    vars: Mapping[str, Any]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Inventory:
    """`cluster` holds the cluster-wide variables, `others` the names of hosts outside the three groups."""

    directors: tuple[str, ...]
    real_servers: tuple[str, ...]
    clients: tuple[str, ...]
    cluster: Mapping[str, Any]
    hosts: Mapping[str, HostVars]


def plain(value: Any) -> Any:
    """Plain dicts, lists and scalars of what Ansible gives: its containers render lazily and its scalars carry tags."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    for scalar in (bool, int, float):
        if isinstance(value, scalar):
            return scalar(value)
    return value if value is None else str(value)


_SCALARS = frozenset((str, int, float, bool, type(None)))


def read(hostvars: Mapping[str, Any], groups: Mapping[str, Any], mistakes: Mistakes) -> Inventory:
    """Read every host of the cluster; mistakes go to `mistakes`.

    Cluster-wide variables are those of the first host that has them, directors
    before real servers: group_vars/all gives every host the same ones.
    """
    members = {group: tuple(str(name) for name in groups.get(group, ())) for group in GROUPS}
    names = dict.fromkeys(members["directors"] + members["real_servers"])
    given = {name: hostvars[name] for name in names}
    hosts = {name: _host(variables) for name, variables in given.items()}
    for name, variables in given.items():
        _check_names(variables, Place(f"host {name}", mistakes))
    # a client only has to keep off the VIPs
    hosts.update({name: _host(hostvars[name]) for name in members["clients"] if name not in hosts})
    return Inventory(**members, cluster=_cluster(hostvars, given, mistakes), hosts=hosts)


def _host(variables: Mapping[str, Any]) -> HostVars:
    own = {name: plain(variables[name]) for name in schema.HOST if name in variables}
    return HostVars(own, variables.get("ansible_facts") or {})


def _check_names(variables: Mapping[str, Any], place: Place) -> None:
    """A misspelt variable would be ignored without a word: everything named nearly like one of ours is a mistake."""
    known = [*schema.CLUSTER, *schema.HOST]
    for name in variables:
        if name.startswith("lvs_") and name not in known and name not in OWN:
            if near := nearest(name, known, cutoff=0.85):
                place.say(f"unknown variable {name}: the nearest known one is {near}")


def _cluster(hostvars: Mapping[str, Any], given: Mapping[str, Any], mistakes: Mistakes) -> dict[str, Any]:
    result = {}
    for name in schema.CLUSTER:
        having = [host for host, variables in given.items() if name in variables]
        if not having:
            continue
        first = plain(given[having[0]][name])
        for host in having[1:]:
            if not _same(hostvars, given, having[0], host, name, first):
                Place(name, mistakes).say(f"differs between {having[0]} and {host}: it describes the whole cluster, set it once, for all hosts")
                break
        result[name] = first
    return result


def _same(hostvars: Mapping[str, Any], given: Mapping[str, Any], first: str, other: str, name: str, value: Any) -> bool:
    """Whether two hosts see the same value; what is the same unrendered and has no template needs no rendering."""
    return plain(given[other][name]) == value
