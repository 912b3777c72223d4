# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that teardown.yml takes down, as far as what is left of the inventory tells, and its names on a host."""

from __future__ import annotations

from typing import Any, Mapping, TypedDict

from . import keys, schema
from .hosts import resolve_host
from .inventory import Inventory, named_vips, read_anyway
from .mistakes import InventoryPath, Mistakes
from .sharing import Record, default_name, former_names, is_same

SCALARS = {name: schema.CLUSTER[name] for name in ("lvs_cluster_name", "lvs_take_over")}


class LeavingCluster(TypedDict):
    """`own` has the directors, VIPs and gateways as a host would remember them; an unknown address is None.

    `named` is whether the inventory has lvs_cluster_name.
    """

    name: str
    named: bool
    own: Record
    take_over: bool


def leaving(hostvars: Mapping[str, Any], groups: Mapping[str, Any]) -> LeavingCluster:
    """The cluster of an inventory that may be wrong or incomplete."""
    inventory = read_anyway(hostvars, groups)
    scalars = keys.read({name: inventory.cluster[name] for name in SCALARS}, SCALARS, InventoryPath("", Mistakes()))
    vips = named_vips(inventory.cluster)
    directors = {name: _address(name, inventory, vips) for name in inventory.directors}
    name = scalars["lvs_cluster_name"]
    return {
        "name": name or default_name(inventory.directors),
        "named": name is not None,
        "own": {"directors": directors, "vips": list(vips), "gateways": []},
        "take_over": scalars["lvs_take_over"],
    }


def _address(director: str, inventory: Inventory, vips: tuple[str, ...]) -> str | None:
    return resolve_host(director, "director", inventory.hosts[director], vips, InventoryPath("", Mistakes())).address


def is_here(cluster: LeavingCluster, records: Mapping[str, Record]) -> bool:
    """Whether the record under the cluster's name, if a host has one, is of this cluster.

    An inventory without directors has only the name.
    """
    own, record = cluster["own"], records.get(cluster["name"])
    return record is None or not own["directors"] or is_same(own, record, cluster["take_over"])


def names_in(cluster: LeavingCluster, records: Mapping[str, Record]) -> list[str]:
    """The names under which a host remembers the cluster, its present one first.

    A VIP in common shows a former name, as for site.yml. If the services are gone from the inventory, a director in common
    shows it, unless the inventory says what the cluster is called.
    """
    name, own = cluster["name"], cluster["own"]
    former = former_names(name, own, records, cluster["take_over"])
    if not (cluster["named"] or own["vips"] or name in records):
        former += [other for other, record in records.items() if is_same(own, record, take_over=False)]
    return list(dict.fromkeys([name, *former]))
