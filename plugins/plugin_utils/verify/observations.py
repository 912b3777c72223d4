# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what playbooks/verify.yml registered on each host."""

from __future__ import annotations

from typing import Any, Mapping

from ..cluster.types import ResolvedCluster

Hostvars = Mapping[str, Mapping[str, Any]]


def collect(hostvars: Hostvars, cluster: ResolvedCluster) -> dict[str, Any]:
    """Gather the registered results of the hosts that answered.

    Returns nodes {host: node_info}, lvs_vip {host: result of lvs-vip check}, ldirectord {director: result of the search for its
    process}, expected {host: files as site.yml would write them}, instances {director: vrrp_info}, vrrp {director: vrrp_probe}, before and after {director:
    ipvs_info with stats}, arp {client: {VIP: {MAC: replies}}} and probes (entries of probe_plan, each with its vip_probe result).
    """
    arp = _results(hostvars, cluster["clients"], "lvs_arp_answers")
    asked = _results(hostvars, cluster["clients"], "lvs_probes")
    return {
        "nodes": _results(hostvars, cluster["hosts"], "lvs_node"),
        "lvs_vip": _results(hostvars, cluster["hosts"], "lvs_vip_check"),
        "ldirectord": _results(hostvars, cluster["directors"], "lvs_ldirectord_status"),
        "expected": {
            host: hostvars[host].get("director_expected_files", []) for host in cluster["hosts"] if host in hostvars
        },
        "instances": _results(hostvars, cluster["directors"], "lvs_vrrp_state"),
        "vrrp": _results(hostvars, cluster["directors"], "lvs_vrrp_heard"),
        "before": _results(hostvars, cluster["directors"], "lvs_before"),
        "after": _results(hostvars, cluster["directors"], "lvs_after"),
        "arp": {client: result["answers"] for client, result in arp.items()},
        # One client asks once, and the result is registered for all clients
        "probes": [
            {**result["item"], "result": result}
            for answers in list(asked.values())[:1]
            for result in answers["results"]
        ],
    }


def _results(hostvars: Hostvars, hosts: Any, name: str) -> dict[str, Any]:
    """The registered results that are not skipped, not failed, and not from an unreachable host."""
    found = {host: hostvars[host].get(name) for host in hosts if host in hostvars}
    return {
        host: result
        for host, result in found.items()
        if result and not any(result.get(word) for word in ("skipped", "failed", "unreachable"))
    }
