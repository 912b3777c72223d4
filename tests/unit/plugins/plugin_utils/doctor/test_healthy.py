# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy cluster of every kind has no finding."""

from __future__ import annotations

from pathlib import Path

import pytest

RIGHT = sorted((Path(__file__).parents[1] / "cluster" / "right").glob("*.yml"))


@pytest.mark.parametrize("case", [path.stem for path in RIGHT])
def test_a_healthy_cluster_has_no_finding(deployed, case):
    diagnosis = deployed(case).diagnosis()
    assert [(one["key"], one["title"], one["evidence"]) for one in diagnosis["findings"]] == []


@pytest.mark.parametrize("case", [path.stem for path in RIGHT])
def test_a_director_alone_takes_the_others_for_no_strangers(deployed, case):
    """With --limit only what it hears of them is known: their adverts, and their answers for VIPs."""
    hosts = deployed(case)
    every, found = hosts.hostvars, {}
    for name in hosts.cluster["directors"]:
        hosts.hostvars, hosts.names = {name: every[name]}, [name]
        found[name] = [(one["key"], one["title"]) for one in hosts.diagnosis()["findings"]]
    assert not any(found.values()), found


@pytest.mark.parametrize("case", [path.stem for path in RIGHT])
def test_what_a_director_has_that_cannot_be_read_is_not_missing(deployed, case):
    hosts = deployed(case)
    every, found = hosts.hostvars, {}
    for name in hosts.cluster["directors"]:
        hosts.hostvars = {**every, name: {"doctor_seen": {"msg": "no route to host"}}}
        found[name] = [(one["key"], one["title"]) for one in hosts.diagnosis()["findings"]]
    assert not any(found.values()), found
