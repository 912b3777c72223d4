# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All reasons not to run that are known before a host is changed."""

from __future__ import annotations

from typing import Collection

from ..cluster.types import ResolvedCluster
from .foreign import answering, foreign
from .other_clusters import other_clusters
from .outages import (
    added_again,
    left_macvlans,
    lost_gateways,
    other_marks,
    outages,
    own_macs,
    restarts,
    unheard,
    unheard_until_changed,
)
from .told import Hostvars, addressed_interfaces, facts_of, told


def refusals(cluster: ResolvedCluster, hostvars: Hostvars, in_this_run: Collection[str] | None = None) -> list[str]:
    """The reasons not to run, one message each, with what to do. `in_this_run` are the hosts of the run, None for all."""
    found = {name: facts for name in cluster["directors"] if (facts := told(hostvars, name))}
    refused = [*foreign(cluster, found), *other_clusters(cluster, hostvars), *answering(cluster, hostvars)]
    refused += [*left_macvlans(cluster, found), *own_macs(cluster, found)]
    if not cluster["accept_outage"]:
        if len(cluster["directors"]) > 1:
            interfaces = {name: addressed_interfaces(facts_of(hostvars, name)) for name in found}
            refused += outages(cluster, found, interfaces)
            refused += unheard(cluster, found, cluster["directors"] if in_this_run is None else in_this_run)
            refused += unheard_until_changed(cluster, found)
        refused += added_again(cluster, found)
        refused += other_marks(cluster, found)
        refused += lost_gateways(cluster, hostvars)
        refused += restarts(cluster, found)
    return refused
