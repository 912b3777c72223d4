# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Torn down, the hosts are what they were before site.yml."""

from __future__ import annotations

import pytest

from conftest import changed


def test_teardown_leaves_nothing(cluster, before):
    cluster.play("teardown")
    for node in cluster.group("directors") + cluster.group("real_servers"):
        assert before.now(node) == before.of(node), node
    assert set(changed(cluster.play("teardown")).values()) == {0}
