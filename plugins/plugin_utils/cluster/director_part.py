# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each director's part of the resolved cluster."""

from __future__ import annotations

from math import ceil
from typing import Mapping, Sequence

from . import kernel
from .addresses import family_of
from .check_sources import check_sources
from .guards import peers_only
from .heartbeat import heartbeat_media
from .host_part import empty_part, firewall_openings, host_route, tools_of
from .hosts import Host, Hosts
from .keepalived_checks import name_in_variable
from .nat import Nat, inner_addresses, is_own
from .notify import told
from .routes import own_routes
from .sync import director_sync
from .through_vip import families, own_sources
from .timeouts import timeouts_of_host
from .tracking import BFD_PORT
from .types import (
    AddressOnDevice,
    DirectorInstance,
    FwmarkRule,
    Heartbeat,
    HostVip,
    HostVrrp,
    Instance,
    Keepalived,
    OwnPart,
    Ports,
    Scripts,
    Seconds,
    Service,
    Stack,
    Sync,
    Timeouts,
    Track,
    Vrrp,
    client_ports,
)
from .validators import NAME
from .vrrp import SETTLE_TIME
from .watching_part import own_groups, own_track, own_trackers

MULTIPORT = 15  # iptables-extensions(8), multiport: a range counts for two
# Another cluster with the same virtual router may be slower than this one
SHORTEST_LISTEN_TIME = 2
LONGEST_LISTEN_TIME = 5
LONGEST_MOVE = 60  # seconds: for a longer preempt_delay a planned move does not wait
LONGEST_SKEW = 30  # seconds: a stop does not wait longer for a backup
MARGIN = 0.5  # seconds in which clients and switches learn that another director has a VIP


def director_parts(
    hosts: Hosts,
    services: Sequence[Service],
    nat: Nat,
    stack: Stack,
    vrrp: Vrrp | None,
    keepalived: Keepalived | None,
    heartbeat: Heartbeat | None,
    sync: Sync | None,
    sloppy: bool,
    timeouts: Timeouts,
    scripts: Scripts,
    *,
    hears_peers_only: bool,
) -> dict[str, OwnPart]:
    """Every director: its kernel settings, its part of VRRP or heartbeat and, for the static stack, its VIPs.

    `sloppy` is whether directors may take over connections that they do not know, `hears_peers_only` whether they hear each other alone.
    """
    modules = kernel.director_modules(services)
    ports = dict.fromkeys(
        f"{port}/{protocol}"
        for service in services
        for protocol in service["protocols"]
        for port in client_ports(service)
    )
    ports.update(dict.fromkeys([f"{sync['port']}/udp"] if sync else []))
    ports.update(dict.fromkeys([f"{heartbeat['port']}/udp"] if heartbeat else []))
    checked = keepalived["track_files"] if keepalived else []
    inner = inner_addresses(nat, services)
    parts = {}
    for name, host in hosts.directors.items():
        inside = [device for address in inner if (device := host.device_of(address))]
        part = empty_part(host)
        part["modules"] = modules
        part["router_id"] = name if NAME.fullmatch(name) else f'"{name}"'
        part["scripts"] = scripts
        if vrrp:
            groups = own_groups(host, vrrp)
            grouped = {member: group["track"] for group in groups for member in group["instances"]}
            part["instances"] = [
                own for instance in vrrp["instances"] if (own := _own_instance(host, instance, services, grouped))
            ]
            if any(own["vmac"] for own in part["instances"]):
                part["modules"] = [*modules, "macvlan"]
            part["sync_groups"] = groups
            part["trackers"] = own_trackers(host, vrrp["trackers"], [*part["instances"], *groups], checked)
            part["check_sources"] = check_sources(host, services) + own_sources(host.addresses, services)
            if part["instances"]:
                part["vrrp"] = _watched(part["instances"], vrrp["startup_delay"], alone=len(hosts.directors) == 1)
        part["sysctls"] = kernel.director_sysctls(
            host, services, inside, sync is not None, nat.masquerades != (), part["instances"]
        )
        if sloppy:
            part["sysctls"].update(kernel.sloppy_sysctls(services, sync is not None))
        if stack == "keepalived" and "ipv4" in families(services):
            part["sysctls"].update(kernel.accept_own_vip(host))
        part["sync"] = director_sync(host, sync, stack, hosts, services)
        part["heartbeat_media"] = heartbeat_media(host, heartbeat) if heartbeat else []
        if hears_peers_only:
            network = sync["network"] if sync else None
            part["peers_only"] = peers_only(host, hosts, part["instances"], part["sync"], network, heartbeat)
        if stack == "static":
            vips = {vip: service["family"] for service in services for vip in service["vips"]}
            gateways = {
                address: family for family, address in nat.gateways.items() if vips and not is_own(host, address)
            }
            part["vips"] = [
                *(
                    host_route(vip, family, host.carrier_of(vip))
                    for vip, family in vips.items()
                    if not is_own(host, vip)
                ),
                *(host_route(address, family, host.device_of(address)) for address, family in gateways.items()),
            ]
        part["fwmark_rules"] = [rule for service in services for rule in _fwmark_rules(service, host)]
        part["masquerades"] = list(nat.masquerades)
        if stack != "static" and len(hosts.directors) > 1:
            part["blackholes"] = _blackholes(host, services)
        watching = [f"{BFD_PORT}/udp"] if part["trackers"]["bfd"] else []
        part["firewall_openings"] = firewall_openings(host, ["vrrp"] if vrrp else [], [*ports, *watching])
        part["timeouts"] = timeouts_of_host(timeouts, stack)
        part["tools"] = tools_of(part)
        parts[name] = part
    return parts


