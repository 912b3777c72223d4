# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from itertools import islice

import pytest
from faults.bars import TOGETHER, TOGETHER_AFTER_A_SPLIT, TOGETHER_WITH_HEARTBEAT
from faults.catalogue import FAULTS
from faults.figures import OFF, TABLE, Change, Run
from faults.leaks import ALL, LOOK, grown, parsed
from faults.load import read
from faults.soak import LONGEST, SHORTEST, Step, able, hold_of, steps, wrong

NAMES = ["power-lost", "httpd-hung", "loss-30"]
RUN = Run(100, 0, {}, 0.1, None, 0.3, 1.0, (0, 10), (0, 10), 0.1)


def first(seed, names=None, count=50):
    return list(islice(steps(seed, names or NAMES), count))


def test_a_seed_chooses_the_same_faults_again():
    assert first(1) == first(1) == first(1, list(reversed(NAMES)))
    assert first(1) != first(2)


def test_all_faults_are_chosen_and_stay_for_a_while():
    chosen = first(1)
    assert {step.fault for step in chosen} == set(NAMES)
    assert all(SHORTEST <= step.hold <= LONGEST for step in chosen)
    assert len({step.hold for step in chosen}) > 10


@pytest.mark.parametrize("stack", ["keepalived", "ldirectord"])
def test_a_soak_has_only_what_its_stack_can_have_and_takes_no_run_of_site(stack):
    names = able(stack, FAULTS)
    assert {"power-lost", "httpd-hung", f"{'keepalived' if stack == 'keepalived' else 'heartbeat'}-killed"} <= set(
        names
    )
    assert not {"site-interrupted", "ten-thousand-services", "partition-unicast"} & set(names)
    assert ("keepalived-killed" in names) == (stack == "keepalived")


def test_what_ends_by_itself_takes_its_own_time():
    flapping, hung = FAULTS["httpd-flapping"], FAULTS["httpd-hung"]
    assert hold_of(flapping, Step("httpd-flapping", 3.0)) == flapping.hold
    assert hold_of(hung, Step("httpd-hung", 3.0)) == 3.0


def test_invariants():
    whole, parted = FAULTS["power-lost"], FAULTS["partition-multicast"]
    assert wrong("keepalived", whole, replace(RUN, together=TOGETHER)) == []
    assert wrong("keepalived", whole, replace(RUN, together=TOGETHER + 0.1)) != []
    assert wrong("keepalived", parted, replace(RUN, together=TOGETHER + 0.1)) == []
    assert wrong("keepalived", parted, replace(RUN, together=TOGETHER_AFTER_A_SPLIT + 0.1)) != []
    assert wrong("ldirectord", whole, replace(RUN, together=TOGETHER_WITH_HEARTBEAT)) == []
    assert wrong("ldirectord", parted, replace(RUN, together=TOGETHER_WITH_HEARTBEAT + 0.1)) != []
    assert wrong("keepalived", whole, replace(RUN, healed=None)) == ["VIPs and tables were not as before within 180 s"]


BEFORE = {"lvs1": {"keepalived": (10_000, 20, 3), ALL: (0, 0, 40)}}


@pytest.mark.parametrize(
    "now, said",
    [
        ({"keepalived": (23_192, 36, 11), ALL: (0, 0, 48)}, []),
        ({"keepalived": (23_193, 20, 3)}, ["lvs1: memory of keepalived has grown from 10000 to 23193 KiB"]),
        ({"keepalived": (10_000, 37, 3)}, ["lvs1: descriptors of keepalived have grown from 20 to 37"]),
        ({"keepalived": (10_000, 20, 12)}, ["lvs1: processes of keepalived have grown from 3 to 12"]),
        ({ALL: (0, 0, 49)}, ["lvs1: processes have grown from 40 to 49"]),
        ({"apache2": (99_999, 99, 99)}, []),
        ({}, []),
    ],
)
def test_what_has_grown_beyond_all_that_comes_and_goes(now, said):
    assert grown(BEFORE, {"lvs1": now}) == said


def test_what_the_daemons_hold_is_read():
    assert parsed("keepalived 10000 20 3\nprocesses 0 0 40\n") == {"keepalived": (10000, 20, 3), ALL: (0, 0, 40)}


def test_daemons_are_found_by_their_names_and_our_own_by_their_units(tmp_path):
    """Here this very process is each of them that runs."""
    for tool, says in (
        ("pgrep", f'[ "$2" != keepalived ] || printf "{os.getpid()}\\n{os.getppid()}\\n"'),
        ("systemctl", f'[ "$4" = lvs-sync ] && echo {os.getpid()} || echo 0'),
    ):
        (tmp_path / tool).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / tool).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    ran = subprocess.run(["sh"], input=LOOK, capture_output=True, text=True, check=True, env=environment)
    held = parsed(ran.stdout)
    assert {name: processes for name, (_memory, _open, processes) in held.items() if name != ALL} == {
        "keepalived": 2,
        "lvs-sync": 1,
    }
    memory, descriptors, _processes = held["lvs-sync"]
    assert memory > 1000
    assert descriptors > 2
    assert held[ALL][2] > 0


def test_what_a_director_tells_is_read_up_to_a_cut_line():
    lines = [
        '{"at": 1.5, "vip": "172.28.0.100", "held": true}',
        '{"at": 1.5, "table": {"172.28.0.100:80": {}}}',
        '{"at": 2.0, "off": true}',
        '{"at": 3.0, "end": true}',
        '{"at": 4.0, "vip": "172.28',
    ]
    assert read("lvs1", lines) == [
        Change(1.5, "lvs1", "172.28.0.100", True),
        Change(1.5, "lvs1", TABLE, {"172.28.0.100:80": {}}),
        Change(2.0, "lvs1", OFF, True),
    ]
