# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection synchronisation of inventories/production ends at the teardown, and when the inventory no longer asks for it."""

from __future__ import annotations

import pytest

DAEMONS = "cat /proc/[0-9]*/comm | grep '^ipvs-[mb]:'"


@pytest.mark.wide
def test_a_director_that_is_taken_down_synchronises_no_more(cluster):
    *others, last = cluster.group("directors")
    assert all(cluster.run(director, DAEMONS) for director in (*others, last))
    cluster.play("teardown", "--limit", last)
    assert cluster.run(last, DAEMONS) == ""
    assert all(cluster.run(director, DAEMONS) for director in others)


@pytest.mark.wide
def test_without_lvs_sync_nothing_is_synchronised(cluster):
    # The last director was taken down by the test before.
    directors = cluster.group("directors")[:-1]
    only_keepalived = ("--limit", ",".join(directors), "--tags", "keepalived")
    cluster.play("site", *only_keepalived, lvs_sync={"enabled": False})
    assert {director: cluster.run(director, DAEMONS) for director in directors} == dict.fromkeys(directors, "")
