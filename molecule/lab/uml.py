# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes as User Mode Linux: a process, a kernel and a copy-on-write disk each, in a network namespace of the lab's own.

https://docs.kernel.org/virt/uml/user_mode_linux_howto_v2.html
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import hostpackages, images, shell, ssh
from lab.errors import LabError
from lab.machine import Machine, as_root
from lab.progress import Phases
from lab.topology import MANAGEMENT, Node, Topology, host_address, with_prefix

NAMESPACE = "lvs-lab"
RUN_NODE = Path(__file__).resolve().parent / "run-node"
STRANGER = "?"  # who has a namespace that is no lab's; a cache is a path
DOOR = "lvs-lab0"  # by which this host reaches the management network
SHUT_DOWN = 90.0  # s until a node that was asked to must be off
DISK, COMMAND = KEPT = ("disk.cow", "command.json")  # of a node: what it has written, and what it was started as
NICE = -10  # of a node that goes before other work of this host
SPACE = 2**30  # bytes that nodes may write before it matters


def mac(address: str) -> str:
    """A locally administered MAC made of the address, so that it is the same at every start."""
    return "02:" + ":".join(f"{byte:02x}" for byte in hashlib.sha256(address.encode()).digest()[:5])


def in_namespace(argv: Sequence[str]) -> list[str]:
    return shell.as_root(["ip", "netns", "exec", NAMESPACE, *argv])


