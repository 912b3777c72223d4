# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damage that lvs-heal mends, and what it says of it."""

from __future__ import annotations

import time
from typing import Callable

from cluster import Cluster, until

# "Within seconds": up to five until it looks, and nodes start processes slowly.
HEALED = 15


def journal(cluster: Cluster, node: str, since: str) -> str:
    """What lvs-heal has said on a node since a moment, in seconds of the epoch."""
    return cluster.run(node, f"journalctl --unit=lvs-heal --output=cat --since=@{since}")


def now(cluster: Cluster, node: str) -> str:
    """The seconds of the epoch on a node."""
    return cluster.run(node, "date +%s")


def mended(cluster: Cluster, node: str, damage: str, is_right: Callable[[], bool], told: str) -> None:
    """Do damage on a node, and wait until it is mended and told."""
    since = now(cluster, node)
    # The journal knows whole seconds.
    time.sleep(1)
    cluster.host(node).run_expect([0], damage)
    until(is_right, f"it is as it was before {damage}", seconds=HEALED, pause=0.2)
    until(lambda: f"mended: {told}" in journal(cluster, node, since), f"the journal tells of {told}", seconds=HEALED)
