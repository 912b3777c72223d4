# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster's daemons hold: memory, file descriptors, processes."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faults.scene import Scene

DAEMONS = ("keepalived", "heartbeat", "ldirectord", "apache2")
# The collection's own, programs in Python: they are found by their units.
OWN = ("lvs-heal", "lvs-sync")
ALL = "processes"
# One line for each daemon: name, KiB of memory, open descriptors, processes; then all processes that are no kernel threads.
LOOK = f"""
for name in {" ".join(DAEMONS + OWN)}; do
    case $name in
        lvs-*) pids=$(systemctl show --property=MainPID --value "$name") ;;
        *) pids=$(pgrep -x "$name") ;;
    esac
    for pid in $pids; do
        [ ! -d /proc/$pid ] ||
            echo "$name $(awk '$1 == "VmRSS:" {{ print $2 }}' /proc/$pid/status) $(ls /proc/$pid/fd | wc -l)"
    done
done 2>/dev/null | awk 'NF == 3 {{ memory[$1] += $2; open[$1] += $3; count[$1]++ }}
    END {{ for (name in count) print name, memory[name], open[name], count[name] }}'
echo "{ALL} 0 0 $(grep -lE . /proc/[0-9]*/cmdline 2>/dev/null | wc -l)"
"""
Held = Mapping[str, Mapping[str, tuple[int, int, int]]]  # by node and daemon: KiB, descriptors, processes
# What comes and goes: a check under way, a worker of the httpd, somebody who looks.
MORE_MEMORY = 1.5
MORE_KIB, MORE_DESCRIPTORS, MORE_PROCESSES = 8192, 16, 8


def resources(scene: Scene) -> Held:
    """What the daemons of all directors and real servers hold."""
    nodes = [*scene.directors, *scene.servers]
    with ThreadPoolExecutor() as pool:
        looks = pool.map(lambda node: parsed(scene.cluster.host(node).run(LOOK).stdout), nodes)
        return dict(zip(nodes, looks))


def parsed(printed: str) -> dict[str, tuple[int, int, int]]:
    found = {}
    for line in printed.splitlines():
        name, memory, descriptors, processes = line.split()
        found[name] = (int(memory), int(descriptors), int(processes))
    return found


def grown(before: Held, after: Held) -> list[str]:
    """What has grown beyond all that comes and goes, in words."""
    found = []
    for node, daemons in after.items():
        for name, (memory, descriptors, processes) in daemons.items():
            memory_before, descriptors_before, processes_before = before[node].get(name, (0, 0, 0))
            whose = "" if name == ALL else f" of {name}"
            # One that did not run before has no measure.
            if memory_before and memory > memory_before * MORE_MEMORY + MORE_KIB:
                found.append(f"{node}: memory{whose} has grown from {memory_before} to {memory} KiB")
            if memory_before and descriptors > descriptors_before + MORE_DESCRIPTORS:
                found.append(f"{node}: descriptors{whose} have grown from {descriptors_before} to {descriptors}")
            if processes_before and processes > processes_before + MORE_PROCESSES:
                found.append(f"{node}: processes{whose} have grown from {processes_before} to {processes}")
    return found
