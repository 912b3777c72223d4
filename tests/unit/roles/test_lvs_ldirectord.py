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

FILES = Path(__file__).parents[3] / "roles/heartbeat/files"
SCRIPT = FILES / "LVSLdirectord"


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


@pytest.fixture
def ending(tmp_path):
    """A process that looks like an ldirectord in the middle of a check: it does not end when it is told."""
    command = "trap '' TERM; echo; while :; do sleep 0.1; done"
    process = subprocess.Popen(
        ["ldirectord", "-c", command], executable=shutil.which("bash"), stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    (tmp_path / "pid.ldirectord.cf.pid").write_text(f"{process.pid}\n")
    yield process
    process.kill()
    process.wait()


def test_one_that_is_ending_does_not_run(resource, tmp_path, ending):
    assert running(tmp_path) == ["ldirectord"]
    assert resource("ldirectord.cf", "stop").returncode == 0
    assert resource("ldirectord.cf", "status").stdout == "stopped\n"
    assert running(tmp_path) == []
    assert ending.poll() is None


def running(folder):
    """What the script for site.yml says of ldirectord."""
    text = (FILES / "running").read_text(encoding="utf-8").replace("/run/ldirectord.", f"{folder}/pid.")
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line == "ldirectord"]


def test_a_start_does_not_wait_for_one_that_is_ending_and_would_empty_the_table(resource, tmp_path, ending):
    resource("ldirectord.cf", "stop")
    assert resource("ldirectord.cf", "start").returncode == 0
    assert ending.wait(timeout=10) == -9
    assert started(tmp_path) == ["ldirectord.cf start"]
    # By its pid file ldirectord itself would take it for running, and not start.
    assert not (tmp_path / "pid.ldirectord.cf.pid").exists()


def test_it_is_told_to_end_only_once(resource, tmp_path, ldirectord):
    (tmp_path / "pid.ldirectord.cf.ending").write_text(f"{ldirectord.pid}\n")
    assert resource("ldirectord.cf", "stop").returncode == 0
    time.sleep(0.1)
    assert ldirectord.poll() is None


def test_the_number_of_one_that_has_ended_is_not_kept_for_the_next_one(resource, tmp_path):
    (tmp_path / "pid.ldirectord.cf.ending").write_text("1\n")
    resource("ldirectord.cf", "start")
    assert not (tmp_path / "pid.ldirectord.cf.ending").exists()


@pytest.mark.parametrize("action", ["start", "stop"])
def test_processes_of_services_that_have_lost_their_ldirectord_end(resource, tmp_path, action):
    # The shell leaves it to the first process, as a killed ldirectord does.
    name = "ldirectord tcp:192.0.2.100:80 checking 192.0.2.21"
    command = f"exec -a '{name}' sleep 60 >/dev/null & echo $!"
    orphan = int(subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, text=True, check=True).stdout)
    if Path(f"/proc/{orphan}/stat").read_text().rpartition(")")[2].split()[1] != "1":
        pytest.skip("another process adopts those without a parent")
    assert resource("ldirectord.cf", action).returncode == 0
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and is_alive(orphan):
        time.sleep(0.05)
    assert not is_alive(orphan)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


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
