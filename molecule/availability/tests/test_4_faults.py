# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that matter most, each under 100 requests a second and with 200 open connections: the short form of `make faults`."""

from __future__ import annotations

import pytest
from cluster import EVENT_SECONDS, until
from faults.bars import BARS, TOGETHER, Bar, missed
from faults.catalogue import FAULTS
from faults.measure import measure
from faults.page import cells
from faults.scene import Scene

pytestmark = pytest.mark.usefixtures("fresh")

HOLD = 8  # s


@pytest.fixture(scope="module")
def scene(cluster, fresh):
    scene = Scene(cluster)
    # Another scenario may run beside this one, and bounds are fractions of a second.
    scene.lab.prefer("all")
    scene.go_home()
    return scene


@pytest.fixture
def caused(scene, tell):
    """Cause a fault by its name; its figures, which keep all that is promised of it.

    A director that has been away waits before it takes the VIPs back. That is waited for only with `home`: the next
    fault is caused on the director that has them then.
    """

    def cause(name, *, home=False):
        fault = FAULTS[name]
        run = measure(scene, fault, hold=HOLD, home=home)
        tell(f"{name}: " + " | ".join(cells(fault, [run])[2:]))
        assert missed(BARS.get(name, Bar()), [run]) == [], run
        assert run.together <= TOGETHER, run
        return run

    yield cause
    # whatever a failed test left undone
    for director in scene.directors:
        scene.lab.resume(director)
    scene.lab.power_on(*scene.directors, *scene.servers)
    for director in scene.directors:
        scene.run(director, "systemctl start keepalived")
    scene.run(scene.server, "systemctl kill --signal=CONT lvs-test-page")


def test_the_masters_power_is_lost_and_it_takes_the_vips_back(caused):
    """All 200 connections go on over failover and failback."""
    run = caused("power-lost", home=True)
    assert (run.busy, run.idle) == ((0, 100), (0, 100))
    assert run.detected <= 0.5


def test_keepalived_stopped_refuses_nobody(caused):
    run = caused("keepalived-stopped")
    assert (run.failed, run.errors) == (0, {})


@pytest.mark.wide
def test_keepalived_killed(caused):
    caused("keepalived-killed")


@pytest.mark.wide
def test_the_masters_clock_stands_still(caused):
    run = caused("clock-stopped")
    assert run.gap <= 2.5


def still_asked(run):
    """Until which second after the cause a request began that failed."""
    return run.sending or 0.0


@pytest.mark.wide
def test_a_real_servers_httpd_hangs(caused, scene):
    assert still_asked(caused("httpd-hung")) <= 2.0
    until(lambda: scene.run(scene.server, "systemctl is-active lvs-test-page") == "active", "it runs", EVENT_SECONDS)


@pytest.mark.wide
def test_a_real_servers_power_is_lost(caused, scene):
    """Its own connections end, those of the others go on."""
    run = caused("server-power-lost")
    assert still_asked(run) <= 2.0
    # About a third: other requests take turns as well.
    assert run.busy[0] <= 50
    assert run.idle[0] <= 50
