# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab import hostpackages, images, shell, uml
from lab.errors import LabError
from lab.progress import Phases
from lab.uml import Uml

# In network and mount namespaces of its own: the networks of two labs, and a namespace that is no lab's.
NETWORKS = """
import subprocess, sys
from pathlib import Path
from lab.errors import LabError
from lab.paths import Paths
from lab.topology import from_inventory
from lab.uml import NAMESPACE, Uml, in_namespace

def claims(machine):
    try:
        machine.claim(topology)
    except LabError as error:
        return str(error)
    return "free"

hosts = {"lvs1": {"ansible_host": "10.99.0.11", "lvs_address": "172.28.0.11"}}
topology = from_inventory({"_meta": {"hostvars": hosts}, "all": {"hosts": ["lvs1"]}})
ours, other = (Uml(Paths(Path(folder))) for folder in sys.argv[1:])
print(claims(ours))
ours.make_networks(topology)
process = subprocess.Popen(in_namespace(["sleep", "60"]))
print(claims(ours))
print(claims(other))
other.remove()
print(process.poll(), claims(ours), len(ours.pids_inside()))
ours.remove()
print(process.wait(), subprocess.getoutput("ip netns; ip -brief link").split()[0])
subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
print(claims(ours))
subprocess.run(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], check=True)
print(claims(ours))
ours.remove()
print(subprocess.getoutput("ip netns"))
"""


@pytest.fixture
def machine(place, monkeypatch):
    monkeypatch.setattr(images, "disk_path", lambda paths, release, image, kernel: f"/{release}-{image}.img")
    monkeypatch.setattr(uml.ssh, "make_key", lambda paths: "AAAA")
    return Uml(place)


def test_a_node_gets_its_addresses_by_its_kernels_words(machine, topology):
    command = machine.command(topology, topology.node("lvs1"))
    assert "lab.name=lvs1" in command
    assert "lab.link=vec0,mgmt0,10.99.0.11/24" in command
    assert "lab.link=vec1,lan0,172.28.0.11/24" in command
    assert any(word.startswith("vec1:transport=tap,ifname=t11-lan,mac=02:") for word in command)
    assert any(word.endswith("disk.cow,/bookworm-bare.img") for word in command)


def test_every_device_has_a_name_that_the_kernel_takes(machine, topology):
    longest = 15  # IFNAMSIZ, less the byte that ends it
    ports = [machine.port(node, network) for node in topology.nodes for network, _addresses in node.links]
    assert all(len(port) <= longest for port in ports)
    assert len(set(ports)) == 4


def test_a_node_runs_while_there_is_a_process_with_its_folder(machine):
    waits = [sys.executable, "-c", "print(flush=True); input()", f"uml_dir={machine.nodes}/lvs1/"]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        # Popen returns a moment before the kernel shows the new command line: wait for the first line.
        process.stdout.readline()
        assert machine.pids("lvs1") == [str(process.pid)]
        assert machine.pids("lvs") == []
        machine.kill(["lvs1"])
        assert process.wait() == -9
    assert machine.pids("lvs1") == []


def test_macs_are_local_unicast_and_differ():
    macs = {uml.mac(f"172.28.0.{last}") for last in range(1, 255)}
    assert len(macs) == 254
    assert {mac[:3] for mac in macs} == {"02:"}


