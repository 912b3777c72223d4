# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.tools import ToolMissing
from ansible_collections.lvs.cluster.plugins.modules.deployed_facts import is_masked, is_packaged, is_unread
from ansible_collections.lvs.cluster.tests.unit.plugins.played import Played

FILE = "/etc/ha.d/ha.cf"
DPKG = {"dpkg-query": "/usr/bin/dpkg-query", "dpkg": "/usr/bin/dpkg"}
RPM = {"rpm": "/usr/bin/rpm"}
RPM_OWNER = f"--query --file --queryformat %{{NAME}} {FILE}"


@pytest.mark.parametrize(
    ("tools", "runs", "packaged"),
    [
        (DPKG, [{"argv": f"--search {FILE}", "rc": 1}], False),
        (DPKG, [{"argv": f"--search {FILE}", "out": f"heartbeat: {FILE}\n"}, {"argv": "--verify heartbeat"}], True),
        (
            DPKG,
            [
                {"argv": f"--search {FILE}", "out": f"heartbeat: {FILE}\n"},
                {"argv": "--verify heartbeat", "rc": 1, "out": f"??5?????? c {FILE}\n"},
            ],
            False,
        ),
        (RPM, [{"argv": RPM_OWNER, "out": "heartbeat"}, {"argv": "--verify --nodeps heartbeat"}], True),
        ({**DPKG, **RPM}, [{"argv": f"--search {FILE}", "rc": 1}, {"argv": RPM_OWNER, "rc": 1}], False),
        ({}, [], False),
    ],
    ids=["of_no_package", "as_packaged", "changed", "as_packaged_by_rpm", "both_tools", "no_tool"],
)
def test_a_file_is_packaged_when_its_package_finds_it_as_it_was(tools, runs, packaged):
    runner = Played(runs, **tools)
    assert is_packaged(runner, FILE) is packaged
    assert not runner.runs


def test_a_package_that_cannot_be_verified_is_an_error():
    runner = Played(
        [{"argv": f"--search {FILE}", "out": f"heartbeat: {FILE}\n"}], **{"dpkg-query": "/usr/bin/dpkg-query"}
    )
    with pytest.raises(ToolMissing) as missing:
        is_packaged(runner, FILE)
    assert str(missing.value) == "dpkg was not found on this host, which has dpkg-query: install it again."


def test_a_unit_is_masked_when_it_is_a_link_to_nothing(tmp_path):
    (tmp_path / "keepalived.service").symlink_to("/dev/null")
    (tmp_path / "heartbeat.service").write_text("[Unit]\n")
    units = ("keepalived.service", "heartbeat.service", "ldirectord.service")
    assert [is_masked(unit, str(tmp_path)) for unit in units] == [True, False, False]


@pytest.mark.parametrize(("written", "unread"), [(99, False), (100, False), (101, True)])
def test_a_configuration_is_unread_that_is_newer_than_the_pid_file(tmp_path, written, unread):
    configuration, pid_file = tmp_path / "keepalived.conf", tmp_path / "keepalived.pid"
    assert not is_unread(str(configuration), str(pid_file))
    for path, time in ((configuration, written), (pid_file, 100)):
        path.write_text("")
        os.utime(path, (time, time))
    assert is_unread(str(configuration), str(pid_file)) is unread
    pid_file.unlink()
    assert not is_unread(str(configuration), str(pid_file))
