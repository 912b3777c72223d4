# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the profile fast of lvs_vrrp makes of keepalived: urgent processes in memory, an advert every 0.07 s, reloads that kill nothing."""

from __future__ import annotations

import re
from statistics import median

import pytest

pytestmark = pytest.mark.usefixtures("fresh")

VIP = "172.28.0.100"
DIRECTORS = ("lvs1", "lvs2")
CHILDREN = "pgrep -P $(cat /run/keepalived.pid)"
# The kernel kills about one process in a few hundred reloads if it has a limit, without CAP_SYS_RESOURCE about every second one.
RELOADS = 25
# Each advert that is heard: when, from whom, the version of VRRP, and the interval in hundredths of a second.
ADVERTS = """
import socket, struct, time
with socket.socket(socket.AF_INET, socket.SOCK_RAW, 112) as heard:
    member = socket.inet_aton("224.0.0.18") + socket.inet_aton("ADDRESS")
    heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    heard.settimeout(1)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        packet, (sender, _port) = heard.recvfrom(2048)
        advert = packet[(packet[0] & 15) * 4 :]
        print(time.monotonic(), sender, advert[0] >> 4, struct.unpack("!H", advert[4:6])[0] & 0xFFF)
"""


def processes(cluster, director):
    """The processes of keepalived beside the first one: for VRRP, and for health checks."""
    return sorted(cluster.run(director, CHILDREN).split())


def moves(cluster):
    """How often keepalived has changed its state, on each director."""
    count = "journalctl --unit=keepalived | grep -c 'Entering .* STATE'"
    return {director: cluster.run(director, count) for director in DIRECTORS}


@pytest.mark.parametrize("director", DIRECTORS)
def test_vrrp_comes_first_then_the_checks_then_everything_else(cluster, director):
    told = [cluster.run(director, f"chrt -p {process}") for process in processes(cluster, director)]
    assert sorted(int(re.search(r"priority: (\d+)", one)[1]) for one in told) == [9, 10]
    # So that the scripts it starts do not come first, too.
    assert all("SCHED_RR|SCHED_RESET_ON_FORK" in one for one in told), told


@pytest.mark.parametrize("director", DIRECTORS)
def test_the_processes_are_never_swapped_out_and_have_no_limit_that_could_kill_them(cluster, director):
    for process in processes(cluster, director):
        locked = cluster.run(director, f"awk '/^VmLck:/ {{ print $2 }}' /proc/{process}/status")
        assert int(locked) > 1000, process
        limit = cluster.run(director, f"prlimit --pid {process} --rttime --noheadings --output SOFT,HARD")
        assert limit.split() == ["unlimited", "unlimited"], process


def test_the_master_sends_an_advert_every_seven_hundredths_of_a_second(cluster):
    (master,) = cluster.holders(VIP)
    lines = cluster.script("client1", ADVERTS.replace("ADDRESS", cluster.address("client1")))
    adverts = [line.split() for line in lines]
    assert {tuple(one[1:]) for one in adverts} == {(cluster.address(master), "3", "7")}
    times = [float(one[0]) for one in adverts]
    assert median(later - earlier for earlier, later in zip(times, times[1:])) == pytest.approx(0.07, abs=0.03)


@pytest.mark.wide
@pytest.mark.parametrize("director", DIRECTORS)
def test_reloads_one_after_the_other_kill_no_process_and_move_no_vip(cluster, director):
    before, moved, owners = processes(cluster, director), moves(cluster), cluster.holders(VIP)
    assert len(before) == 2
    reload = f"for i in $(seq {RELOADS}); do systemctl reload keepalived || echo failed; sleep 0.2; done"
    with cluster.stream(address=VIP, port=80, rate=20, timeout=2) as seen:
        assert cluster.run(director, reload) == ""
    assert processes(cluster, director) == before
    assert (moves(cluster), cluster.holders(VIP)) == (moved, owners)
    assert seen["errors"] == {}, seen
    # What a reload takes away it gives back.
    test_vrrp_comes_first_then_the_checks_then_everything_else(cluster, director)
    test_the_processes_are_never_swapped_out_and_have_no_limit_that_could_kill_them(cluster, director)
