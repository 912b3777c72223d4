# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All reasons not to run that are known before a host is changed."""

from __future__ import annotations

from ..cluster.types import ResolvedCluster
from .foreign import answering, foreign, other_clusters
from .outages import lost_gateways, outages, restarts
from .told import Hostvars, told


def refusals(cluster: ResolvedCluster, hostvars: Hostvars) -> list[str]:
    """The reasons not to run, one message each, with what to do."""
    found = {name: facts for name in cluster["directors"] if (facts := told(hostvars, name))}
    everywhere = {name: facts for name in cluster["hosts"] if (facts := told(hostvars, name))}
    refused = [*foreign(cluster, found), *other_clusters(cluster, everywhere), *answering(cluster, hostvars)]
    if not cluster["accept_outage"]:
        refused += outages(cluster, found) if len(cluster["directors"]) > 1 else ()
        refused += lost_gateways(cluster, hostvars)
        refused += restarts(cluster, found)
    return refused
