# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What podman must be told, as text: containers and networks of a topology. Nothing here runs anything."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from lab.topology import MANAGEMENT, Network, Node, Topology

PREFIX = "lvs-lab-"
LABEL = "lvs.cluster.lab"


@dataclass(frozen=True)
class Host:
    """Where podman runs: the address that ports are published on ("" for all), the nodes' image, the SSH key's file."""

    publish: str
    image: str
    authorized_keys: str


@dataclass(frozen=True)
class Plan:
    """How to get from the containers and networks there are to those of a topology."""

    remove: tuple[str, ...]
    create: tuple[Node, ...]
    start: tuple[str, ...]
    remove_networks: tuple[str, ...]
    create_networks: tuple[Network, ...]


def digest(*things: object) -> str:
    return hashlib.sha256(repr(things).encode()).hexdigest()[:16]


def mac(address: str) -> str:
    """A locally administered MAC made of the address, so that it is the same at every start."""
    return "02:" + ":".join(f"{byte:02x}" for byte in hashlib.sha256(address.encode()).digest()[:5])


def network_label(network: Network) -> str:
    return digest(network)


def node_label(node: Node, topology: Topology, host: Host) -> str:
    """What a container is made of; another value means it must be made anew."""
    used = [network for network in topology.networks if network.name in dict(node.addresses)]
    return digest(node, used, host)


def network_command(network: Network) -> str:
    subnets = " ".join(f"--subnet {subnet}" for subnet in network.subnets)
    ipv6 = " --ipv6" if any(":" in subnet for subnet in network.subnets) else ""
    internal = " --internal" if network.internal else ""
    label = f"--label {LABEL}={network_label(network)}"
    return f"podman network create --disable-dns{internal}{ipv6} {subnets} {label} {PREFIX}{network.name}"


def network_option(name: str, addresses: tuple[str, ...]) -> str:
    given = ",".join(f"{'ip6' if ':' in address else 'ip'}={address}" for address in addresses)
    return f"--network {PREFIX}{name}:{given},mac={mac(addresses[0])},interface_name={name}0"


def node_command(node: Node, topology: Topology, host: Host) -> str:
    """The `podman run` of a node: systemd as its first process, sshd published, the kernel's modules to read."""
    # The management network comes first: its gateway is the default route.
    order = sorted(node.addresses, key=lambda item: (item[0] != MANAGEMENT, item))
    publish = f"{host.publish}:" if host.publish else ""
    return " ".join(
        [
            f"podman run --detach --name {PREFIX}{node.name} --hostname {shlex.quote(node.name)}",
            f"--label {LABEL}={node_label(node, topology, host)}",
            "--privileged --systemd=always --stop-signal=SIGRTMIN+3 --pids-limit=-1 --log-driver=none",
            *(network_option(name, addresses) for name, addresses in order),
            f"--publish {publish}{node.port}:22",
            "--volume /lib/modules:/lib/modules:ro",
            f"--volume {shlex.quote(host.authorized_keys)}:/root/.ssh/authorized_keys:ro",
            f"{host.image} /sbin/init",
        ]
    )


def plan(
    topology: Topology, host: Host, containers: Mapping[str, tuple[str, bool]], networks: Mapping[str, str]
) -> Plan:
    """The way from what is there (container: label and whether it runs; network: label) to the topology."""
    wanted = {PREFIX + node.name: node_label(node, topology, host) for node in topology.nodes}
    wanted_networks = {PREFIX + network.name: network_label(network) for network in topology.networks}
    keep = {name for name, (label, _rest) in containers.items() if wanted.get(name) == label}
    keep_networks = {name for name, label in networks.items() if wanted_networks.get(name) == label}
    return Plan(
        remove=tuple(sorted(set(containers) - keep)),
        create=tuple(node for node in topology.nodes if PREFIX + node.name not in keep),
        start=tuple(sorted(name for name in keep if not containers[name][1])),
        remove_networks=tuple(sorted(set(networks) - keep_networks)),
        create_networks=tuple(n for n in topology.networks if PREFIX + n.name not in keep_networks),
    )


LIST_CONTAINERS = f"podman ps --all --filter label={LABEL} --format json"
LIST_NETWORKS = f"podman network ls --filter label={LABEL} --format json"


def parse_containers(text: str) -> dict[str, tuple[str, bool]]:
    """What LIST_CONTAINERS prints: each container's label, and whether it runs."""
    return {item["Names"][0]: (item["Labels"][LABEL], item["State"] == "running") for item in json.loads(text or "[]")}


def parse_networks(text: str) -> dict[str, str]:
    """What LIST_NETWORKS prints: each network's label."""
    return {item["name"]: item["labels"][LABEL] for item in json.loads(text or "[]")}


REMOVE_COMMAND = (
    f"podman ps --all --quiet --filter label={LABEL} | xargs -r podman rm --force --time 0\n"
    f"podman network ls --quiet --filter label={LABEL} | xargs -r podman network rm"
)


def script(plan_: Plan, topology: Topology, host: Host, jobs: int) -> str:
    """A shell script that carries out a plan, saying what it does, `jobs` containers at a time."""
    lines = ["set -eu"]
    if plan_.remove:
        lines.append(f"podman rm --force --time 0 {' '.join(plan_.remove)} >/dev/null")
        lines += [f"echo 'removed {name.removeprefix(PREFIX)}'" for name in plan_.remove]
    if plan_.remove_networks:
        lines.append(f"podman network rm {' '.join(plan_.remove_networks)} >/dev/null")
    lines += [f"{network_command(network)} >/dev/null" for network in plan_.create_networks]
    work = [(node.name, "created", node_command(node, topology, host)) for node in plan_.create]
    work += [(name.removeprefix(PREFIX), "started", f"podman start {name}") for name in plan_.start]
    if work:
        commands = "".join(f"{command} >/dev/null && echo {verb} {name}\n" for name, verb, command in work)
        lines.append(f"xargs -P {jobs} -d '\\n' -n 1 sh -c <<'COMMANDS'\n{commands}COMMANDS")
    return "\n".join(lines) + "\n"
