# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a real server: power, and an httpd that ends, hangs or answers wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from faults.fault import fault
from faults.scene import HTTPD, Scene

FEW, ENOUGH = 8, 1024  # descriptors that a process may have open
FLAP = "for _ in 1 2 3 4 5; do systemctl stop {0}; sleep 2; systemctl start {0}; sleep 2; done"


@fault("server-power-lost", "a real server's power lost; it boots")
def server_power_lost(scene: Scene) -> Iterator[None]:
    scene.power_off(scene.server)
    yield
    scene.power_on(scene.server)


@fault("httpd-killed", "a real server's httpd killed", itself=True)
def httpd_killed(scene: Scene) -> Iterator[None]:
    scene.signal(scene.server, HTTPD, "KILL")
    yield


@fault("httpd-hung", "a real server's httpd hangs (SIGSTOP); goes on")
def httpd_hung(scene: Scene) -> Iterator[None]:
    scene.signal(scene.server, HTTPD, "STOP")
    yield
    scene.signal(scene.server, HTTPD, "CONT")


@fault("httpd-slow", "a real server answers after 10 s; at once again", around=lambda scene: scene.unwell_httpd("slow"))
def httpd_slow(scene: Scene) -> Iterator[None]:
    with scene.sent_to_the_unwell():
        yield


@fault(
    "httpd-500", "a real server answers with status 500; 200 again", around=lambda scene: scene.unwell_httpd("error")
)
def httpd_500(scene: Scene) -> Iterator[None]:
    with scene.sent_to_the_unwell():
        yield


@fault("httpd-no-descriptors", "a real server's httpd out of file descriptors; it has some again")
def httpd_no_descriptors(scene: Scene) -> Iterator[None]:
    limit = "for pid in $(pgrep -x apache2); do prlimit --pid $pid --nofile={}: || true; done"
    scene.do(scene.server, limit.format(FEW))
    yield
    scene.do(scene.server, limit.format(ENOUGH))


@fault("httpd-flapping", "a real server's httpd stops and starts every 2 s, five times", hold=21, itself=True)
def httpd_flapping(scene: Scene) -> Iterator[None]:
    scene.do(scene.server, f"systemd-run --collect --unit=lab-flapping sh -c '{FLAP.format(HTTPD)}'")
    yield


@fault("all-servers-down", "the httpd of all real servers stopped; started")
def all_servers_down(scene: Scene) -> Iterator[None]:
    for server in scene.servers:
        scene.do(server, f"systemctl stop {HTTPD}")
    yield
    for server in scene.servers:
        scene.do(server, f"systemctl start {HTTPD}")
