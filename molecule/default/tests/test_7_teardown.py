# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Torn down, the hosts are what they were before site.yml."""

from __future__ import annotations

import pytest
from cluster import changed



def test_teardown_leaves_nothing(cluster, fingerprints):
    cluster.play("teardown")
    nodes = cluster.group("directors") + cluster.group("real_servers")
    assert {node: fingerprints.changes(node) for node in nodes} == {node: [] for node in nodes}
    assert set(changed(cluster.play("teardown")).values()) == {0}
