# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab in podman: how it was chosen, its events (podman/nodes), and that nothing of it stays."""

from __future__ import annotations

import pytest
from cluster import ROOT, Cluster

INSIDE = ROOT.resolve() / "molecule/podman/inside"


@pytest.fixture(scope="module")
def host():
    """The machine that the lab runs in."""
    return Cluster(ROOT / "molecule/podman/inventory").host("host1")


def test_the_lab_has_chosen_podman(host):
    status = host.check_output(f"{INSIDE} python3 molecule/lab status")
    assert status.startswith("nodes run in the local podman")
    assert status.count(" answers ") == 5


def test_events_do_what_they_say(host, tell):
    tests = "pytest -v -p no:cacheprovider molecule/podman/nodes/tests"
    ran = host.run(f"MOLECULE_SCENARIO_NAME=podman/nodes {INSIDE} {tests}")
    tell(ran.stdout)
    assert ran.rc == 0, ran.stderr


def test_taken_down_nothing_is_left(host):
    ours = "podman ps --all --quiet; podman network ls --quiet | grep -v '^podman$'; ip -o link show type veth; ls /root/lab/run"
    assert host.run(ours).stdout != ""
    host.check_output(f"{INSIDE} python3 molecule/lab down")
    assert host.run(f"{ours}; ip -o link show type bridge").stdout == ""
    assert "lvs" not in host.check_output("nft list ruleset")