class Uml(Machine):
    """Nodes as processes of this host."""

    kind = "uml"

    def prepare(self, topology: Topology, phases: Phases) -> None:
        if platform.machine() != "x86_64":
            raise LabError(
                f"User Mode Linux is for x86_64, this is {platform.machine()}: use a kernel with IPVS (LVS_LAB_MACHINE=podman)"
            )
        # Said now, not after minutes in which the kernel is built.
        shell.as_root([])
        if not Path("/dev/net/tun").exists():
            raise LabError("this kernel has no /dev/net/tun, which the nodes' networks are made of")
        hostpackages.need(hostpackages.UML, self.paths, phases)
        kernel = images.kernel(self.paths, phases)
        for release, image in sorted({(node.release, node.image) for node in topology.nodes}):
            images.disk(self.paths, release, image, kernel, phases)
        ssh.make_key(self.paths)

    def create(self, topology: Topology) -> list[Node]:
        self.claim(topology)
        self.make_networks(topology)
        wanted = {node.name: self.command(topology, node) for node in topology.nodes}
        for folder in self.folders():
            if wanted.get(folder.name) != self.started_as(folder):
                self.kill([folder.name])
                images.remove(folder)
        stopped = [node for node in topology.nodes if not self.pids(node.name)]
        self.power_on(topology, stopped)
        return stopped

    def remove(self) -> None:
        # By their folders as well: a namespace that has lost its name would keep its nodes.
        self.kill([folder.name for folder in self.folders()])
        # A start that was refused has left nothing, and what is there is somebody else's.
        if self.owner() in ("", str(self.paths.cache)):
            for _attempt in range(3):
                pids = self.pids_inside()
                if pids:
                    shell.try_(shell.as_root(["kill", "-KILL", *pids]))
                    time.sleep(0.1)
            shell.try_(shell.as_root(["ip", "netns", "delete", NAMESPACE]))
            shell.try_(shell.as_root(["ip", "link", "delete", DOOR]))
        images.remove(self.nodes)

    # --- networks

    def owner(self) -> str:
        """Whose the namespace is: the cache of the lab that its bridges name, STRANGER, or "" where there is none, or nothing in it yet."""
        printed = shell.try_(in_namespace(["ip", "-j", "link"])).stdout
        links = json.loads(printed) if printed else []
        for link in links:
            if "ifalias" in link:
                return str(link["ifalias"])
        # The lab's first bridge gets its alias before it is up. Devices of modules are there from the beginning, and down.
        used = any("UP" in link["flags"] for link in links) or self.pids_inside()
        return STRANGER if used else ""

    def pids_inside(self) -> list[str]:
        """The processes in the namespace, whoever has started them."""
        return shell.try_(shell.as_root(["ip", "netns", "pids", NAMESPACE])).stdout.split()

    def claim(self, topology: Topology) -> None:
        """Refuse a namespace or addresses that somebody else has."""
        owner = self.owner()
        if owner == STRANGER:
            raise LabError(
                f"the network namespace {NAMESPACE} is there, and is no lab's: end what uses it, then remove it with"
                f" ip netns delete {NAMESPACE}"
            )
        if owner not in ("", str(self.paths.cache)):
            raise LabError(
                f"the network namespace {NAMESPACE} belongs to the lab of {owner}: end that first with"
                f" LVS_LAB_CACHE={owner} python3 molecule/lab down"
            )
        ours = ipaddress.ip_network(topology.network(MANAGEMENT).subnets[0])
        for route in json.loads(shell.run(["ip", "-j", "-4", "route", "show", "table", "all"])):
            dst = route.get("dst", "default")
            if route.get("dev") != DOOR and dst != "default" and ours.overlaps(ipaddress.ip_network(dst)):
                raise LabError(
                    f"{ours} is the lab's management network, and this host has {dst} on {route.get('dev')}: give the"
                    " inventory's hosts an ansible_host of another network"
                )

    def make_networks(self, topology: Topology) -> None:
        lines = [
            "set -eu",
            f"[ -e /run/netns/{NAMESPACE} ] && ip -n {NAMESPACE} link >/dev/null 2>&1 || {{",
            f"  rm -f /run/netns/{NAMESPACE}; ip netns add {NAMESPACE}",
            "}",
        ]
        for network in topology.networks:
            # Nobody asks the bridge's multicast snooping for VRRP's groups, and it would forget them.
            bridge = "type bridge mcast_snooping 0 forward_delay 0"
            lines += [
                f"ip -n {NAMESPACE} link show {network.name} >/dev/null 2>&1 || {{",
                f"  ip -n {NAMESPACE} link add {network.name} {bridge}",
                f"  ip -n {NAMESPACE} link set {network.name} alias '{self.paths.cache}'",
                f"  ip -n {NAMESPACE} link set {network.name} up; }}",
            ]
        address = host_address(topology.network(MANAGEMENT))
        lines += [
            f"ip link show {DOOR} >/dev/null 2>&1 || ip link add {DOOR} type veth peer name door netns {NAMESPACE}",
            f"ip -n {NAMESPACE} link set door master {MANAGEMENT} up",
            f"ip link set {DOOR} up",
            f"ip address replace {address} dev {DOOR}",
        ]
        for node in topology.nodes:
            for network, _addresses in node.links:
                tap = self.port(node, network)
                lines += [
                    f"ip -n {NAMESPACE} link show {tap} >/dev/null 2>&1 ||"
                    f" ip netns exec {NAMESPACE} ip tuntap add {tap} mode tap",
                    f"ip -n {NAMESPACE} link set {tap} master {network} up",
                ]
        as_root("\n".join(lines) + "\n")

    def switch(self, script: str) -> str:
        return shell.run(in_namespace(["sh", "-s"]), stdin=script)

    def port(self, node: Node, network: str) -> str:
        return f"t{node.number}-{network}"

    def bridge(self, network: str) -> str:
        return network

    def set_carrier(self, node: Node, network: str, *, up: bool) -> None:
        # The driver has no carrier to lose, and a tap that is down never comes back: the node's own end goes down.
        lost = f"ip link set {network}0 down"
        ssh.sh(self.paths, node, "/usr/lib/lvs-lab/configure" if up else lost)

    # --- nodes

    @property
    def nodes(self) -> Path:
        return self.paths.run / "nodes"

    def folders(self) -> list[Path]:
        return sorted(self.nodes.iterdir()) if self.nodes.exists() else []

    def started_as(self, folder: Path) -> list[str] | None:
        return command_in(folder / COMMAND)

    def pids(self, name: str) -> list[str]:
        """The processes that are a node, none where it does not run: the kernel, and a sudo that has started it."""
        mark = f"uml_dir={self.nodes / name}/".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (process / "cmdline").read_bytes().split(b"\0"):
                    found.append(process.name)
        return found

    def command(self, topology: Topology, node: Node) -> list[str]:
        """The kernel with its words: https://docs.kernel.org/admin-guide/kernel-parameters.html, and lvs-lab's own."""
        kernel = images.kernel_path(self.paths)
        base = images.disk_path(self.paths, node.release, node.image, kernel)
        folder = self.nodes / node.name
        links = []
        for number, (network, addresses) in enumerate(node.links):
            # Without gro the guest drops large frames: transfers of more than some kilobytes hang.
            tap = f"transport=tap,ifname={self.port(node, network)},mac={mac(addresses[0])},depth=128,gro=1"
            on = topology.network(network)
            words = ",".join((f"vec{number}", f"{network}0", *(with_prefix(address, on) for address in addresses)))
            links += [f"vec{number}:{tap}", f"lab.link={words}"]
        return [
            *("env", f"LVS_LAB_KERNEL={kernel / 'linux'}", str(RUN_NODE)),
            *(f"umid={node.name}", f"uml_dir={folder}/", f"mem={node.memory}M"),
            *(f"ubda={folder}/{DISK},{base}", "root=/dev/ubda", "rw", "quiet", "seccomp=auto"),
            *("con=null", "con0=null,fd:1", "panic=1"),
            *(f"lab.name={node.name}", f"lab.key={ssh.make_key(self.paths)}", *links),
            *([f"lab.gateway={node.gateway}"] if node.gateway else []),
        ]

    def power_on(self, topology: Topology, nodes: Sequence[Node]) -> None:
        stopped = [node for node in nodes if not self.pids(node.name)]
        free = shutil.disk_usage(self.paths.run).free
        if stopped and free < SPACE:
            raise LabError(
                f"{self.paths.run} has {free / 2**30:.1f} GiB left, nodes write up to {SPACE / 2**30:.0f}: make room, or set"
                " LVS_LAB_CACHE to a folder on another disk"
            )
        # A tool that binds itself to one core would bind the nodes it starts as well.
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        for node in stopped:
            folder = self.nodes / node.name
            # A node that was there boots from what it was made of, whatever the definitions of images say by now.
            command = self.started_as(folder) or self.command(topology, node)
            folder.mkdir(parents=True, exist_ok=True)
            # What a killed kernel leaves behind keeps the next one from starting.
            images.remove(folder / node.name)
            (folder / COMMAND).write_text(json.dumps(command), encoding="utf-8")
            with (folder / "console").open("ab") as console:
                subprocess.Popen(
                    in_namespace(command),
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=console,
                    start_new_session=True,
                    env=shell.environment({"TMPDIR": memory_folder()}),
                )

    def why_ended(self, nodes: Sequence[Node]) -> str:
        dead = [node.name for node in nodes if not self.pids(node.name)]
        if not dead:
            return ""
        return f"{dead[0]} has ended:\n  {shell.last_lines(self.nodes / dead[0] / 'console', shell.TAIL)}"

    def signal(self, names: Iterable[str], signal: str) -> None:
        pids = [pid for name in names for pid in self.pids(name)]
        if pids:
            # One of them may end between the look and the signal.
            shell.try_(shell.as_root(["kill", f"-{signal}", *pids]))

    def kill(self, names: Sequence[str]) -> None:
        self.signal(names, "KILL")
        self.wait_off(names, 10.0)

    def wait_off(self, names: Sequence[str], limit: float) -> None:
        deadline = time.monotonic() + limit
        while running := [name for name in names if self.pids(name)]:
            if time.monotonic() > deadline:
                raise LabError(f"{', '.join(running)} still on after {limit:.0f} s")
            time.sleep(0.05)

    def power_off(self, nodes: Sequence[Node]) -> None:
        self.kill([node.name for node in nodes])

    def shut_down(self, nodes: Sequence[Node]) -> None:
        with ThreadPoolExecutor(max_workers=len(nodes) or 1) as pool:
            # The connection may end before the command does.
            poweroff = ("systemctl", "poweroff", "--no-block")
            list(pool.map(lambda node: shell.try_(ssh.argv(self.paths, node, *poweroff)), nodes))
        self.wait_off([node.name for node in nodes], SHUT_DOWN)

    def pause(self, nodes: Sequence[Node]) -> None:
        self.signal((node.name for node in nodes), "STOP")

    def resume(self, nodes: Sequence[Node]) -> None:
        self.signal((node.name for node in nodes), "CONT")

    def prefer(self, nodes: Sequence[Node]) -> None:
        # A node is a process group: each of its own processes is one of this host, too. What it starts later has its niceness.
        pids = [pid for node in nodes for pid in self.pids(node.name)]
        if pids:
            # sched(7): where this host shares its time by sessions, a niceness counts within its session alone, and each node has one.
            write = f"for pid; do [ ! -e /proc/$pid/autogroup ] || echo {NICE} > /proc/$pid/autogroup; done"
            # One of them may end between the look and the change.
            groups = set()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    groups.add(str(os.getpgid(int(pid))))
            shell.try_(shell.as_root(["renice", "-n", str(NICE), "-g", *groups]))
            shell.try_(shell.as_root(["sh", "-c", write, "prefer", *pids]))

    # --- disks

    def save(self, topology: Topology, folder: Path) -> None:
        fresh = folder.with_suffix(".new")
        images.remove(fresh)
        fresh.mkdir(parents=True)
        with ThreadPoolExecutor(max_workers=len(topology.nodes)) as pool:
            list(pool.map(lambda node: ssh.sh(self.paths, node, "sync"), topology.nodes))
        # Not shut down: what is copied is a disk whose power was lost just after all was written.
        self.pause(topology.nodes)
        try:
            for node in topology.nodes:
                for name in KEPT:
                    copy_sparse(self.nodes / node.name / name, fresh / f"{node.name}-{name}")
        finally:
            self.resume(topology.nodes)
        images.remove(folder)
        fresh.rename(folder)

    def restore(self, topology: Topology, folder: Path) -> None:
        for node in topology.nodes:
            if command_in(folder / f"{node.name}-{COMMAND}") != self.started_as(self.nodes / node.name):
                raise LabError(f"{node.name} has been made anew since {folder.name} was saved: save the nodes again")
        self.power_off(topology.nodes)
        self.make_networks(topology)
        for node in topology.nodes:
            copy_sparse(folder / f"{node.name}-{DISK}", self.nodes / node.name / DISK)
        self.power_on(topology, topology.nodes)


def command_in(file: Path) -> list[str] | None:
    """What a node was started as; None where that is not known, or not whole."""
    with contextlib.suppress(OSError, ValueError):
        return json.loads(file.read_text(encoding="utf-8"))
    return None


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all: from half a disk a node would boot, too."""
    fresh = target.with_name(f"{target.name}.new")
    shell.run(["cp", "--sparse=always", str(source), str(fresh)])
    fresh.rename(target)


def memory_folder() -> str:
    """Where the nodes' memory is a file: in memory itself where that is large enough, else on disk."""
    stat = os.statvfs("/dev/shm")
    return "/dev/shm" if stat.f_bavail * stat.f_frsize > 4 * 2**30 else "/tmp"
