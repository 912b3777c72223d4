# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every director forget idle connections when the inventory says so?"""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ..cluster.types import ResolvedCluster
from .finding import Finding

NAMES = {"tcp": "TCP connections", "tcpfin": "TCP connections after a FIN", "udp": "UDP"}


def timeout_findings(director: str, timeouts: Mapping[str, Any] | None, cluster: ResolvedCluster) -> Iterator[Finding]:
    """Compare a director's timeouts, as ipvs_info reads them, with the inventory's. lvs-vip reports those that it sets itself."""
    wanted = cluster["timeouts"]
    # Without a service keepalived does not set them, and they mean nothing.
    if timeouts is None or not cluster["services"] or cluster["hosts"][director]["timeouts"]:
        return
    for name, seconds in wanted.items():
        if timeouts[name] != seconds:
            yield Finding(
                director,
                f"its timeout for idle {NAMES[name]} is {timeouts[name]} s, not {seconds} s: something else has changed it",
                f"Run there: ipvsadm --set {wanted['tcp']} {wanted['tcpfin']} {wanted['udp']}",
            )
