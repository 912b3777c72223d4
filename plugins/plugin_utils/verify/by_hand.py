# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How somebody without a host in the group clients proves all the same that the cluster serves."""

from __future__ import annotations

from shlex import quote
from typing import Any, Iterator, Mapping

from ..cluster.addresses import family_of
from ..cluster.types import ResolvedCluster
from .traffic import probe_plan


def by_hand(cluster: ResolvedCluster) -> Iterator[str]:
    """Lines for the report: a command for each question of the plan, and where to run it."""
    plan = probe_plan(cluster)
    if plan:
        yield "The inventory has no host in the group clients, so no request has gone through a VIP. To prove that it serves, run:"
        yield from (f"  {command(probe)}" for probe in plan)
        yield (
            "Run it a few times on a machine that is neither a director nor a real server."
            " Or add such a machine to the group clients, and run verify.yml again"
        )


def command(probe: Mapping[str, Any]) -> str:
    """The command that asks what a probe asks."""
    address, port, scheme = probe["address"], probe["port"], probe["scheme"]
    if scheme == "tcp":
        return f"nc -v -z -w 3 {address} {port}"
    literal = f"[{address}]" if family_of(address) == "ipv6" else address
    options = []
    if scheme == "https":
        options.append("--insecure")  # A certificate rarely has the VIP, and verify.yml validates none either.
    if probe["host"]:
        options.append("--connect-to " + quote(f"::{literal}:{port}"))
    if not probe["names"]:  # The test page is one line, which says who has answered.
        options.append(r"--output /dev/null --write-out '%{http_code}\n'")
    url = quote(f"{scheme}://{probe['host'] or literal}:{port}{probe['path']}")
    return " ".join(["curl --silent --show-error --max-time 3", *options, url])
