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


@pytest.mark.parametrize("ports", [[80, 443], ["8000-8010"]])
def test_the_answers_of_a_marked_service_go_back_by_rules_for_its_ports(deployed, ports):
    servers = [{"host": "web1"}, {"host": "web2"}]
    vips = ["172.28.0.100", "172.28.0.101"]
    service = {"name": "web", "vip": vips, "fwmark": 7, "ports": ports, "forward": "nat", "real_servers": servers}
    change = {"lvs_nat": {"gateway": "10.2.0.1", "route": "replies"}, "lvs_services": [service]}
    assert deployed("nat_gateway", all=change).causes() == []
    without = deployed("nat_gateway", all=change)
    without.seen("web2")["rules"] = [rule for rule in without.seen("web2")["rules"] if "ipproto" not in rule]
    assert without.causes() == ["way-back"]
