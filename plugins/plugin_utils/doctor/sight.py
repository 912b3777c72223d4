# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that was seen of a cluster, joined: its hosts, VIPs, services and real servers. No inventory is asked but for the groups."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Iterable, Iterator, Mapping

from . import keepalived_conf, ldirectord_conf, rules
from .keepalived_conf import Configuration, Instance
from .routing import Packet, way
from .services import Destination, Key, Service, live

DIRECTORS, REAL_SERVERS, CLIENTS = "directors", "real_servers", "clients"


@dataclass(frozen=True)
class Host:
    """A host that was read: `seen` is what doctor_info returned."""

    name: str
    groups: frozenset[str]
    seen: Mapping[str, Any]

    def interfaces(self, address: str) -> list[str]:
        """The interfaces that have an address."""
        return [
            entry["interface"] for entry in self.seen["addresses"] if entry["address"] == address and entry["usable"]
        ]

    def carriers(self, address: str) -> list[str]:
        """The interfaces other than lo that have an address."""
        return [interface for interface in self.interfaces(address) if interface != "lo"]

    def prefixes(self, address: str) -> dict[str, int]:
        """The length of an address's prefix on each interface that has it."""
        return {entry["interface"]: entry["prefix"] for entry in self.seen["addresses"] if entry["address"] == address}

    def answering(self, address: str) -> list[str]:
        """The interfaces with an address that answer ARP for it: Ethernet, and not lo, dummy or a tunnel."""
        return [name for name in self.carriers(address) if self.link(name).get("arp")]

    def near(self, address: str) -> list[str]:
        """The interfaces whose network holds an address, by their other addresses. The smallest network comes first."""
        found = []
        for entry in self.seen["addresses"]:
            network = ipaddress.ip_network(f"{entry['address']}/{entry['prefix']}", strict=False)
            inside = _same_family(network, address) and ipaddress.ip_address(address) in network
            if entry["interface"] != "lo" and entry["address"] != address and network.num_addresses > 1 and inside:
                found.append((-entry["prefix"], entry["interface"]))
        return list(dict.fromkeys(interface for _length, interface in sorted(found)))

    def link(self, interface: str) -> Mapping[str, Any]:
        link: Mapping[str, Any] = self.seen["links"].get(interface, {})
        return link

    def trunk(self, interface: str) -> str:
        """The interface on which a macvlan of VRRP sits, or the interface itself."""
        link = self.link(interface)
        return str(link["parent"]) if link.get("kind") in ("macvlan", "ipvlan") and link.get("parent") else interface

    def has(self, address: str) -> bool:
        return bool(self.interfaces(address))

    def macs(self) -> set[str]:
        return {link["mac"].lower() for link in self.seen["links"].values() if link["mac"]}

    def sysctl(self, key: str) -> str | None:
        value: str | None = self.seen["sysctls"].get(key)
        return value

    def effective(self, interface: str, key: str) -> int:
        """A setting of an interface where the higher value of `all` and its own counts: ip-sysctl.rst."""
        settings = self.seen["interface_sysctls"]
        return max(int(settings.get(name, {}).get(key, 0)) for name in ("all", interface))

    @cached_property
    def chains(self) -> list[rules.Chain]:
        return rules.chains_of(self.seen["filters"])

    def runs(self, *names: str) -> bool:
        return any(one["name"] in names for one in self.seen["processes"])

    def text(self, name: str) -> str | None:
        """The text of a configuration, null if it is not there."""
        found = (self.seen["configurations"] or {}).get(name)
        return found["text"] if found else None

    @cached_property
    def keepalived(self) -> Configuration | None:
        text = self.text("keepalived")
        return None if text is None else keepalived_conf.parse(text, self.seen.get("hostname", ""))

    @cached_property
    def stack(self) -> str | None:
        """Which daemon has the table: keepalived, ldirectord, or none."""
        if self.runs("keepalived"):
            return "keepalived"
        if self.runs("ldirectord", "heartbeat"):
            return "ldirectord"
        # Where a table is there that no daemon keeps, another configuration may be an example that came with a package.
        for name, services in self._configured():
            if not self.table or {one.key for one in self.table} & {one.key for one in services}:
                return name
        return None

    def _configured(self) -> Iterator[tuple[str, list[Service]]]:
        if self.keepalived and (self.keepalived.services or self.keepalived.instances):
            yield "keepalived", list(self.keepalived.services)
        text = self.text("ldirectord")
        if text:
            yield "ldirectord", ldirectord_conf.parse(text)

    @cached_property
    def instances(self) -> tuple[Instance, ...]:
        return self.keepalived.instances if self.keepalived and self.stack == "keepalived" else ()

    @cached_property
    def wanted(self) -> list[Service]:
        """The services of the configuration."""
        if self.stack == "keepalived":
            return list(self.keepalived.services) if self.keepalived else []
        return ldirectord_conf.parse(self.text("ldirectord") or "") if self.stack == "ldirectord" else []

    @cached_property
    def table(self) -> list[Service]:
        """The services of the kernel's table."""
        ipvs = self.seen["ipvs"]
        return list(live(ipvs["services"])) if ipvs else []


def _same_family(network: Any, address: str) -> bool:
    return bool(network.version == (6 if ":" in address else 4))


@dataclass(frozen=True)
class Use:
    """A real server of a service, and the host that has its address, null if no host that was read has it."""

    service: Service
    server: Destination
    host: Host | None
    vips: tuple[str, ...]
    # Whether a table has it, with a weight
    live: bool

    @property
    def ports(self) -> list[int]:
        """The port at which the real server has to listen: with dr and tun that of the service."""
        port = self.server.port if self.server.forward == "nat" else self.service.key.port
        return [port] if port else []


