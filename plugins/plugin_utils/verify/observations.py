# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what playbooks/verify.yml registered on each host."""

from __future__ import annotations

import json
from typing import Any, Container, Mapping

from ..cluster.types import ResolvedCluster
from ..preflight.told import told

Hostvars = Mapping[str, Mapping[str, Any]]


def collect(hostvars: Hostvars, cluster: ResolvedCluster, play_hosts: Container[str]) -> dict[str, Any]:
    """Gather the registered results of the hosts that answered. play_hosts are the hosts that were asked.

    Returns left_out [host of the cluster that was not asked], nodes {host: node_info}, lvs_vip {host: result of lvs-vip
    check}, peer_macs {host: Ethernet addresses of other directors that are deployed there}, peers_only {director: whom it
    lets in, by cluster}, preferred [director that a planned move has preferred], ldirectord {director: result of the search
    for its process}, drained {director: its record of drained real servers}, split_brain {director: what its lvs-heal says},
    expected {host: files as site.yml would write them}, instances {director: vrrp_info}, vrrp {director: vrrp_probe}, before
    and after {director: ipvs_info with stats}, arp {client: {VIP: {MAC: replies}}}, probes (entries of probe_plan, each with
    its vip_probe result) and unasked {client: {what could not be asked: why}}.
    """
    arp = _results(hostvars, cluster["clients"], "lvs_arp_answers")
    asked = _results(hostvars, cluster["clients"], "lvs_probes")
    # One client asks once, and the result is registered for all clients
    client, probes = next(((client, result["results"]) for client, result in asked.items()), ("", []))
    unasked = {
        name: {"who has the VIPs (ARP)": _why(result)} for name, result in arp.items() if "answers" not in result
    }
    for probe in probes:
        if "requests" not in probe:
            unasked.setdefault(client, {})[f"service {probe['item']['service']}"] = _why(probe)
    return {
        "left_out": [host for host in cluster["hosts"] if host not in play_hosts],
        "nodes": _results(hostvars, cluster["hosts"], "lvs_node"),
        "lvs_vip": _results(hostvars, cluster["hosts"], "lvs_vip_check"),
        "peer_macs": {
            host: told(hostvars, host).get("peer_macs", []) for host in cluster["hosts"] if told(hostvars, host)
        },
        "peers_only": {
            host: told(hostvars, host).get("peers_only", {}) for host in cluster["directors"] if told(hostvars, host)
        },
        "drained": {host: told(hostvars, host).get("drained") for host in cluster["directors"] if told(hostvars, host)},
        "ldirectord": _results(hostvars, cluster["directors"], "lvs_ldirectord_status"),
        "split_brain": {
            host: split_brain_in(result.get("stdout", ""))
            for host, result in _results(hostvars, cluster["directors"], "lvs_heal_state").items()
        },
        "expected": {
            host: hostvars[host].get("director_expected_files", []) for host in cluster["hosts"] if host in hostvars
        },
        "instances": _results(hostvars, cluster["directors"], "lvs_vrrp_state"),
        "vrrp": _results(hostvars, cluster["directors"], "lvs_vrrp_heard"),
        "preferred": [
            director
            for director, result in _results(hostvars, cluster["directors"], "lvs_preferred").items()
            if str(result.get("stdout") or "")[:1].strip("0")
        ],
        "before": _results(hostvars, cluster["directors"], "lvs_before"),
        "after": {
            director: result
            for director, result in _results(hostvars, cluster["directors"], "lvs_after").items()
            if "stats" in result
        },
        "arp": {name: result["answers"] for name, result in arp.items() if "answers" in result},
        "probes": [{**probe["item"], "result": probe} for probe in probes if "requests" in probe],
        "unasked": unasked,
    }


def split_brain_in(text: str) -> dict[str, Any]:
    """The VIPs with another owner, by lvs-heal's state.json; none without it."""
    try:
        return dict(json.loads(text)["split_brain"])
    except (ValueError, KeyError, TypeError):
        return {}


def _why(result: Mapping[str, Any]) -> str:
    return str(result.get("msg") or "no reason given").rstrip(".")


def _results(hostvars: Hostvars, hosts: Any, name: str) -> dict[str, Any]:
    """The registered results that are not skipped, not failed, and not from an unreachable host."""
    found = {host: hostvars[host].get(name) for host in hosts if host in hostvars}
    return {
        host: result
        for host, result in found.items()
        if result and not any(result.get(word) for word in ("skipped", "failed", "unreachable"))
    }
