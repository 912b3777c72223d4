# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the model needs of an inventory, read once per host and turned into plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from . import schema
from .problems import Mistakes, Place, nearest
from .values import Variables

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
    """The three groups, the cluster-wide variables, and each host's own."""

    directors: tuple[str, ...]
    real_servers: tuple[str, ...]
    clients: tuple[str, ...]
    cluster: Mapping[str, Any]
    hosts: Mapping[str, HostVars]


def read(hostvars: Mapping[str, Any], groups: Mapping[str, Any], mistakes: Mistakes) -> Inventory:
    """Read every host of the cluster.

    Cluster-wide variables are those of the first host that has them, directors
    before real servers; that other hosts see other values is a mistake.
    """
    members = {group: tuple(str(name) for name in groups.get(group) or ()) for group in GROUPS}
    given = {name: Variables(hostvars, name) for names in members.values() for name in names}
    for name, variables in given.items():
        _check_names(variables.raw, Place(f"host {name}", mistakes))
    cluster_wide = [given[name] for name in dict.fromkeys(members["directors"] + members["real_servers"])]
    return Inventory(
        **members,
        cluster={
            name: value
            for name in schema.CLUSTER
            if (value := _cluster_value(name, cluster_wide, mistakes)) is not None
        },
        hosts={name: _host(variables) for name, variables in given.items()},
    )


def _host(given: Variables) -> HostVars:
    own = {name: given[name] for name in schema.HOST if name in given}
    return HostVars(own, given.raw.get("ansible_facts") or {})


def _check_names(variables: Mapping[str, Any], place: Place) -> None:
    """A misspelt variable would be ignored without a word: what is named nearly like one of ours is a mistake."""
    known = [*schema.CLUSTER, *schema.HOST]
    for name in variables:
        if name.startswith("lvs_") and name not in known and name not in OWN:
            if near := nearest(name, known, cutoff=0.85):
                place.say(f"unknown variable {name}: the nearest known one is {near}")


def _cluster_value(name: str, hosts: list[Variables], mistakes: Mistakes) -> Any:
    having = [host for host in hosts if name in host]
    if not having:
        return None
    first = having[0]
    other = next((host for host in having[1:] if not first.sees_the_same(host, name)), None)
    if other:
        Place(name, mistakes).say(
            f"differs between {first.host} and {other.host}: it describes the whole cluster, so set it once for all of its hosts"
        )
    return first[name]
