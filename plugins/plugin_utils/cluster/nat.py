# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT: how the real servers' answers come back, through the directors' address on the inside or by masquerading.

With masquerading the source of a translated packet is the director's own address, so the answer comes back to it from
anywhere. Without it the directors have an address on the inside, the gateway.

It must be on the director with the VIPs: another director does not know the connections of the answers. With keepalived
it belongs to the VRRP instance of the VIPs, which also watches the interface on the inside. A separate instance, in one
group with that of the VIPs, would lose requests: keepalived 2.2.7 gives up the VIPs for some seconds when a reload adds
their instance to a group, or removes it from one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from ...module_utils.ipvs.types import MAX_PORT
from . import keys, schema
from .addresses import BITS, FAMILY_NAMES, family_of, known
from .drafts import InstanceDraft, ServiceDraft
from .hosts import Host, Hosts
from .mistakes import InventoryPath, Mistakes, listed
from .types import Family, Masquerade, MovedAddress, Ports, Service, Sync, servers_of

KEYS: dict[Family, str] = {"ipv4": "gateway", "ipv6": "gateway6"}


@dataclass(frozen=True)
class Nat:
    """The gateways in use by family, which packets of a real server take the route to them, and the VIPs to masquerade."""

    gateways: Mapping[Family, str]
    route: str
    masquerades: tuple[Masquerade, ...]

    @property
    def ways_back(self) -> frozenset[Family]:
        """The families whose answers come back to the directors."""
        return frozenset([*self.gateways, *(one["family"] for one in self.masquerades)])


NO_NAT = Nat({}, "replies", ())


def resolve_nat(
    given: Any, services: Sequence[ServiceDraft], hosts: Hosts, vips: Iterable[str], mistakes: Mistakes
) -> Nat:
    """What of `lvs_nat` a service needs."""
    if given is None:
        return NO_NAT
    path = InventoryPath("lvs_nat", mistakes)
    own = keys.read(given, schema.NAT, path)
    if own["masquerade"]:
        return Nat({}, "replies", _masquerades(given, services, vips, path))
    taken = frozenset(vips)
    gateways: dict[Family, str] = {}
    for family, key in KEYS.items():
        address = own[key]
        if address is None:
            continue
        if family_of(address) != family:
            path.report(f"{key} is {address}, which is not {FAMILY_NAMES[family]}")
            continue
        if address in taken:
            path.report(
                f"{key} {address} is a VIP: give the gateway an address of its own on the real servers' network"
            )
        translated = [service for service in services if "nat" in service.forwards and service.family == family]
        if translated:
            gateways[family] = address
            _check_hosts(key, address, translated, hosts, path)
        else:
            path.warn(f"{key} is {address}, but no {FAMILY_NAMES[family]} service has forward nat: it is not used")
    return Nat(gateways, own["route"], ())


def _masquerades(
    given: Mapping[str, Any], services: Sequence[ServiceDraft], vips: Iterable[str], path: InventoryPath
) -> tuple[Masquerade, ...]:
    """The VIPs of services with forward nat. Packets that others mark may be for any VIP."""
    translated = [service for service in services if "nat" in service.forwards]
    own = {vip for service in translated for vip in service.vips}
    everywhere = {service.family for service in translated if service.fwmark is not None and not service.ports}
    if unused := [name for name in schema.NAT if name != "masquerade" and given.get(name) is not None]:
        path.report(
            f"masquerade is true, so the real servers answer the directors' own addresses: remove {listed(unused)}, or"
            " set masquerade to false"
        )
    if not translated:
        path.warn("masquerade is true, but no service has forward nat: it is not used")
    return tuple(
        {"vip": vip, "family": family}
        for vip in vips
        if vip in own or family_of(vip) in everywhere
        for family in [family_of(vip)]
    )


def inner_addresses(nat: Nat, services: Iterable[Service]) -> list[str]:
    """The addresses on the inside by which the directors reach the real servers, as far as lvs_nat knows them."""
    families = {one["family"] for one in nat.masquerades}
    servers = (server for service in services if service["family"] in families for server in servers_of(service))
    return list(
        dict.fromkeys([*nat.gateways.values(), *(one["address"] for one in servers if one["forward"] == "nat")])
    )


