# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Torn down, the hosts of inventories/production are what they were before site.yml, and the directors sync no more."""

from __future__ import annotations

from cluster import changed, until

DAEMONS = "cat /proc/[0-9]*/comm | grep '^ipvs-[mb]:'"


def test_without_lvs_sync_nothing_is_synchronised(cluster):
    directors = cluster.group("directors")
    assert all(cluster.run(director, DAEMONS) for director in directors)
    only_keepalived = ("--limit", "directors", "--tags", "keepalived")
    cluster.play("site", *only_keepalived, lvs_sync={"enabled": False})
    assert {director: cluster.run(director, DAEMONS) for director in directors} == dict.fromkeys(directors, "")
    cluster.play("site", *only_keepalived)
    until(lambda: all(cluster.run(director, DAEMONS) for director in directors), "daemons run again")


def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}
    assert set(changed(cluster.play("teardown")).values()) == {0}