def test_a_process_that_ends_does_not_keep_its_node_from_going_first(machine, topology, monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    ran = []
    monkeypatch.setattr(machine, "pids", lambda name: [str(gone.pid), str(os.getpid())])
    monkeypatch.setattr(uml.shell, "as_root", list)
    monkeypatch.setattr(uml.shell, "try_", ran.append)
    machine.prefer([topology.node("lvs1")])
    assert ran[0] == ["renice", "-n", str(uml.NICE), "-g", str(os.getpgrp())]


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
def test_a_namespace_of_another_lab_or_of_somebody_else_is_refused_and_left_alone(tmp_path):
    folders = [str(tmp_path / name) for name in ("ours", "other")]
    script = 'mkdir -p /run/netns && mount -t tmpfs none /run/netns && exec "$@"'
    ran = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", NETWORKS, *folders],
        capture_output=True,
        text=True,
        check=False,
        env={**shell.environment(), "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "molecule")},
    )
    assert ran.stdout.splitlines() == [
        "free",
        "free",
        f"the network namespace lvs-lab belongs to the lab of {folders[0]}: end that first with"
        f" LVS_LAB_CACHE={folders[0]} python3 molecule/lab down",
        "None free 1",
        "-9 lo",
        # A start that was killed may have come as far as this.
        "free",
        "the network namespace lvs-lab is there, and is no lab's: end what uses it, then remove it with"
        " ip netns delete lvs-lab",
        "lvs-lab",
    ], ran.stderr


def test_no_root_is_said_before_anything_is_installed_or_built(machine, topology, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shell, "has", lambda command: False)
    monkeypatch.setattr(hostpackages, "need", lambda *given: pytest.fail("too late"))
    with pytest.raises(LabError, match="the lab needs root"):
        machine.prepare(topology, Phases())


def test_too_small_a_disk_is_said_before_a_node_starts(machine, topology, monkeypatch):
    monkeypatch.setattr(uml, "SPACE", 2**62)
    monkeypatch.setattr(uml.subprocess, "Popen", lambda *given, **options: pytest.fail("started"))
    with pytest.raises(LabError, match=r"GiB left, nodes write up to .*: make room, or set LVS_LAB_CACHE"):
        machine.power_on(topology, topology.nodes)
    # Nodes that run need no room to be started.
    monkeypatch.setattr(machine, "pids", lambda name: ["1"])
    machine.power_on(topology, topology.nodes)


@pytest.fixture
def disks(machine, topology, monkeypatch):
    """Nodes that were started and have written something; a list of what is done to them."""
    done: list[str] = []
    for name in ("pause", "resume", "power_off", "make_networks"):
        monkeypatch.setattr(machine, name, lambda *given, name=name: done.append(name))
    monkeypatch.setattr(machine, "power_on", lambda *given: done.append("power_on"))
    monkeypatch.setattr(uml.ssh, "sh", lambda *given: "")
    for node in topology.nodes:
        folder = machine.nodes / node.name
        folder.mkdir(parents=True)
        (folder / uml.COMMAND).write_text(json.dumps(["of", node.name]))
        (folder / uml.DISK).write_text("converged")
    return done


def disk(machine, name="lvs1"):
    return machine.nodes / name / uml.DISK


def test_disks_that_were_kept_come_back(machine, topology, disks):
    machine.save(topology, machine.paths.run / "good")
    disk(machine).write_text("changed")
    machine.restore(topology, machine.paths.run / "good")
    assert disk(machine).read_text() == "converged"
    assert disks == ["pause", "resume", "power_off", "make_networks", "power_on"]


def test_disks_of_nodes_that_were_made_anew_are_refused_before_anything_is_done(machine, topology, disks):
    machine.save(topology, machine.paths.run / "good")
    (machine.nodes / "web1" / uml.COMMAND).write_text(json.dumps(["of", "another image"]))
    with pytest.raises(LabError, match="web1 has been made anew since good was saved: save the nodes again"):
        machine.restore(topology, machine.paths.run / "good")
    assert disks == ["pause", "resume"]


def test_a_disk_is_copied_whole_or_not_at_all(machine, topology, disks, monkeypatch):
    machine.save(topology, machine.paths.run / "good")
    disk(machine).write_text("changed")

    def full(argv):
        Path(argv[-1]).write_text("conv")
        raise LabError("No space left on device")

    monkeypatch.setattr(uml.shell, "run", full)
    with pytest.raises(LabError, match="No space left"):
        machine.restore(topology, machine.paths.run / "good")
    assert disk(machine).read_text() == "changed"
    with pytest.raises(LabError, match="No space left"):
        machine.save(topology, machine.paths.run / "better")
    assert not (machine.paths.run / "better").exists()
