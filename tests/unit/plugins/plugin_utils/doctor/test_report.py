# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of findings, and the report."""

from __future__ import annotations

import json

from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor.diagnosis import WIDTH
from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor.finding import CAUSES, ORDER, Finding, ordered

from .conftest import add
from .test_planted import VIP, vrrp_dropped_by_the_backup


def finding(key, hosts=(), vips=()):
    return Finding(key, f"title of {key}", "One. Two.", ("seen",), ("mend",), hosts, vips)


def test_a_consequence_comes_after_its_cause_whatever_its_own_place():
    masters = finding("two-masters", ("lvs1", "lvs2"), (VIP,))
    clock = finding("clock", ("web1",))
    blocked = finding("vrrp-blocked", ("lvs2",), (VIP,))
    order = ordered([masters, clock, blocked])
    assert [(one.key, [cause.key for cause in causes]) for one, causes in order] == [
        ("vrrp-blocked", []),
        ("clock", []),
        ("two-masters", ["vrrp-blocked"]),
    ]


def test_a_finding_of_other_hosts_and_vips_explains_nothing():
    order = ordered(
        [finding("two-masters", ("lvs1",), ("10.0.0.1",)), finding("vrrp-blocked", ("lvs9",), ("10.0.0.2",))]
    )
    assert all(causes == [] for _one, causes in order)


def test_the_same_finding_is_told_once():
    assert len(ordered([finding("clock"), finding("clock")])) == 1


def test_causes_are_known_findings():
    assert set(CAUSES) <= set(ORDER)
    assert {cause for causes in CAUSES.values() for cause in causes} <= set(ORDER)
    assert len(set(ORDER)) == len(ORDER)


def test_the_report_names_the_hosts_and_fits_into_a_terminal(deployed):
    cluster = deployed("checks")
    vrrp_dropped_by_the_backup(cluster)
    del cluster.hostvars["web2"]["doctor_seen"]["addresses"]
    cluster.hostvars["web2"]["doctor_seen"]["msg"] = "ssh: connect refused."
    report = cluster.diagnosis()["report"]
    assert report[0].startswith("Read lvs1, lvs2, web1 and client1. VIPs: 172.28.0.100")
    assert "web2 could not be read: ssh: connect refused" in report
    assert "2 findings, the most probable cause first:" in report
    assert any(line.startswith("1. VRRP adverts of virtual router 100") for line in report)
    assert "    Follows from 1." in report
    commands = {line for line in report if line.startswith("      lvs")}
    assert all(len(line) <= WIDTH for line in set(report) - commands)


def test_the_data_is_plain(deployed):
    cluster = deployed("checks")
    add(cluster.seen("lvs2"), VIP, 32, "eth1")
    diagnosis = cluster.diagnosis()
    assert json.loads(json.dumps(diagnosis)) == diagnosis
    assert {one["rank"] for one in diagnosis["findings"]} == set(range(1, len(diagnosis["findings"]) + 1))


def test_no_secret_is_told(deployed):
    cluster = deployed("lab")
    configuration = cluster.seen("lvs2")["configurations"]["keepalived"]
    secret = configuration["text"].partition("$AUTH_PASS_VI__1=")[2].split()[0]
    assert secret.startswith("hash-")


def test_hosts_of_unknown_groups_are_read_too(deployed):
    """Without the groups real_servers and clients the directors alone tell what they know."""
    cluster = deployed("checks")
    cluster.groups = {"directors": cluster.groups["directors"]}
    cluster.names = ["lvs1", "lvs2"]
    assert cluster.causes() == []


def test_without_the_group_directors_those_with_a_table_are_directors(deployed):
    cluster = deployed("checks")
    cluster.groups = {"real_servers": cluster.names}
    add(cluster.seen("lvs2"), VIP, 32, "eth1")
    assert "two-masters" in cluster.causes()
