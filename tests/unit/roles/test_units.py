# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much the units of this collection may do, by systemd's own measure: 10 is everything, 0 nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROLES = Path(__file__).parents[3] / "roles"
UNITS = {
    path.name.removesuffix(".j2"): path for path in [*ROLES.glob("*/*/*.service"), *ROLES.glob("*/*/*.service.j2")]
}
# The most that each unit may do. lvs-vip may load modules and change the view of nothing, so that no host is without its VIPs.
MOST = {
    "lvs-heal.service": 3.6,
    "lvs-metrics.service": 3.2,
    "lvs-sync.service": 2.3,
    "lvs-test-page.service": 3.8,
    "lvs-vip.service": 5.0,
}
# Of these every unit of ours is free.
NEVER = ("CAP_SYS_ADMIN", "CAP_SYS_RAWIO", "CAP_SYS_BOOT", "CAP_SETFCAP", "CAP_MKNOD")


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a unit as its role does, and says where."""

    def write(name: str) -> Path:
        text = UNITS[name].read_text(encoding="utf-8")
        for variable, value in (
            ("director_sync_daemon", "keepalived.service"),
            ("real_server_httpd", "/usr/sbin/apache2"),
        ):
            text = text.replace(f"{{{{ {variable} }}}}", value)
        assert "{{" not in text
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_every_unit_has_a_bound():
    assert set(UNITS) == set(MOST)


@pytest.mark.parametrize("name", sorted(MOST))
def test_a_unit_may_do_no_more_than_it_needs(written, name):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    path = written(name)
    done = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            f"--threshold={MOST[name] * 10:.0f}",
            "--no-pager",
            str(path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze knows no --offline")
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


@pytest.mark.parametrize("name", sorted(MOST))
def test_capabilities_are_named(written, name):
    lines = written(name).read_text().splitlines()
    (given,) = [line.partition("=")[2] for line in lines if line.startswith("CapabilityBoundingSet=")]
    assert not given.startswith("~")
    assert set(given.split()).isdisjoint(NEVER)


@pytest.mark.parametrize("name", sorted(MOST))
def test_a_call_that_is_filtered_fails_and_kills_nothing(written, name):
    assert "SystemCallErrorNumber=EPERM" in written(name).read_text().splitlines()


def test_vips_that_could_not_be_added_at_boot_are_tried_again():
    lines = UNITS["lvs-vip.service"].read_text(encoding="utf-8").splitlines()
    # A device may come late. lvs-heal does not help: to it a unit that does not run is somebody's wish.
    assert {"Restart=on-failure", "RestartSec=10", "StartLimitIntervalSec=0"} <= set(lines)
    # Only site.yml mends a list that is wrong.
    assert "RestartPreventExitStatus=2" in lines
