# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a director: power, clock, and the daemons that hold the VIPs and fill the table."""

from __future__ import annotations

from collections.abc import Iterator

from faults.fault import fault
from faults.scene import Scene

KEEPALIVED, LDIRECTORD = ("keepalived",), ("ldirectord",)
CONFIGURATION = {"keepalived": "/etc/keepalived/keepalived.conf", "ldirectord": "/etc/ha.d/ldirectord.cf"}


@fault("power-lost", "the master's power lost; it boots")
def power_lost(scene: Scene) -> Iterator[None]:
    scene.power_off(scene.master)
    yield
    scene.power_on(scene.master)


@fault("clock-stopped", "the master stands still for 10 s")
def clock_stopped(scene: Scene) -> Iterator[None]:
    scene.lab.pause(scene.master)
    yield
    scene.lab.resume(scene.master)


@fault("clock-stopped-briefly", "the master stands still for 0.3 s", hold=0.3)
def clock_stopped_briefly(scene: Scene) -> Iterator[None]:
    scene.lab.pause(scene.master)
    yield
    scene.lab.resume(scene.master)


@fault("both-directors-rebooted", "both directors rebooted at once", hold=0, itself=True)
def both_rebooted(scene: Scene) -> Iterator[None]:
    scene.reboot(*scene.directors)
    yield


@fault("keepalived-killed", "keepalived killed on the master", itself=True, stacks=KEEPALIVED)
def keepalived_killed(scene: Scene) -> Iterator[None]:
    scene.signal(scene.master, "keepalived", "KILL")
    yield


@fault("keepalived-stopped", "keepalived stopped on the master; started", stacks=KEEPALIVED)
def keepalived_stopped(scene: Scene) -> Iterator[None]:
    scene.do(scene.master, "systemctl stop keepalived")
    yield
    scene.do(scene.master, "systemctl start keepalived")


@fault("keepalived-hung", "keepalived hangs on the master (SIGSTOP); goes on", splits=True, stacks=KEEPALIVED)
def keepalived_hung(scene: Scene) -> Iterator[None]:
    scene.signal(scene.master, "keepalived", "STOP")
    yield
    scene.signal(scene.master, "keepalived", "CONT")


# systemd starts it again a minute after deadtime, and before that the other director has taken over.
@fault("heartbeat-killed", "heartbeat killed on the master", itself=True, stacks=LDIRECTORD, limit=240)
def heartbeat_killed(scene: Scene) -> Iterator[None]:
    scene.do(scene.master, "pkill -9 -f 'heartbeat: master control process'")
    yield


@fault("heartbeat-stopped", "heartbeat stopped on the master; started", hold=20, stacks=LDIRECTORD)
def heartbeat_stopped(scene: Scene) -> Iterator[None]:
    scene.do(scene.master, "systemctl stop heartbeat")
    yield
    scene.do(scene.master, "systemctl start heartbeat")


@fault("ldirectord-killed", "ldirectord killed on the master", itself=True, stacks=LDIRECTORD)
def ldirectord_killed(scene: Scene) -> Iterator[None]:
    scene.do(scene.master, "pkill -9 -f '[/]ldirectord'")
    yield


@fault("table-cleared", "the master's table cleared by hand (ipvsadm -C)", itself=True, limit=60)
def table_cleared(scene: Scene) -> Iterator[None]:
    scene.do(scene.master, "ipvsadm -C")
    yield


@fault(
    "broken-config-reloaded",
    "a broken configuration put on the master by hand and reloaded; the old one back, reloaded",
)
def broken_config(scene: Scene) -> Iterator[None]:
    file = CONFIGURATION[scene.stack]
    # ldirectord reads its configuration again by itself.
    reload = f"systemctl reload {scene.unit}" if scene.stack == "keepalived" else "true"
    broken = "printf 'vrrp_instance BROKEN {\\n  nonsense 1\\nvirtual_server nonsense {\\n'"
    scene.do(scene.master, f"cp -p {file} /root/kept.conf && {broken} >> {file} && {{ {reload} || true; }}")
    yield
    scene.do(scene.master, f"cp -p /root/kept.conf {file} && rm /root/kept.conf && {reload}")