@dataclass(frozen=True)
class Sight:
    """Everything that was seen.

    `arp` is {host that asked: {address: {MAC: replies}}}, `heard` is {director: result of vrrp_probe}, `asked` has what clients
    asked: {client, vip, port, scheme, result}, `doors` what directors asked of real servers: {director, address, port, result}, both
    with results of vip_probe. `unread` is {host: why it could not be read}, `lost` has the directors among them.
    """

    hosts: Mapping[str, Host]
    unread: Mapping[str, str]
    arp: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    heard: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: tuple[Mapping[str, Any], ...] = ()
    doors: tuple[Mapping[str, Any], ...] = ()
    lost: tuple[str, ...] = ()

    @cached_property
    def directors(self) -> list[Host]:
        """The group of directors; without one, the hosts that have a table or VRRP instances."""
        grouped = [host for host in self.hosts.values() if DIRECTORS in host.groups]
        return grouped or [host for host in self.hosts.values() if host.table or host.wanted or host.instances]

    def group(self, name: str) -> list[Host]:
        return [host for host in self.hosts.values() if name in host.groups]

    def is_director(self, host: Host) -> bool:
        return any(host.name == one.name for one in self.directors)

    @cached_property
    def vips(self) -> list[str]:
        """All addresses that move between directors or have a service, those of services first."""
        found: dict[str, None] = {}
        for host in self.directors:
            found.update({vip: None for service in (*host.table, *host.wanted) for vip in self.vips_of(host, service)})
        for host in self.directors:
            found.update({vip: None for instance in host.instances for vip in instance.vips})
            if host.stack == "ldirectord":
                found.update(dict.fromkeys(ldirectord_conf.vips_of_haresources(host.text("haresources") or "")))
        return [
            vip
            for vip in found
            if not ipaddress.ip_address(vip).is_loopback and not ipaddress.ip_address(vip).is_link_local
        ]

    @cached_property
    def service_vips(self) -> set[str]:
        """The VIPs that clients ask: those of services, without the gateways of real servers."""
        return {
            vip
            for host in self.directors
            for service in (*host.table, *host.wanted)
            for vip in self.vips_of(host, service)
        } & set(self.vips)

    def vips_of(self, host: Host, service: Service) -> list[str]:
        """The VIPs of a service: its address, or those to which packets get its mark."""
        if service.key.address is not None:
            return [service.key.address]
        marked = [one for one in rules.marks(host.chains) if one.mark == service.key.fwmark and one.address]
        return list(dict.fromkeys(str(one.address) for one in marked))

    def owners(self, vip: str) -> list[Host]:
        """The directors that have a VIP on an interface other than lo."""
        return [host for host in self.directors if host.carriers(vip)]

    def host_of(self, address: str) -> Host | None:
        """The host that an address belongs to. A VIP belongs to none."""
        if address in self.vips:
            return None
        return next((host for host in self.hosts.values() if host.has(address) and not _is_loopback(address)), None)

    def masters(self) -> list[Host]:
        """The directors that have at least one VIP of a service; all directors if none has."""
        return [
            host for host in self.directors if any(host.carriers(vip) for vip in self.service_vips)
        ] or self.directors

    @cached_property
    def uses(self) -> list[Use]:
        """Every real server of every service, each once: those with a weight in a table, and those of the configurations."""
        found: dict[tuple[Key, str, int, str | None], Use] = {}
        for host, services, is_live in (
            *((host, host.table, True) for host in self.masters()),
            *((host, host.table, True) for host in self.directors),
            *((host, host.wanted, False) for host in self.directors),
        ):
            for service in services:
                for server in service.destinations.values():
                    if (is_live and server.weight == 0) or _is_loopback(server.address):
                        continue
                    place = (service.key, server.address, server.port, server.forward)
                    vips = tuple(self.vips_of(host, service))
                    found.setdefault(place, Use(service, server, self.host_of(server.address), vips, is_live))
        return list(found.values())

    def users(self, vip: str) -> list[tuple[str, str]]:
        """The known addresses of clients that ask a VIP, each with how it is known: of the group clients, and of a table."""
        found: dict[str, str] = {}
        for host in self.group(CLIENTS):
            source = source_for(host, vip)
            if source and host.name not in {director.name for director in self.directors}:
                found.setdefault(source, f"the address of {host.name}")
        own = {entry["address"] for host in self.hosts.values() for entry in host.seen["addresses"]}
        for host in self.directors:
            for pair in host.seen["clients"]:
                if pair["vip"] == vip and pair["client"] not in own:
                    found.setdefault(pair["client"], f"a client in the table of {host.name}")
        return list(found.items())

    def named(self, mac: str) -> list[Host]:
        """The hosts that have a MAC address."""
        return [host for host in self.hosts.values() if mac.lower() in host.macs()]


def source_for(host: Host, to: str) -> str | None:
    """The address from which a host asks another: that of the interface by which it sends."""

    found = way(host.seen, Packet(to))
    if found is None or found.local:
        return None
    family = "ipv6" if ":" in to else "ipv4"
    there = [
        entry
        for entry in host.seen["addresses"]
        if entry["interface"] == found.device and entry["family"] == family and entry["scope"] == "global"
    ]
    inside = [entry for entry in there if _holds(entry, found.via or to)]
    return next((str(entry["address"]) for entry in [*inside, *there]), None)


def _holds(entry: Mapping[str, Any], address: str) -> bool:
    network = ipaddress.ip_network(f"{entry['address']}/{entry['prefix']}", strict=False)
    return _same_family(network, address) and ipaddress.ip_address(address) in network


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def listed(items: Iterable[Any]) -> str:
    """Items in a sentence: a, b and c."""
    words = [str(item) for item in items]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
