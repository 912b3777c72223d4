# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's shape: networks and nodes, read from what `ansible-inventory --list` prints."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.errors import LabError

MANAGEMENT = "mgmt"
MANAGEMENT_SUBNET = "10.99.0.0/24"
PORT_BASE = 2200  # of the machine itself; a node's port is this plus the last octet of its addresses
DEFAULT_NETWORKS = {"lan": {"subnet": "172.28.0.0/24"}}


@dataclass(frozen=True)
class Network:
    """A bridge. An internal one has no way out: it is the cluster's segment."""

    name: str
    subnets: tuple[str, ...]
    internal: bool = True


@dataclass(frozen=True)
class Node:
    """A container. `port`: where its sshd answers on 127.0.0.1; `addresses`: network name and addresses on it."""

    name: str
    port: int
    addresses: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Topology:
    """Everything the lab creates; nodes and networks sorted by name, so that equal labs are equal values."""

    networks: tuple[Network, ...] = ()
    nodes: tuple[Node, ...] = ()

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def node(self, name: str) -> Node:
        """The node of that name. LabError naming those there are."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise LabError(f"no node {name} in the lab; there are: {', '.join(node.name for node in self.nodes)}")


def as_tuple(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else (str(value),)


def merge_networks(hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`lab_networks` of all hosts together. LabError where two hosts describe one network differently."""
    merged: dict[str, Any] = {}
    for host, variables in hostvars.items():
        for name, spec in (variables.get("lab_networks") or DEFAULT_NETWORKS).items():
            if merged.setdefault(name, spec) != spec:
                raise LabError(f"{host}: lab_networks describes {name} otherwise than another host does")
    return merged


def read_network(name: str, spec: Mapping[str, Any]) -> Network:
    try:
        subnets = tuple(str(ipaddress.ip_network(subnet)) for subnet in as_tuple(spec["subnet"]))
    except (KeyError, ValueError) as error:
        raise LabError(f"lab_networks: {name} needs a subnet, or a list of an IPv4 and an IPv6 one: {error}") from error
    return Network(name, subnets, bool(spec.get("internal", True)))


def read_node(name: str, variables: Mapping[str, Any], networks: Mapping[str, Network]) -> Node:
    """One host's node. LabError where port or addresses do not fit the lab."""
    port = variables.get("ansible_port")
    if not isinstance(port, int) or not PORT_BASE + 1 < port < PORT_BASE + 255:
        raise LabError(f"{name}: ansible_port must be {PORT_BASE + 2} to {PORT_BASE + 254}, not {port!r}")
    given = variables.get("lab_addresses")
    if not given:
        if "lvs_address" not in variables or "lan" not in networks:
            raise LabError(f"{name}: needs lab_addresses, or lvs_address and a network `lan` in lab_networks")
        given = {"lan": variables["lvs_address"]}
    addresses = {MANAGEMENT: (str(ipaddress.ip_network(MANAGEMENT_SUBNET)[port - PORT_BASE]),)}
    for network, value in given.items():
        if network not in networks:
            raise LabError(f"{name}: lab_addresses names {network}, which is not in lab_networks")
        addresses[network] = as_tuple(value)
        for address in addresses[network]:
            if not any(within(address, subnet) for subnet in networks[network].subnets):
                raise LabError(
                    f"{name}: {address} is not an address of {network} {', '.join(networks[network].subnets)}"
                )
    return Node(name, port, tuple(sorted(addresses.items())))


def within(address: str, subnet: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(subnet)
    except ValueError:
        return False


def check_unique(nodes: tuple[Node, ...]) -> None:
    seen: dict[Any, str] = {}
    for node in nodes:
        for thing in (node.port, *(address for _network, addresses in node.addresses for address in addresses)):
            if thing in seen:
                raise LabError(f"{node.name} and {seen[thing]} both have {thing}")
            seen[thing] = node.name


def from_inventory(listing: Mapping[str, Any]) -> Topology:
    """The topology of an inventory as `ansible-inventory --list` gives it. LabError with what is wrong in it."""
    groups = {name: group for name, group in listing.items() if name != "_meta"}
    known = listing.get("_meta", {}).get("hostvars", {})
    hosts = sorted({host for group in groups.values() for host in group.get("hosts", [])} | set(known))
    if not hosts:
        raise LabError("the inventory has no hosts")
    hostvars = {host: known.get(host, {}) for host in hosts}
    networks = {name: read_network(name, spec) for name, spec in merge_networks(hostvars).items()}
    if MANAGEMENT in networks:
        raise LabError(f"lab_networks: {MANAGEMENT} is the lab's own network, choose another name")
    nodes = tuple(read_node(host, hostvars[host], networks) for host in hosts)
    check_unique(nodes)
    management = Network(MANAGEMENT, (MANAGEMENT_SUBNET,), internal=False)
    return Topology((management, *(networks[name] for name in sorted(networks))), nodes)
