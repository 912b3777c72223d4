# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What forbids a teardown: it would take down another cluster."""

from __future__ import annotations

from typing import Mapping, Sequence

from ..cluster.leaving import LeavingCluster, is_here, names_in
from ..cluster.sharing import Record
from .other_clusters import called


def teardown_refusals(
    cluster: LeavingCluster, records: Mapping[str, Record], host: str, groups: Mapping[str, Sequence[str]]
) -> list[str]:
    """Why a host that has these records cannot be taken down: one message each, with what to do."""
    name = cluster["name"]
    if not is_here(cluster, records):
        return [
            f"{host}: it serves another cluster of the same name, {called(name, records[name])}. Set lvs_cluster_name to the name"
            f" of the cluster to take down. Or, if that is {name} with these directors, run teardown.yml once with"
            " -e lvs_take_over=true"
        ]
    others = [other for other in records if other not in names_in(cluster, records)]
    return [
        f"{host}: it is a director of {called(other, records[other])}, not of the cluster {name}. Take the host out of the"
        " group directors. Or, to take that cluster down, use its inventory, or run teardown.yml once with"
        f" -e lvs_cluster_name={other}"
        for other in others
        if records[other]["role"] == "director" and host in (groups.get("directors") or ())
    ]
