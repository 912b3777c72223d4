# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LVSLdirectord, heartbeat's resource for ldirectord, with a daemon that does nothing."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/heartbeat/files/LVSLdirectord"


@pytest.fixture
def resource(tmp_path):
    """Return a function that runs the script with some arguments; a start of ldirectord is noted in the file `started`."""
    daemon = tmp_path / "start"
    daemon.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/started\n')
    daemon.chmod(0o755)
    text = SCRIPT.read_text(encoding="utf-8")
    for path, own in (("/run/ldirectord.", f"{tmp_path}/pid."), ("/usr/sbin/ldirectord", str(daemon))):
        assert path in text
        text = text.replace(path, own)
    (tmp_path / "script").write_text(text, encoding="utf-8")

    def run(*arguments):
        command = ["sh", str(tmp_path / "script"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def ldirectord(tmp_path):
    """A process that looks like ldirectord, named in the pid file."""
    process = subprocess.Popen(["ldirectord", "60"], executable=shutil.which("sleep"))
    (tmp_path / "pid.ldirectord.cf.pid").write_text(f"{process.pid}\n")
    yield process
    process.kill()
    process.wait()


def started(folder):
    return (folder / "started").read_text().splitlines() if (folder / "started").exists() else []


def test_status(resource, ldirectord):
    assert resource("ldirectord.cf", "status").stdout == "running\n"
    # of another configuration
    assert resource("other.cf", "status").stdout == "stopped\n"


def test_start_when_it_is_stopped(resource, tmp_path):
    assert resource("ldirectord.cf", "start").returncode == 0
    assert started(tmp_path) == ["ldirectord.cf start"]


def test_start_when_it_runs(resource, tmp_path, ldirectord):
    assert resource("ldirectord.cf", "start").returncode == 0
    assert started(tmp_path) == []


def test_stop_asks_it_to_end(resource, ldirectord):
    assert resource("ldirectord.cf", "stop").returncode == 0
    assert ldirectord.wait(timeout=10) == -15


def test_stop_when_it_is_stopped(resource):
    done = resource("ldirectord.cf", "stop")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("action", ["stop", "status", "start"])
def test_a_pid_file_that_was_left_behind_is_another_process(resource, tmp_path, action):
    # the number of a process that is something else
    with subprocess.Popen(["sleep", "60"]) as other:
        (tmp_path / "pid.ldirectord.cf.pid").write_text(f"{other.pid}\n")
        done = resource("ldirectord.cf", action)
        assert done.returncode == 0
        assert done.stdout == ("stopped\n" if action == "status" else "")
        time.sleep(0.1)
        assert other.poll() is None
        other.kill()
    assert started(tmp_path) == (["ldirectord.cf start"] if action == "start" else [])


@pytest.mark.parametrize("arguments", [(), ("start",), ("ldirectord.cf", "reload"), ("a.cf", "b.cf", "start")])
def test_usage(resource, arguments):
    done = resource(*arguments)
    assert done.returncode == 2
    assert "usage: LVSLdirectord" in done.stderr
