# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a cluster: their addresses on its segment, and the interfaces of these addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Iterable, Iterator, Mapping, Sequence

from . import keys, schema
from .addresses import BITS, Address, Network, family_of, known, netmask_prefix, parse
from .inventory import HostVars, Inventory, named_gateways, named_vips
from .mistakes import InventoryPath, Mistakes, listed
from .types import Family

MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
VIRTUAL_MAC = re.compile(r"00:00:5e:00:0[12]:", re.IGNORECASE)  # RFC 5798, 7.3


@dataclass(frozen=True)
class Interface:
    """One address of an interface, from the host's facts. `primary` is false for secondary addresses."""

    name: str
    address: Address
    prefix: int
    primary: bool


@dataclass(frozen=True)
class VrrpLink:
    """Where a director speaks VRRP: its addresses there, the one that the inventory has, and their interface."""

    addresses: Mapping[Family, str]
    address: str | None
    interface: str | None


@dataclass(frozen=True)
class Host:
    """A director or real server. Without facts, values that need facts are None or empty.

    `facts` are the host's facts, `routers` the routers of its default routes, `node` its uname -n, `vrrp` where it speaks VRRP.
    `page_root` is the folder of its test page, if it gets one.
    """

    name: str
    role: str
    addresses: Mapping[Family, str]
    address: str | None
    interface: str | None
    prefix: int | None
    vrrp: VrrpLink
    multi_homed: bool
    networks: tuple[Network, ...]
    routers: tuple[str, ...]
    weight: int
    priority: int | None
    filter: str
    zone: str | None
    page_root: str
    mtus: Mapping[str, int]
    node: str | None
    facts: Mapping[str, Any]

    def network_of(self, address: str) -> Network | None:
        """The network of this host that holds an address."""
        wanted = known(address)
        return next((network for network in self.networks if network.holds(wanted)), None)

    @cached_property
    def own_addresses(self) -> frozenset[str]:
        """All known addresses of the host, from the inventory and from its facts."""
        given = (*self.addresses.values(), *self.vrrp.addresses.values())
        return frozenset([*given, *(network.address for network in self.networks)])

    def own_in(self, asked: str) -> Network | None:
        """Where this host has an address in a network such as 192.0.2.0/24, or has that very address. lvs_address counts first.

        Without facts the network is that of the address alone, and it has no interface.
        """
        address, slash, prefix = asked.partition("/")
        first = known(address)
        wanted = Network("", first.family, first.number, int(prefix) if slash else BITS[first.family])
        main = [known(address) for address in self.addresses.values() if wanted.holds(known(address))]
        own = [network for network in self.networks if wanted.holds(known(network.address))]
        if not main:
            return own[0] if own else None
        alone = Network(self.interface or "", main[0].family, main[0].number, BITS[main[0].family])
        return next((network for network in own if network.address == main[0].text), alone)

    def address_towards(self, address: str) -> str | None:
        """This host's own address for packets to an address: the one on the same network, else its main one."""
        network = self.network_of(address)
        return network.address if network else self.addresses.get(family_of(address))

    def device_of(self, address: str) -> str | None:
        """The interface that leads to an address on a network of this host (with facts)."""
        network = self.network_of(address)
        return network.interface if network else None

    def devices_of(self, address: str) -> frozenset[str]:
        """All interfaces whose networks hold an address (with facts)."""
        wanted = known(address)
        return frozenset(network.interface for network in self.networks if network.holds(wanted))

    def carrier_of(self, vip: str) -> str | None:
        """The interface for a VIP: the one whose network holds the VIP, else that of the host's address."""
        return self.device_of(vip) or self.interface

    def devices_towards(self, host: Host) -> tuple[str, ...]:
        """The interfaces from which this host sends to the addresses of another one; empty for an unknown one."""
        devices = (self.device_of(address) or self.interface for address in host.addresses.values())
        return tuple(dict.fromkeys(device or "" for device in devices))

    def macs_of(self, device: str) -> tuple[str, ...]:
        """The Ethernet addresses from which an interface sends (with facts); several for a bond."""
        fact = _fact(self.facts, device)
        links = [fact, *(_fact(self.facts, str(slave)) for slave in fact.get("slaves") or ())]
        found = (str(link.get(key)).lower() for link in links for key in ("macaddress", "perm_macaddress"))
        return tuple(dict.fromkeys(mac for mac in found if MAC.fullmatch(mac)))

    def mtu_of(self, address: str) -> int:
        """The MTU of the network of an address in bytes; Ethernet's if no fact has it."""
        network = self.network_of(address)
        return self.mtus.get(network.interface if network else "", 1500)