def _blackholes(host: Host, services: Sequence[Service]) -> list[HostVip]:
    """The VIPs whose packets the host must not forward while it does not have them.

    While a VIP moves, no director has it for a moment. Directors that forward, for NAT, would pass its packets to each other,
    by what they remember of each other's Ethernet addresses, until the client gets an error in place of a short delay.
    """
    forwarded = kernel.translated_families(services)
    vips = {vip: service["family"] for service in services for vip in service["vips"]}
    return [host_route(vip, family, host.carrier_of(vip)) for vip, family in vips.items() if family in forwarded]


def _fwmark_rules(service: Service, host: Host) -> list[FwmarkRule]:
    """The rules that mark a service's packets, for each VIP and protocol: one, or as many as the packet filter needs for the ports."""
    if service["fwmark"] is None or not service["ports"]:
        return []
    most = len(service["ports"]) * 2 if host.filter == "nftables" else MULTIPORT
    return [
        {
            "vip": vip,
            "family": service["family"],
            "protocol": protocol,
            "ports": ports,
            "fwmark": service["fwmark"],
        }
        for vip in service["vips"]
        for protocol in service["protocols"]
        for ports in _split(service["ports"], most)
    ]


def _split(ports: Sequence[Ports], most: int) -> list[list[Ports]]:
    """Split ports into lists of limited length; a range counts as two."""
    lists: list[list[Ports]] = [[]]
    free = most
    for port in ports:
        size = 1 if isinstance(port, int) else 2
        if size > free:
            lists.append([])
            free = most
        lists[-1].append(port)
        free -= size
    return lists


