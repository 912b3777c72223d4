# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A director with heartbeat takes a VIP again that somebody has removed, and starts an ldirectord that has died."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal.ldirectord import (
    ENDING_FILE,
    MANAGER,
    NO_LDIRECTORD,
    PASSING_SECONDS,
    PID_FILE,
    HeartbeatResources,
    running,
)
from ansible_collections.lvs.cluster.plugins.module_utils.heal.vips import Addresses

UNITS = Path(__file__).parents[5] / "roles/_host/files"
MODELS = Path(__file__).parents[2] / "plugin_utils/cluster/right"
VIP = "192.0.2.100"


@pytest.fixture
def part(tools):
    tools.answers["systemctl is-active heartbeat.service"] = "active\n"
    tools.answers["cl_status rscstatus"] = "all\n"
    return HeartbeatResources((VIP,), ("all", "local"), Addresses(tools), tools, pid=lambda: 42)


def test_a_missing_vip_is_taken_again_by_heartbeats_own_command(part, tools):
    assert not part.is_due(100, set())
    assert part.is_due(100 + PASSING_SECONDS, set())
    faults = part.find(100 + PASSING_SECONDS, sure=True)
    assert faults.texts == [f"missing VIP {VIP}"]
    faults.mend()
    assert tools.commands()[-1] == "ResourceManager takegroup LVSLdirectord::ldirectord.cf"


@pytest.fixture
def widowed(part):
    """A director with the VIPs, whose ldirectord has died."""
    part._pid = lambda: None
    part.addresses.entries = [{"address": VIP, "prefix": 24, "interface": "eth0"}]
    return part


def test_an_ldirectord_that_has_died_is_started_in_a_unit_of_its_own(widowed, tools):
    """In lvs-heal's unit it would end with lvs-heal, and could not do more than lvs-heal."""
    assert not widowed.is_due(100, set())
    assert widowed.is_due(100 + PASSING_SECONDS, set())
    faults = widowed.find(100 + PASSING_SECONDS, sure=True)
    assert faults.texts == [NO_LDIRECTORD]
    faults.mend()
    command = tools.commands()[-1]
    assert command.startswith("systemd-run ")
    assert command.endswith(" /etc/ha.d/resource.d/LVSLdirectord ldirectord.cf start")


def test_no_ldirectord_is_started_where_the_resources_are_not(widowed, tools):
    tools.answers["cl_status rscstatus"] = "foreign\n"
    assert widowed.find(100, sure=True) is None


def test_a_director_without_vips_needs_no_ldirectord(widowed):
    widowed.addresses.entries = []
    assert not widowed.is_due(100, set())
    assert not widowed.is_due(100 + PASSING_SECONDS, set())
    assert widowed.find(100 + PASSING_SECONDS, sure=True) is None


def test_the_other_directors_vips_are_left_alone(part, tools):
    tools.answers["cl_status rscstatus"] = "foreign\n"
    assert part.find(100, sure=True) is None


@pytest.mark.parametrize("name", ["ldirectord", "ldirectord_services", "peers_only_heartbeat"])
def test_the_command_names_the_first_resource_that_site_writes(name):
    model = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    assert model["heartbeat"]["resources"][0] == MANAGER[-1]


def test_what_heartbeats_scripts_log_can_be_written():
    """Otherwise they take a failed redirection for a failed resource, and give up all of them."""
    lines = (UNITS / "lvs-heal.service").read_text(encoding="utf-8").splitlines()
    (paths,) = [line.partition("=")[2].split() for line in lines if line.startswith("ReadWritePaths=")]
    assert {"/run", "/var/lib", "/var/log"} <= set(paths)


@pytest.fixture
def ldirectord(tmp_path):
    """The files of an ldirectord that runs as process 42: its pid file, the file that says which is ending, and /proc."""
    pid_file, ending_file, proc = tmp_path / "ldirectord.pid", tmp_path / "ldirectord.ending", tmp_path / "proc"
    pid_file.write_text("42")
    (proc / "42").mkdir(parents=True)
    (proc / "42/cmdline").write_bytes(b"ldirectord ldirectord.cf\0")
    return pid_file, ending_file, proc


def test_a_running_ldirectord_is_found(ldirectord):
    assert running(*ldirectord) == 42


def test_an_ldirectord_that_has_been_told_to_end_does_not_count(ldirectord):
    """It does nothing for the table any more, and a second signal would make it leave the table behind."""
    _pid_file, ending_file, _proc = ldirectord
    ending_file.write_text("42\n")
    assert running(*ldirectord) is None
    ending_file.write_text("41\n")
    assert running(*ldirectord) == 42


def test_another_process_with_the_number_of_a_dead_ldirectord_is_none(ldirectord):
    _pid_file, _ending_file, proc = ldirectord
    (proc / "42/cmdline").write_bytes(b"sshd\0")
    assert running(*ldirectord) is None


def test_the_files_are_those_of_the_resource_script():
    script = (UNITS.parents[2] / "roles/heartbeat/files/LVSLdirectord").read_text()
    for file in (PID_FILE, ENDING_FILE):
        assert f"_file={str(file).replace('ldirectord.cf', '$1')}\n" in script
