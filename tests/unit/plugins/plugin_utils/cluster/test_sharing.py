# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of clusters on a host. What a host refuses is in preflight/test_preflight.py."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.sharing import default_name
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.validators import CLUSTER_NAME


@pytest.mark.parametrize(
    ("directors", "name"),
    [
        (["lvs1", "lvs2"], "lvs1-lvs2"),
        (["lb1.example.org"], "lb1.example.org"),
        (["_lb#1", "l\u00f6ad"], "lb-1-l-ad"),
        (["#"], "lvs"),
        ([], "lvs"),
    ],
)
def test_the_default_is_made_of_the_directors(directors, name):
    assert default_name(directors) == name


def test_a_long_default_is_shortened_and_stays_different():
    long = [f"director{number}.example.org" for number in range(5)]
    first, second = default_name(long), default_name([*long, "lvs6"])
    assert len(first) == len(second) == 64
    assert first != second
    assert CLUSTER_NAME.read(first) == first
