# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around site.yml, and a cluster that is large."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cluster import ROOT, Cluster, plain_output

from faults.fault import fault
from faults.of_directors import KEEPALIVED
from faults.scene import Scene

MANY = 10_000
MANY_VIP, FIRST_PORT = "172.28.0.102", 10_000
FULL = "/var/lib/lab-full"
# Ever smaller files, until not even the smallest fits: nothing is written, the space is only taken.
FILL = f"""mkdir -p {FULL}; for size in 200M 10M 1M 64K 4K; do
    number=0
    while fallocate -l $size {FULL}/$size.$number 2>/dev/null; do number=$((number + 1)); done
done"""


def heavier(cluster: Cluster, weight: int) -> list[dict[str, Any]]:
    """The services, the first of them with another weight for its first real server."""
    first, *others = cluster.variable("lvs_services")
    server, *rest = cluster.group("real_servers")
    return [{**first, "real_servers": [{"host": server, "weight": weight}, *rest]}, *others]


@fault(
    "disk-full-during-site",
    "the master's disk full while site.yml changes a weight; space made, run again",
    hold=0,
    soak=False,
)
def disk_full(scene: Scene) -> Iterator[None]:
    scene.do(scene.master, FILL)
    try:
        told = scene.cluster.fail("site", lvs_services=heavier(scene.cluster, 2))
        assert "No space left" in told, told[-3000:]
        yield
    finally:
        scene.do(scene.master, f"rm -r {FULL}")
    scene.play_with()


def interrupted(cluster: Cluster, number: int, **variables: Any) -> bool:
    """Run site.yml until its play of a number has begun, and kill it; False where it has fewer plays."""
    command = ["ansible-playbook", "-i", str(cluster.inventory), "playbooks/site.yml", "-e", json.dumps(variables)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=plain_output(),
        start_new_session=True,
    )
    assert process.stdout
    begun = 0
    with process:
        for line in process.stdout:
            begun += line.startswith("PLAY [")
            # At its first task, not at its name: then something is under way on the hosts.
            if begun == number and line.startswith("TASK ["):
                os.killpg(process.pid, signal.SIGKILL)
                return True
    return False


@fault(
    "site-interrupted",
    "site.yml killed at each of its plays while it changes a weight; run again each time",
    hold=0,
    soak=False,
)
def site_interrupted(scene: Scene) -> Iterator[None]:
    number, weight = 1, 2
    while interrupted(scene.cluster, number, lvs_services=heavier(scene.cluster, weight)):
        scene.play_with(lvs_services=heavier(scene.cluster, weight))
        number, weight = number + 1, 3 - weight
    assert number > 2, "site.yml was never interrupted"
    yield
    scene.play_with()


@contextmanager
def many_services(scene: Scene) -> Iterator[None]:
    """10,000 services more than the inventory has."""
    common = {"vip": MANY_VIP, "scheduler": "rr", "test_page": False, "health": {"type": "none"}}
    server = {"real_servers": scene.servers[:1]}
    more = [{"name": f"many-{number}", "port": FIRST_PORT + number, **common, **server} for number in range(MANY)]
    services = {"lvs_services": scene.cluster.variable("lvs_services") + more}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(services, file)
        file.flush()
        with scene.deployed("-e", f"@{file.name}"):
            yield


@fault(
    "ten-thousand-services",
    "the master's power lost with a table of 10,000 services; it boots",
    soak=False,
    stacks=KEEPALIVED,
    around=many_services,
    limit=300,
)
def ten_thousand_services(scene: Scene) -> Iterator[None]:
    scene.power_off(scene.master)
    yield
    scene.power_on(scene.master)
