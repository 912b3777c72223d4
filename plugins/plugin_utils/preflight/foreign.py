# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else has set up on the hosts, and that a run would overwrite or leave in its way."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ...module_utils import deployed
from ...module_utils.adopt import configuration_of
from ..cluster.addresses import parse
from ..cluster.hosts import read_interfaces
from ..cluster.kernel import GRE_DEVICES, TUNNEL_DEVICES
from ..cluster.mistakes import listed
from ..cluster.types import ResolvedCluster
from ..resources import STOPPED
from .told import Hostvars, facts_of, told

# The files that each stack overwrites.
FILES = {
    "keepalived": (deployed.KEEPALIVED,),
    "ldirectord": (deployed.HARESOURCES, deployed.HA_CF, deployed.LDIRECTORD),
    "static": (),
}
MEANWHILE = {
    "keepalived": (
        " Directors are taken over one after the other, and understand each other meanwhile, if the inventory has the VRRP that they"
        " run now: site.yml compares it first."
    ),
    "ldirectord": (
        " All directors are taken over at once. A VIP stays if it has the prefix length and the interface of the inventory; otherwise it is"
        " gone for some seconds."
    ),
    "static": "",
}
# Resources of heartbeat that the roles stop and replace. Any other resource is somebody else's service.
REPLACED = (*STOPPED, "MailTo")
# Devices, by the starts of their names, that answer no ARP: a real server may have VIPs there.
SILENT = ("lo", "dummy", *TUNNEL_DEVICES.values(), *GRE_DEVICES.values())


def foreign(cluster: ResolvedCluster, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    ours = {vip["address"] for vip in cluster["vips"]}
    for name, facts in found.items():
        files = [path for path in facts["foreign"] if path in FILES[cluster["stack"]]]
        if deployed.HARESOURCES in files:
            moved = [word for word in facts["resources"] if not _is_replaced(word)]
            if moved:
                yield (
                    f"{name}: heartbeat also moves {listed(moved)}. site.yml does not manage that, and would leave it without heartbeat."
                    " Remove it from /etc/ha.d/haresources, or use other directors."
                )
        running = facts["options"]["running"]
        path = configuration_of([running or []])
        if cluster["stack"] == "keepalived" and path != deployed.KEEPALIVED:
            yield (
                f"{name}: keepalived was started with -f and reads {path}, but site.yml writes {deployed.KEEPALIVED}. Move the file"
                " there, remove the option from the settings of its unit (such as /etc/default/keepalived), and restart keepalived."
            )
        if files and not cluster["take_over"]:
            others = [vip for vip in facts["vips"] if vip not in ours]
            lost = f" The inventory has no service for {listed(others)}." if others else ""
            yield (
                f"{name}: somebody else has written {listed(files)}, and site.yml would overwrite it.{lost} To replace it, run site.yml"
                f" with -e lvs_take_over=true. A copy is kept in /var/lib/lvs-cluster, and teardown.yml restores it.{MEANWHILE[cluster['stack']]}"
                " adopt.yml writes an inventory of what there is."
            )


def answering(cluster: ResolvedCluster, hostvars: Hostvars) -> Iterator[str]:
    """Real servers that have a VIP on a device on which they answer ARP for it, by their facts, without directors."""
    for name in cluster["real_servers"]:
        moved = told(hostvars, name).get("vips") or ()
        for address, device in answering_addresses(cluster, hostvars, name):
            vip = address.partition("/")[0]
            # A daemon of the host would add it again
            if cluster["take_over"] and vip not in moved:
                continue
            yield (
                f"{name}: VIP {vip} is on {device} of this real server, which answers ARP for it there. Remove it (ip address"
                f" del {address} dev {device}), also from what sets it at boot. If the host was a director, run"
                " teardown.yml on it with the inventory of that time. In a cluster that was configured by hand, site.yml does it with"
                " -e lvs_take_over=true, when the VIP is on lo"
            )


def answering_addresses(cluster: ResolvedCluster, hostvars: Hostvars, name: str) -> list[tuple[str, str]]:
    """The VIPs of a real server with their prefix lengths, and the devices on which it answers ARP for them, by its facts."""
    vips = {vip["address"] for vip in cluster["vips"]}
    if name not in cluster["real_servers"] or name in cluster["directors"]:
        return []
    return [
        (f"{interface.address.text}/{interface.prefix}", interface.name)
        for interface in read_interfaces(facts_of(hostvars, name))
        if interface.address.text in vips and not interface.name.startswith(SILENT)
    ]


def _is_replaced(resource: str) -> bool:
    """Whether a resource of heartbeat moves a VIP or belongs to it. An address on its own is short for IPaddr."""
    name = resource.partition("::")[0]
    return name in REPLACED or parse(name.partition("/")[0]) is not None
