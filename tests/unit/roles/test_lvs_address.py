# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LVSAddress, heartbeat's resource for the VIPs, with the kernel's own ip in a network namespace."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/heartbeat/files/LVSAddress"
UNSHARE = ["unshare", "--map-root-user", "--net"]
PRELUDE = [
    "ip link set lo up; ip tuntap add mode tap name eth0; ip link set eth0 up",
    "ip address add 10.2.0.21/24 dev eth0; ip address add fd00:2::21/64 dev eth0 nodad",
]
SHOW = "ip -o address show dev eth0 | awk '$4 !~ /^fe80/ { print $4 }'"
OWN = ["10.2.0.21/24", "fd00:2::21/64"]
VIPS = "10.2.0.100/32/eth0 10.2.0.101/24 fd00:2:0:0:0:0:0:100/128/eth0"
SHOWN = ["10.2.0.21/24", "10.2.0.100/32", "10.2.0.101/24", "fd00:2::100/128", "fd00:2::21/64"]


def ran(*steps: str) -> subprocess.CompletedProcess[str]:
    """Run shell steps in a fresh namespace, with the script as $a."""
    command = [*UNSHARE, "sh", "-euc", "\n".join([*PRELUDE, f"a={SCRIPT}", *steps])]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def lines(*steps: str) -> list[str]:
    done = ran(*steps)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_all_vips_come_and_go():
    assert lines(f"sh $a {VIPS} start", SHOW) == SHOWN
    assert lines(f"sh $a {VIPS} start; sh $a {VIPS} start", SHOW) == SHOWN
    assert lines(f"sh $a {VIPS} start; sh $a {VIPS} stop", SHOW) == OWN
    assert lines(f"sh $a {VIPS} stop", SHOW) == OWN


def test_vips_without_an_interface_do_not_come_to_lo_when_one_more_comes():
    # heartbeat starts all of them again when one is missing.
    vips = "10.2.0.100/24 10.2.0.101/24"
    everywhere = "ip -4 -o address show | awk '{ print $2, $4 }'"
    own = ["lo 127.0.0.1/8", "eth0 10.2.0.21/24"]
    came = [*own, "eth0 10.2.0.100/24", "eth0 10.2.0.101/24"]
    assert lines(f"sh $a 10.2.0.100/24 start; sh $a {vips} start", everywhere) == came
    assert lines(f"sh $a 10.2.0.100/24 start; sh $a {vips} start; sh $a {vips} stop", everywhere) == own


def test_a_vip_leaves_every_interface():
    everywhere = "ip -o address show to 10.2.0.100"
    there = "ip address add 10.2.0.100/32 dev lo; ip address add 10.2.0.100/32 dev eth0"
    assert lines(f"{there}; sh $a 10.2.0.100/32/eth0 stop", everywhere) == []


def test_one_vip_leaves():
    assert lines(f"sh $a {VIPS} start; sh $a 10.2.0.101/24 stop", SHOW) == [one for one in SHOWN if ".101" not in one]


def test_nothing_is_sent_from_a_vip_of_ipv6():
    (line,) = lines(f"sh $a {VIPS} start; ip -6 -o address show to fd00:2::100")
    assert "deprecated" in line
    assert "tentative" not in line


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("", "stopped"),
        (f"sh $a {VIPS} start", "running"),
        # heartbeat starts a resource that does not run, and all of its VIPs have to be there.
        (f"sh $a {VIPS} start; ip address del 10.2.0.101/24 dev eth0", "stopped"),
        (f"sh $a {VIPS} start; ip address del fd00:2::100/128 dev eth0", "stopped"),
    ],
)
def test_status(steps, told):
    assert lines(steps, f"sh $a {VIPS} status") == [told]


def test_one_that_fails_is_told_and_does_not_keep_the_others_away():
    steps = f"if sh $a 10.2.0.99/32/eth9 {VIPS} start; then echo passed; fi"
    assert lines(steps, SHOW) == SHOWN


@pytest.mark.parametrize("arguments", ["", "start", "10.2.0.100/32/eth0", "10.2.0.100/32/eth0 restart"])
def test_usage(arguments):
    done = ran(f"sh $a {arguments}")
    assert done.returncode == 2
    assert "usage: LVSAddress" in done.stderr
