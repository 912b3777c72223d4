# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from lab import hostpackages, paths, qemu, ssh, state
from lab.errors import LabError
from lab.paths import Paths
from lab.progress import Phases
from lab.state import State


@pytest.fixture
def place(tmp_path):
    found = Paths(tmp_path)
    found.run.mkdir()
    return found


def argv(**options):
    machine = qemu.Definition("tcg", Path("/image"), Path("/run/disk"), (2211,), **options)
    return " ".join(qemu.command(machine, Path("/run")))


def test_only_loopback_ports_lead_into_the_machine():
    assert "hostfwd=tcp:127.0.0.1:2200-:22,hostfwd=tcp:127.0.0.1:2211-:2211" in argv()
    assert argv().count("hostfwd=") == argv().count("hostfwd=tcp:127.0.0.1:")


def test_a_snapshots_memory_is_written_only_while_it_is_recorded():
    assert "mem-path=/m,share=on" in argv(memory=Path("/m"), keep_memory=True)
    assert "mem-path=/m,share=off" in argv(memory=Path("/m"), incoming=True)


@pytest.mark.parametrize(
    "content", ["", "garbage", "999999999", str(os.getpid())], ids=["empty", "garbage", "nobody", "another"]
)
def test_a_stale_pid_file_is_not_a_running_machine(place, content):
    (place.run / "qemu.pid").write_text(content)
    assert qemu.pid(place) is None
    qemu.stop(place)


def test_the_state_survives_being_written(place, topology):
    stored = State("tcg", "machine-1", topology)
    state.write(place, stored)
    assert state.read(place) == stored
    state.clear(place)
    assert state.read(place) is None


def test_a_damaged_state_is_no_lab(place):
    (place.run / "state.json").write_text('{"kind": "tcg"')
    with pytest.raises(LabError, match="no lab is running"):
        state.need(place)


def test_an_open_port_is_not_yet_an_sshd():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ssh.answers(server.getsockname()[1], timeout=0.1)


def test_waiting_ends_when_the_machine_has_ended():
    with pytest.raises(LabError, match="QEMU has ended"):
        ssh.wait_for([1], 60, lambda: "QEMU has ended")


def test_too_long_a_cache_path_is_said_before_a_socket_fails(monkeypatch):
    monkeypatch.setenv("LVS_LAB_CACHE", "/x" * 60)
    with pytest.raises(LabError, match="too long"):
        paths.find()


def test_missing_packages_are_those_of_missing_commands():
    there = {"mmdebstrap", "ssh", "qemu-img", "mkfs.ext4"}
    assert hostpackages.missing(hostpackages.MACHINE, there.__contains__) == ["apt-utils", "qemu-system-x86"]


def test_without_root_the_command_to_run_is_named(place, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="apt-get install --no-install-recommends mmdebstrap"):
        hostpackages.install(["mmdebstrap"], place)


def test_phases_add_up():
    assert Phases([("boot", 1.5), ("create nodes", 2.0)]).table().splitlines()[-1].split() == ["total", "3.5", "s"]
