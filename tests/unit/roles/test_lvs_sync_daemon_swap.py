# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LVSSyncDaemonSwap, heartbeat's resource for the sync daemon, with an ipvsadm that only keeps which daemon runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

GROUPS = {"directors": ["lb1", "lb2"], "real_servers": ["www1"]}
ADDRESSES = {"lb1": "192.0.2.11", "lb2": "192.0.2.12", "www1": "192.0.2.21"}
IPVSADM = """#!/bin/sh
daemon={folder}/daemon
case $1 in
--start-daemon)
    if [ -e {folder}/no-link ]; then echo "No such device" >&2; exit 1; fi
    echo "$2 sync daemon (mcast=$4, syncid=$6, maxlen=1472, group=$8, port=${{10}}, ttl=${{12}})" >$daemon ;;
--stop-daemon) grep -q "^$2" $daemon 2>/dev/null || exit 1; rm $daemon ;;
--list) cat $daemon 2>/dev/null || true ;;
esac
"""


@pytest.fixture
def resource(render, describe, tmp_path):
    """Return a function that runs the script of a director with an action."""
    services = [{"name": "www", "vip": "192.0.2.100", "port": 80}]
    cluster = describe(
        GROUPS,
        ADDRESSES,
        lvs_stack="ldirectord",
        lvs_services=services,
        lvs_heartbeat={"key": "a-key-for-the-tests"},
        lvs_sync={"enabled": True},
    )
    (tmp_path / "script").write_text(render(cluster, "lb1", "LVSSyncDaemonSwap.j2"), encoding="utf-8")
    tool(tmp_path, "ipvsadm", IPVSADM.format(folder=tmp_path))
    tool(tmp_path, "logger", '#!/bin/sh\nshift 3\necho "$*" >&2\n')
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(action):
        command = ["sh", str(tmp_path / "script"), "master", action]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    return run


def tool(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    (folder / name).chmod(0o755)


def running(folder: Path) -> str:
    return (folder / "daemon").read_text(encoding="utf-8").split()[0] if (folder / "daemon").exists() else ""


def test_the_daemon_changes_its_role(resource, tmp_path):
    assert [(resource(action).returncode, running(tmp_path)) for action in ("start", "start", "stop")] == [
        (0, "master"),
        (0, "master"),
        (0, "backup"),
    ]


@pytest.mark.parametrize("action", ["start", "stop"])
def test_a_daemon_that_cannot_start_does_not_keep_heartbeat_from_the_vips(resource, tmp_path, action):
    # heartbeat gives up all resources of a director on which one of them does not start.
    (tmp_path / "no-link").touch()
    done = resource(action)
    assert done.returncode == 0
    assert "No such device" in done.stderr
    assert "the sync daemon does not run as" in done.stderr
    assert resource("status").stdout == "stopped\n"


def test_heartbeat_starts_without_a_sync_daemon(render, describe):
    cluster = describe(
        GROUPS,
        ADDRESSES,
        lvs_stack="ldirectord",
        lvs_services=[{"name": "www", "vip": "192.0.2.100", "port": 80}],
        lvs_heartbeat={"key": "a-key-for-the-tests"},
        lvs_sync={"enabled": True},
    )
    unit = render(cluster, "lb1", "heartbeat.conf.j2")
    assert "ExecStartPre=-/etc/ha.d/resource.d/LVSSyncDaemonSwap master stop\n" in unit