def _own_instance(
    host: Host, instance: Instance, services: Sequence[Service], grouped: Mapping[str, Track]
) -> DirectorInstance | None:
    """An instance as one of its directors runs it. Its peers are the other directors. `grouped` is what its group watches."""
    own = next((director for director in instance["directors"] if director["host"] == host.name), None)
    if own is None:
        return None
    peers = [director["address"] for director in instance["directors"] if director is not own]
    vips = [
        AddressOnDevice(address=vip["address"], prefix=vip["prefix"], device=host.carrier_of(vip["address"]))
        for vip in instance["vips"]
    ]
    gateways = [
        AddressOnDevice(address=gateway["address"], prefix=gateway["prefix"], device=host.device_of(gateway["address"]))
        for gateway in instance["gateways"]
    ]
    return {
        "name": instance["name"],
        "family": instance["family"],
        "version": instance["version"],
        "advert_interval": instance["advert_interval"],
        "down_timer_adverts": instance["down_timer_adverts"],
        "preempt": instance["preempt"],
        "preempt_delay": instance["preempt_delay"],
        "virtual_router_id": instance["virtual_router_id"],
        "advert_address": instance["advert_address"],
        "auth_pass": instance["auth_pass"],
        "garp_master_delay": instance["garp_master_delay"],
        "garp_master_repeat": instance["garp_master_repeat"],
        "garp_master_refresh": instance["garp_master_refresh"],
        "vmac": instance["vmac"],
        "raw": instance["raw"],
        "secret": secret_name(instance["name"]),
        "interface": own["interface"],
        "priority": own["priority"],
        "grouped": instance["name"] in grouped,
        "takes_over": instance["preempt"] and own["priority"] == max(one["priority"] for one in instance["directors"]),
        "unicast_src": own["address"] if instance["unicast"] else None,
        "unicast_peers": [peer for peer in peers if peer] if instance["unicast"] else [],
        "addresses": vips + gateways,
        "vmac_addresses": _vmac_addresses(instance, own["interface"], vips + gateways),
        "routes": own_routes(host, instance["routes"]),
        "rules": instance["rules"],
        "track": own_track(
            instance["track"],
            [address["device"] for address in gateways + vips] + _inner_devices(host, vips, services),
            own["interface"],
            grouped.get(instance["name"]),
        ),
        "notify": told(instance["notify"], "INSTANCE", instance["name"], own["priority"]),
    }


def _vmac_addresses(instance: Instance, interface: str | None, addresses: Sequence[AddressOnDevice]) -> list[str]:
    """The addresses that need `use_vmac` of their own: the instance's is for its interface and family (vrrp.c, vrrp_complete_instance)."""
    if not instance["vmac"]:
        return []
    return [
        one["address"]
        for one in addresses
        if one["device"] != interface or family_of(one["address"]) != instance["family"]
    ]


def _watched(instances: Sequence[DirectorInstance], startup_delay: Seconds, *, alone: bool) -> HostVrrp:
    """The times and interfaces of a director's instances; `alone` is the only director, to whose VIPs nobody succeeds."""
    preferred = [instance for instance in instances if instance["takes_over"]]
    interfaces = dict.fromkeys(instance["interface"] for instance in instances)
    return {
        "preferred_vips": [address["address"] for instance in preferred for address in instance["addresses"]],
        "settle_time": ceil(startup_delay + max((one["preempt_delay"] for one in preferred), default=0)) + SETTLE_TIME,
        "interfaces": [interface for interface in interfaces if interface],
        "listen_time": min(
            max(SHORTEST_LISTEN_TIME, *(one["advert_interval"] * 2 for one in instances)), LONGEST_LISTEN_TIME
        ),
        "handover_time": 0 if alone else max(map(_longest_skew, instances)) + MARGIN,
        "move_time": ceil(max(map(_preempt_time, instances))),
    }


def _longest_skew(instance: DirectorInstance) -> Seconds:
    """How long a backup waits at most when the master says that it stops (RFC 3768 and RFC 5798, Skew_Time)."""
    return 1 if instance["version"] == 2 else min(instance["advert_interval"], LONGEST_SKEW)


def _preempt_time(instance: DirectorInstance) -> Seconds:
    """How long a director with a higher priority takes to become the master, 0 if it never does or not in time."""
    if not instance["preempt"] or instance["preempt_delay"] > LONGEST_MOVE:
        return 0
    # The first advert starts the delay. Then the adverts have to be missed, and the skew time passes (vrrp.c, vrrp_state_backup).
    return instance["preempt_delay"] + (instance["down_timer_adverts"] + 2) * instance["advert_interval"] + 1


def _inner_devices(host: Host, vips: Sequence[AddressOnDevice], services: Sequence[Service]) -> list[str | None]:
    """Devices that a service of the VIPs cannot do without: they lead to all of its real servers."""
    moved = {vip["address"] for vip in vips}
    found: list[str | None] = []
    for service in services:
        if moved.intersection(service["vips"]):
            devices = {host.device_of(server["address"]) for server in service["real_servers"]}
            found += devices if len(devices) == 1 else ()
    return found


def secret_name(instance: str) -> str:
    """The keepalived variable for an instance's password, a different one for each name."""
    return f"AUTH_PASS_{name_in_variable(instance)}"