def check_masquerade(services: Iterable[ServiceDraft], nat: Nat, sync: Sync | None, mistakes: Mistakes) -> None:
    """Warn of what masquerading does not do."""
    families = {one["family"] for one in nat.masquerades}
    if families and sync:
        InventoryPath("lvs_nat", mistakes).warn(
            "masquerade is true and lvs_sync is enabled, but a director does not know how another one has masqueraded: open"
            " connections of services with forward nat end when the VIPs move"
        )
    for service in services:
        if service.one_packet and "nat" in service.forwards and service.family in families:
            service.path.warn(
                "one_packet is set, so nothing remembers where a masqueraded packet came from: the client gets no answer"
            )


def check_tracking(services: Sequence[ServiceDraft], hosts: Hosts) -> None:
    """Warn if firewalld would drop what connection tracking takes for invalid: it sees only one direction of DR and TUN.

    After the SYN, an ACK without an answer in between is invalid (nf_conntrack_proto_tcp.c, tcp_conntracks). The sysctl
    net.ipv4.vs.conntrack is for all services.
    """
    filtered = [host.name for host in hosts.directors.values() if host.filter == "firewalld"]
    if not filtered or not any("nat" in service.forwards for service in services):
        return
    for service in services:
        if "tcp" in service.protocols and (ways := sorted(service.forwards - {"nat"})):
            service.path.warn(
                f"forward is {listed(ways)} beside services with forward nat, which need connection tracking. firewalld on"
                f" {listed(filtered)} drops the connections of {listed(ways)} then, since the answers do not pass the director. Set"
                " lvs_filter to nftables there, or give all services forward nat"
            )


def check_replies(services: Iterable[ServiceDraft], nat: Nat) -> None:
    """No reply may come from port 65535: no routing rule can select it (include/net/fib_rules.h, fib_rule_port_range_valid)."""
    for service in services:
        if service.family not in nat.gateways:
            continue
        for server in service.servers:
            ports: Sequence[Ports] = [server["port"]] if server["port"] else service.ports or []
            for port in ports if server["host"] and server["forward"] == "nat" else ():
                if str(port).endswith(str(MAX_PORT)):
                    service.path.report(
                        f"{server['host']} answers from port {port}, but lvs_nat routes no replies from port {MAX_PORT}:"
                        " choose another port"
                    )


def _check_hosts(key: str, address: str, services: Sequence[ServiceDraft], hosts: Hosts, path: InventoryPath) -> None:
    """The gateway must be on-link for every host (with facts). Only a single director may own it permanently."""
    names = dict.fromkeys(
        server["host"] for service in services for server in service.servers if server["forward"] == "nat"
    )
    needed = [*hosts.directors.values(), *(hosts.real_servers[name] for name in names if name)]
    for host in needed:
        if host.networks and host.network_of(address) is None:
            path.report(f"{key} {address} is on none of the networks of {host.name} ({listed(host.networks)})")
        lone = host.role == "director" and len(hosts.directors) == 1
        if is_own(host, address) and not lone:
            path.report(f"{key} {address} is the address of host {host.name}: choose an address that no host has")


def is_own(host: Host, address: str) -> bool:
    """Whether an address on the inside is the host's own."""
    wanted = known(address)
    return address in host.addresses.values() or any(
        (network.number, network.family) == (wanted.number, wanted.family) for network in host.networks
    )


def moved_gateways(
    nat: Nat,
    instances: Sequence[InstanceDraft],
    services: Sequence[ServiceDraft],
    hosts: Hosts,
    mistakes: Mistakes,
) -> list[list[MovedAddress]]:
    """The gateways that each instance of VRRP moves: those of the services whose VIPs it holds."""
    moved: list[list[MovedAddress]] = [[] for _instance in instances]
    for family, address in nat.gateways.items():
        if len(hosts.directors) == 1 and is_own(next(iter(hosts.directors.values())), address):
            continue
        vips = {
            vip
            for service in services
            if "nat" in service.forwards and service.family == family
            for vip in service.vips
        }
        holding = [
            number for number, instance in enumerate(instances) if vips & {vip["address"] for vip in instance.vips}
        ]
        if len(holding) > 1:
            InventoryPath("lvs_nat", mistakes).report(
                f"the VIPs of services with forward nat are in the instances {listed(instances[i].name for i in holding)}, which"
                f" two directors may hold, but {KEYS[family]} {address} is on one director only: put them in one instance"
            )
        for number in holding[:1]:
            moved[number].append({"address": address, "prefix": BITS[family]})
    return moved