@dataclass(frozen=True)
class Hosts:
    """The hosts by role, in group order, and the real servers by address."""

    directors: Mapping[str, Host]
    real_servers: Mapping[str, Host]
    by_address: Mapping[str, str]

    @cached_property
    def by_other_address(self) -> Mapping[str, list[str]]:
        """The real servers that do not direct, by each of their known addresses. Several hosts may have one of a network of their own."""
        found: dict[str, list[str]] = {}
        for name, host in self.real_servers.items():
            for address in host.own_addresses if name not in self.directors else ():
                found.setdefault(address, []).append(name)
        return found

    @property
    def all(self) -> dict[str, Host]:
        return {**self.directors, **self.real_servers}

    @property
    def both(self) -> dict[str, Host]:
        """The hosts that direct and serve."""
        return {name: host for name, host in self.directors.items() if name in self.real_servers}


def resolve_hosts(inventory: Inventory, mistakes: Mistakes) -> Hosts:
    """Every director and real server. A host in both groups counts as a director."""
    vips = named_vips(inventory.cluster)
    # A lone director has the gateway for good
    gateways = named_gateways(inventory.cluster) if len(inventory.directors) > 1 else ()

    def host(name: str, role: str) -> Host:
        path = InventoryPath(f"host {name}", mistakes)
        moved = gateways if role == "director" else ()
        return resolve_host(name, role, inventory.hosts[name], vips, path, moved)

    directors = {name: host(name, "director") for name in inventory.directors}
    real_servers = {name: directors.get(name) or host(name, "real_server") for name in inventory.real_servers}
    by_address = {address: host.name for host in real_servers.values() for address in host.addresses.values()}
    return Hosts(directors, real_servers, by_address)


def resolve_host(
    name: str, role: str, given: HostVars, vips: Sequence[str], path: InventoryPath, gateways: Sequence[str] = ()
) -> Host:
    """One host from its variables and facts, which may include the `vips` of the cluster and the `gateways` that it moves."""
    own = keys.read(dict(given.vars), schema.HOST, path)
    moving = frozenset((*vips, *gateways)) - {own["lvs_address"], own["lvs_address6"], own["lvs_vrrp_address"]}
    interfaces = [i for i in own_interfaces(given.facts) if not (i.address.text in moving and _may_move(i))]
    address = own["lvs_address"]
    if given.vars.get("lvs_address") is None:
        address = _default_address(given.facts, interfaces, vips)
    carrier = next((i for i in interfaces if address and i.address.text == address), None)
    if address is None:
        if given.vars.get("lvs_address") is None:
            if given.facts:
                path.report("has no address: set lvs_address")
            else:
                path.report(
                    "has no lvs_address, and did not answer when asked for its address: repair the host, or set lvs_address"
                )
    elif interfaces and carrier is None:
        path.report(_on_none("lvs_address", address, interfaces))
    if own["lvs_firewalld_zone"] is not None and own["lvs_filter"] != "firewalld":
        path.report(f"lvs_firewalld_zone is set, but lvs_filter is {own['lvs_filter']}")
    default = _text((given.facts.get("default_ipv4") or {}).get("interface"))
    addresses = _by_family(address, own["lvs_address6"], carrier, interfaces, vips, path)
    main = VrrpLink(addresses, address, carrier.name if carrier else None)
    return Host(
        name=name,
        role=role,
        addresses=addresses,
        address=address,
        interface=carrier.name if carrier else None,
        prefix=carrier.prefix if carrier else None,
        vrrp=_vrrp_link(own["lvs_vrrp_address"] if role == "director" else None, main, interfaces, path),
        multi_homed=bool(carrier and default and default != carrier.name),
        networks=tuple(
            dict.fromkeys(
                Network(i.name, i.address.family, i.address.number, i.prefix) for i in interfaces if _connects(i)
            )
        ),
        routers=tuple(
            gateway
            for fact in ("default_ipv4", "default_ipv6")
            if (gateway := _text((given.facts.get(fact) or {}).get("gateway")))
        ),
        weight=own["lvs_weight"],
        priority=own["lvs_priority"],
        filter=own["lvs_filter"],
        zone=own["lvs_firewalld_zone"],
        page_root=own["real_server_test_page_root"],
        mtus={
            name: int(fact["mtu"])
            for name in {i.name for i in interfaces}
            if (fact := _fact(given.facts, name)).get("mtu")
        },
        node=_text(given.facts.get("nodename")),
        facts=given.facts,
    )


def _vrrp_link(given: str | None, main: VrrpLink, interfaces: list[Interface], path: InventoryPath) -> VrrpLink:
    """Where a director speaks VRRP: at its lvs_vrrp_address, else at its main address."""
    if given is None:
        return main
    carrier = next((i for i in interfaces if i.address.text == given), None)
    if interfaces and carrier is None:
        path.report(_on_none("lvs_vrrp_address", given, interfaces))
    addresses = _by_family(given, None, carrier, interfaces, (), path)
    return VrrpLink(addresses, given, carrier.name if carrier else None)


