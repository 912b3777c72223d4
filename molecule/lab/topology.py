# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's shape: networks and nodes, read from what `ansible-inventory --list` prints."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.errors import LabError

MANAGEMENT = "mgmt"
DEFAULT_NETWORKS = {"lan": {"subnet": "172.28.0.0/24"}}
RELEASES = ("bookworm", "trixie")
IMAGES = ("bare", "installed", "podman")
LONGEST_NAME = 9  # characters of a network's name: a device's has 15 at most, and a tap's begins with the node's number


@dataclass(frozen=True)
class Network:
    """A bridge: the cluster's segment, or the network that the lab's host reaches the nodes by."""

    name: str
    subnets: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """One node.

    `address`: on the management network; `addresses`: of the other networks, each with its addresses; `gateway`: of its
    default route, "" for none; `release`: of Debian; `image`: what is installed; `memory`: in MiB.
    """

    name: str
    address: str
    addresses: tuple[tuple[str, tuple[str, ...]], ...]
    gateway: str = ""
    release: str = RELEASES[0]
    image: str = IMAGES[0]
    memory: int = 512

    @property
    def links(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Every network it is on, the management network first, with its addresses."""
        return ((MANAGEMENT, (self.address,)), *self.addresses)

    @property
    def number(self) -> int:
        """The last part of its address: no other node has it."""
        return int(self.address.rpartition(".")[2])


@dataclass(frozen=True)
class Topology:
    """Everything the lab creates; nodes and networks sorted by name, so that equal labs are equal values."""

    networks: tuple[Network, ...] = ()
    nodes: tuple[Node, ...] = ()

    def network(self, name: str) -> Network:
        """The network of that name. LabError naming those there are."""
        return named(name, self.networks, "network")

    def node(self, name: str) -> Node:
        """The node of that name. LabError naming those there are."""
        return named(name, self.nodes, "node")


def named(name: str, among: tuple[Any, ...], kind: str) -> Any:
    for thing in among:
        if thing.name == name:
            return thing
    raise LabError(f"no {kind} {name} in the lab; there are: {', '.join(thing.name for thing in among)}")


def as_tuple(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else (str(value),)


def within(address: str, subnet: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(subnet)
    except ValueError:
        return False


def with_prefix(address: str, network: Network) -> str:
    """An address of a network as `ip address` takes it: 172.28.0.11/24."""
    return next(f"{address}/{ipaddress.ip_network(s).prefixlen}" for s in network.subnets if within(address, s))


def host_address(network: Network) -> str:
    """The address of the lab's host on the management network: the first, with its prefix length."""
    subnet = ipaddress.ip_network(network.subnets[0])
    return f"{subnet[1]}/{subnet.prefixlen}"


def read_networks(hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, Network]:
    """`lab_networks` of all hosts together. LabError where one is no network, or two hosts differ about it."""
    merged: dict[str, Any] = {}
    for host, variables in hostvars.items():
        for name, spec in (variables.get("lab_networks") or DEFAULT_NETWORKS).items():
            if merged.setdefault(name, spec) != spec:
                raise LabError(f"{host}: lab_networks describes {name} otherwise than another host does")
    return {name: read_network(name, spec) for name, spec in merged.items()}


def read_network(name: str, spec: Mapping[str, Any]) -> Network:
    if name == MANAGEMENT or len(name) > LONGEST_NAME:
        raise LabError(f"lab_networks: {name} must be another name, of {LONGEST_NAME} characters at most")
    try:
        return Network(name, tuple(str(ipaddress.ip_network(subnet)) for subnet in as_tuple(spec["subnet"])))
    except (KeyError, ValueError) as error:
        raise LabError(f"lab_networks: {name} needs a subnet, or a list of an IPv4 and an IPv6 one: {error}") from error


def read_management(hostvars: Mapping[str, Mapping[str, Any]]) -> Network:
    """The network of all `ansible_host`. LabError where one is no address, or two are of different networks."""
    subnets = {}
    for host, variables in hostvars.items():
        try:
            subnets[str(ipaddress.IPv4Network(f"{variables.get('ansible_host')}/24", strict=False))] = host
        except ValueError as error:
            raise LabError(f"{host}: ansible_host must be an IPv4 address for the lab, such as 10.99.0.11") from error
    if len(subnets) > 1:
        raise LabError(
            f"ansible_host of {' and '.join(subnets.values())} are of different networks: {', '.join(subnets)}"
        )
    return Network(MANAGEMENT, tuple(subnets))


def read_choice(host: str, variables: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = variables.get(key, allowed[0])
    if value not in allowed:
        raise LabError(f"{host}: {key} must be {' or '.join(allowed)}, not {value}")
    return value


def read_node(name: str, variables: Mapping[str, Any], networks: Mapping[str, Network]) -> Node:
    """One host's node. LabError where its addresses do not fit the lab."""
    given = variables.get("lab_addresses")
    if given is None:
        if "lvs_address" not in variables or "lan" not in networks:
            raise LabError(f"{name}: needs lab_addresses, or lvs_address and a network `lan` in lab_networks")
        given = {"lan": variables["lvs_address"]}
    addresses = {network: as_tuple(value) for network, value in given.items()}
    for network, its in addresses.items():
        if network not in networks:
            raise LabError(f"{name}: lab_addresses names {network}, which is not in lab_networks")
        for address in its:
            if not any(within(address, subnet) for subnet in networks[network].subnets):
                subnets = ", ".join(networks[network].subnets)
                raise LabError(f"{name}: {address} is not an address of {network} {subnets}")
    memory = variables.get("lab_memory", Node.memory)
    if not isinstance(memory, int) or memory < 128:
        raise LabError(f"{name}: lab_memory must be at least 128 (MiB), not {memory!r}")
    return Node(
        name,
        variables["ansible_host"],
        tuple(sorted(addresses.items())),
        str(variables.get("lab_gateway", "")),
        read_choice(name, variables, "lab_release", RELEASES),
        read_choice(name, variables, "lab_image", IMAGES),
        memory,
    )


def check_unique(nodes: tuple[Node, ...], management: Network) -> None:
    seen = {host_address(management).partition("/")[0]: "this machine"}
    for node in nodes:
        for address in (address for _network, addresses in node.links for address in addresses):
            if address in seen:
                raise LabError(f"{node.name} and {seen[address]} both have {address}")
            seen[address] = node.name


def from_inventory(listing: Mapping[str, Any]) -> Topology:
    """The topology of an inventory as `ansible-inventory --list` gives it. LabError with what is wrong in it."""
    groups = {name: group for name, group in listing.items() if name != "_meta"}
    known = listing.get("_meta", {}).get("hostvars", {})
    hosts = sorted({host for group in groups.values() for host in group.get("hosts", [])} | set(known))
    if not hosts:
        raise LabError("the inventory has no hosts")
    hostvars = {host: known.get(host, {}) for host in hosts}
    networks = read_networks(hostvars)
    management = read_management(hostvars)
    nodes = tuple(read_node(host, hostvars[host], networks) for host in hosts)
    check_unique(nodes, management)
    return Topology((management, *(networks[name] for name in sorted(networks))), nodes)
