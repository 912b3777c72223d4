# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the filter lvs.cluster.resolve takes for a growing number of services, called directly and in a play."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Mapping

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.lvs.cluster.plugins.filter.resolve import FilterModule
from figure import Figure

ROOT = Path(__file__).resolve().parents[2]

REAL_SERVERS = 100
SIZES = (10, 100, 1000)
SECONDS_FOR_THE_LARGEST = 10
PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that: (hostvars | lvs.cluster.resolve(groups)).services | length == services
        quiet: true
"""
# A service of the largest inventory may cost this much more than one of the middle size: linear, with some noise.
GROWTH = 1.5


def inventory(services: int, listed: bool = True, net: str = "10.1") -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The hostvars and groups of a cluster with so many services, each on all of its 100 real servers.

    They are `listed` in every service, half of them with a weight, or else meant by leaving them out; `net` may be a
    template.
    """
    directors = [f"lvs{number}" for number in (1, 2)]
    real_servers = [f"web{number}" for number in range(1, REAL_SERVERS + 1)]
    own = [host if number % 2 else {"host": host, "weight": number} for number, host in enumerate(real_servers)]
    shared = {
        "lvs_services": [
            {
                "name": f"service{number}",
                "vip": f"{net}.{number // 250}.{number % 250 + 1}",
                "port": 80,
                "health": {"type": "http"},
                **({"real_servers": own} if listed else {}),
            }
            for number in range(services)
        ]
    }
    addresses = {host: f"10.0.0.{number}" for number, host in enumerate(directors + real_servers, start=1)}
    hostvars = {host: {**shared, "lvs_address": address} for host, address in addresses.items()}
    groups = {"all": directors + real_servers, "directors": directors, "real_servers": real_servers}
    return hostvars, groups


def seconds(services: int, hostvars: Mapping[str, Any], groups: Mapping[str, list[str]]) -> float:
    """The CPU time to resolve an inventory of so many services, in seconds: it counts what resolving costs, not what
    else the machine does.
    """
    resolve = FilterModule().filters()["resolve"]
    started = time.process_time()
    cluster = resolve(hostvars, groups)
    elapsed = time.process_time() - started
    destinations = sum(len(service["real_servers"]) for service in cluster["services"])
    if destinations != services * REAL_SERVERS:
        raise RuntimeError(f"{services} services resolved to {destinations} real servers")
    return elapsed


def seconds_in_ansible(services: int) -> float:
    """The CPU time to resolve what Ansible has read, in seconds: tagged values that render as they are used.

    The VIPs are templates: each has to be rendered for the first director, and ought not to be for the other hosts.
    """
    with tempfile.TemporaryDirectory() as folder:
        loader = DataLoader()
        hosts = InventoryManager(loader, [str(write_inventory(folder, services, net="{{ net }}"))])
        hostvars = HostVars(hosts, VariableManager(loader, hosts), loader)
        return seconds(services, hostvars, hosts.get_groups_dict())


def write_inventory(folder: str, services: int, **shape: Any) -> Path:
    """An inventory file of a cluster with so many services; everything that all hosts share is in `all`."""
    hostvars, groups = inventory(services, **shape)
    children = {
        group: {"hosts": {host: {"lvs_address": hostvars[host]["lvs_address"]} for host in hosts}}
        for group, hosts in groups.items()
        if group != "all"
    }
    shared = {"lvs_services": hostvars["lvs1"]["lvs_services"], "services": services, "net": "10.1"}
    hosts_file = Path(folder, "hosts.json")
    hosts_file.write_text(json.dumps({"all": {"vars": shared, "children": children}}), encoding="utf-8")
    return hosts_file


def seconds_in_a_play(services: int) -> float:
    """The CPU time of a whole ansible-playbook that does nothing but resolve so many services, in seconds.

    The real servers are left out: with 100,000 of them in a file, most of the time is Ansible's to read it.
    """
    with tempfile.TemporaryDirectory() as folder:
        hosts_file, playbook = write_inventory(folder, services, listed=False), Path(folder, "resolve.yml")
        playbook.write_text(PLAYBOOK, encoding="utf-8")
        before = os.times()
        command = ["ansible-playbook", "-i", hosts_file, playbook]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def figures() -> list[Figure]:
    """The time for each size, and how the time per service grows from the middle size to the largest."""
    seconds(SIZES[0], *inventory(SIZES[0]))  # imports and caches are not what is measured
    taken = {size: min(seconds(size, *inventory(size)) for _attempt in range(3)) for size in SIZES}
    per_service = {size: taken[size] / size for size in SIZES}
    largest = SIZES[-1]
    return [
        *(
            Figure(f"{size} services", taken[size], "s", SECONDS_FOR_THE_LARGEST if size == largest else None)
            for size in SIZES
        ),
        Figure(f"{largest} services with templates", seconds_in_ansible(largest), "s", SECONDS_FOR_THE_LARGEST),
        Figure(f"{largest} services, ansible-playbook", seconds_in_a_play(largest), "s", SECONDS_FOR_THE_LARGEST),
        Figure("growth per service, 100 to 1000", per_service[largest] / per_service[SIZES[1]], "times", GROWTH),
    ]