def _on_none(name: str, address: str, interfaces: list[Interface]) -> str:
    having = ", ".join(f"{i.name} {i.address.text}" for i in interfaces if i.name != "lo" and not i.address.special)
    return f"{name} {address} is on none of its interfaces (it has {having or 'no address at all'})"


def _default_address(facts: Mapping[str, Any], interfaces: list[Interface], vips: Sequence[str]) -> str | None:
    """The default of lvs_address: the address on the network that holds the VIPs, else that of the default route."""
    defaults = (_text((facts.get(name) or {}).get("address")) for name in ("default_ipv4", "default_ipv6"))
    default = next((address for address in defaults if address), None)
    holding = {i.name: i for i in interfaces if _connects(i) and any(_holds(i, vip) for vip in vips)}
    carrier = next((i for i in interfaces if i.address.text == default), None)
    if not holding or (carrier and carrier.name in holding):
        return default
    name = next(iter(holding))
    candidates = [i for i in interfaces if i.name == name and _connects(i)]
    return min(candidates, key=lambda i: (i.address.family, not i.primary)).address.text


def _may_move(interface: Interface) -> bool:
    """Whether an address can be a VIP that a director has at the moment: an IPv6 address, or a secondary one."""
    return interface.address.family == "ipv6" or not interface.primary


def _holds(interface: Interface, address: str) -> bool:
    network = Network(interface.name, interface.address.family, interface.address.number, interface.prefix)
    return network.holds(known(address))


def _fact(facts: Mapping[str, Any], interface: str) -> Mapping[str, Any]:
    """The facts of an interface. Their key has "_" for "-"."""
    return facts.get(interface) or facts.get(interface.replace("-", "_")) or {}


def _by_family(
    address: str | None,
    address6: str | None,
    carrier: Interface | None,
    interfaces: list[Interface],
    vips: Sequence[str],
    path: InventoryPath,
) -> dict[Family, str]:
    """The host's address of each family: for IPv6 lvs_address6, else the address of its interface on the segment."""
    result: dict[Family, str] = {family_of(address): address} if address else {}
    if address6:
        result["ipv6"] = address6
    if "ipv6" not in result and carrier:
        on_segment = [
            i.address.text
            for i in interfaces
            if i.name == carrier.name and i.address.family == "ipv6" and not i.address.special and i.prefix < 128
        ]
        if on_segment:
            result["ipv6"] = on_segment[0]
        if len(on_segment) > 1 and any(family_of(vip) == "ipv6" for vip in vips):
            path.warn(
                f"has several IPv6 addresses on {carrier.name} ({listed(on_segment)}), and the first may be a temporary one:"
                " set lvs_address6"
            )
    return result


def _connects(interface: Interface) -> bool:
    return not interface.address.special and interface.prefix < BITS[interface.address.family]


def read_interfaces(facts: Mapping[str, Any]) -> Iterator[Interface]:
    """Every address in Ansible's network facts, where an interface's key has `_` for `-`.

    An address with a label, such as eth0:1, is there as one of an interface eth0_1, which is no device, and may be there for eth0, too.
    """
    names = [str(name) for name in facts.get("interfaces") or ()]
    devices = [name for name in names if _fact(facts, name).get("device")]
    for name in names:
        fact = _fact(facts, name)
        first = fact.get("ipv4")
        if name not in devices and (
            device := max((one for one in devices if name.startswith(f"{one}_")), key=len, default="")
        ):
            entries = [(entry, False) for entry in (first, *(fact.get("ipv4_secondaries") or ())) if entry]
            there = {entry.get("address") for entry in _fact(facts, device).get("ipv4_secondaries") or ()}
            yield from _interfaces(device, [one for one in entries if one[0].get("address") not in there])
            continue
        entries = [(first, True)] if first else []
        entries += [(entry, False) for entry in fact.get("ipv4_secondaries") or ()]
        entries += [(entry, True) for entry in fact.get("ipv6") or ()]
        yield from _interfaces(name, entries)


def _interfaces(name: str, entries: Iterable[tuple[Mapping[str, Any], bool]]) -> Iterator[Interface]:
    for entry, primary in entries:
        address = parse(str(entry.get("address")))
        prefix = entry.get("prefix") or netmask_prefix(str(entry.get("netmask")))
        if address and prefix:
            yield Interface(name, address, int(prefix), primary)


def own_interfaces(facts: Mapping[str, Any]) -> Iterator[Interface]:
    """The addresses in the facts that can be the host's own: not those of the interfaces that keepalived makes for `vmac`.

    Their names may be anything, but their Ethernet addresses are those of virtual routers. A VIP is a primary address there.
    """
    return (i for i in read_interfaces(facts) if not VIRTUAL_MAC.match(str(_fact(facts, i.name).get("macaddress"))))


def _text(value: Any) -> str | None:
    return str(value) if value else None
