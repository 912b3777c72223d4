# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-heartbeat ends when heartbeat ends, also after heartbeat has restarted itself as another process."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/heartbeat/files/lvs-heartbeat"
# Seconds that the second process lives.
LIFE = 2


@pytest.fixture
def heartbeat(tmp_path):
    """Run the script with a heartbeat that does something else; its status, and for how long it ran."""

    def run(does: str) -> tuple[int, float]:
        # Only the processes of this test: another heartbeat may run here.
        (tmp_path / "pgrep").write_text(f"#!/bin/sh\nexec /usr/bin/pgrep --full '^/bin/sh {tmp_path}/heartbeat'\n")
        (tmp_path / "heartbeat").write_text(f"#!/bin/sh\n{does}\n".replace("PID_FILE", f"{tmp_path}/pid"))
        for program in ("pgrep", "heartbeat"):
            (tmp_path / program).chmod(0o755)
        script = SCRIPT.read_text().replace("/usr/libexec/heartbeat/", f"{tmp_path}/")
        script = script.replace("/run/heartbeat.pid", f"{tmp_path}/pid")
        began = time.monotonic()
        done = subprocess.run(
            ["sh", "-c", script],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode, time.monotonic() - began

    return run


RESTARTS = f'[ "$1" = again ] || {{ "$0" again & exit 0; }}; sleep {LIFE}; '


def test_a_heartbeat_that_restarts_itself_goes_on(heartbeat):
    status, ran = heartbeat(RESTARTS)
    assert status == 0
    assert ran >= LIFE


def test_one_that_is_killed_after_that_has_failed(heartbeat):
    assert heartbeat(f"{RESTARTS} echo 1 > PID_FILE; kill -KILL $$")[0] == 1


def test_the_status_of_one_that_fails_is_told(heartbeat):
    assert heartbeat("exit 3")[0] == 3
    assert heartbeat("kill -KILL $$")[0] == 128 + 9


def test_a_clean_end_is_one(heartbeat):
    assert heartbeat("exit 0")[0] == 0
