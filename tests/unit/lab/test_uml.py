# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import sys

import pytest
from lab import images, uml
from lab.uml import Uml


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
