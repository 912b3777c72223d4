# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import os

import pytest
from lab import cli, hostpackages, images, lab, paths, shell, ssh, state
from lab.errors import LabError
from lab.progress import Phases
from lab.state import State


def test_the_state_survives_being_written(place, topology):
    state.write(place, State("uml", topology))
    assert state.read(place) == State("uml", topology)


def test_a_damaged_state_is_no_lab(place):
    (place.run / "state.json").write_text('{"kind": "uml"')
    with pytest.raises(LabError, match="no lab is running"):
        state.need(place)


def test_waiting_ends_when_a_node_has_ended(place, topology, monkeypatch):
    monkeypatch.setattr(ssh, "answers", lambda address: False)
    with pytest.raises(LabError, match="no SSH on lvs1, web1: lvs1 has ended"):
        ssh.wait(place, topology.nodes, lambda nodes: f"{nodes[0].name} has ended")


def test_too_long_a_cache_path_is_said_before_a_socket_fails(monkeypatch):
    monkeypatch.setenv("LVS_LAB_CACHE", "/x" * 60)
    with pytest.raises(LabError, match="too long"):
        paths.find()


def test_missing_packages_are_those_of_missing_commands():
    there = {"mmdebstrap", "ssh", "nft", "crun"}
    assert hostpackages.missing(hostpackages.PODMAN, there.__contains__) == ["apt-utils", "iproute2", "podman"]


def test_without_root_the_command_to_run_is_named(place, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shell, "has", lambda command: command != "mmdebstrap")
    with pytest.raises(LabError, match="apt-get install --no-install-recommends mmdebstrap"):
        hostpackages.need(hostpackages.PODMAN, place, Phases())


def test_without_root_and_sudo_the_lab_says_so(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shell, "has", lambda command: False)
    with pytest.raises(LabError, match="needs root for networks and nodes: run it as root, or install sudo"):
        shell.as_root(["ip", "link"])


def test_phases_add_up():
    assert Phases([("boot", 1.5), ("create nodes", 2.0)]).table().splitlines()[-1].split() == ["total", "3.5", "s"]


def test_an_event_of_one_node_ends_no_connection_to_another(place, topology, monkeypatch):
    ended = []
    monkeypatch.setattr(shell, "try_", lambda argv: ended.append(argv[4]))
    for node in topology.nodes:
        place.control(node.address).touch()
    ssh.close(place, [topology.node("lvs1")])
    assert ended == [f"ControlPath={place.control('10.99.0.11')}"]
    ssh.close(place)
    assert ended[1:] == [f"ControlPath={place.control('10.99.0.21')}"]


@pytest.mark.parametrize("shared", [False, True])
def test_half_built_images_go_with_the_lab_that_owns_them(place, shared):
    owner = place.cache / ("common" if shared else "images")
    half = owner / f"{images.BUILDING}disk-1"
    half.mkdir(parents=True)
    if shared:
        place.images.symlink_to(owner)
    lab.down(place, cache=False)
    assert half.exists() is shared


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "No space left on device: make room, or set LVS_LAB_CACHE to a folder on another disk",
        ),
        (LabError("no lab is running"), "error: no lab is running"),
    ],
)
def test_an_error_is_one_sentence_that_says_what_to_do(monkeypatch, capsys, error, said):
    def fail(_given):
        raise error

    monkeypatch.setattr(cli, "status", fail)
    assert cli.main(["status"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(said)
