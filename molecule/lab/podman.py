# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes as containers of the host's own podman, where its kernel offers IPVS."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import hostpackages, images, shell, ssh
from lab import paths as places
from lab.errors import LabError
from lab.machine import Machine, as_root
from lab.progress import Phases
from lab.topology import MANAGEMENT, Network, Node, Topology

PREFIX = "lvs-lab-"
LABEL = "lvs.cluster.lab"
JOBS = 3  # containers at a time: podman waits about as long as it computes


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


def node_label(node: Node, topology: Topology) -> str:
    """What a container is made of; another value means it must be made anew."""
    used = [network for network in topology.networks if network.name in dict(node.links)]
    return digest(node, used, images.reference(node.release, node.image))


def network_command(network: Network) -> str:
    subnets = " ".join(f"--subnet {subnet}" for subnet in network.subnets)
    ipv6 = " --ipv6" if any(":" in subnet for subnet in network.subnets) else ""
    # The cluster's segments have no way out, and no gateway.
    internal = "" if network.name == MANAGEMENT else " --internal"
    return (
        f"podman network create --disable-dns{internal}{ipv6} {subnets}"
        f" --label {LABEL}={digest(network)} {PREFIX}{network.name}"
    )


def network_option(name: str, addresses: tuple[str, ...]) -> str:
    given = ",".join(f"{'ip6' if ':' in address else 'ip'}={address}" for address in addresses)
    return f"--network {PREFIX}{name}:{given},interface_name={name}0"


def node_command(node: Node, topology: Topology, authorized_keys: str) -> str:
    """The `podman run` of a node: systemd as its first process, the kernel's modules to read."""
    return " ".join(
        [
            f"podman run --detach --name {PREFIX}{node.name} --hostname {shlex.quote(node.name)}",
            f"--label {LABEL}={node_label(node, topology)}",
            "--privileged --systemd=always --stop-signal=SIGRTMIN+3 --pids-limit=-1 --log-driver=none",
            *(network_option(name, addresses) for name, addresses in node.links),
            "--volume /lib/modules:/lib/modules:ro",
            f"--volume {shlex.quote(authorized_keys)}:/root/.ssh/authorized_keys:ro",
            f"{images.reference(node.release, node.image)} /sbin/init",
        ]
    )


def plan(topology: Topology, containers: Mapping[str, tuple[str, bool]], networks: Mapping[str, str]) -> Plan:
    """The way from what is there (container: label and whether it runs; network: label) to the topology."""
    wanted = {PREFIX + node.name: node_label(node, topology) for node in topology.nodes}
    wanted_networks = {PREFIX + network.name: digest(network) for network in topology.networks}
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


def script(plan_: Plan, topology: Topology, authorized_keys: str) -> str:
    """A shell script that carries out a plan, JOBS containers at a time."""
    lines = ["set -eu"]
    if plan_.remove:
        lines.append(f"podman rm --force --time 0 {' '.join(plan_.remove)} >/dev/null")
    if plan_.remove_networks:
        lines.append(f"podman network rm {' '.join(plan_.remove_networks)} >/dev/null")
    lines += [f"{network_command(network)} >/dev/null" for network in plan_.create_networks]
    work = [node_command(node, topology, authorized_keys) for node in plan_.create]
    work += [f"podman start {name}" for name in plan_.start]
    if work:
        lines.append(f"xargs -P {JOBS} -I COMMAND sh -c 'COMMAND >/dev/null' <<'COMMANDS'")
        lines += [command.replace('"', '\\"') for command in work] + ["COMMANDS"]
    return "\n".join(lines) + "\n"


def names(nodes: Sequence[Node]) -> str:
    return " ".join(PREFIX + node.name for node in nodes)


class Podman(Machine):
    """Nodes as containers; their bridges are this host's own."""

    kind = "podman"

    def prepare(self, topology: Topology, phases: Phases) -> None:
        for node in topology.nodes:
            if node.image == "podman":
                raise LabError(f"{node.name}: lab_image podman needs a kernel of its own (LVS_LAB_MACHINE=uml)")
        hostpackages.need(hostpackages.PODMAN, self.paths, phases)
        ssh.make_key(self.paths)
        for release, image in sorted({(node.release, node.image) for node in topology.nodes}):
            name = images.reference(release, image)
            if shell.try_(shell.as_root(["podman", "image", "exists", name])).returncode:
                tree = images.tree(self.paths, release, image, phases)
                with phases.phase("import the image"):
                    as_root(f"podman import --quiet - {name} < '{tree}'")
        # What this kernel lacks, only the scenarios that need it will miss.
        wanted = images.package_list(places.IMAGES / "modules.txt").split(",")
        shell.try_([*shell.as_root(["modprobe", "--all", "--quiet"]), *wanted])

    def create(self, topology: Topology) -> list[Node]:
        containers = parse_containers(as_root(LIST_CONTAINERS))
        wanted = plan(topology, containers, parse_networks(as_root(LIST_NETWORKS)))
        as_root(script(wanted, topology, str(self.paths.key.with_suffix(".pub"))))
        started = [node for node in topology.nodes if node in wanted.create or PREFIX + node.name in wanted.start]
        self.set_gateways(started)
        return started

    def set_gateways(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if node.gateway:
                as_root(f"podman exec {PREFIX}{node.name} ip route replace default via {node.gateway}")

    def remove(self) -> None:
        if shell.has("podman"):
            as_root(
                f"podman ps --all --quiet --filter label={LABEL} | xargs -r podman rm --force --time 0\n"
                f"podman network ls --quiet --filter label={LABEL} | xargs -r podman network rm"
            )

    def power_off(self, nodes: Sequence[Node]) -> None:
        # At once, and no matter which are off already.
        as_root(f"podman stop --time 0 {names(nodes)}")

    def shut_down(self, nodes: Sequence[Node]) -> None:
        as_root(f"echo {names(nodes)} | xargs -P {JOBS} -n 1 podman stop --time 60")

    def power_on(self, topology: Topology, nodes: Sequence[Node]) -> None:
        as_root(f"podman start {names(nodes)}")
        self.set_gateways(nodes)

    def pause(self, nodes: Sequence[Node]) -> None:
        as_root(f"podman pause {names(nodes)}")

    def resume(self, nodes: Sequence[Node]) -> None:
        as_root(f"podman unpause {names(nodes)}")

    def save(self, topology: Topology, folder: Path) -> None:
        raise LabError("podman cannot keep what is on its nodes; LVS_LAB_MACHINE=uml can")

    def restore(self, topology: Topology, folder: Path) -> None:
        raise LabError("podman cannot keep what is on its nodes; LVS_LAB_MACHINE=uml can")

    def why_ended(self, nodes: Sequence[Node]) -> str:
        return ""

    def switch(self, script: str) -> str:
        return as_root(script)

    def port(self, node: Node, network: str) -> str:
        # A veth's own end knows the number of the other one.
        number = as_root(f"podman exec {PREFIX}{node.name} cat /sys/class/net/{network}0/iflink").strip()
        links = json.loads(as_root("ip -j link show"))
        return next(link["ifname"] for link in links if link["ifindex"] == int(number))

    def bridge(self, network: str) -> str:
        # Podman 4.3 cannot be told its name.
        return as_root(f"podman network inspect --format '{{{{.NetworkInterface}}}}' {PREFIX}{network}").strip()

    def set_carrier(self, node: Node, network: str, *, up: bool) -> None:
        self.switch(f"ip link set {self.port(node, network)} {'up' if up else 'down'}")
