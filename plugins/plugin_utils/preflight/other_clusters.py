# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two clusters on one host cannot have in common: their name, a VIP, a director, the way back of NAT, the test page.

And lvs-vip adds the VIPs of both at boot, or of none.
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ..cluster.addresses import family_of
from ..cluster.mistakes import listed
from ..cluster.sharing import common_vips, is_same, records_of
from ..cluster.types import ClusterRecord, ResolvedCluster
from .told import Hostvars, facts_of

Record = Mapping[str, Any]


def other_clusters(cluster: ResolvedCluster, hostvars: Hostvars) -> Iterator[str]:
    """Why a host cannot serve this cluster beside the others that it serves, or cannot tell them apart."""
    name = cluster["name"]
    for host, part in cluster["hosts"].items():
        records = records_of(facts_of(hostvars, host))
        own = part["record"]
        if name in records and not is_same(own, records[name], cluster["take_over"]):
            yield (
                f"{host}: it serves another cluster of the same name, {called(name, records[name])}. Set lvs_cluster_name to another"
                f" name than {name}. Or, if that cluster is gone, run site.yml once with -e lvs_take_over=true"
            )
        for other in part["other_clusters"]:
            yield from _collisions(host, own, other, records[other])


def _collisions(host: str, own: ClusterRecord, name: str, record: Record) -> Iterator[str]:
    other = called(name, record)
    leave = f"run teardown.yml --limit {host} with the inventory of that cluster"
    if vips := common_vips(own, record):
        yield (
            f"{host}: {listed(vips)} also belongs to {other}. Take it out of one of the two, or {leave}. If it is this cluster under"
            " a former name, with other directors, run site.yml once with -e lvs_take_over=true"
        )
    elif own["role"] == record["role"] == "director":
        yield (
            f"{host}: it is a director of {other}, and a director belongs to one cluster. Put the services of both into one inventory"
            f" (several pairs of VIPs: lvs_vrrp instances), or {leave}. If it is this cluster under a former name, change the name"
            " in a run of its own, before the VIPs"
        )
    for gateway in own["gateways"]:
        theirs = [other for other in record["gateways"] if family_of(other) == family_of(gateway)]
        if theirs and gateway not in theirs:
            yield (
                f"{host}: it sends its answers of NAT to {listed(theirs)}, the gateway of {other}. A host has one way back, so it"
                f" cannot also use {gateway}. Forward one of the two clusters with dr or tun, or use another real server"
            )
    if not own["vips_at_boot"]:
        yield (
            f"{host}: lvs_start_at_boot is false, but this host also has VIPs of {other}, which it needs at boot, and lvs-vip adds"
            f" those of both. Set lvs_start_at_boot to true, or lvs_stack to keepalived, or {leave}"
        )
    if not record["vips_at_boot"]:
        yield (
            f"{host}: it is a director of {other}, whose inventory has lvs_start_at_boot false and lvs_stack static, but it would"
            " need the VIPs of this cluster at boot, and lvs-vip adds those of both. Change one of the two there, or use another"
            " real server"
        )
    yield from _pages(host, own, other, record)


def _pages(host: str, own: ClusterRecord, other: str, record: Record) -> Iterator[str]:
    """One test page serves both clusters. It has one folder, shows one name of the host, and each port has TLS or has not."""
    folders = own["test_page_root"], record["test_page_root"]
    if None not in folders and folders[0] != folders[1]:
        yield (
            f"{host}: real_server_test_page_root is {folders[0]}, and {folders[1]} in the inventory of {other}. A host has one test"
            " page, so set the same folder in both inventories, or set lvs_test_page to false in one of them"
        )
    if own["listen"] and record["listen"] and own["host"] != record["host"]:
        yield (
            f"{host}: its test page names it {record['host']}, as the inventory of {other} does. Call the host the same in both"
            " inventories, or set lvs_test_page to false in one of them"
        )
    theirs = {socket["port"]: socket["tls"] for socket in record["listen"]}
    for socket in own["listen"]:
        port, tls = socket["port"], socket["tls"]
        if theirs.get(port, tls) != tls:
            yield (
                f"{host}: its test page has port {port} {'without' if tls else 'with'} TLS for {other}, and would have it"
                f" {'with' if tls else 'without'}. Set test_page to false for one of the two services"
            )


def called(name: str, record: Record) -> str:
    """A cluster by its name and its directors, to tell it from another one of the same name."""
    directors = [f"{one} ({address})" for one, address in record["directors"].items()]
    return f"the cluster {name} of {listed(directors)}"
